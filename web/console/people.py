"""Lets admins say who logs in and in which role; refuses to see or choose anybody's password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from adapters.database import audit, user_links, users
from adapters.database.engine import reading, writing
from adapters.database.users import User
from nurture.errors import NurtureError, UnknownName
from nurture.roles import ROLES_OF_PEOPLE
from web.console.times import local_times
from web.context import Here, Nurture
from web.security import need
from web.session import render

router = APIRouter(prefix="/users", include_in_schema=False, dependencies=[Depends(need("people"))])

Word = Annotated[str, Form(max_length=200)]


@router.get("")
def users_page(request: Request, here: Here) -> Response:
    """Everybody, and a form for one more."""
    return _page(request, here)


@router.post("")
def add_user(
    request: Request, here: Here, login: Word = "", name: Word = "", role: Word = "", rep: Word = ""
) -> Response:
    """Make a user and show the link by which they choose a password; it is shown once."""

    def change(connection: Connection, now: datetime) -> tuple[User, str | None]:
        user = users.add(connection, login, name=name, role=role, rep=_rep(here, role, rep), real_now=now)
        return user, user_links.make(connection, "invitation", user.id, now)

    tried = {"login": login, "name": name, "role": role, "rep": rep}
    return _changed(request, here, "add_user", change, tried=tried)


@router.post("/{login}/role")
def give_role(request: Request, here: Here, login: str, role: Word = "", rep: Word = "") -> Response:
    """Another role, from the next request of the person on."""
    return _changed(
        request, here, "give_role",
        lambda connection, _: (users.give_role(connection, login, role, _rep(here, role, rep)), None),
    )  # fmt: skip


@router.post("/{login}/{act}")
def act_on_user(request: Request, here: Here, login: str, act: Literal["deactivate", "activate", "reset"]) -> Response:
    """Shut somebody out at once, let them in again, or give them a link for a new password."""

    def change(connection: Connection, now: datetime) -> tuple[User, str | None]:
        match act:
            case "deactivate":
                return users.deactivate(connection, login), None
            case "activate":
                return users.activate(connection, login), None
            case "reset":
                me = request.state.caller.user
                if me is not None and me.login == login.strip().lower():
                    do = "choose a new password on the page Account; nurture users reset makes a link"
                    raise NurtureError("nobody resets their own password here", where=login, do=do)
                user = users.forget_password(connection, login)
                return user, user_links.make(connection, "invitation", user.id, now)

    return _changed(request, here, f"{act}_user", change)


def _rep(here: Nurture, role: str, rep: str) -> str | None:
    """The rep of sales.yaml that a salesperson is. Raises UnknownName."""
    rep = rep.strip()
    if not rep or role != "sales":
        return None
    known = reps_of(here)
    if known and rep not in known:
        raise UnknownName("rep", rep, known, where="rep")
    return rep


def reps_of(here: Nurture) -> list[str]:
    """The reps of the current sales.yaml; none as long as nothing is deployed."""
    sales = here.store.current().sales
    return [each.rep for each in sales.reps] if sales is not None else []


def _changed(
    request: Request,
    here: Nurture,
    did: str,
    change: Callable[[Connection, datetime], tuple[User, str | None]],
    *,
    tried: dict[str, str] | None = None,
) -> Response:
    try:
        with writing(here.engine) as connection:
            user, token = change(connection, datetime.now(UTC))
            details = {"role": user.role, "rep": user.rep} if did in ("add_user", "give_role") else None
            audit.note(connection, did, user.login, at=here.clock.now(), details=details)
    except NurtureError as error:
        return _page(request, here, error=error, tried=tried, status=422)
    if token is None:
        return RedirectResponse(f"/users#{user.login}", status_code=303)
    return _page(request, here, invited=user, link=f"{here.settings.public_url}/invitation?token={token}")


def _page(
    request: Request,
    here: Nurture,
    *,
    error: NurtureError | None = None,
    tried: dict[str, str] | None = None,
    invited: User | None = None,
    link: str | None = None,
    status: int = 200,
) -> Response:
    with reading(here.engine) as connection:
        found = users.listed(connection)
    return render(
        request, "console/users.html", status=status, users=found, roles=ROLES_OF_PEOPLE, reps=reps_of(here),
        error=error, tried=tried or {}, invited=invited, link=link, **local_times(here),
    )  # fmt: skip
