"""`nurture users`: who logs in and in which role; refuses to take a password: people choose theirs behind a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from adapters.database import audit, user_links, users
from adapters.database.engine import reading, writing
from adapters.database.users import User
from cli.console import err, out
from cli.opening import Data, opened
from nurture.errors import UnknownName
from nurture.roles import RIGHTS, ROLES_OF_PEOPLE

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The login name, as `nurture users list` has it.")]
_ROLES = ", ".join(ROLES_OF_PEOPLE)
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help=f"What the person may do: {_ROLES}.")]
RepOption = Annotated[
    str | None, typer.Option("--rep", metavar="REP", help="Which rep of sales.yaml it is, for the role sales.")
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="users",
        help="People who log in to the console, each with a role.",
        no_args_is_help=True,
        epilog='Example: nurture users add hanako.sato --name "佐藤 花子" --role marketer',
    )
    add_example = (
        'Examples: nurture users add hanako.sato --name "佐藤 花子" --role marketer · '
        'nurture users add taro --name "営業 太郎" --role sales --rep rep_1'
    )
    group.command("add", epilog=add_example)(add)
    group.command("list", epilog="Example: nurture users list")(list_)
    group.command("role", epilog="Example: nurture users role taro --role sales --rep rep_2")(role)
    group.command("deactivate", epilog="Example: nurture users deactivate taro")(deactivate)
    group.command("activate", epilog="Example: nurture users activate taro")(activate)
    group.command("reset", epilog="Example: nurture users reset taro")(reset)
    app.add_typer(group)


def add(
    login: Annotated[
        str, typer.Argument(metavar="LOGIN", help="What the person types, such as hanako.sato; not an address.")
    ],
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The name that pages show.")],
    rep: RepOption = None,
) -> None:
    """Make a user and print the link behind which they choose a password: good once, within 24 hours."""
    with opened() as data:
        _check_rep(data, rep)

        def make(connection: Connection) -> User:
            return users.add(connection, login, name=name, role=role, rep=rep, real_now=datetime.now(UTC))

        _invite(data, "add_user", make)


def list_() -> None:
    """Everybody with role and state; times are UTC."""
    with opened() as data, reading(data.engine) as connection:
        found = users.listed(connection)
    if not found:
        out.print("no users yet: nurture users add LOGIN --name NAME --role ROLE")
        return
    table = Table("login", "name", "role", "rep", "may", "state", "last login", box=None)
    for each in found:
        may = ", ".join(sorted(RIGHTS.get(each.role, frozenset())))
        last = f"{each.entered_real:%Y-%m-%d %H:%M}" if each.entered_real is not None else "never"
        table.add_row(each.login, each.name, each.role, each.rep or "", may, _state(each), last)
    out.print(table)


def role(login: Login, role: RoleOption, rep: RepOption = None) -> None:
    """Give another role; it holds from the person's next click on."""
    with opened() as data:
        _check_rep(data, rep)
        user = _change(data, "give_role", lambda connection: users.give_role(connection, login, role, rep))
    out.print(f"{user.login} is {user.role} now" + (f" ({user.rep})" if user.rep else ""))


def deactivate(login: Login) -> None:
    """Shut somebody out at once: every session and link of theirs ends. What they did stays in the audit."""
    with opened() as data:
        user = _change(data, "deactivate_user", lambda connection: users.deactivate(connection, login))
    out.print(f"{user.login} is out; nurture users activate {user.login} lets them in again")


def activate(login: Login) -> None:
    """Let somebody in again, with the password of before."""
    with opened() as data:
        user = _change(data, "activate_user", lambda connection: users.activate(connection, login))
    out.print(f"{user.login} may log in again" + ("" if user.has_password else f": nurture users reset {user.login}"))


def reset(login: Login) -> None:
    """Forget the password, end every session, and print a link for a new one: good once, within 24 hours."""
    with opened() as data:
        _invite(data, "reset_user", lambda connection: users.forget_password(connection, login))


def _invite(data: Data, did: str, change: Callable[[Connection], User]) -> None:
    with writing(data.engine) as connection:
        user = change(connection)
        token = user_links.make(connection, "invitation", user.id, datetime.now(UTC))
        _note(data, connection, did, user)
    out.print(Text(f"{data.settings.public_url}/invitation?token={token}"))
    err.print(f"{user.login} ({user.role}): hand this link over safely. It is good once, within 24 hours")


def _change(data: Data, did: str, change: Callable[[Connection], User]) -> User:
    with writing(data.engine) as connection:
        user = change(connection)
        _note(data, connection, did, user)
    return user


def _note(data: Data, connection: Connection, did: str, user: User) -> None:
    details = {"role": user.role, "rep": user.rep} if did in ("add_user", "give_role") else None
    audit.note(connection, did, user.login, at=data.clock.now(), details=details)


def _check_rep(data: Data, rep: str | None) -> None:
    sales = data.store.current().sales
    known = [each.rep for each in sales.reps] if sales is not None else []
    if rep is not None and known and rep not in known:
        raise UnknownName("rep", rep, known, where="--rep")


def _state(user: User) -> str:
    if not user.active:
        return "deactivated"
    return "active" if user.has_password else "no password yet"
