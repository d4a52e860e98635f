"""Numbers what happened to a lead and says what its workflow has not heard yet; refuses to talk to Temporal.

The heart of delivery: events are accepted without a number, and filed here, under the lead's lock, in the order of
(event time, arrival). A workflow that reads `after` its own number therefore misses nothing that was acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, insert, or_, select, update

from adapters.database import confirmations
from adapters.database import enrolments as enrolling
from adapters.database.among import among
from adapters.database.edges import Edges
from adapters.database.merges import pass_on
from adapters.database.schema import enrolments, entries, events, leads, sends, timeline
from adapters.database.sequence import (
    ENTRY,
    STARTING,
    Deployments,
    UnknownLead,
    append,
    append_each,
    append_many,
    append_to_all,
    current_deployment,
    lock,
    lock_many,
    lock_rows,
    stored_after,
)
from nurture.definitions import Definitions, Scenario
from nurture.entries import AnyEntry, Happening
from nurture.facts import ALWAYS_DELIVERED, named_types

_MARKED_AT_ONCE = 500
MOST_OF_A_LEAD = 1000
"""The most entries of one lead in one signal; the rest follows with the next."""
_KEPT_TYPES: dict[int, tuple[Definitions, frozenset[str]]] = {}

# made once: building a statement takes longer than SQLite takes to run it
_FRESH = (
    select(events, sends.c.accepted_at, sends.c.attempted_at)
    .outerjoin(sends, sends.c.key == events.c.send)
    .where(among(events.c.lead), events.c.filed.is_(False))
    .order_by(events.c.lead, events.c.at, events.c.id)
)
_PINNED = (
    select(enrolments.c.lead, enrolments.c.deployment)
    .where(
        among(enrolments.c.lead),
        or_(enrolments.c.state == "enrolled", enrolments.c.state == "queued"),
        enrolments.c.deployment != bindparam("current"),
    )
    .distinct()
)
_FILED = (
    update(events)
    .where(events.c.id == bindparam("row"))
    .values(filed=True, seq=bindparam("number"), at=bindparam("time"))
)
_LINES = insert(timeline)
_UNFILED = (
    select(events.c.lead)
    .where(events.c.filed.is_(False), events.c.lead.is_not(None))
    .group_by(events.c.lead)
    .order_by(func.min(events.c.id))
    .limit(bindparam("most"))
)
_SIGNALLED = (
    update(entries)
    .where(
        entries.c.lead == bindparam("of"),
        entries.c.seq <= bindparam("up_to"),
        entries.c.signalled_real.is_(None),
    )
    .values(signalled_real=bindparam("now"))
)
_STARTED = (
    update(leads)
    .where(leads.c.id == bindparam("of"))
    .values(started=True, pending=leads.c.last_seq > bindparam("up_to"), told_until_real=None)
)


def file_events(conn: Connection, lead: str, store: Deployments) -> int:
    """Number the lead's new events (or keep them without a number) and put each on its timeline; returns how many."""
    return file_all(conn, [lead], store)


def file_all(conn: Connection, several: Sequence[str], store: Deployments) -> int:
    """Do so for several leads (at most some hundreds), all of them in the same few statements.

    An event that opens a scenario of the current deployment also decides an enrolment, after its own entry; so does one
    by which a lead begins to fit the segment that leads into a scenario, after all that is filed with it.
    """
    rows = {row.id: row for row in lock_rows(conn, several)}
    gone = [lead for lead, row in rows.items() if row.status == "erased"]
    if gone:  # told in the very moment in which the lead was merged into another, or erased
        pass_on(conn, gone)
        conn.execute(delete(events).where(events.c.lead.in_(gone), events.c.filed.is_(False)))
        rows = {lead: row for lead, row in rows.items() if lead not in gone}
    fresh: dict[str, list[Row[Any]]] = {}
    for event in conn.execute(_FRESH, {"of": list(rows)}):
        fresh.setdefault(event.lead, []).append(event)
    if not fresh:
        return 0
    current = store.get(current_deployment(conn))
    named, edges = _named(conn, fresh, store, current), Edges(conn, rows, fresh, current)
    entering = {lead for lead, theirs in fresh.items() if any(_enters(event, current) for event in theirs)}
    _file(conn, [(rows[lead], theirs) for lead, theirs in fresh.items() if lead not in entering], named, current)
    for lead in sorted(entering):
        for run in _runs(fresh[lead], current):
            row = lock(conn, lead)  # the run before may have given it numbers
            if row is not None:
                _file(conn, [(row, run)], named, current)
            last = run[-1]
            if last.automatic or last.reversed_at is not None:
                continue
            for scenario in enrolling.entered_by_event(current, last.type, last.subject):
                _enter(conn, lead, scenario, current, last.received_at)
    for each in edges.entering(conn):
        _enter(conn, each.lead, each.scenario, current, each.at)
    return sum(map(len, fresh.values()))


