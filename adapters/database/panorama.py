"""Counts what happens right now, for a live view; refuses to name any lead."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from adapters.database.schema import enrolments, entries, events, handoffs, leads, sends, timeline


@dataclass(frozen=True, slots=True)
class Panorama:
    """Counts of the moment.

    `steps`: leads by (scenario, step); `finishes`: ended enrolments by word; `lag`: how long the oldest entry or event
    that Temporal has not been told of has been waiting, on nurture's clock. `walked`: ended enrolments of leads
    that have, or had, a workflow; `waits_for`: tasks that are open or accepted, by rep.
    """

    leads: int
    steps: Counter[tuple[str, str]]
    statuses: Counter[str]
    finishes: Counter[str]
    mails: Counter[str]
    events: Counter[str]
    handoffs: Counter[str]
    back: int
    waiting: int
    lag: timedelta
    walked: int
    waits_for: Counter[str]


def look(conn: Connection, now: datetime) -> Panorama:
    """One look at everything."""
    unfiled = conn.execute(
        select(func.count(), func.min(events.c.received_at)).where(
            events.c.filed.is_(False), events.c.lead.is_not(None)
        )
    ).one()
    untold = conn.execute(
        select(func.count(), func.min(entries.c.received_at))
        .join(leads, leads.c.id == entries.c.lead)
        .where(leads.c.pending, entries.c.signalled_real.is_(None))
    ).one()
    oldest = min((at for at in (unfiled[1], untold[1]) if at is not None), default=now)
    steps: Counter[tuple[str, str]] = Counter()
    for scenario, step, number in conn.execute(
        select(leads.c.scenario, leads.c.step, func.count())
        .where(leads.c.scenario.is_not(None))
        .group_by(leads.c.scenario, leads.c.step)
    ):
        steps[scenario, step or ""] = number
    return Panorama(
        leads=conn.execute(select(func.count()).select_from(leads)).scalar_one(),
        steps=steps,
        statuses=_counted(conn, leads.c.status),
        finishes=_counted(conn, enrolments.c.finish, enrolments.c.state == "ended"),
        mails=_counted(conn, sends.c.state),
        events=_counted(conn, events.c.type),
        handoffs=_counted(conn, handoffs.c.state),
        back=_times_back(conn),
        waiting=unfiled[0] + untold[0],
        lag=max(now - oldest, timedelta(0)),
        walked=_walked(conn),
        waits_for=_counted(conn, handoffs.c.rep, handoffs.c.state.in_(("open", "accepted"))),
    )


def _counted(conn: Connection, column: object, *where: object) -> Counter[str]:
    query = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    for condition in where:
        query = query.where(condition)
    return Counter({str(name): number for name, number in conn.execute(query) if name is not None})


def _walked(conn: Connection) -> int:
    asked = select(func.count()).select_from(enrolments).join(leads, leads.c.id == enrolments.c.lead)
    return conn.execute(asked.where(enrolments.c.state == "ended", leads.c.started)).scalar_one()


def _times_back(conn: Connection) -> int:
    """How often a lead arrived at a step for another time: it went back."""
    query = select(func.count()).where(timeline.c.what == "arrived", timeline.c.visit > 1)
    return conn.execute(query).scalar_one()
