"""Lets people in with a key or a one-time link, and shows the start page; refuses to judge keys (security does)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.templating import Jinja2Templates
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters.database.engine import reading
from adapters.database.schema import deployments, leads
from web.context import Here, Nurture
from web.security import READER, Caller, caller_of, caller_with, caller_with_token, check_csrf, csrf_token

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


def language_of(request: Request) -> str:
    """`ja` or `en`: what the browser asks for first; Japanese where it asks for neither."""
    for part in request.headers.get("accept-language", "").split(","):
        language = part.partition(";")[0].strip().lower()
        if language.startswith(("ja", "en")):
            return language[:2]
    return "ja"


def render(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    """One of the pages, in the reader's language, with the session's CSRF token at hand."""
    context = {"language": language_of(request), "csrf_token": csrf_token(request), **values}
    return templates.TemplateResponse(request, name, context, status_code=status)


def _inside(target: str) -> str:
    """A place on this site to go on to; anything else becomes the start page."""
    own = target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target
    return target if own else "/"


def _enter(request: Request, caller: Caller, target: str) -> Response:
    request.session.clear()  # a session begins anew, so an older token of it is worth nothing
    request.session.update({"name": caller.name, "role": caller.role, "digest": caller.digest})
    return RedirectResponse(_inside(target), status_code=303)


@router.get("/login")
async def login_page(
    request: Request,
    here: Here,
    token: Annotated[str | None, Query(max_length=200)] = None,
    next: Annotated[str, Query(max_length=500)] = "/",
) -> Response:
    """Asks for the key; with a one-time token, goes straight in."""
    if token is not None:
        caller = await run_in_threadpool(caller_with_token, here.engine, token)
        if caller is not None:
            return _enter(request, caller, next)
        if await caller_of(request) is not None:
            return RedirectResponse(_inside(next), status_code=303)  # the same link once more, in the same browser
        return render(request, "login.html", status=401, next=_inside(next), wrong="token")
    return render(request, "login.html", next=_inside(next), wrong=None)


@router.post("/login")
async def log_in(
    request: Request,
    here: Here,
    key: Annotated[str, Form(max_length=500)],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Opens a session for a good key."""
    await check_csrf(request)
    own = here.settings.api_key.get_secret_value() if here.settings.api_key is not None else None
    caller = await run_in_threadpool(caller_with, here.engine, key.strip(), settings_key=own)
    if caller is None:
        return render(request, "login.html", status=401, next=_inside(next), wrong="key")
    return _enter(request, caller, next)


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Ends the session."""
    await check_csrf(request)
    request.session.clear()
    return RedirectResponse("/login", status_code=303)


@router.get("/")
async def start(request: Request, here: Here) -> Response:
    """Where everything is, how many leads stand where, and what to do next."""
    caller = await caller_of(request)
    if caller is None:
        return RedirectResponse("/login", status_code=303)
    figures = await run_in_threadpool(_figures, here)
    settings = here.settings
    return render(
        request, "start.html", caller=caller, inbox=settings.mail == "sink", temporal_ui=settings.temporal_ui,
        sample_site=settings.sample_site, **figures,
    )  # fmt: skip


def _figures(here: Nurture) -> dict[str, Any]:
    with reading(here.engine) as connection:
        statuses = connection.execute(select(leads.c.status, func.count()).group_by(leads.c.status)).all()
        steps = connection.execute(
            select(leads.c.scenario, leads.c.step, func.count())
            .where(leads.c.scenario.is_not(None))
            .group_by(leads.c.scenario, leads.c.step)
            .order_by(leads.c.scenario, func.count().desc(), leads.c.step)
        ).all()
        deployment = connection.execute(select(func.max(deployments.c.number))).scalar()
    return {
        "statuses": sorted((str(status), int(number)) for status, number in statuses),
        "steps": [(str(scenario), str(step or ""), int(number)) for scenario, step, number in steps],
        "leads": sum(number for _, number in statuses),
        "deployment": deployment,
    }


@router.get("/api/docs", dependencies=[READER])
async def api_docs(request: Request) -> Response:
    """The routes, from the generated OpenAPI; no script and nothing from elsewhere."""
    return render(request, "docs.html", api=request.app.openapi())


@router.get("/api/openapi.json", dependencies=[READER])
async def openapi(request: Request) -> dict[str, Any]:
    """The generated OpenAPI."""
    schema: dict[str, Any] = request.app.openapi()
    return schema
