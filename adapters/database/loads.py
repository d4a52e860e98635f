"""Counts what each rep has, and lets one transaction at a time give tasks out; refuses to decide who gets one.

The lock order: the lead's row, then the desk (docs/adr/0010-many-writers-on-postgresql.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from adapters.database.locks import claim
from adapters.database.schema import handoffs
from nurture.assigning import Assignment, Load, assign, plain_company
from nurture.definitions import Definitions

OPEN = ("open", "accepted")
OF_LATE = timedelta(days=7)
"""How far back it is counted who was given how many, for queues that share in turn."""


def claim_desk(conn: Connection) -> None:
    """Wait until nobody else gives tasks out, and keep them waiting until the transaction ends.

    Otherwise two tasks at one moment could both go to the last free place of a rep.
    """
    claim(conn, ["the desk of sales"])


def loads_of(conn: Connection, queue: str, now: datetime) -> dict[str, Load]:
    """What every rep has that has anything: open tasks of all queues, and how many this queue gave them of late."""
    held = select(handoffs.c.rep, func.count()).where(handoffs.c.state.in_(OPEN), handoffs.c.rep.is_not(None))
    late = select(handoffs.c.rep, func.count()).where(
        handoffs.c.queue == queue, handoffs.c.rep.is_not(None), handoffs.c.given_at > now - OF_LATE
    )
    taken = {row[0]: row[1] for row in conn.execute(held.group_by(handoffs.c.rep))}
    given = {row[0]: row[1] for row in conn.execute(late.group_by(handoffs.c.rep))}
    return {rep: Load(taken.get(rep, 0), given.get(rep, 0)) for rep in sorted({*taken, *given})}


def reps_by_company(conn: Connection) -> Mapping[str, Sequence[str]]:
    """Who has open tasks of each company, by its plain name, the newest last."""
    rows = conn.execute(
        select(handoffs.c.rep, handoffs.c.company)
        .where(handoffs.c.state.in_(OPEN), handoffs.c.rep.is_not(None), handoffs.c.company.is_not(None))
        .order_by(handoffs.c.made_at, handoffs.c.id)
    )
    found: dict[str, list[str]] = {}
    for rep, company in rows:
        found.setdefault(plain_company(company), []).append(rep)
    return found


def decide(
    conn: Connection,
    queue: str,
    definitions: Definitions,
    now: datetime,
    *,
    company: str | None,
    language: str | None,
) -> Assignment:
    """Who gets a task as things stand; the caller has claimed the desk."""
    sales = definitions.sales
    known: Sequence[str] = ()
    if sales is not None and sales.queues[queue].keep_companies:
        known = reps_by_company(conn).get(plain_company(company), ()) if company else ()
    return assign(queue, definitions, loads_of(conn, queue, now), now, language=language, company_reps=known)


def team(conn: Connection) -> dict[str, dict[str, int]]:
    """For every rep who has a task: how many are `open`, `accepted`, and `snoozed` of both."""
    rows = conn.execute(
        select(
            handoffs.c.rep,
            func.count().filter(handoffs.c.state == "open").label("open"),
            func.count().filter(handoffs.c.state == "accepted").label("accepted"),
            func.count().filter(handoffs.c.snoozed_until.is_not(None)).label("snoozed"),
        )
        .where(handoffs.c.state.in_(OPEN), handoffs.c.rep.is_not(None))
        .group_by(handoffs.c.rep)
    )
    return {row.rep: {"open": row.open, "accepted": row.accepted, "snoozed": row.snoozed} for row in rows}
