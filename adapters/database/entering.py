"""Finds the leads that began to fit the segment of an `enter` between two nights; refuses to enrol them.

Who changes is looked at when the change is told; this is for what time does, and for events, which tell no segment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from adapters.database.matching import meant
from adapters.database.members import fitting
from adapters.database.schema import deployments, enrolments, events, leads
from adapters.database.sequence import Deployments
from nurture.conditions import Did
from nurture.membership import way_in, ways_in


def entering(
    conn: Connection,
    store: Deployments,
    current: int,
    since: datetime,
    now: datetime,
    *,
    alive: Callable[[], None] = lambda: None,
) -> dict[str, list[str]]:
    """By scenario of the current deployment, the leads that fit its segment at `now` and did not at `since`.

    Where the segment is younger than `since`, its deployment is what counts: deploying enrols nobody. Whoever walks
    or awaits the scenario, or was enrolled in it since, is left out. Attributes are those of today at both instants.
    `alive` is called every few hundred leads.
    """
    found: dict[str, list[str]] = {}
    for scenario, asked in ways_in(store.get(current)).items():
        if not (asked.dids or asked.by_time):
            continue
        start = _in_place_since(conn, store, scenario, current, since)
        candidates = _outside(conn, scenario, since, None if asked.by_time else _changed(asked.dids, start, now))
        fit_now = fitting(conn, asked, now, among=candidates, alive=alive)
        fit_before = set(fitting(conn, asked, start, among=fit_now, known=start, alive=alive))
        found[scenario] = [lead for lead in fit_now if lead not in fit_before]
    return found


def _in_place_since(conn: Connection, store: Deployments, scenario: str, current: int, since: datetime) -> datetime:
    """`since`, or the later instant from which on the same has led into the scenario."""
    asked = way_in(store.get(current), scenario)
    younger = select(deployments.c.number, deployments.c.deployed_at).where(deployments.c.deployed_at > since)
    for row in conn.execute(younger.order_by(deployments.c.number.desc())):
        before = way_in(store.get(row.number - 1), scenario)
        if before is None or asked is None or before.meaning != asked.meaning:
            at: datetime = row.deployed_at
            return at
    return since


def _outside(conn: Connection, scenario: str, since: datetime, changed: Select[Any] | None) -> list[str]:
    """The leads (of those that have `changed`, else all) that are not in the scenario and were not enrolled since."""
    inside = select(enrolments.c.lead).where(
        enrolments.c.scenario == scenario,
        or_(enrolments.c.state != "ended", enrolments.c.decided_at > since),
    )
    wanted = select(leads.c.id).where(leads.c.id.not_in(inside))
    if changed is not None:
        wanted = wanted.where(leads.c.id.in_(changed))
    return list(conn.execute(wanted).scalars())


def _changed(dids: Sequence[Did], start: datetime, now: datetime) -> Select[Any]:
    """The leads for whom an event that is asked about came, was taken back, or left a window since `start`."""
    left = (
        and_(events.c.at >= start - each.within.span, events.c.at < now - each.within.span, meant([each]))
        for each in dids
        if each.within is not None
    )
    real = events.c.automatic.is_(False)
    told = and_(or_(and_(real, events.c.received_at > start), events.c.reversed_at > start), meant(dids))
    return select(events.c.lead).where(events.c.lead.is_not(None), or_(told, *(and_(real, each) for each in left)))
