"""Finds the leads for whom time alone may have changed something, and gives each one tick; refuses to judge them.

What leaves a window between two nights is found by SQL, so a night costs what has changed and not what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from adapters.database.matching import meant
from adapters.database.members import fitting
from adapters.database.schema import enrolments, events, handoffs, is_hot, leads, sweeps
from adapters.database.sequence import Deployments, append_to_all
from nurture.conditions import Did
from nurture.definitions import Definitions
from nurture.durations import Duration
from nurture.entries import Ticked
from nurture.sweep import hot_by_time, left_by_time, windows, windows_of_all

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


def concerned(
    conn: Connection,
    store: Deployments,
    current: int,
    since: datetime,
    now: datetime,
    *,
    alive: Callable[[], None] = lambda: None,
) -> list[str]:
    """The ids, in order, of the leads for whom something may have changed since the last sweep by time alone.

    An event of theirs has left a window that their scenario's `leave`, a phase or the hot lead definition asks about;
    their score has faded to where they leave or become hot; or they are hot, or their cool-down may be over: the latch
    is judged every night. Only leads with a workflow hear. `alive` is called every few hundred leads.
    """
    found = _qualified_by_time(conn, store.get(current), since, now, alive)
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
        by_itself = left_by_time(scenario, store.get(current)) if scenario is not None else None
        if by_itself is not None:
            walking = select(enrolments.c.lead).where(
                enrolments.c.state == "enrolled",
                enrolments.c.scenario == name,
                enrolments.c.deployment == deployment,
            )
            found |= set(fitting(conn, by_itself, now, among=list(conn.execute(walking).scalars()), alive=alive))
    return sorted(found)


def _qualified_by_time(
    conn: Connection, current: Definitions, since: datetime, now: datetime, alive: Callable[[], None]
) -> set[str]:
    """Whose phase or latch may change by time alone."""
    if current.hot_lead is None and current.journey_map is None:
        return set()
    awake = (leads.c.started, leads.c.status != "erased")
    found = set(conn.execute(select(leads.c.id).where(*awake, is_hot)).scalars())
    asked, by_itself = windows_of_all(current), hot_by_time(current)
    if asked:
        changed = or_(*(_has_left(each, since, now) for each in asked))
        real = (events.c.automatic.is_(False), events.c.reversed_at.is_(None))
        told = select(events.c.lead).where(changed, *real)
        found |= set(conn.execute(select(leads.c.id).where(*awake, leads.c.id.in_(told))).scalars())
    if by_itself is not None:
        cold = [lead for lead in conn.execute(select(leads.c.id).where(*awake)).scalars() if lead not in found]
        found |= set(fitting(conn, by_itself, now, among=cold, alive=alive))
    if current.hot_lead is not None:
        shortest, longest = _lengths(current.hot_lead.cool_down)
        cooled = (handoffs.c.closed_at > since - longest, handoffs.c.closed_at <= now - shortest)
        closed = select(handoffs.c.lead).where(*cooled)
        found |= set(conn.execute(select(leads.c.id).where(*awake, leads.c.id.in_(closed))).scalars())
    return found


def _lengths(cool_down: Duration) -> tuple[timedelta, timedelta]:
    """How short and how long a cool-down may be: business days depend on the calendar, and a tick too many is none."""
    days = cool_down.business_days
    return (timedelta(days), timedelta(2 * days + 14)) if days else (cool_down.span, cool_down.span)


def tick(conn: Connection, to: Sequence[str], now: datetime) -> int:
    """Give each of the leads one tick; returns how many there were."""
    return append_to_all(conn, to, Ticked(seq=0, at=now, received_at=now, deployment=0))


def _has_left(asked: Did, since: datetime, now: datetime) -> ColumnElement[bool]:
    """An event that is meant was inside the window at `since`, and is outside now."""
    span = asked.within.span if asked.within is not None else timedelta(0)
    return and_(events.c.at >= since - span, events.c.at < now - span, meant([asked]))
