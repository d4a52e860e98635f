"""Keeps what sales is told through which channel, and how far that is; refuses to tell anybody itself.

One row for each notice, channel and reader, so that a channel that is down repeats nothing on the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from adapters.database import timeline
from adapters.database.schema import tellings
from nurture.records import Line

CLAIM = timedelta(seconds=30)
"""How long others leave a telling alone that somebody is at; one that lasts longer is one of a dead worker."""
MOST_OF_AN_ERROR = 300
MOVED = "sales.yaml, or the task, names another place by now"
"""Why a telling was let be that comes back where that place is named again."""
_ADDRESS = re.compile(r"[^\s@<>\"'()]+@[^\s@<>\"'()]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """One channel for one reader; `rep` is empty where the channel does not write to each."""

    channel: str
    rep: str = ""

    @property
    def shown(self) -> str:
        """As lines and logs name it."""
        return f"{self.channel}: {self.rep}" if self.rep else self.channel


@dataclass(frozen=True, slots=True)
class Try:
    """A unit that is to be tried now; `attempt` counts from 1."""

    unit: Unit
    attempt: int


def plan(
    conn: Connection, notice: str, lead: str, wanted: Sequence[Unit], *, now: datetime, real_now: datetime
) -> None:
    """Write down where a notice goes. What is still pending follows sales.yaml; what was dropped has a line.

    A channel that has told somebody of it tells nobody else, though the task may be another rep's by now.
    """
    rows = {Unit(row.channel, row.rep): row for row in _rows(conn, notice)}
    over = {unit.channel for unit, row in rows.items() if row.state == "told"}
    for unit, row in rows.items():
        if row.state == "pending" and unit not in wanted:
            _set(conn, notice, unit, state="dropped", last_error=MOVED)
            _line(conn, lead, now, "not_told", unit, MOVED)
        elif row.state == "dropped" and row.last_error == MOVED and unit in wanted and unit.channel not in over:
            _set(conn, notice, unit, state="pending", last_error=None, planned_real=real_now, due_real=real_now)
    fresh = [each for each in wanted if each not in rows and each.channel not in over]
    if fresh:
        conn.execute(
            insert(tellings),
            [
                {
                    "notice": notice, "channel": each.channel, "rep": each.rep, "lead": lead, "state": "pending",
                    "attempts": 0, "planned_real": real_now, "due_real": real_now,
                }
                for each in fresh
            ],
        )  # fmt: skip


def of_task(handoff: str) -> str:
    """The notice that a task is there."""
    return f"handoff/{handoff}"


def of_message(key: str) -> str:
    """The notice of a message with this key."""
    return f"message/{key}"


def begun(conn: Connection, notice: str) -> bool:
    """Whether somebody may have heard of it: a channel was tried at least once, and is not let be."""
    tried = (tellings.c.notice == notice, tellings.c.attempts > 0, tellings.c.state != "dropped")
    return conn.execute(select(tellings.c.notice).where(*tried).limit(1)).first() is not None


def drop(conn: Connection, notice: str, lead: str, why: str, *, now: datetime) -> None:
    """Let what is still pending of a notice be; says so on the timeline."""
    for row in _rows(conn, notice):
        if row.state == "pending":
            unit = Unit(row.channel, row.rep)
            _set(conn, notice, unit, state="dropped")
            _line(conn, lead, now, "not_told", unit, why)


def give_up(conn: Connection, notice: str, lead: str, unit: Unit, why: str, *, now: datetime) -> None:
    """Let one unit be that can never be told; says so on the timeline."""
    this = (*_this(notice, unit), tellings.c.state == "pending")
    if conn.execute(update(tellings).where(*this).values(state="dropped")).rowcount:
        _line(conn, lead, now, "not_told", unit, why)


def claim(conn: Connection, notice: str, real_now: datetime) -> list[Try]:
    """What is to be tried now; others leave it alone for a while. Run in a transaction that writes."""
    found: list[Try] = []
    for row in _rows(conn, notice):
        if row.state == "pending" and row.due_real <= real_now:
            unit = Unit(row.channel, row.rep)
            changed = conn.execute(
                update(tellings)
                .where(*_this(notice, unit), tellings.c.state == "pending", tellings.c.due_real <= real_now)
                .values(attempts=row.attempts + 1, due_real=real_now + CLAIM)
            )
            if changed.rowcount:
                found.append(Try(unit, row.attempts + 1))
    return found


def told(conn: Connection, notice: str, lead: str, tried: Try, *, now: datetime, real_now: datetime) -> None:
    """It was taken: say so on the timeline, once."""
    this = (*_this(notice, tried.unit), tellings.c.state == "pending")
    values: dict[str, Any] = {"state": "told", "told_real": real_now, "last_error": None}
    if conn.execute(update(tellings).where(*this).values(values)).rowcount:
        why = f"at the {tried.attempt}. attempt" if tried.attempt > 1 else None
        _line(conn, lead, now, "told", tried.unit, why)


def failed(conn: Connection, notice: str, lead: str, tried: Try, why: str, again: datetime, *, now: datetime) -> None:
    """It was not taken, and is tried again at a real instant; the first time of a reason is on the timeline."""
    said = _ADDRESS.sub("[address]", why)[:MOST_OF_AN_ERROR]
    known = conn.execute(select(tellings.c.last_error).where(*_this(notice, tried.unit))).scalar()
    this = (*_this(notice, tried.unit), tellings.c.state == "pending")
    changed = conn.execute(update(tellings).where(*this).values(last_error=said, due_real=again))
    if changed.rowcount and known is None:
        _line(conn, lead, now, "not_told", tried.unit, f"{said}; it is tried again")


def due(conn: Connection, notice: str) -> datetime | None:
    """When something of a notice is to be tried next; None: nothing is left."""
    pending = (tellings.c.notice == notice, tellings.c.state == "pending")
    return conn.execute(select(func.min(tellings.c.due_real)).where(*pending)).scalar()


def errors(conn: Connection, notice: str) -> dict[str, str]:
    """Why what is pending of a notice is, by channel and reader."""
    return {
        Unit(row.channel, row.rep).shown: row.last_error or "not tried yet"
        for row in _rows(conn, notice)
        if row.state == "pending"
    }


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one channel has still to tell: how many, since when, and what it said last."""

    channel: str
    number: int
    since: datetime
    last_error: str | None


def waiting(conn: Connection) -> list[Waiting]:
    """By channel, for ops."""
    rows = conn.execute(
        select(
            tellings.c.channel,
            func.count().label("number"),
            func.min(tellings.c.planned_real).label("since"),
            func.max(tellings.c.last_error).label("said"),
        )
        .where(tellings.c.state == "pending")
        .group_by(tellings.c.channel)
        .order_by(tellings.c.channel)
    )
    return [Waiting(row.channel, row.number, row.since, row.said) for row in rows]


def _rows(conn: Connection, notice: str) -> Sequence[Row[Any]]:
    asked = select(tellings).where(tellings.c.notice == notice).order_by(tellings.c.channel, tellings.c.rep)
    return conn.execute(asked).all()


def _this(notice: str, unit: Unit) -> tuple[Any, ...]:
    return (tellings.c.notice == notice, tellings.c.channel == unit.channel, tellings.c.rep == unit.rep)


def _set(conn: Connection, notice: str, unit: Unit, **values: Any) -> None:
    conn.execute(update(tellings).where(*_this(notice, unit)).values(values))


def _line(conn: Connection, lead: str, now: datetime, what: str, unit: Unit, reason: str | None) -> None:
    timeline.add(conn, lead, Line(at=now, kind="handoff", what=what, subject=unit.shown, reason=reason))
