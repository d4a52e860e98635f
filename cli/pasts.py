"""Opens what became of leads for a report: the database with its deployment, or a company's own file of past deals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from sqlalchemy import func, select

from adapters.database.engine import reading
from adapters.database.history import past_leads
from adapters.database.schema import leads as lead_rows
from adapters.history_file import open_history
from cli.console import err
from cli.opening import definitions_in, opened, tell_problems
from nurture.definitions import Definitions
from nurture.errors import NurtureError
from nurture.history import PastLead

FOLDER = Path("scenarios")
History = Annotated[
    Path | None,
    typer.Option("--history", metavar="FILE.csv", help="Judge by this file of past deals, not by the database."),
]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", metavar="FILE.yaml", help="What its columns mean; default: FILE.columns.yaml beside it."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", metavar="DIR",
        help="Judge the definitions in this folder; default: the deployed ones, with --history `scenarios`.",
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pasts:
    """Leads to be read once, the definitions to judge by, and the instant that is now for them."""

    definitions: Definitions
    leads: Iterator[PastLead]
    now: datetime


@contextmanager
def opened_pasts(history: Path | None, columns: Path | None, folder: Path | None) -> Iterator[Pasts]:
    """Both, with a progress bar while the leads are read.

    In a file, now is the newest day in it: a table of last year is judged as of last year. Raises NurtureError where
    nothing is deployed, or the file cannot be read.
    """
    with Progress(console=err, transient=True) as progress:
        if history is not None:
            definitions = definitions_in(folder or FOLDER)
            found = open_history(history, columns, known=definitions.attributes)
            tell_problems([problem for problem in found.problems if problem.rule != "no-outcome"])
            several = list(found.leads())
            yield Pasts(
                definitions, iter(progress.track(several, description="reading deals")), _newest(several, history)
            )
            return
        with opened() as data:
            definitions = definitions_in(folder) if folder is not None else data.store.current()
            if not definitions.number and folder is None:
                do = "nurture deploy, or judge a folder with --folder scenarios"
                raise NurtureError("nothing has been deployed yet", do=do)
            with reading(data.engine) as connection:
                total = connection.execute(select(func.count()).select_from(lead_rows)).scalar_one()
                rows = past_leads(connection)
                yield Pasts(
                    definitions, iter(progress.track(rows, total=total, description="reading leads")), data.clock.now()
                )


def _newest(several: list[PastLead], history: Path) -> datetime:
    """The newest instant that a table of deals tells of."""
    days = [at for lead in several for at in (lead.since, lead.closed_at, *(event.at for event in lead.events)) if at]
    if not days:
        do = "name a column with days in the file of its columns: `since`, `closed`, or the day of an event"
        raise NurtureError("no deal has a date", where=str(history), do=do)
    return max(days)