def after(conn: Connection, lead: str, seq: int, store: Deployments) -> tuple[AnyEntry, ...]:
    """Everything the lead's workflow has not applied: its events are filed first, then the entries above `seq` read."""
    file_events(conn, lead, store)
    return stored_after(conn, lead, seq)


def leads_with_unfiled(conn: Connection, limit: int) -> tuple[str, ...]:
    """Leads with events that have no number yet, the longest waiting first."""
    return tuple(conn.execute(_UNFILED, {"most": limit}).scalars())


def claim_pending(
    conn: Connection, limit: int, real_now: datetime, until: datetime, *, without: Sequence[str] = ()
) -> list[str]:
    """The next leads whose workflows must be told something; no other relay tells them until `until`.

    A lead that has only a profile is left alone: an import starts nothing. So are the leads `without` whom to go on.
    """
    free = or_(leads.c.told_until_real.is_(None), leads.c.told_until_real < real_now)
    waiting = select(leads.c.id).where(leads.c.pending, free, leads.c.id.not_in(without)).order_by(leads.c.id)
    locked = waiting.limit(limit).with_for_update(key_share=True, skip_locked=True)
    found = list(conn.execute(locked).scalars())
    conn.execute(update(leads).where(leads.c.id.in_(found)).values(told_until_real=until))
    return found


def unclaim(conn: Connection, several: Sequence[str]) -> None:
    """These leads are told no more by this relay, whether anything came of it or not."""
    if several:
        conn.execute(update(leads).where(leads.c.id.in_(sorted(several))).values(told_until_real=None))


def unsignalled(
    conn: Connection, limit: int, *, without: Sequence[str] = (), only: Sequence[str] | None = None
) -> dict[str, tuple[AnyEntry, ...]]:
    """What Temporal has not been told, for at most `limit` leads, each lead's entries in the order of their numbers.

    `only`: of these leads, which were claimed. A lead that has only a profile is left alone: an import starts nothing.
    So are the leads `without` whom to go on.
    """
    waiting = select(leads.c.id).where(leads.c.pending, leads.c.id.not_in(without)).order_by(leads.c.id).limit(limit)
    of_whom = entries.c.lead.in_(only) if only is not None else entries.c.lead.in_(waiting.scalar_subquery())
    found: dict[str, list[AnyEntry]] = {}
    for lead, body in conn.execute(
        select(entries.c.lead, entries.c.body)
        .where(of_whom, entries.c.signalled_real.is_(None))
        .order_by(entries.c.lead, entries.c.seq)
    ):
        told = found.setdefault(lead, [])
        if len(told) < MOST_OF_A_LEAD:
            told.append(ENTRY.validate_python(body))
    return {lead: tuple(told) for lead, told in found.items()}


def mark_signalled(conn: Connection, last: Mapping[str, int], real_now: datetime) -> None:
    """Remember that each lead's workflow was signalled its entries up to a number, and that it has been started."""
    if not last:
        return
    rows = [{"of": lead, "up_to": seq, "now": real_now} for lead, seq in sorted(last.items())]
    conn.execute(_SIGNALLED, rows)
    conn.execute(_STARTED, [{"of": row["of"], "up_to": row["up_to"]} for row in rows])


def unsignal_since(conn: Connection, real: datetime) -> int:
    """Forget what was signalled since a real instant, so that it is signalled again; returns how many entries."""
    told = select(entries.c.lead).where(entries.c.signalled_real >= real).distinct()
    again = lock_many(conn, list(conn.execute(told).scalars()))
    for start in range(0, len(again), _MARKED_AT_ONCE):
        conn.execute(update(leads).where(leads.c.id.in_(again[start : start + _MARKED_AT_ONCE])).values(pending=True))
    return conn.execute(update(entries).where(entries.c.signalled_real >= real).values(signalled_real=None)).rowcount


def unsignal_newest(conn: Connection, span: timedelta) -> int:
    """The same for the last `span` in which anything was signalled at all, however long ago that was."""
    newest: datetime | None = conn.execute(select(func.max(entries.c.signalled_real))).scalar()
    return unsignal_since(conn, newest - span) if newest is not None else 0


def has_unfiled(conn: Connection, lead: str) -> bool:
    """True if an event of the lead has no number yet."""
    return bool(conn.execute(select(exists().where(events.c.lead == lead, events.c.filed.is_(False)))).scalar())


