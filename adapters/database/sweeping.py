"""Finds the leads for whom time alone may have changed something, and gives each one tick; refuses to judge them.

What leaves a window between two nights is found by SQL, so a night costs what has changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from adapters.database.members import meant
from adapters.database.schema import enrolments, events, sweeps
from adapters.database.sequence import Deployments, append_to_all
from nurture.conditions import Did
from nurture.entries import Ticked
from nurture.sweep import windows

NIGHTLY = "nightly"


def swept_until(conn: Connection, now: datetime) -> datetime:
    """Up to when time has been swept; a sweep that never ran begins now."""
    found: datetime | None = conn.execute(select(sweeps.c.until).where(sweeps.c.name == NIGHTLY)).scalar()
    if found is None:
        conn.execute(insert(sweeps).values(name=NIGHTLY, until=now, leads=0))
        return now
    return found


def finish(conn: Connection, until: datetime, ticked: int) -> None:
    """Note up to when time has been swept, and how many leads got a tick."""
    conn.execute(update(sweeps).where(sweeps.c.name == NIGHTLY).values(until=until, leads=ticked))


def concerned(conn: Connection, store: Deployments, current: int, since: datetime, now: datetime) -> list[str]:
    """The ids, in order, of the leads for whom something may have changed since the last sweep by time alone.

    An event of theirs has left a window that their scenario's `leave` asks about.
    """
    found: set[str] = set()
    walked = select(enrolments.c.scenario, enrolments.c.deployment).where(enrolments.c.state == "enrolled").distinct()
    for name, deployment in conn.execute(walked).all():
        scenario = store.get(deployment).scenarios.get(name)
        asked = windows(scenario, store.get(current)) if scenario is not None else ()
        if asked:
            has_left = or_(*(_has_left(each, since, now) for each in asked))
            found |= set(
                conn.execute(
                    select(enrolments.c.lead)
                    .join(events, events.c.lead == enrolments.c.lead)
                    .where(
                        enrolments.c.state == "enrolled",
                        enrolments.c.scenario == name,
                        enrolments.c.deployment == deployment,
                        events.c.automatic.is_(False),
                        events.c.reversed_at.is_(None),
                        has_left,
                    )
                ).scalars()
            )
    return sorted(found)


def tick(conn: Connection, to: Sequence[str], now: datetime) -> int:
    """Give each of the leads one tick; returns how many there were."""
    return append_to_all(conn, to, Ticked(seq=0, at=now, received_at=now, deployment=0))


def _has_left(asked: Did, since: datetime, now: datetime) -> ColumnElement[bool]:
    """An event that is meant was inside the window at `since`, and is outside now."""
    span = asked.within.span if asked.within is not None else timedelta(0)
    return and_(events.c.at >= since - span, events.c.at < now - span, meant([asked]))
