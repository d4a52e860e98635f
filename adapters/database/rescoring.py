"""Judges every lead by the hot lead definition of another deployment, a million of them in minutes.

Rows come as the driver has them, in one pass over both tables; what is asked is judged by `nurture.membership`, as
everywhere. Refuses to look at what no condition asks for, and to say what follows from who fits.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    String,
    and_,
    case,
    collate,
    func,
    literal_column,
    select,
)

from adapters.database.engine import open_database, reading
from adapters.database.matching import meant
from adapters.database.schema import events, leads
from nurture.conditions import AnyCondition
from nurture.definitions import Definitions
from nurture.facts import OPENING, Facts, Gathering
from nurture.membership import Membership
from nurture.qualification import hot_condition

WORTH_PROCESSES = 20_000
"""From so many leads on, several processes are sooner done than one: each takes a second to begin."""
_MOST_PROCESSES = 4
_AT_ONCE = 5_000
"""How many rows come over from PostgreSQL at once."""
_TELL_EVERY = 1_000
_LOOK_EVERY = 0.3
"""Seconds between two looks at how far the processes are."""

Share = tuple[str, str | None]
"""The leads after the one id and not after the other."""
_EVERYBODY: Share = ("", None)

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
    """Every lead that fits, in the order of ids (by their characters); `tell` hears how many have been looked at.

    Several processes read for themselves, each what is committed when it asks.
    """
    several = conn.execute(select(func.count()).select_from(leads)).scalar_one()
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES) if several >= WORTH_PROCESSES else 1
    if processes == 1:
        return _Judge(question)(conn, _EVERYBODY, lambda done: tell(done, several))
    shares = _shares(conn, several, processes)
    url = conn.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")  # a fork would share the open connection
    looked_at = context.Value("Q", 0)
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(url, question, looked_at)) as pool:
        parts = [pool.submit(_ask, share) for share in shares]
        while wait(parts, timeout=_LOOK_EVERY).not_done:
            tell(looked_at.value, several)
        tell(several, several)
        return [fit for part in parts for fit in part.result()]


def _shares(conn: Connection, several: int, processes: int) -> list[Share]:
    """As many leads for each process."""
    key = _by_characters(leads.c.id, conn)
    place = func.row_number().over(order_by=key).label("place")
    numbered = select(leads.c.id, place).subquery()
    each = -(-several // processes)
    bounds = select(numbered.c.id).where(numbered.c.place % each == 0, numbered.c.place < several)
    last = list(conn.execute(bounds.order_by(numbered.c.place)).scalars())
    return list(zip(["", *last], [*last, None], strict=True))


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

    def __call__(self, conn: Connection, share: Share, tell: Callable[[int], None]) -> list[Fit]:
        """Who fits of the leads in a share; `tell` hears now and then how many of them have been looked at."""
        found, done = [], 0
        when = _read if conn.dialect.name == "sqlite" else _as_it_is
        events_of_all = self._did(conn, share)
        ahead = next(events_of_all, None)
        for lead, attributes, hot, status, sleeps in conn.execute(_leads(conn, share)):
            told: list[Event] = []
            while ahead is not None and ahead[0] <= lead:
                if ahead[0] == lead:  # else it is of nobody there is
                    told.append((ahead[2], ahead[3], ahead[4], when(ahead[1])))
                ahead = next(events_of_all, None)
            done += 1
            if done % _TELL_EVERY == 0:
                tell(done)
            if status == "erased":
                continue
            facts = self._sheet_of_new(told)
            if self._new.fits(attributes, facts, self._now, hot=bool(hot)):
                before = self._fitted_before(attributes, told, facts, hot=bool(hot))
                found.append(Fit(lead, before, bool(hot), bool(sleeps)))
        tell(done)
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

    def _did(self, conn: Connection, share: Share) -> Iterator[tuple[Any, ...]]:
        """Lead, time, type, subject and send key of what is asked about, by lead and time.

        The table is read from its beginning to its end, and sorted: events come in as leads act, so that those of one
        lead lie all over it, and an index would fetch each from another place.
        """
        if not self._dids:
            return iter(())
        key = _by_characters(events.c.lead, conn)
        send = case((events.c.type.in_(("opened", *OPENING)), events.c.send))
        real = (events.c.automatic.is_(False), events.c.reversed_at.is_(None))
        query = select(events.c.lead, events.c.at, events.c.type, events.c.subject, send)
        query = query.where(_between(key, share), *real, meant(self._dids))
        return _raw(conn, query.order_by(key, events.c.at, events.c.id))


def _leads(conn: Connection, share: Share) -> Select[Any]:
    hot, key = leads.c.position["hot"].as_boolean(), _by_characters(leads.c.id, conn)
    columns = (leads.c.id, leads.c.attributes, hot, leads.c.status, asleep())
    query = select(*columns).where(_between(key, share)).order_by(key)
    return query.execution_options(yield_per=_AT_ONCE)


def _between(key: ColumnElement[str], share: Share) -> ColumnElement[bool]:
    after, until = share
    return key > after if until is None else and_(key > after, key <= until)


def _by_characters(column: Column[Any], conn: Connection) -> ColumnElement[str]:
    """Compared as Python does, and by no index of the events."""
    if conn.dialect.name == "postgresql":
        return collate(column, "C")
    return literal_column(f"+{column.table.name}.{column.name}" if column.table is events else str(column), String())


def _raw(conn: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver makes them: a million times a Row and its types take longer than the question."""
    compiled = query.compile(dialect=conn.dialect, compile_kwargs={"render_postcompile": True})
    order = compiled.positiontup
    given = compiled.params if order is None else tuple(compiled.params[name] for name in order)
    made: Any = conn.connection
    if conn.dialect.name == "postgresql":
        for setting in ("TIME ZONE 'UTC'", "work_mem = '64MB'", "cursor_tuple_fraction = 1"):
            conn.exec_driver_sql(f"SET LOCAL {setting}")
        cursor = made.cursor(name="events_of_all")
        cursor.itersize = _AT_ONCE
    else:
        cursor = made.cursor()
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
    """What a process keeps that was begun to judge."""

    engine: Engine | None = None
    judge: _Judge | None = None
    looked_at: Any = None


_PROCESS = _Process()


def _begin(url: str, question: Question, looked_at: Any) -> None:
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    _PROCESS.engine, _PROCESS.judge, _PROCESS.looked_at = open_database(url), _Judge(question), looked_at


def _end_with_the_other() -> None:
    """A process whose parent was killed would wait for its next question for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ask(share: Share) -> list[Fit]:
    if _PROCESS.engine is None or _PROCESS.judge is None:
        raise RuntimeError("a process is asked before it has begun")
    before = 0

    def tell(done: int) -> None:
        nonlocal before
        with _PROCESS.looked_at.get_lock():
            _PROCESS.looked_at.value += done - before
        before = done

    with reading(_PROCESS.engine) as conn:
        return _PROCESS.judge(conn, share, tell)
