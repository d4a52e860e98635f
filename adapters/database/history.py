"""Reads what became of all leads, a few hundred at a time, as `nurture.history` has it; refuses to judge any."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, func, select

from adapters.database.among import among
from adapters.database.members import AT_ONCE
from adapters.database.schema import enrolments, entries, events, handoffs, leads, timeline
from nurture.history import PastEvent, PastLead, Result

_Was = tuple[datetime, Mapping[str, Any]]
"""From when on a lead had which attributes."""


def past_leads(conn: Connection, several: Sequence[str] | None = None) -> Iterator[PastLead]:
    """Every lead (of `several`, else of all) that is not erased, in the order of ids.

    Attributes are those of today; `profiles` are what they were from when on, as entries and the timeline tell. A lead
    was won at its first handoff that was won; else it was lost at the last that was.
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
    did, became = _events(conn, ids), _results(conn, ids)
    was, set_to, enrolled = _profiles(conn, ids), _set(conn, ids), _enrolled(conn, ids)
    for row in conn.execute(rows, {"of": ids}):
        result, closed_at = became.get(row.id, (None, None))
        yield PastLead(
            row.id, row.attributes, tuple(did[row.id]), row.created_at, result, closed_at,
            hot=bool(row.hot), handed_over=row.id in became,
            profiles=tuple(_with(was[row.id], set_to[row.id], row.attributes)), enrolled_at=enrolled.get(row.id),
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


def _set(conn: Connection, ids: Sequence[str]) -> dict[str, list[tuple[datetime, str, str]]]:
    """What scenarios have set about each of them: when, which attribute, and to what, as the timeline writes it."""
    found: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    query = (
        select(timeline.c.lead, timeline.c.at, timeline.c.subject, timeline.c.reason)
        .where(among(timeline.c.lead), timeline.c.kind == "decision", timeline.c.what == "set")
        .order_by(timeline.c.lead, timeline.c.at, timeline.c.id)
    )
    for lead, at, name, written in conn.execute(query, {"of": ids}):
        found[lead].append((at, name, written))
    return found


def _with(
    profiles: Sequence[_Was], set_to: Sequence[tuple[datetime, str, str]], today: Mapping[str, Any]
) -> Iterator[_Was]:
    """The profiles, and between them what a scenario has made of each: it leaves a line and no profile.

    Where no profile is told, none is made up. A profile comes before what is set at the same instant, since it may
    have led to it, and every profile has in it what was set before.
    """
    lines, known = deque(set_to), dict[str, Any]()
    ends = [since for since, _ in profiles[1:]]
    for (since, told), until in zip_longest(profiles, ends):
        yield since, told
        known |= told
        attributes = told
        while lines and (until is None or lines[0][0] < until):
            at, name, written = lines.popleft()
            if at >= since:
                value = _read_back(written, today.get(name, known.get(name)))
                attributes = {key: each for key, each in {**attributes, name: value}.items() if each is not None}
                yield at, attributes


def _read_back(written: str, like: Any) -> Any:
    """What the timeline writes of a value: text as it is, all else as JSON; `like` is another of the attribute."""
    if isinstance(like, str):
        return None if written == "null" else written
    try:
        return json.loads(written)
    except ValueError:
        return written


def _profiles(conn: Connection, ids: Sequence[str]) -> dict[str, list[_Was]]:
    """What each of them was from when on: every upsert and import has left an entry."""
    found: dict[str, list[_Was]] = defaultdict(list)
    query = (
        select(entries.c.lead, entries.c.at, entries.c.body["attributes"])
        .where(among(entries.c.lead), entries.c.kind == "profile")
        .order_by(entries.c.lead, entries.c.at, entries.c.seq)
    )
    for lead, at, attributes in conn.execute(query, {"of": ids}):
        found[lead].append((at, attributes or {}))
    return found


def _enrolled(conn: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    """When each of them was enrolled for the first time."""
    first = (
        select(enrolments.c.lead, func.min(enrolments.c.decided_at).label("first"))
        .where(among(enrolments.c.lead))
        .group_by(enrolments.c.lead)
    )
    return {row.lead: row.first for row in conn.execute(first, {"of": ids})}


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
