"""`nurture keys`: makes keys of the API, lists and ends them; refuses to show one twice, since only hashes are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from adapters.database import api_keys, audit
from adapters.database.engine import reading, writing
from cli.console import err, out
from cli.opening import opened
from nurture.errors import UnknownName
from nurture.roles import RIGHTS

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `nurture keys list` has it.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="keys",
        help="Keys of the API, one for each program that calls it.",
        no_args_is_help=True,
        epilog="Example: nurture keys add --role intake --name website",
    )
    group.command("add", epilog="Example: nurture keys add --role intake --name website")(add)
    group.command("list", epilog="Example: nurture keys list")(list_)
    group.command("remove", epilog="Example: nurture keys remove website")(remove)
    app.add_typer(group)


def add(
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=f"What it may do: {', '.join(RIGHTS)}.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Whose it is, such as website or crm.")],
) -> None:
    """Make a key and show it, once. Lost, it is removed and made anew."""
    if role not in RIGHTS:
        raise UnknownName("role", role, RIGHTS, where="--role")
    with opened() as data, writing(data.engine) as connection:
        key = api_keys.add(connection, name, role, datetime.now(UTC))
        audit.note(connection, "add_key", name, at=data.clock.now(), details={"role": role})
    out.print(Text(key))
    err.print(f"{name} ({role}): keep it now, it is not shown again. Send it as `Authorization: Bearer …`")


def list_() -> None:
    """Name, role, rights and age of every key, but for the one of NURTURE_API_KEY, which is an admin's."""
    with opened() as data, reading(data.engine) as connection:
        found = api_keys.listed(connection)
    if not found:
        out.print("no keys yet: nurture keys add --role ROLE --name NAME")
        return
    table = Table("name", "role", "may", "made", box=None)
    for each in found:
        may = ", ".join(sorted(RIGHTS.get(each.role, frozenset())))
        table.add_row(each.name, each.role, may, f"{each.created_real:%Y-%m-%d %H:%M} UTC")
    out.print(table)


def remove(name: Name) -> None:
    """End a key, from its next request on."""
    with opened() as data, writing(data.engine) as connection:
        api_keys.remove(connection, name)
        audit.note(connection, "remove_key", name, at=data.clock.now())
    out.print(f"{name} is not good any more")
