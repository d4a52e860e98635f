"""`nurture hot agree`, and the warning of a deployment whose hot lead definition nobody has agreed on."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy import Connection

from adapters.database import agreements, audit
from adapters.database.engine import writing
from adapters.scenario_folder import read_folder
from cli.console import err, out
from cli.folder import Folder
from cli.opening import opened_if_there
from nurture import calendar
from nurture.agreement import FILE, agree, agreed_by, not_agreed
from nurture.definitions import Agreed, Definitions
from nurture.errors import NurtureError
from nurture.loading import load

EXAMPLE = "Example: nurture hot agree scenarios --by marketing --by sales"
_STYLES = {"+": "green", "-": "red", "@": "dim"}


def agree_command(
    directory: Folder = Path("scenarios"),
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="NAME", help="A department or person that agrees; once for each."),
    ] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="The day of the agreement; default: today.")
    ] = None,
) -> None:
    """Record in hot_lead.yaml who agreed on the definition and when; comments and layout stay, nothing is deployed."""
    texts = read_folder(directory)
    if FILE not in texts:
        do = "write the definition first: docs/qualification.md shows one"
        raise NurtureError(f"there is no {FILE} in {directory}", do=do)
    before = (directory / FILE).read_bytes().decode()  # as it is, with the ends of its lines
    agreed = _agreed(by or [], date or _today(load(texts).definitions))
    after = agree(before, agreed)
    if after == before:
        out.print(Text(f"{directory / FILE} says so already: {agreed.date}, {', '.join(agreed.by)}"))
        return
    (directory / FILE).write_bytes(after.encode())
    _note(agreed)
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), FILE, FILE, n=1, lineterm=""):
        out.print(Text(line, style=_STYLES.get(line[:1], "")))
    out.print(Text(f"agreed on {agreed.date} by {', '.join(agreed.by)}; `nurture deploy {directory}` makes it current"))


def warn_of_no_agreement(connection: Connection, old: Definitions, new: Definitions) -> None:
    """Say on stderr where the hot lead definition changes and nobody agreed on it, in its file or in the console."""
    why = not_agreed(old.hot_lead, new.hot_lead)
    if why is not None and not agreements.agreed_on(connection, new.hot_lead):
        do = "once both departments have agreed: nurture hot agree --by marketing --by sales"
        err.print(Text(f"warning: {why}; {do}", style="yellow"))


def _note(agreed: Agreed) -> None:
    """For auditors, where there are data; who agreed stands in the file, which a deployment keeps."""
    with opened_if_there() as data:
        if data is not None:
            with writing(data.engine) as connection:
                audit.note(connection, "agree", FILE, at=data.clock.now(), details={"date": agreed.date})


def _agreed(by: list[str], day: str) -> Agreed:
    try:
        return agreed_by(by, day)
    except NurtureError as error:
        do = "write --by marketing --by sales" if error.where == "by" else error.do
        raise NurtureError(error.what, where=f"--{error.where}", do=do) from error


def _today(definitions: Definitions) -> str:
    return datetime.now(UTC).astimezone(calendar.zone_of(None, definitions)).date().isoformat()
