"""Lets people in with a password, a key or a one-time link, and shows the start page; refuses to judge keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.templating import Jinja2Templates
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters import passwords
from adapters.database import sessions
from adapters.database.engine import reading, writing
from adapters.database.schema import deployments, leads
from nurture.wording.conditions import Language
from web import logins
from web.console.assets import asset
from web.console.first_steps import first_steps
from web.console.frame import navigation
from web.context import Here, Nurture
from web.hashing import hashing_of
from web.kept import Kept
from web.problems import Refusal
from web.rates import address_of, rates_of
from web.security import (
    KEY_SESSION,
    READER,
    Caller,
    caller_of,
    caller_with,
    caller_with_token,
    check_csrf,
    csrf_token,
)

LANGUAGE_COOKIE = "nurture_language"

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals["asset"] = asset


def load_templates() -> None:
    """Compile all of them, so that the first who sees a page does not wait for that."""
    for name in templates.env.list_templates():
        templates.env.get_template(name)


_LANGUAGES: dict[str, Language] = {"ja": "ja", "en": "en"}


def language_of(request: Request) -> Language:
    """`ja` or `en`: as the user chose, else this browser, else what it asks for first; Japanese where none says."""
    caller = getattr(request.state, "caller", None)
    chosen = caller.user.language if isinstance(caller, Caller) and caller.user is not None else None
    wanted = [chosen or request.cookies.get(LANGUAGE_COOKIE) or ""]
    wanted += [part.strip().lower()[:2] for part in request.headers.get("accept-language", "").split(",")]
    return next((_LANGUAGES[each] for each in wanted if each in _LANGUAGES), "ja")


def render(request: Request, name: str, *, status: int = 200, wait: int = 0, **values: Any) -> Response:
    """One of the pages, in the reader's language, with the session's CSRF token and the navigation at hand.

    `wait`: seconds after which to come again, where that is what the page says.
    """
    caller = getattr(request.state, "caller", None)
    language = values.get("language") or language_of(request)
    places = navigation(request, caller, language)
    frame = {"caller": caller, "places": places, "path": request.url.path, "again": _again(request)}
    context = {"language": language, "csrf_token": _TokenOnceAsked(request), "wait": wait, **frame, **values}
    headers = {"retry-after": str(wait)} if wait else None
    return templates.TemplateResponse(request, name, context, status_code=status, headers=headers)


class _TokenOnceAsked:
    """The CSRF token, made where a page writes it: a page without such a form gives strangers no cookie."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __str__(self) -> str:
        return csrf_token(self._request)


def _again(request: Request) -> str:
    """Where the same page is seen in another language: after a form was refused, the page that the form is on."""
    path, query = request.url.path, request.url.query
    if request.method != "GET":
        return f"/{path.split('/')[1]}"
    return f"{path}?{query}" if query else path


def _enter(request: Request, caller: Caller, target: str) -> Response:
    request.session.clear()  # a session begins anew, so an older token of it is worth nothing
    until = int((datetime.now(UTC) + KEY_SESSION).timestamp())
    request.session.update({"name": caller.name, "role": caller.role, "digest": caller.digest, "until": until})
    return RedirectResponse(logins.inside(target), status_code=303)


@router.get("/login")
async def login_page(
    request: Request,
    here: Here,
    token: Annotated[str | None, Query(max_length=200)] = None,
    next: Annotated[str, Query(max_length=500)] = "/",
) -> Response:
    """Asks for login name and password, or for a key; with a one-time token, goes straight in."""
    if token is not None:
        caller = await run_in_threadpool(caller_with_token, here.engine, token)
        if caller is not None:
            return _enter(request, caller, next)
        entered = await logins.enter(request, here, logins.by_entry_link(token), next)
        if entered is not None:
            return entered
        if await caller_of(request) is not None:
            return RedirectResponse(logins.inside(next), status_code=303)  # the same link once more, in this browser
    return await _page(request, here, next, wrong="token" if token is not None else None)


