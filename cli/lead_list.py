"""`nurture leads list`: which leads there are, and what is said of one that nobody knows; refuses to judge any."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from adapters.database import leads
from adapters.database.engine import reading
from cli.console import err, out
from cli.opening import opened
from nurture.errors import NurtureError, UnknownName

EXAMPLES = "Examples: nurture leads list · nurture leads list --find 例示 · nurture leads list --status idle --json"
OF_THE_DEMO = "lead_001 and lead_057 stand for yours: they are leads of nurture demo and of scenarios/leads.csv."
"""Said below examples that name a lead."""
_COLUMNS = ("id", "name", "status", "scenario", "step", "phase")
BEGIN = "bring some along with nurture leads import FILE.csv, or begin with nurture demo"
_NAMED = 5


def list_(
    find: Annotated[
        str | None, typer.Option("--find", metavar="TEXT", help="With this in id, address, name or company.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="Such as idle or with_sales.")
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="S", help="Only those who walk in it.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Leads in the order of their ids, with where each stands."""
    with opened() as data, reading(data.engine) as connection:
        found, more = leads.page(connection, limit, status=status, scenario=scenario, q=find)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif found:
        table = Table(*_COLUMNS, "hot", box=None, pad_edge=False)
        for each in found:
            table.add_row(*(Text(str(each[name] or "")) for name in _COLUMNS), "hot" if each["hot"] else "")
        out.print(table)
    elif any((find, status, scenario)):
        out.print("no lead fits")
    else:
        out.print("there are no leads yet: nurture leads import FILE.csv, or begin with nurture demo")
    if more is not None:
        err.print(Text("… and more: --limit N (to 1000), --find TEXT, or nurture segments show S --csv FILE"))


def unknown_lead(connection: Connection, lead: str) -> NurtureError:
    """The error for a lead that nobody knows, with a few that are known; where there is none, it is not the id."""
    known, more = leads.page(connection, _NAMED)
    if not known:
        return NurtureError("there are no leads yet", do=BEGIN)
    return UnknownName("lead", lead, [each["id"] for each in known] + (["…"] if more is not None else []))
