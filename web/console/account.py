"""What people change about themselves: language, password, where they are logged in; refuses to touch anybody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters import passwords
from adapters.database import audit, sessions, users
from adapters.database.engine import reading, writing
from adapters.database.users import User
from web import logins
from web.console.doors import weakness
from web.console.times import local_times
from web.context import Here, Nurture
from web.hashing import hashing_of
from web.problems import Refusal
from web.rates import rates_of
from web.security import Caller, Reader, caller_of, check_csrf
from web.session import LANGUAGE_COOKIE, render

router = APIRouter(include_in_schema=False)

_YEAR = 365 * 24 * 3600
Said = Literal["password", "ended"]


@router.post("/language")
async def choose_language(
    request: Request,
    here: Here,
    language: Annotated[Literal["ja", "en"], Form()],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Show pages in this language from now on: for a user everywhere, else in this browser."""
    await check_csrf(request)
    caller = await caller_of(request)
    if caller is not None and caller.user is not None:
        await run_in_threadpool(_keep_language, here, caller.user, language)
    answer = RedirectResponse(logins.inside(next), status_code=303)
    secure = here.settings.public_url.startswith("https://")
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, httponly=True, samesite="lax", secure=secure)
    return answer


def _keep_language(here: Nurture, user: User, language: str) -> None:
    with writing(here.engine) as connection:
        users.set_language(connection, user.id, language)


@router.get("/account")
def account_page(
    request: Request, here: Here, caller: Reader, said: Annotated[Said | None, Query()] = None
) -> Response:
    """Language, password and sessions of whoever asks."""
    return _page(request, here, caller, said=said)


@router.post("/account/password")
async def change_password(
    request: Request,
    here: Here,
    caller: Reader,
    current: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Take a new password; every other session of this person ends."""
    user, kept = _person(caller), None
    wrong = weakness(password, again, login=user.login)
    try:
        rates_of(request).take("account", user.login)  # a session left open is no place to guess the password
        if user.has_password:
            found = await hashing_of(request).run(logins.with_password, here, user.login, current)
            wrong, kept = (wrong, found[1]) if found is not None else ("current", None)
        anew = await hashing_of(request).run(passwords.hash_of, password) if wrong is None else ""
    except Refusal as refused:
        return await run_in_threadpool(_away, request, here, caller, refused)
    if wrong is not None:
        return await run_in_threadpool(_wrong, request, here, caller, wrong)
    session = request.session.get("user", "")

    def change(connection: Connection) -> User | None:
        """Nothing for whoever was logged out, or got another password, while the hash was made."""
        found = users.unchanged(connection, user.id, kept)
        if found is None or sessions.of(connection, session, datetime.now(UTC)) is None:
            return None
        users.set_password(connection, user.id, anew)
        audit.note(connection, "set_password", user.login, at=here.clock.now())
        return found

    entered = await logins.enter(request, here, change, "/account?said=password")
    return entered or RedirectResponse("/login", status_code=303)


@router.post("/account/sessions/{number}/end")
def end_session(here: Here, caller: Reader, number: Annotated[int, Path(ge=1, le=2**62)]) -> Response:
    """Log out in one browser."""
    user = _person(caller)
    with writing(here.engine) as connection:
        if not sessions.end_one(connection, user.id, number):
            raise Refusal(404, "you have no such session", where="path.number", do="look at /account: it ended already")
    return RedirectResponse("/account?said=ended", status_code=303)


def _person(caller: Caller) -> User:
    if caller.user is None:
        raise Refusal(403, "a key has no account", where=caller.name, do="log in with a login name and a password")
    return caller.user


def _wrong(request: Request, here: Nurture, caller: Caller, wrong: str) -> Response:
    return _page(request, here, caller, wrong=wrong, status=422)


def _away(request: Request, here: Nurture, caller: Caller, refused: Refusal) -> Response:
    wrong = logins.AWAY[refused.status]
    return _page(request, here, caller, wrong=wrong, status=refused.status, wait=refused.wait)


def _page(
    request: Request,
    here: Nurture,
    caller: Caller,
    *,
    said: str | None = None,
    wrong: str | None = None,
    status: int = 200,
    wait: int = 0,
) -> Response:
    found: list[sessions.Session] = []
    if caller.user is not None:
        session = request.session.get("user")
        with reading(here.engine) as connection:
            found = sessions.listed(connection, caller.user.id, session, datetime.now(UTC))
    return render(
        request, "console/account.html", status=status, wait=wait, user=caller.user, sessions=found, said=said,
        wrong=wrong, shortest=passwords.SHORTEST, **local_times(here),
    )  # fmt: skip
