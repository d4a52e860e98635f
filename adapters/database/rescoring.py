"""Judges every lead by the hot lead definition of another deployment, a million of them in minutes.

Rows come as the driver has them, a few thousand leads at a time; what is asked is judged by `nurture.membership`, as
everywhere. Refuses to look at what no condition asks for, and to say what follows from who fits.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, and_, bindparam, func, select

from adapters.database.engine import open_database, reading
from adapters.database.matching import meant
from adapters.database.schema import events, leads
from nurture.conditions import AnyCondition
from nurture.definitions import Definitions
from nurture.facts import Facts, Gathering
from nurture.membership import Membership
from nurture.qualification import hot_condition

AT_ONCE = 2_000
"""How many leads are read in one question: a few megabytes of what they did."""
WORTH_PROCESSES = 20_000
"""From so many leads on, several processes are sooner done than one: each takes a second to begin."""
_MOST_PROCESSES = 4

Tell = Callable[[int, int], None]
"""Hears how many of how many leads have been looked at."""
Event = tuple[str, str, str | None, datetime]
"""Type, subject, send key, time."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A lead that fits. `before`: it fitted under the other definitions too; `hot`: its latch.

    `asleep`: its workflow was never started, and nothing has been told that would start it.
    """

    lead: str
    before: bool
    hot: bool
    asleep: bool


@dataclass(frozen=True)
class Question:
    """Who fits the one condition at `now`, and of them who fits the other; all of it can go to another process."""

    new: tuple[AnyCondition, Definitions]
    old: tuple[AnyCondition, Definitions] | None
    now: datetime

    @classmethod
    def of(cls, new: Definitions, old: Definitions, now: datetime) -> Question:
        """Who fits the new hot lead definition, which there is."""
        if new.hot_lead is None:
            raise ValueError("nobody fits a definition that is not there")
        before = (hot_condition(old.hot_lead), old) if old.hot_lead is not None else None
        return cls((hot_condition(new.hot_lead), new), before, now)


def asleep() -> ColumnElement[bool]:
    """True of a lead whose workflow was never started, and to which nothing is told that would start it."""
    return and_(leads.c.started.is_(False), leads.c.pending.is_(False), leads.c.status != "erased")


def all_fitting(conn: Connection, question: Question, tell: Tell = lambda _done, _of: None) -> list[Fit]:
    """Every lead that fits, in the order of ids; `tell` hears how many of how many have been looked at.

    Several processes read for themselves, each what is committed when it asks.
    """
    several = conn.execute(select(func.count()).select_from(leads)).scalar_one()
    ranges = list(_ranges(conn))
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES) if several >= WORTH_PROCESSES else 1
    if processes == 1:
        judge = _Judge(question)
        found = (judge(conn, *each) for each in ranges)
        return _together(found, several, tell)
    url = conn.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")  # a fork would share the open connection
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(url, question)) as pool:
        return _together(pool.map(_ask, ranges), several, tell)


def _together(parts: Iterable[list[Fit]], several: int, tell: Tell) -> list[Fit]:
    found: list[Fit] = []
    for number, part in enumerate(parts, start=1):
        found += part
        tell(min(several, number * AT_ONCE), several)
    return found


def _ranges(conn: Connection) -> Iterator[tuple[str, str | None]]:
    """What lies after the one id and not after the other, with AT_ONCE leads in each range but the last."""
    place = func.row_number().over(order_by=leads.c.id).label("place")
    numbered = select(leads.c.id, place).subquery()
    bounds = select(numbered.c.id).where(numbered.c.place % AT_ONCE == 0).order_by(numbered.c.id)
    last = ""
    for bound in conn.execute(bounds).scalars():
        yield last, bound
        last = bound
    yield last, None


# --- in each process ------------------------------------------------------------------------------------------------


class _Judge:
    """A question made ready to be asked about one range of leads after the other."""

    def __init__(self, question: Question) -> None:
        self._now = question.now
        self._new = Membership.of(*question.new)
        self._old = Membership.of(*question.old) if question.old is not None else None
        self._sheet_of_new = Gathering(self._new.wanted)
        self._sheet_of_old = self._other_sheet()
        self._dids = (*self._new.dids, *(self._old.dids if self._old is not None else ()))

    def __call__(self, conn: Connection, after: str, until: str | None) -> list[Fit]:
        """Who fits of the leads in a range."""
        did = self._did(conn, after, until)
        found = []
        for lead, attributes, hot, sleeps in conn.execute(_leads(after, until)):
            told = did.get(lead, ())
            facts = self._sheet_of_new(told)
            if self._new.fits(attributes, facts, self._now, hot=bool(hot)):
                before = self._fitted_before(attributes, told, facts, hot=bool(hot))
                found.append(Fit(lead, before, bool(hot), bool(sleeps)))
        return found

    def _other_sheet(self) -> Gathering | None:
        """What makes the sheets of the old definitions, where they keep something else than the new."""
        if self._old is None or self._old.wanted == self._new.wanted:
            return None
        return Gathering(self._old.wanted)

    def _fitted_before(self, attributes: dict[str, Any], told: Sequence[Event], facts: Facts, *, hot: bool) -> bool:
        if self._old is None:
            return False
        sheet = facts if self._sheet_of_old is None else self._sheet_of_old(told)
        return self._old.fits(attributes, sheet, self._now, hot=hot)

    def _did(self, conn: Connection, after: str, until: str | None) -> dict[str, list[Event]]:
        """What the leads of a range did of what is asked, by lead, in the order of time."""
        if not self._dids:
            return {}
        found: dict[str, list[Any]] = {}
        for lead, at, number, type, subject, send in _raw(conn, self._events(after, until)):  # noqa: A001
            found.setdefault(lead, []).append((at, number, type, subject, send))
        when = _read if conn.dialect.name == "sqlite" else _as_it_is
        return {
            lead: [(type, subject, send, when(at)) for at, _, type, subject, send in sorted(rows)]  # noqa: A001
            for lead, rows in found.items()
        }

    def _events(self, after: str, until: str | None) -> Select[Any]:
        columns = (events.c.lead, events.c.at, events.c.id, events.c.type, events.c.subject, events.c.send)
        real = (events.c.automatic.is_(False), events.c.reversed_at.is_(None))
        return select(*columns).where(_between(events.c.lead, after, until), *real, meant(self._dids))


def _leads(after: str, until: str | None) -> Select[Any]:
    hot = leads.c.position["hot"].as_boolean()
    columns = (leads.c.id, leads.c.attributes, hot, asleep())
    known = (_between(leads.c.id, after, until), leads.c.status != "erased")
    return select(*columns).where(*known).order_by(leads.c.id)


def _between(column: Column[Any], after: str, until: str | None) -> ColumnElement[bool]:
    above = column > bindparam("after", after)
    return above if until is None else and_(above, column <= bindparam("until", until))


def _raw(conn: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver makes them: a million times a Row and its types take longer than the question."""
    compiled = query.compile(dialect=conn.dialect, compile_kwargs={"render_postcompile": True})
    order = compiled.positiontup
    given = compiled.params if order is None else tuple(compiled.params[name] for name in order)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    cursor: Any = conn.connection.cursor()
    try:
        cursor.execute(compiled.string, given)
        yield from cursor
    finally:
        cursor.close()


def _read(text: str) -> datetime:
    """An instant as SQLite has it: in UTC, without saying so."""
    return datetime.fromisoformat(f"{text}+00:00")


def _as_it_is(at: datetime) -> datetime:
    return at


@dataclass
class _Process:
    """What a process keeps between two ranges."""

    engine: Engine | None = None
    judge: _Judge | None = None


_PROCESS = _Process()


def _begin(url: str, question: Question) -> None:
    _PROCESS.engine, _PROCESS.judge = open_database(url), _Judge(question)


def _ask(bounds: tuple[str, str | None]) -> list[Fit]:
    if _PROCESS.engine is None or _PROCESS.judge is None:
        raise RuntimeError("a process is asked before it has begun")
    with reading(_PROCESS.engine) as conn:
        return _PROCESS.judge(conn, *bounds)
