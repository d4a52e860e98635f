"""Opens what became of leads for a report: the database with its deployment, or a company's own file of past deals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text
from sqlalchemy import func, select

from adapters.database.engine import reading
from adapters.database.history import past_leads
from adapters.database.schema import leads as lead_rows
from adapters.deals.columns import Columns as ColumnsOfDeals
from adapters.history_file import UNDATED, columns_beside, open_history
from cli.console import err
from cli.opening import definitions_in, opened_if_there, tell_problems
from nurture.definitions import Definitions
from nurture.errors import NurtureError, near_names
from nurture.history import PastLead
from nurture.wording.conditions import Language

FOLDER = Path("scenarios")
NO_LEAD: dict[Language, str] = {
    "en": "there is no lead yet: nurture leads import, or judge past deals with --history FILE.csv",
    "ja": "リードがまだありません: nurture leads import で取り込むか、--history ファイル.csv で過去の商談を渡します",
}
"""What a report says that has nobody to look at."""
History = Annotated[
    Path | None,
    typer.Option("--history", metavar="FILE.csv", help="Judge by this file of past deals, not by the database."),
]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", metavar="FILE.yaml", help="What its columns mean; default: FILE.columns.yaml beside it."),
]
Events = Annotated[
    Path | None,
    typer.Option("--events", metavar="FILE.csv", help="What its leads did, one event a row: lead, type, subject, at."),
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
def opened_pasts(
    history: Path | None,
    columns: Path | None,
    folder: Path | None,
    events: Path | None = None,
    *,
    tell_undated: bool = True,
    may_be_empty: bool = False,
) -> Iterator[Pasts]:
    """Both, with a progress bar while the leads are read.

    In a file, now is the newest day in it that is not to come: a table of last year is judged as of last year. What a
    file only counts happened on no day: it is no event of the leads, but `undated`, and that is told unless the report
    itself says so. `may_be_empty`: the folder, of who has written nothing yet.

    Raises NurtureError where nothing is deployed, or the file cannot be read.
    """
    if history is None and (columns or events) is not None:
        do = "name the table with --history FILE.csv, or leave the option out: the database needs neither"
        raise NurtureError(f"{columns or events} belongs to a table of past deals, and none is named", do=do)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        if history is not None:
            definitions = definitions_in(folder or FOLDER, may_be_empty=may_be_empty)
            found = open_history(history, columns, events, definitions.attributes, datetime.now(UTC))
            tell_problems([problem for problem in found.problems if problem.rule != "no-outcome"])
            if columns is None and not columns_beside(history).is_file():
                _tell_guess(found.columns, columns_beside(history))
            else:
                _tell_strangers(found.columns, definitions)
            several = [_dated(lead) for lead in _by_key(found.leads(), definitions)]
            if tell_undated:
                _tell_undated(several)
            yield Pasts(
                definitions, iter(progress.track(several, description="reading deals")), _newest(several, history)
            )
            return
        with opened_if_there() as data:
            if folder is None and (data is None or not data.store.current().number):
                do = "nurture deploy, or judge a folder with --folder scenarios"
                raise NurtureError("nothing has been deployed yet", do=do)
            definitions = (
                data.store.current()
                if folder is None and data is not None
                else definitions_in(folder or FOLDER, may_be_empty=may_be_empty)
            )
            if data is None:
                yield Pasts(definitions, iter(()), datetime.now(UTC))
                return
            with reading(data.engine) as connection:
                total = connection.execute(select(func.count()).select_from(lead_rows)).scalar_one()
                rows = past_leads(connection)
                yield Pasts(
                    definitions, iter(progress.track(rows, total=total, description="reading leads")), data.clock.now()
                )


def _tell_guess(columns: ColumnsOfDeals, file: Path) -> None:
    """What the columns were taken for, since nobody said it."""
    meant = [f"{name} = {each.attribute or each.event or each.count}" for name, each in columns.columns.items()
             if not each.ignore]  # fmt: skip
    days = [f"{key} = {name}" for key in ("since", "closed", "judged") if (name := getattr(columns, key)) is not None]
    outcome = columns.outcome
    words = f"won = {', '.join(outcome.won)}; lost = {', '.join(outcome.lost) or 'nothing'}"
    err.print(Text(f"how it ended was guessed: {outcome.column}: {words}; anything else is undecided", style="yellow"))
    err.print(Text(f"when was guessed: {', '.join(days) or 'no column has days'}", style="yellow"))
    err.print(Text(f"what the columns mean was guessed: {', '.join(meant) or 'nothing of use'}", style="yellow"))
    err.print(Text(f"  → where that is wrong, or is called otherwise in the definitions, write {file}", style="yellow"))


def _tell_strangers(columns: ColumnsOfDeals, definitions: Definitions) -> None:
    """What the mapping names and the definitions do not: maybe a typing error, and then no condition sees it."""
    patterns = (each.event or each.count for each in columns.columns.values())
    for kind, named, known in (
        ("attribute", list(columns.attributes()), sorted(definitions.attributes)),
        ("event", [each.type for each in patterns if each is not None], sorted(definitions.event_types)),
    ):
        for name in dict.fromkeys(named):
            if name not in known:
                near = near_names(name, known)
                hint = f": did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
                err.print(
                    Text(f"the definitions have no {kind} {name!r}, which the columns name{hint}", style="yellow")
                )


def _dated(lead: PastLead) -> PastLead:
    """The lead with its events by whether they have a day, or are only counted."""
    counted = frozenset((each.type, each.subject) for each in lead.events if each.at <= UNDATED)
    if not counted:
        return lead
    return replace(lead, events=tuple(each for each in lead.events if each.at > UNDATED), undated=counted)


def _tell_undated(several: Iterable[PastLead]) -> None:
    counted = frozenset[tuple[str, str]]().union(*(lead.undated for lead in several))
    if counted:
        names = ", ".join(f"{kind}: {subject}" if subject else kind for kind, subject in sorted(counted))
        what = f"of {names} only the number is known (`count`), and no day: left out"
        err.print(Text(what, style="yellow"))
        err.print(Text("  → where the report says that nobody did this, nothing is known of it", style="yellow"))


def _by_key(several: Iterable[PastLead], definitions: Definitions) -> list[PastLead]:
    """The leads with their choices by key: a table says 通信 where the definitions say `telecom`.

    What is neither a key nor what people read is told, and kept as it is.
    """
    choices = {name: each.values for name, each in definitions.attributes.items() if each.values is not None}
    keys = {name: {label: key for key, label in values.items()} for name, values in choices.items()}
    strange: Counter[tuple[str, str]] = Counter()
    found = []
    for lead in several:
        attributes = dict(lead.attributes)
        for name in choices.keys() & attributes.keys():
            value = str(attributes[name])
            attributes[name] = value if value in choices[name] else keys[name].get(value, value)
            if attributes[name] not in choices[name]:
                strange[name, value] += 1
        found.append(replace(lead, attributes=attributes))
    for (name, value), times in strange.most_common():
        err.print(Text(f"{times} lead(s) have {value!r} as {name}, none of its values: {', '.join(choices[name])}"))
    return found


def _newest(several: list[PastLead], history: Path) -> datetime:
    """The newest instant that a table of deals tells of."""
    days = [at for lead in several for at in (lead.since, lead.closed_at, *(event.at for event in lead.events)) if at]
    if not days:
        do = "name a column with days in the file of its columns: `since`, `closed`, or the day of an event"
        raise NurtureError("no deal has a date", where=str(history), do=do)
    return max(days)
