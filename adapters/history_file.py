"""Reads what became of leads from a company's own table of past deals; refuses to judge any, and loses no row silently.

The table is any CSV; `columns.yaml` says what its columns mean (see adapters/deals). Without one it is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.deals import cells as reading
from adapters.deals.columns import Column, Columns, ColumnsRefused, OutcomeColumn, read_columns
from adapters.deals.guess import guess
from adapters.deals.table import Row, Table, lines_of, read_table
from nurture.conditions import EventPattern
from nurture.definitions import Attribute
from nurture.errors import Problem
from nurture.facts import KEEP
from nurture.history import PastEvent, PastLead, Result

EVENTS_HEADER = ("lead", "type", "subject", "at")
"""The columns of a second file, with one event a row."""


@dataclass(frozen=True, slots=True)
class PastDeal:
    """A lead with the line it stands on, and the instant as of which it is judged (None: not known, or not closed)."""

    lead: PastLead
    line: int
    judged_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """All deals of a table in its order, those without an outcome too, and everything that was wrong with it."""

    path: Path
    columns: Columns
    deals: tuple[PastDeal, ...]
    problems: tuple[Problem, ...] = ()

    def leads(self) -> Iterator[PastLead]:
        """Every lead of the table, in its order."""
        return (each.lead for each in self.deals)


def columns_beside(path: Path) -> Path:
    """Where the mapping of a table is looked for and written: `deals.columns.yaml` beside `deals.csv`."""
    return path.with_name(f"{path.stem}.columns.yaml")


def open_history(
    path: Path,
    columns: Path | Columns | None = None,
    events: Path | None = None,
    known: Mapping[str, Attribute] | None = None,
    today: datetime | None = None,
) -> HistoryFile:
    """Read a table of past deals (CSV in UTF-8 or Shift_JIS, commas, semicolons or tabs; a zip around one).

    `columns`: the mapping or its file; absent: the file beside the table, else a guess, in which columns called like
    a `known` attribute, or its label, are taken for it; so are the labels of its values. `events`: a second table with
    the columns lead, type, subject, at. `today`: what is later has not happened, and is told of.
    Raises TableRefused or ColumnsRefused; whatever else is wrong is in `problems`, and the rest is read.
    """
    table = read_table(path)
    beside = columns_beside(path)
    if columns is None:
        columns = beside if beside.is_file() else guess(table, known)
    source = str(columns) if isinstance(columns, Path) else path.name
    meant = (read_columns(columns) if isinstance(columns, Path) else columns).fitting(table.header, source)
    more = read_table(events) if events is not None else None
    return _Reading(path, table, meant, known or {}, today).history(more)


class _Reading:
    """One table while it is read; problems gather."""

    def __init__(
        self, path: Path, table: Table, columns: Columns, known: Mapping[str, Attribute], today: datetime | None
    ) -> None:
        self._path, self._table, self._columns, self._known, self._today = path, table, columns, known, today
        self._problems = list(table.problems)

    def history(self, more: Table | None) -> HistoryFile:
        columns, table = self._columns, self._table
        results = self._results(columns.outcome)
        since, closed, judged = (self._days(name) for name in (columns.since, columns.closed, columns.judged))
        early = [i for i, (a, b) in enumerate(zip(since, closed, strict=True)) if a and b and b.date() < a.date()]
        self._say_rows("date", early, f"deal(s) have a day in {columns.closed!r} before that in {columns.since!r}")
        ids = self._ids(columns.id)
        attributes = self._attributes()
        happened = self._events()
        for index, events in self._told(more, ids).items():
            happened[index] += events
        deals = []
        for index, row in enumerate(table.rows):
            lead = PastLead(
                ids[index], attributes[index], tuple(sorted(happened[index], key=lambda each: each.at)),
                since[index], results[index], closed[index],
            )  # fmt: skip
            deals.append(PastDeal(lead, row.line, self._judged(judged[index], since[index], closed[index])))
        return HistoryFile(self._path, columns, tuple(deals), tuple(self._problems))

    def _judged(self, judged: datetime | None, since: datetime | None, closed: datetime | None) -> datetime | None:
        """As of the day named, else after the time a lead is observed, else when it was closed: the earliest known."""
        if judged is not None:
            return min(judged, closed) if closed is not None else judged
        if self._columns.observe is not None and since is not None:
            end = since + self._columns.observe.span
            return min(end, closed) if closed is not None else end
        return closed

    def _say(self, rule: str, message: str, line: int = 1, *, error: bool = False) -> None:
        self._problems.append(Problem(self._table.name, line, 1, message, rule, "error" if error else "warning"))

    def _say_rows(self, rule: str, rows: Sequence[int], message: str) -> None:
        if rows:
            lines = [self._table.rows[index].line for index in rows]
            self._say(rule, f"{len(rows)} {message}: {lines_of(lines)}", lines[0])

    def _results(self, outcome: OutcomeColumn) -> list[Result | None]:
        words: dict[str, Result] = {reading.plain(word): "lost" for word in outcome.lost}
        words |= {reading.plain(word): "won" for word in outcome.won}
        found: list[Result | None] = []
        missing: list[int] = []
        other: dict[str, list[int]] = defaultdict(list)
        for index, cell in enumerate(self._table.column(outcome.column)):
            result = words.get(reading.plain(cell))
            if result is None and reading.unknown(cell):
                missing.append(index)
            elif result is None:
                other[cell].append(index)
            found.append(result)
        self._say_rows("no-outcome", missing, f"row(s) have no outcome in {outcome.column!r} and are left out")
        for word, rows in sorted(other.items(), key=lambda each: -len(each[1])):
            message = f"row(s) say {word!r} in {outcome.column!r}, neither won nor lost, and are left out"
            self._say_rows("no-outcome", rows, message)
        if not any(found):
            raise ColumnsRefused(
                f"no row is won or lost by the words of {outcome.column!r}", where=str(self._path),
                do=f"its words are {', '.join(repr(word) for word in list(other)[:20]) or 'all empty'}: "
                "say in columns.yaml which mean won and lost",
            )  # fmt: skip
        return found

    def _ids(self, name: str | None) -> list[str]:
        cells = self._table.column(name) if name is not None else [""] * len(self._table.rows)
        seen: dict[str, int] = {}
        found, again, empty = [], [], []
        for index, (cell, row) in enumerate(zip(cells, self._table.rows, strict=True)):
            if not cell and name is not None:
                empty.append(index)
            base = cell or f"line_{row.line}"
            seen[base] = seen.get(base, 0) + 1
            if seen[base] > 1:
                again.append(index)
            found.append(base if seen[base] == 1 else f"{base}#{seen[base]}")
        self._say_rows("no-id", empty, f"row(s) have no {name!r} and are named by their line")
        self._say_rows("same-id", again, "row(s) have an id that stood before; each counts as a deal of its own")
        return found

    def _dates(self, name: str | None, *, day_first: bool | None = None) -> list[datetime | None]:
        if name is None:
            return [None] * len(self._table.rows)
        decided = day_first if day_first is not None else self._columns.day_first
        found = reading.read_dates(self._table.column(name), day_first=decided)
        self._say_rows("date", found.unread, f"cell(s) of {name!r} are no date and count as empty")
        why = "the column has both orders" if found.mixed else "nothing in the column tells which"
        message = f"date(s) of {name!r} may be day/month or month/day ({why}) and count as empty; write `day_first`"
        self._say_rows("date", found.ambiguous, message)
        message = f"date(s) of {name!r} may begin or end with the year and count as empty; write years with four digits"
        self._say_rows("date", found.yearless, message)
        return found.values

    def _days(self, name: str | None, *, day_first: bool | None = None) -> list[datetime | None]:
        """The dates of a column of things that happened; what is still to come has not, and is told of."""
        found = self._dates(name, day_first=day_first)
        if self._today is None:
            return found
        end = self._today + _ZONES
        late = [index for index, at in enumerate(found) if at is not None and at > end]
        message = f"date(s) of {name!r} are after today and count as empty: nothing planned has happened"
        self._say_rows("date", late, message)
        return [None if at is not None and at > end else at for at in found]

    def _attributes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{} for _ in self._table.rows]
        for name, column in self._columns.columns.items():
            if column.attribute is None:
                continue
            values, bad = self._values(name, column)
            self._say_rows("value", bad, f"cell(s) of {name!r} are no {column.type} and count as empty")
            for kept, value in zip(found, values, strict=True):
                if value is not None:
                    kept[column.attribute] = value
        return found

    def _values(self, name: str, column: Column) -> tuple[list[Any], list[int]]:
        cells = self._table.column(name)
        if column.type == "date":
            days = self._dates(name, day_first=column.day_first)
            return [reading.day_of(each) if each is not None else None for each in days], []
        keys = self._keys(column.attribute or "")
        readers: dict[str, Callable[[str], Any]] = {
            "number": reading.number,
            "flag": lambda cell: reading.FLAGS.get(reading.plain(cell)),
            "list": lambda cell: reading.items(cell) or None,
            "choice": lambda cell: keys.get(reading.plain(cell), cell),
        }
        read = readers.get(column.type or "text", str)
        values = [None if reading.unknown(cell) else read(cell) for cell in cells]
        bad = [
            i
            for i, (cell, value) in enumerate(zip(cells, values, strict=True))
            if value is None and not reading.unknown(cell)
        ]
        return values, bad

    def _keys(self, attribute: str) -> dict[str, str]:
        """The key of each label of a known choice: tables have what people read, definitions have keys."""
        declared = self._known.get(attribute)
        labels = declared.values if declared is not None and declared.values else {}
        return {reading.plain(label): key for key, label in labels.items()}

    def _events(self) -> list[list[PastEvent]]:
        found: list[list[PastEvent]] = [[] for _ in self._table.rows]
        for name, column in self._columns.columns.items():
            if column.event is not None:
                for happened, at in zip(found, self._days(name, day_first=column.day_first), strict=True):
                    if at is not None:
                        happened.append(_event(column.event, at))
            if column.count is not None:
                self._counts(name, column.count, found)
        return found

    def _counts(self, name: str, pattern: EventPattern, found: list[list[PastEvent]]) -> None:
        """A number of events without a day: they count as of the first instant, so that no closing comes before."""
        bad = []
        for index, cell in enumerate(self._table.column(name)):
            times = reading.number(cell)
            if times is None or times < 0:
                bad += [] if reading.unknown(cell) else [index]
                continue
            found[index] += [_event(pattern, UNDATED)] * min(KEEP, int(times))
        self._say_rows("value", bad, f"cell(s) of {name!r} are no number of times and count as none")

    def _told(self, more: Table | None, ids: Sequence[str]) -> dict[int, list[PastEvent]]:
        """The events of a second file, by the index of their lead."""
        found: dict[int, list[PastEvent]] = defaultdict(list)
        if more is None:
            return found
        if self._columns.id is None:
            do = "name the column that holds the ids in `id` of columns.yaml"
            raise ColumnsRefused("events name their leads, and the table has no `id`", where=str(self._path), do=do)
        missing = [name for name in EVENTS_HEADER if name not in more.header]
        if missing:
            do = f"its columns are {', '.join(EVENTS_HEADER)}"
            raise ColumnsRefused(f"the file of events has no column {missing[0]!r}", where=more.name, do=do)
        place = {name: more.header.index(name) for name in EVENTS_HEADER}
        rows = {lead: index for index, lead in enumerate(ids)}
        dates = reading.read_dates(more.column("at"), day_first=self._columns.day_first).values
        strangers: list[Row] = []
        bad: list[Row] = []
        for row, at in zip(more.rows, dates, strict=True):
            index, kind = rows.get(row.cells[place["lead"]]), row.cells[place["type"]]
            if index is None:
                strangers.append(row)
            elif at is None or not kind:
                bad.append(row)
            else:
                found[index].append(PastEvent(at, kind, row.cells[place["subject"]]))
        for rule, several, why in (
            ("unknown-lead", strangers, "event(s) are of no lead of the table and are left out"),
            ("event", bad, "event(s) have no type or no date and are left out"),
        ):
            if several:
                lines = [row.line for row in several]
                message = f"{len(several)} {why}: {lines_of(lines)}"
                self._problems.append(Problem(more.name, lines[0], 1, message, rule, "warning"))
        self._problems += more.problems
        return found


_ZONES = timedelta(days=1)
"""A day of the table begins in UTC, and may have begun elsewhere before."""

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""When an event happened that only a count tells of."""


def _event(pattern: EventPattern, at: datetime) -> PastEvent:
    return PastEvent(at, pattern.type, "" if pattern.subject in (None, "any") else str(pattern.subject))
