"""Counts what ops watch: what waits, what stands still and why; refuses to name a lead, or to read all that ever was.

Every count is one query over an index, of what is open now; what has ended is counted where it happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, and_, case, func, not_, or_, select

from adapters.database import mail_stops, pulse, tellings
from adapters.database import sends as ledger
from adapters.database.schema import deployments, entries, events, handoffs, holds, leads, sends
from nurture.records import Status

Fault = Literal["value", "template", "address", "definition", "window", "scenario", "other"]
"""Why leads are blocked, for somebody who has to mend it: a value that this lead lacks, a text, an address, something
that the newest deployment lacks, a window that never opens, the steps themselves."""
Trouble = Literal["needs_person", "rate_limit", "outage"]
"""Why all mail is held; only the first does not mend itself."""
STATUSES: tuple[Status, ...] = get_args(Status)
FAULTS: tuple[Fault, ...] = get_args(Fault)
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)

_WORDS: tuple[tuple[str, Fault], ...] = (
    ("template % has no value for %", "value"),
    ("template %", "template"),
    ("no address %", "address"),
    ("no template %", "definition"),
    ("no sender.yaml %", "definition"),
    ("no queue %", "definition"),
    ("no scenario %", "definition"),
    ("no day is open %", "window"),
    ("%: mend the scenario, then retry", "scenario"),
)
"""What the reasons of blocked steps look like, the first that fits."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of one queue: by state; of the open ones, those whose time is over and those sales was not told of.

    `waiting`: those that no rep has yet; sales is told of them when one has.
    """

    states: Mapping[str, int]
    overdue: int
    untold: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Gauges:
    """Counts of the moment. `lag` and `held_for` are spans of nurture's and of real time; 0 where nothing waits.

    `stopped`: for each scenario that a breaker has something to say of, and for `*`, all mail: 2 stopped, 1 warned.
    `resting`: domains that turned mail away and are left alone for now. `silent`: how long no worker has come round to
    anything, in real time; None: none ever has. `channels`: what sales is still to be told, by channel.
    """

    statuses: Mapping[Status, int]
    faults: Mapping[Fault, int]
    entries: int
    unfiled: int
    lag: timedelta
    parked: int
    held_mails: int
    trouble: Trouble | None
    held_for: timedelta
    queues: Mapping[str, Tasks]
    deployment: int
    stopped: Mapping[str, int]
    resting: int
    silent: timedelta | None
    channels: Sequence[tellings.Waiting]


def look(conn: Connection, now: datetime, real_now: datetime) -> Gauges:
    """One look at everything; `now` on nurture's clock."""
    counted: dict[str, int] = dict(_pairs(conn, select(leads.c.status, func.count()).group_by(leads.c.status)))
    unfiled, first = conn.execute(
        select(func.count(), func.min(events.c.received_at)).where(
            events.c.filed.is_(False), events.c.lead.is_not(None)
        )
    ).one()
    untold, oldest = _untold(conn)
    waiting = [at for at in (first, oldest) if at is not None]
    trouble, since = _trouble(conn)
    stops = mail_stops.listed(conn)
    return Gauges(
        statuses={status: counted.get(status, 0) for status in STATUSES},
        faults=_faults(conn),
        entries=untold,
        unfiled=unfiled,
        lag=max(now - min(waiting, default=now), timedelta(0)),
        parked=_number(conn, select(func.count()).select_from(events).where(events.c.lead.is_(None))),
        held_mails=held_mails(conn),
        trouble=trouble,
        held_for=max(real_now - since, timedelta(0)) if since is not None else timedelta(0),
        queues=_queues(conn, now),
        stopped=_stopped(stops),
        resting=sum(stop.scope == "domain" and stop.holds(now) for stop in stops),
        channels=tellings.waiting(conn),
        deployment=_number(conn, select(func.coalesce(func.max(deployments.c.number), 0))),
        silent=pulse.silent_for(conn, real_now),
    )


def held_mails(conn: Connection) -> int:
    """How many mails wait for the provider, or for a person to let them go."""
    return _number(
        conn,
        select(func.count())
        .select_from(leads.join(sends, sends.c.lead == leads.c.id))
        .where(leads.c.status == "sending", sends.c.state == "held"),
    )


def _stopped(stops: Sequence[mail_stops.Stop]) -> dict[str, int]:
    levels = {"stopped": 2, "warned": 1, "resumed": 0}
    return {"*": 0, **{stop.name or "*": levels[stop.state] for stop in stops if stop.scope != "domain"}}


def _untold(conn: Connection) -> tuple[int, datetime | None]:
    """The entries the relay must signal, and when the oldest came.

    A lead's profile may be old when its first enrolment comes: only with that does it begin to wait.
    """
    counts = or_(entries.c.kind != "profile", leads.c.started)
    row = conn.execute(
        select(func.count(), func.min(entries.c.received_at).filter(counts))
        .select_from(entries.join(leads, leads.c.id == entries.c.lead))
        .where(leads.c.pending, entries.c.signalled_real.is_(None))
    ).one()
    return int(row[0]), row[1]


def _faults(conn: Connection) -> dict[Fault, int]:
    why = leads.c.position["why"].as_string()
    fault = case(*((why.like(words), name) for words, name in _WORDS), else_="other").label("fault")
    found = dict(_pairs(conn, select(fault, func.count()).where(leads.c.status == "blocked").group_by(fault)))
    return {name: found.get(name, 0) for name in FAULTS}


def _trouble(conn: Connection) -> tuple[Trouble | None, datetime | None]:
    kept = {row.name: row for row in conn.execute(select(holds))}
    hold = kept.get(ledger.HOLD)
    if hold is None:
        return None, None
    if ledger.ALERT in kept:
        return "needs_person", hold.since_real
    return ("rate_limit" if hold.reason.startswith("429") else "outage"), hold.since_real


def _queues(conn: Connection, now: datetime) -> dict[str, Tasks]:
    is_open = handoffs.c.state.in_(("open", "accepted"))
    waits = and_(handoffs.c.state == "open", handoffs.c.rep.is_(None))
    rows = conn.execute(
        select(
            handoffs.c.queue,
            handoffs.c.state,
            func.count().label("number"),
            func.count().filter(is_open, handoffs.c.due <= now).label("overdue"),
            func.count().filter(is_open, not_(waits), handoffs.c.notified_real.is_(None)).label("untold"),
            func.count().filter(waits).label("waiting"),
        ).group_by(handoffs.c.queue, handoffs.c.state)
    ).all()
    return {
        queue: Tasks(
            states={row.state: row.number for row in rows if row.queue == queue},
            overdue=sum(row.overdue for row in rows if row.queue == queue),
            untold=sum(row.untold for row in rows if row.queue == queue),
            waiting=sum(row.waiting for row in rows if row.queue == queue),
        )
        for queue in sorted({row.queue for row in rows})
    }


def _number(conn: Connection, query: Any) -> int:
    return int(conn.execute(query).scalar_one())


def _pairs(conn: Connection, query: Any) -> list[tuple[Any, int]]:
    return [(key, int(number)) for key, number in conn.execute(query)]
