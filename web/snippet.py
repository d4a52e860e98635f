"""Serves the page snippet, small enough to be no burden to a site; refuses to know who loads it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)

_SOURCE = Path(__file__).parent / "static" / "s.js"
_AROUND = re.compile(r"\s*([=+?:{}(),;<>|&\[\]])\s*")


def small(script: str) -> str:
    """A script without its comment lines and the blanks that nobody needs.

    No string and no regular expression of it may hold a blank beside punctuation.
    """
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("//"))
    return _AROUND.sub(r"\1", "\n".join(lines)).strip()


SNIPPET = small(_SOURCE.read_text(encoding="utf-8"))
_TAG = f'"{hashlib.sha256(SNIPPET.encode()).hexdigest()[:16]}"'
_HEADERS = {
    "cache-control": "public, max-age=3600",
    "cross-origin-resource-policy": "cross-origin",
    "etag": _TAG,
}


@router.get("/s.js")
def snippet(request: Request) -> Response:
    """The script for the pages of the own site: the same for everybody, and kept by browsers for an hour."""
    if request.headers.get("if-none-match") == _TAG:
        return Response(status_code=304, headers=_HEADERS)
    return Response(SNIPPET, media_type="text/javascript", headers=_HEADERS)
