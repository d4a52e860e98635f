"""Writes a company's own tasks as past deals, in the shape that fitting a score and a back-test read.

Each task is a deal as it was known when it was made: attributes of that day, and only what the lead had done by then.
Refuses to choose leads: it writes of those it is given.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.deals.columns import Column, Columns, OutcomeColumn, written
from adapters.history_file import EVENTS_HEADER, columns_beside
from adapters.lead_export import plain
from nurture.definitions import Attribute
from nurture.errors import NurtureError
from nurture.history import PastLead
from nurture.retrospect import attributes_at
from nurture.review.tasks import REACHED_BY_NOBODY, PastTask

DEALS, EVENTS = "history.csv", "events.csv"
_OWN = ("task", "known_since", "handed_over_at", "closed_at", "state")
"""Columns besides the attributes; an attribute of such a name is written as `attribute_NAME`."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Written:
    """The files, and how many deals and events are in them."""

    deals: Path
    events: Path
    columns: Path
    number: int
    won: int
    lost: int
    happened: int


def write_history(
    folder: Path,
    several: Iterable[tuple[PastLead, Sequence[PastTask]]],
    attributes: dict[str, Attribute],
    *,
    force: bool = False,
) -> Written:
    """Write leads with their tasks; raises NurtureError where the folder cannot be written, or holds such files."""
    deals, events = folder / DEALS, folder / EVENTS
    columns = columns_beside(deals)
    there = [path for path in (deals, events, columns) if path.exists()]
    if there and not force:
        do = "name another folder with --out, or overwrite with --force"
        raise NurtureError(f"{there[0].name} is there already", where=str(folder), do=do)
    number = won = lost = happened = 0
    names = {name: f"attribute_{name}" if name in _OWN else name for name in attributes}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        columns.write_text(written(_meant(attributes, names), DEALS), encoding="utf-8")
        with ExitStack() as open_files:
            rows, did = (
                csv.writer(open_files.enter_context(path.open("w", encoding="utf-8", newline="")), lineterminator="\n")
                for path in (deals, events)
            )
            rows.writerow([*_OWN, *names.values()])
            did.writerow(EVENTS_HEADER)
            for lead, tasks in several:
                for task in tasks:
                    rows.writerow(_deal(lead, task, tuple(names)))
                    did.writerows(past := _happened(lead, task))
                    number, won, lost = number + 1, won + (task.state == "won"), lost + (task.state == "lost")
                    happened += len(past)
    except OSError as error:
        do = "name a folder that you may write to with --out"
        raise NurtureError(f"the history cannot be written: {error.strerror}", where=str(folder), do=do) from error
    return Written(deals, events, columns, number, won, lost, happened)


def _meant(attributes: dict[str, Attribute], names: dict[str, str]) -> Columns:
    return Columns(
        outcome=OutcomeColumn(column="state", won=("won",), lost=("lost",)),
        id="task", since="known_since", judged="handed_over_at", closed="closed_at",
        columns={names[name]: Column(attribute=name, type=each.type) for name, each in attributes.items()},
    )  # fmt: skip


def _deal(lead: PastLead, task: PastTask, attributes: Sequence[str]) -> list[str]:
    then = attributes_at(lead, task.made_at)
    # the second in which it was made is over: what led to it had happened
    instants = (lead.since, _whole(task.made_at) + _SECOND, task.closed_at)
    return [task.id, *map(_instant, instants), task.state, *(plain(_flat(then.get(name))) for name in attributes)]


def _happened(lead: PastLead, task: PastTask) -> list[tuple[str, str, str, str]]:
    return [
        (task.id, each.type, each.subject, _instant(each.at))
        for each in lead.events
        if each.at <= task.made_at and each.type not in REACHED_BY_NOBODY
    ]


def _flat(value: Any) -> Any:
    """A text on one line: what stands in a cell."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else ""
