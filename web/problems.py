"""Turns everything that goes wrong into problem+json with what, where and do; refuses to decide what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from nurture.errors import MissingDeployment, NurtureError, Unavailable, UnknownName

_log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

_ADVICE = {
    401: ("a key is needed", "send `Authorization: Bearer <key>`, or open /login in a browser"),
    403: ("this key may not do that", "use a key with the right role"),
    404: ("there is nothing here", "look at /api/docs for the routes"),
    405: ("this route does not take that method", "look at /api/docs for the routes"),
    413: ("the body is too large", "send at most 5 MB at once"),
    429: ("too many requests", "come again later"),
    415: ("the body is of a type that is not read here", "send application/json"),
}


_JSON_HEADER = "`Content-Type: application/json`"
_UNPARSED = "There was an error parsing the body"


class Refusal(NurtureError):
    """A request that is answered with `status`; `details` go into the body beside what, where and do."""

    def __init__(
        self,
        status: int,
        what: str,
        *,
        where: str = "",
        do: str = "",
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what, where=where, do=do)
        self.status = status
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    @property
    def wait(self) -> int:
        """Seconds after which to come again; 0 where it does not say."""
        return int(self.headers.get("Retry-After", 0))


class _ProblemResponse(JSONResponse):
    """JSON in which half a character of somebody's request, which cannot be written, is a question mark."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode(errors="replace")


def problem(
    status: int,
    what: str,
    *,
    where: str = "",
    do: str = "",
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One answer of the media type application/problem+json (RFC 9457), with this project's three members."""
    body = {
        **(details or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": ". ".join(part for part in (what, do) if part),
        "what": what,
        "where": where,
        "do": do,
    }
    return _ProblemResponse(body, status_code=status, headers=dict(headers or {}))


Shows = Callable[[Request, int, NurtureError], Response | None]
"""Shows a refusal with this status as a page; None where it is no matter of pages."""


def install(app: FastAPI, shows: Shows | None = None) -> None:
    """Make every error of the app a problem; to browsers, what `shows` has a page for is that page."""
    app.state.shows = shows
    app.add_exception_handler(NurtureError, _of_nurture)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(away, _of_database)
    for kind in (DataError, UnicodeEncodeError, OverflowError):
        app.add_exception_handler(kind, _of_value)
    app.add_exception_handler(Exception, _of_fault)


def _of_nurture(request: Request, error: Exception) -> Response:
    match error:
        case Refusal() if error.status == 401 and _is_page(request):
            return RedirectResponse(f"/login?{urlencode({'next': _here(request)})}", status_code=303)
        case Refusal() if (page := _as_page(request, error.status, error)) is not None:
            return page
        case Refusal():
            headers = {**error.headers, **({"WWW-Authenticate": "Bearer"} if error.status == 401 else {})}
            return problem(
                error.status, error.what, where=error.where, do=error.do, details=error.details, headers=headers
            )
        case UnknownName() if (page := _as_page(request, 404, error)) is not None:
            return page
        case UnknownName():
            details = {"near": list(error.near), "known": list(error.known)}
            return problem(404, error.what, where=error.where, do=error.do, details=details)
        case MissingDeployment():
            return problem(503, error.what, where=error.where, do=error.do)
        case Unavailable():
            _log.warning("not_available", route=_route_of(request), reason=type(error).__name__)
            return problem(503, error.what, where=error.where, do=error.do, headers={"Retry-After": "5"})
        case NurtureError():
            return problem(422, error.what, where=error.where or request.url.path, do=error.do)
    raise error


def _as_page(request: Request, status: int, error: NurtureError) -> Response | None:
    html = "text/html" in request.headers.get("accept", "")
    shows: Shows | None = request.app.state.shows
    return shows(request, status, error) if shows is not None and html and status in (403, 404) else None


def _is_page(request: Request) -> bool:
    """True for a browser that wants to see a page."""
    api = request.url.path.startswith("/api/") and request.url.path != "/api/docs"
    return request.method == "GET" and not api and "text/html" in request.headers.get("accept", "")


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _of_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    whole = _of_whole_body(error.errors()[0])
    if whole is not None:
        return whole
    found = [
        {"where": ".".join(str(part) for part in detail["loc"]), "what": detail["msg"].removeprefix("Value error, ")}
        for detail in error.errors()
    ]
    first = found[0]
    return problem(
        422, first["what"], where=first["where"], do="mend it and send it again", details={"problems": found}
    )


def _of_whole_body(detail: Mapping[str, Any]) -> Response | None:
    """The problem of a body that could not even be looked into; None where it could."""
    loc, kind = tuple(detail["loc"]), detail["type"]
    if kind == "json_invalid":
        why = detail.get("ctx", {}).get("error", "")
        what = f"the body is not JSON: {why} (character {loc[-1]})"
        return problem(422, what, where="body", do="mend it and send it again")
    if loc != ("body",):
        return None
    if isinstance(detail.get("input"), bytes):
        # it is left unread: a page of another site may send a body without this header, and no other
        what = "the body was not sent as JSON, so it was not read"
        return problem(415, what, where="header Content-Type", do=f"send the header {_JSON_HEADER}")
    match kind:
        case "missing":
            what = "the body is empty"
        case "model_attributes_type" | "model_type" | "dict_type":
            what = "the body is not an object"
        case _:
            return None
    return problem(422, what, where="body", do=f"send a JSON object, with the header {_JSON_HEADER}")


def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    what, do = _ADVICE.get(error.status_code, (str(error.detail), ""))
    if error.status_code == 400 and error.detail == _UNPARSED:
        what, do = "the body cannot be read as JSON in UTF-8", "send it in UTF-8"
    if error.status_code == 413 and error.detail != HTTPStatus(413).phrase:
        do = error.detail  # the limit of this route
    page = _as_page(request, error.status_code, NurtureError(what, where=request.url.path, do=do))
    return page or problem(error.status_code, what, where=request.url.path, do=do, headers=error.headers)


def _of_database(request: Request, error: Exception) -> Response:
    _log.error("database_not_available", route=_route_of(request), reason=type(error).__name__)
    return problem(
        503, "the database does not answer", where=request.url.path, do="try again soon", headers={"Retry-After": "2"}
    )


def _of_value(request: Request, error: Exception) -> Response:
    """A net below every route: nothing was kept, since the transaction ended by it."""
    _log.warning("value_not_kept", route=_route_of(request), reason=type(error).__name__)
    return problem(
        422,
        "a text or number in it cannot be kept: too long, too large, or with half of a character",
        where=request.url.path,
        do="mend it and send it again",
    )


def _of_fault(request: Request, error: Exception) -> Response:
    _log.error("request_failed", route=_route_of(request), exc_info=error)
    return problem(
        500, "an error that nobody expected", where=request.url.path, do="report it with the time; the log says more"
    )


def _route_of(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", request.url.path)