@router.post("/login")
async def log_in(
    request: Request,
    here: Here,
    key: Annotated[str, Form(max_length=500)] = "",
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Opens a session for a good key, or for a person with the right password."""
    await check_csrf(request)
    if key.strip():
        own = here.settings.api_key.get_secret_value() if here.settings.api_key is not None else None
        caller = await run_in_threadpool(caller_with, here.engine, key.strip(), settings_key=own)
        if caller is None:
            return await _page(request, here, next, wrong="key")
        return _enter(request, caller, next)
    try:
        rates_of(request).take_login(login.strip().lower(), address_of(request))
        admit = await hashing_of(request).run(_proven, here, login, password)
    except Refusal as refused:
        wrong = logins.AWAY[refused.status]
        return await _page(request, here, next, wrong=wrong, login=login, status=refused.status, wait=refused.wait)
    entered = await logins.enter(request, here, admit, next) if admit is not None else None
    return entered or await _page(request, here, next, wrong="password", login=login)


def _proven(here: Nurture, login: str, password: str) -> logins.Admit | None:
    found = logins.with_password(here, login, password)
    if found is None:
        return None
    user, kept = found
    return logins.by_password(user, kept, passwords.hash_of(password) if passwords.outdated(kept) else None)


async def _page(
    request: Request,
    here: Nurture,
    target: str,
    *,
    wrong: str | None,
    login: str = "",
    status: int = 401,
    wait: int = 0,
) -> Response:
    there = await run_in_threadpool(logins.there_is_somebody, here)
    status = 200 if wrong is None else status
    return render(
        request, "login.html", status=status, wait=wait, next=logins.inside(target), wrong=wrong, login=login,
        users=there,
    )  # fmt: skip


@router.post("/logout")
async def log_out(request: Request, here: Here) -> Response:
    """Ends the session."""
    await check_csrf(request)
    session = request.session.get("user")
    if isinstance(session, str):
        await run_in_threadpool(_end, here, session)
    request.session.clear()
    return RedirectResponse("/login", status_code=303)


def _end(here: Nurture, session: str) -> None:
    with writing(here.engine) as connection:
        sessions.end(connection, session)


@router.get("/")
async def start(request: Request, here: Here) -> Response:
    """Where everything is, how many leads stand where, and what to do next."""
    caller = await caller_of(request)
    if caller is None:
        return RedirectResponse("/login", status_code=303)
    figures = await run_in_threadpool(_figures, request, here)
    settings = here.settings
    steps = first_steps(caller.role, language_of(request)) if settings.demo else ()
    return render(
        request, "start.html", caller=caller, inbox=settings.mail == "sink", temporal_ui=settings.temporal_ui,
        sample_site=settings.sample_site, first_steps=steps, **figures,
    )  # fmt: skip


def standings() -> Kept[dict[str, Any]]:
    """Where a process keeps how many leads stand where."""
    return Kept(seconds=2)


def _figures(request: Request, here: Nurture) -> dict[str, Any]:
    kept: Kept[dict[str, Any]] = request.app.state.standings
    found = kept.seen("all", lambda: _counted(here))
    with reading(here.engine) as connection:
        deployment = connection.execute(select(func.max(deployments.c.number))).scalar()
    return {**found.value, "deployment": deployment, "age": found.age}


def _counted(here: Nurture) -> dict[str, Any]:
    with reading(here.engine) as connection:
        statuses = connection.execute(select(leads.c.status, func.count()).group_by(leads.c.status)).all()
        steps = connection.execute(
            select(leads.c.scenario, leads.c.step, func.count())
            .where(leads.c.scenario.is_not(None))
            .group_by(leads.c.scenario, leads.c.step)
            .order_by(leads.c.scenario, func.count().desc(), leads.c.step)
        ).all()
    return {
        "statuses": sorted((str(status), int(number)) for status, number in statuses),
        "steps": [(str(scenario), str(step or ""), int(number)) for scenario, step, number in steps],
        "leads": sum(number for _, number in statuses),
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
