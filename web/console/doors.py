"""The two pages where a password is chosen first: by the first admin, and by whoever was invited; decides no rights."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters import passwords
from adapters.database import audit, user_links, users
from adapters.database.engine import reading
from adapters.database.user_links import Link
from adapters.database.users import User
from nurture.errors import NurtureError
from web.context import Here, Nurture
from web.hashing import hashing_of
from web.logins import AWAY, enter, there_is_somebody
from web.problems import Refusal
from web.security import check_csrf
from web.session import render

router = APIRouter(include_in_schema=False)

Door = Literal["first", "invitation"]
Token = Annotated[str, Query(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]


@router.get("/first")
def first_page(request: Request, here: Here, token: Token = "") -> Response:
    """Asks the first admin for a login name, a name and a password."""
    link = _look(here, token, "first")
    return _gone(request, here, "first") if link is None else _page(request, "first", link, token)


@router.get("/invitation")
def invitation_page(request: Request, here: Here, token: Token = "") -> Response:
    """Asks whoever was invited for a password. To look at the page does not use the link up."""
    link = _look(here, token, "invitation")
    return _gone(request, here, "invitation") if link is None else _page(request, "invitation", link, token)


@router.post("/first")
async def make_first(
    request: Request,
    here: Here,
    token: Annotated[str, Form(max_length=200)] = "",
    login: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=400)] = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Makes the first admin and lets them in."""
    await check_csrf(request)
    link = await run_in_threadpool(_look, here, token, "first")
    if link is None:
        return await run_in_threadpool(_gone, request, here, "first")
    wrong = weakness(password, again, login=login.strip())
    try:
        users.login_of(login)
    except NurtureError:
        wrong = "login"
    if not 1 <= len(name.strip()) <= 100:
        wrong = "name"
    if wrong is not None:
        return _page(request, "first", link, token, wrong=wrong, login=login, name=name)
    try:
        kept = await hashing_of(request).run(passwords.hash_of, password)
    except Refusal as refused:
        return _page(request, "first", link, token, away=refused, login=login, name=name)

    def make(connection: Connection) -> User | None:
        return _first(here, connection, token, login, name, kept)

    entered = await enter(request, here, make, "/")
    return entered if entered is not None else await run_in_threadpool(_gone, request, here, "first")


@router.post("/invitation")
async def accept(
    request: Request,
    here: Here,
    token: Annotated[str, Form(max_length=200)] = "",
    password: Password = "",
    again: Password = "",
) -> Response:
    """Keeps the password and lets the person in; the link is used up."""
    await check_csrf(request)
    link = await run_in_threadpool(_look, here, token, "invitation")
    if link is None or link.user is None:
        return await run_in_threadpool(_gone, request, here, "invitation")
    wrong = weakness(password, again, login=link.user.login)
    if wrong is not None:
        return _page(request, "invitation", link, token, wrong=wrong)
    try:
        kept = await hashing_of(request).run(passwords.hash_of, password)
    except Refusal as refused:
        return _page(request, "invitation", link, token, away=refused)

    def keep(connection: Connection) -> User | None:
        return _accepted(here, connection, token, kept)

    entered = await enter(request, here, keep, "/")
    return entered if entered is not None else await run_in_threadpool(_gone, request, here, "invitation")


def weakness(password: str, again: str, *, login: str) -> str | None:
    """Why a password typed twice is not taken, as a word of the pages; None where it is good."""
    return "differs" if password != again else passwords.weakness(password, login=login)


def _look(here: Nurture, token: str, door: Door) -> Link | None:
    with reading(here.engine) as connection:
        if door == "first" and not users.nobody(connection):
            return None
        return user_links.look(connection, token, door, datetime.now(UTC))


def _first(here: Nurture, connection: Connection, token: str, login: str, name: str, kept: str) -> User | None:
    now = datetime.now(UTC)
    if user_links.use(connection, token, "first", now) is None or not users.nobody(connection):
        return None
    user = users.add(connection, login, name=name, role="admin", rep=None, real_now=now)
    users.set_password(connection, user.id, kept)
    user_links.end_first(connection)
    details = {"role": "admin"}
    audit.note(connection, "add_user", user.login, at=here.clock.now(), by=user.login, details=details)
    return user


def _accepted(here: Nurture, connection: Connection, token: str, kept: str) -> User | None:
    link = user_links.use(connection, token, "invitation", datetime.now(UTC))
    if link is None or link.user is None:
        return None
    users.set_password(connection, link.user.id, kept)
    audit.note(connection, "set_password", link.user.login, at=here.clock.now(), by=link.user.login)
    return link.user


def _gone(request: Request, here: Nurture, door: Door) -> Response:
    """The page behind a link that is not good any more, with what to do now."""
    somebody = there_is_somebody(here)
    return render(request, "console/door.html", status=401, door=door, link=None, somebody=somebody, again=f"/{door}")


def _page(
    request: Request,
    door: Door,
    link: Link,
    token: str,
    *,
    wrong: str = "",
    away: Refusal | None = None,
    login: str = "",
    name: str = "",
) -> Response:
    status, wait = 422 if wrong else 200, 0
    if away is not None:
        status, wrong, wait = away.status, AWAY[away.status], away.wait
    return render(
        request, "console/door.html", status=status, wait=wait, door=door, link=link, token=token, wrong=wrong,
        user=link.user, login=login, shown_name=name, shortest=passwords.SHORTEST,
        again=f"/{door}?{urlencode({'token': token})}",
    )  # fmt: skip
