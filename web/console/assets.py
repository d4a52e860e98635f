"""Serves styles and scripts under names that change with their content, so that browsers keep them for good.

htmx comes out of an installed package (docs/dependencies.md). Where it is not installed, pages work without it.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from web.problems import Refusal

router = APIRouter(include_in_schema=False)

_STATIC = Path(__file__).parent.parent / "static"
_OWN = ("console.css", "console.js", "desk.js", "icon.svg", "live.js")
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def _htmx() -> Path | None:
    """The file of htmx 2 in the package that ships it; the package itself is never imported."""
    found = find_spec("django_htmx")
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / "static" / "django_htmx" / "htmx-2.min.js"
    return file if file.is_file() else None


def _loaded() -> tuple[dict[str, str], dict[str, tuple[bytes, str]]]:
    files = {**{name: _STATIC / name for name in _OWN}, "htmx.js": _htmx()}
    names: dict[str, str] = {}
    served: dict[str, tuple[bytes, str]] = {}
    for name, file in files.items():
        if file is None:
            continue
        content = file.read_bytes()
        stem, kind = name.rsplit(".", 1)
        names[name] = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        served[names[name]] = (content, _KINDS[kind])
    return names, served


_NAMES, _SERVED = _loaded()


def asset(name: str) -> str | None:
    """Where one of the project's own files, or `htmx.js`, is served; None where this machine has it not."""
    return f"/static/{_NAMES[name]}" if name in _NAMES else None


@router.get("/static/{name}")
def static(name: str) -> Response:
    """One of the files, under the name of its present content."""
    if name not in _SERVED:
        raise Refusal(404, "there is no such file", where="path.name", do="load the page again: it names the new one")
    content, kind = _SERVED[name]
    return Response(content, media_type=kind, headers={"cache-control": "public, max-age=31536000, immutable"})
