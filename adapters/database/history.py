"""Reads what became of all leads, a few hundred at a time, as `nurture.history` has it; refuses to judge any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapters.database.among import among
from adapters.database.members import AT_ONCE
from adapters.database.schema import entries, events, handoffs, leads
from nurture.history import PastEvent, PastLead, Result


def past_leads(conn: Connection, several: Sequence[str] | None = None) -> Iterator[PastLead]:
    """Every lead (of `several`, else of all) that is not erased, in the order of ids.

    Attributes are those of today; `profiles` are what they were before, as far as entries tell. A lead was won at its
    first handoff that was won; else it was lost at the last that was.
    """
    if several is not None:
        for start in range(0, len(several), AT_ONCE):
            yield from _past(conn, several[start : start + AT_ONCE])
        return
    last = ""
    ids = select(leads.c.id).where(leads.c.status != "erased").order_by(leads.c.id).limit(AT_ONCE)
    while some := conn.execute(ids.where(leads.c.id > last)).scalars().all():
        yield from _past(conn, some)
        last = some[-1]


def _past(conn: Connection, ids: Sequence[str]) -> Iterator[PastLead]:
    """Those of a few hundred."""
    columns = (leads.c.id, leads.c.attributes, leads.c.created_at, leads.c.position["hot"].as_boolean().label("hot"))
    rows = select(*columns).where(leads.c.status != "erased", among(leads.c.id)).order_by(leads.c.id)
    did, became, was = _events(conn, ids), _results(conn, ids), _profiles(conn, ids)
    for row in conn.execute(rows, {"of": ids}):
        result, closed_at = became.get(row.id, (None, None))
        yield PastLead(
            row.id, row.attributes, tuple(did[row.id]), row.created_at, result, closed_at,
            hot=bool(row.hot), handed_over=row.id in became, profiles=tuple(was[row.id]),
        )  # fmt: skip


def _events(conn: Connection, ids: Sequence[str]) -> dict[str, list[PastEvent]]:
    found: dict[str, list[PastEvent]] = defaultdict(list)
    query = (
        select(events.c.lead, events.c.at, events.c.type, events.c.subject, events.c.send)
        .where(among(events.c.lead), events.c.automatic.is_(False), events.c.reversed_at.is_(None))
        .order_by(events.c.lead, events.c.at, events.c.id)
    )
    for lead, at, kind, subject, send in conn.execute(query, {"of": ids}):
        found[lead].append(PastEvent(at, kind, subject, send))
    return found


def _profiles(conn: Connection, ids: Sequence[str]) -> dict[str, list[tuple[datetime, Mapping[str, Any]]]]:
    """What each of them was from when on: every upsert and import has left an entry."""
    found: dict[str, list[tuple[datetime, Mapping[str, Any]]]] = defaultdict(list)
    query = (
        select(entries.c.lead, entries.c.at, entries.c.body["attributes"])
        .where(among(entries.c.lead), entries.c.kind == "profile")
        .order_by(entries.c.lead, entries.c.at, entries.c.seq)
    )
    for lead, at, attributes in conn.execute(query, {"of": ids}):
        found[lead].append((at, attributes or {}))
    return found


def _results(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[Result | None, datetime | None]]:
    """Of everybody about whom there was a task, what became of it."""
    tasks = (
        select(handoffs.c.lead, handoffs.c.state, handoffs.c.closed_at)
        .where(among(handoffs.c.lead))
        .order_by(handoffs.c.closed_at)
    )
    found: dict[str, tuple[Result | None, datetime | None]] = {}
    for row in conn.execute(tasks, {"of": ids}):
        before, _ = found.setdefault(row.lead, (None, None))
        if row.state in ("won", "lost") and row.closed_at is not None and before != "won":
            found[row.lead] = (row.state, row.closed_at)
    return found
