"""Shows people in a browser what is refused, as a page of the console; refuses to decide what is refused."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from nurture.errors import NurtureError
from web.console.frame import PLACES
from web.session import render

_OWN = frozenset({"/account", *(place.path for place in PLACES)})


def refused_page(request: Request, status: int, error: NurtureError) -> Response | None:
    """The page of a 403 or 404; None for what is no page of the console, and for a part of one."""
    place = f"/{request.url.path.split('/')[1]}"
    if place not in _OWN or "hx-request" in request.headers:
        return None
    return render(request, "console/refused.html", status=status, code=status, error=error)