def _named(
    conn: Connection, several: Iterable[str], store: Deployments, current: Definitions
) -> Mapping[str, frozenset[str]]:
    """The event types that a live definition names, for each lead."""
    named = dict.fromkeys(several, ALWAYS_DELIVERED | _types(current))
    for row in conn.execute(_PINNED, {"of": list(named), "current": current.number}):
        named[row.lead] |= _types(store.get(row.deployment))
    return named


def _types(definitions: Definitions) -> frozenset[str]:
    kept = _KEPT_TYPES.get(id(definitions))
    if kept is None or kept[0] is not definitions:
        if len(_KEPT_TYPES) > 64:
            _KEPT_TYPES.clear()
        kept = _KEPT_TYPES[id(definitions)] = (definitions, named_types(definitions))
    return kept[1]


def _enters(event: Row[Any], current: Definitions) -> bool:
    return bool(enrolling.entered_by_event(current, event.type, event.subject))


def _enter(conn: Connection, lead: str, scenario: Scenario, current: Definitions, at: datetime) -> None:
    if not confirmations.waits(conn, lead, scenario, at):
        enrolling.decide(conn, lead, scenario, deployment=current.number, now=at)


def _runs(fresh: Sequence[Row[Any]], current: Definitions) -> list[list[Row[Any]]]:
    """The events cut behind each one that opens a scenario, so that its enrolment is numbered right after it."""
    runs: list[list[Row[Any]]] = [[]]
    for event in fresh:
        runs[-1].append(event)
        if _enters(event, current):
            runs.append([])
    return [run for run in runs if run]


def _file(
    conn: Connection,
    fresh: Sequence[tuple[Row[Any], Sequence[Row[Any]]]],
    named: Mapping[str, frozenset[str]],
    current: Definitions,
) -> None:
    """File the events of several leads, each in its order; the leads' rows are those read with their locks."""
    if not fresh:
        return
    told = append_each(conn, [(row, _told(several, named[row.id])) for row, several in fresh], current.number)
    filed: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for row, several in fresh:
        numbers = {entry.id: entry.seq for entry in told.get(row.id, ()) if isinstance(entry, Happening)}
        for event in several:
            number = numbers.get(event.event)
            filed.append({"row": event.id, "number": number, "time": _event_time(event)})
            lines.append(_line(row.id, event, number))
    conn.execute(_FILED, filed)
    conn.execute(_LINES, lines)


def _told(fresh: Sequence[Row[Any]], named: frozenset[str]) -> list[Happening]:
    """What of it goes to the workflow."""
    return [
        Happening(
            seq=0,
            at=_event_time(event),
            received_at=event.received_at,
            deployment=0,
            id=event.event,
            type=event.type,
            subject=event.subject,
            send=event.send,
            suppresses=event.suppresses,
            written=_is_letter(event),
        )
        for event in fresh
        if (event.type in named or _is_letter(event)) and not event.automatic and event.reversed_at is None
    ]


def _is_letter(event: Row[Any]) -> bool:
    """True of what Inbound Parse handed in: whoever may hand in events makes no letter, whatever he writes in them."""
    return bool(event.type == "replied" and event.semantic is not None and event.properties.get("written"))


def _event_time(event: Row[Any]) -> datetime:
    """Never earlier than the acceptance of its mail (or the attempt, where the answer came after the event)."""
    at: datetime = event.at
    sent: datetime | None
    for sent in (event.accepted_at, event.attempted_at):
        if sent is not None and sent <= event.received_at:
            return max(at, sent)
    return at


def _line(lead: str, event: Row[Any], seq: int | None) -> dict[str, Any]:
    scenario, step, visit = place_of(event.send)
    return {
        "lead": lead,
        "seq": seq,
        "event": event.event,
        "at": _event_time(event),
        "received_at": event.received_at,
        "kind": "event",
        "what": event.type,
        "subject": event.subject or None,
        "scenario": scenario,
        "step": step,
        "visit": visit,
        "automatic": event.automatic,
    }


def place_of(key: str | None) -> tuple[str | None, str | None, int | None]:
    """Scenario, step and visit of a send key; Nones where it is none of ours."""
    parts = (key or "").rsplit("/", 4)
    if len(parts) != 5 or not parts[4].isdecimal() or parts[2] == "0":  # 0: a form asked for the mail
        return None, None, None
    return parts[1], parts[3], int(parts[4])


__all__ = [
    "STARTING",
    "Deployments",
    "UnknownLead",
    "after",
    "append",
    "append_many",
    "append_to_all",
    "current_deployment",
    "file_all",
    "file_events",
    "has_unfiled",
    "leads_with_unfiled",
    "lock",
    "mark_signalled",
    "place_of",
    "stored_after",
    "unsignal_since",
    "unsignalled",
]
