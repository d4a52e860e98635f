"""Takes in what leads did, each event once, in one transaction; refuses to number it.

What is told here is acknowledged as soon as the transaction is committed; numbering.py files it for the workflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, func, or_, select

from adapters.database.addresses import owners
from adapters.database.consents import (
    ALL,
    BOUNCED,
    address_hash,
    erased,
    normalised,
    stand_in,
    suppress_all,
    suppressed,
    suppression,
)
from adapters.database.event_in import ByAddress, EventIn, read_event
from adapters.database.event_rows import (
    AT_ONCE,
    event_row,
    hint_of_address,
    hint_of_id,
    known_values,
    store_rows,
)
from adapters.database.locks import claim
from adapters.database.mail_events import MailAnswer, MailEvent, accept_mail
from adapters.database.merges import kept, lock_who_goes_on
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page, shown
from adapters.database.schema import consents, erasures, events, leads, suppressions
from adapters.database.sequence import Deployments, UnknownLead, current_deployment, lock_many
from nurture.definitions import Definitions
from nurture.errors import near_names

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(minutes=10)
"""How far ahead of nurture's clock an event may be; at high speed the caller gives a longer one."""
ONE_PRESS = timedelta(minutes=1)
"""Within this, who was forgotten presses a link once, however often."""
SHUTTING = {"unsubscribed": "unsubscribed", "spam_reported": "spam_reported", "bounced": "bounced"}
"""Types that shut an address, and the reason a suppression gives."""


class Rejected(BaseModel):
    """One event that was not taken: its place in the request, and why."""

    index: int
    reason: str


class EventsAnswer(BaseModel):
    """What became of a batch. `accepted` counts parked events too."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = []


@dataclass(frozen=True, slots=True)
class _Known:
    """The leads a batch names, in one look-up."""

    by_hint: dict[str, str]
    address: dict[str, str]
    erased: frozenset[str]


def accept(
    conn: Connection,
    told: Sequence[Any],
    *,
    store: Deployments,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> EventsAnswer:
    """Store a batch of the body of `POST /events`: good ones are kept, bad ones answered with their reason.

    `told` is the parsed JSON list, not validated yet (`Unreadable` where it says two things at once); at most 1,000,
    the caller refuses more.
    """
    definitions = store.get(current_deployment(conn))
    answer = EventsAnswer()
    good: list[tuple[int, EventIn]] = []
    for index, raw in enumerate(told):
        event = read_event(raw)
        reason = event if isinstance(event, str) else _objection(event, definitions, now, tolerance)
        if isinstance(event, str) or reason is not None:
            answer.rejected.append(Rejected(index=index, reason=reason or "it cannot be read"))
            continue
        good.append((index, event))

    seen = known_values(conn, events.c.event, [event.id for _, event in good])
    hints = [event.hint for _, event in good]
    known = _known_leads(conn, hints)
    if claim(conn, set(hints) - known.by_hint.keys()):  # one of them may be made just now: its event is not parked
        known = _known_leads(conn, hints)
    known = _lock_whom_it_shuts(conn, [event for _, event in good], known)
    strangers = [
        each.lead.email for _, each in good if isinstance(each.lead, ByAddress) and each.hint not in known.by_hint
    ]
    forgotten = {hint_of_address(address) for address in erased(conn, strangers)} if strangers else set()
    rows: list[dict[str, Any]] = []
    shut: list[dict[str, Any]] = []
    for index, event in good:
        if event.id in seen:
            answer.duplicates += 1
            continue
        lead = known.by_hint.get(event.hint)
        if lead in known.erased:
            answer.rejected.append(Rejected(index=index, reason=f"lead {lead!r} was erased"))
            continue
        if event.hint in forgotten:
            answer.rejected.append(Rejected(index=index, reason="the lead with this address was erased"))
            continue
        seen.add(event.id)
        at = min(event.at or now, now)
        address = _address(event, known.address.get(lead) if lead is not None else None)
        # the mailbox that is dead may be another than the one that mail goes to
        elsewhere = event.type == BOUNCED and lead is not None and address != known.address.get(lead)
        suppresses = None if elsewhere else _suppresses(event, definitions)
        rows.append(
            event_row(
                event=event.id,
                lead=lead,
                hint=event.hint,
                type=event.type,
                subject=event.subject,
                at=at,
                received_at=now,
                suppresses=suppresses,
                properties=event.properties or {},
            )
        )
        said_at = address or (stand_in(lead) if lead is not None and event.type != BOUNCED else None)
        if event.type in SHUTTING and said_at:
            scope, reason = suppresses or ALL, SHUTTING[event.type]
            shut.append(suppression(said_at, scope, reason, at=at, source=f"event {event.id}"))
    answer.accepted = len(rows)
    answer.rejected.sort(key=lambda each: each.index)
    store_rows(conn, rows)
    suppress_all(conn, shut)
    return answer


def unsubscribe(
    conn: Connection, lead: str, scope: str, *, now: datetime, send: str | None = None, source: str = "one_click"
) -> bool:
    """A lead's own unsubscribe (one click, effective at once): its address is shut and its workflow will hear of it.

    `scope` is a topic or `all`. Doing it again changes nothing; returns whether it was new to the lead. Who was
    forgotten may have come back since: the address is shut, while it is known which it was. Raises UnknownLead.
    """
    row = lock_who_goes_on(conn, lead)
    if row is None:
        raise UnknownLead(lead)
    if row.status == "erased":
        _shut_forgotten(conn, row.id, scope, now, source)
        return False
    lead, address = row.id, row.email or stand_in(row.id)
    event = f"unsubscribe/{send or lead}/{scope}"
    if known_values(conn, events.c.event, [event]):
        # when it was said: when it was received is another time since a merge
        same = (events.c.lead == lead, events.c.event.startswith(event, autoescape=True), events.c.suppresses == scope)
        already = conn.execute(select(func.max(events.c.at)).where(*same)).scalar()
        event = f"{event}/{now.isoformat()}"
        shut = suppressed(conn, address, scope) not in (None, BOUNCED)
        if already and shut and not agreed_again(conn, lead, scope, already):
            return False
    suppress_all(conn, [suppression(address, scope, "one_click", at=now, source=source)])
    store_rows(
        conn,
        [
            event_row(
                event=event, lead=lead, type="unsubscribed", subject="" if scope == ALL else scope, at=now,
                received_at=now, send=send, suppresses=scope,
            )
        ],
    )  # fmt: skip
    return True


def forgotten_hashes(conn: Connection, lead: str) -> list[str] | None:
    """The hashes of the addresses of somebody who was forgotten, while they are kept; None: nobody was forgotten."""
    of_lead = select(erasures.c.address_hash, erasures.c.addresses).where(erasures.c.lead == lead)
    row = conn.execute(of_lead).first()
    if row is None:
        return None
    found = [*([row.address_hash] if row.address_hash else []), *map(address_hash, row.addresses or ())]
    return list(dict.fromkeys(found))


def _shut_forgotten(conn: Connection, lead: str, scope: str, now: datetime, source: str) -> None:
    hashes = forgotten_hashes(conn, lead) or []
    lately = select(suppressions.c.address_hash).where(
        suppressions.c.address_hash.in_(hashes), suppressions.c.scope == scope, suppressions.c.reason == "one_click",
        suppressions.c.at > now - ONE_PRESS,
    )  # fmt: skip
    open_ones = set(hashes) - set(conn.execute(lately).scalars())
    said = {"scope": scope, "reason": "one_click", "at": now, "source": source}
    suppress_all(conn, [{"address_hash": each, **said} for each in sorted(open_ones)])


def happened(conn: Connection, lead: str, seq: int) -> list[tuple[str, str, str | None, datetime]]:
    """What the lead really did as far as its workflow was told (up to `seq`): type, subject, send key, time, in order.

    Events kept without a number are among them, since a later deployment may name their type.
    """
    rows = conn.execute(
        select(events.c.type, events.c.subject, events.c.send, events.c.at)
        .where(
            events.c.lead == lead,
            events.c.filed,
            events.c.automatic.is_(False),
            events.c.reversed_at.is_(None),
            or_(events.c.seq.is_(None), events.c.seq <= seq),
        )
        .order_by(events.c.at, events.c.id)
    )
    return [(row.type, row.subject, row.send, row.at) for row in rows]


def parked(
    conn: Connection, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """Events whose lead is unknown, oldest first: `{id, lead, type, subject, at, received_at}`, and the next cursor."""
    wanted = rows_of_a_page(limit)
    query = (
        select(events)
        .where(events.c.lead.is_(None), events.c.lead_hint.is_not(None))
        .order_by(events.c.id)
        .limit(wanted + 1)
    )
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(events.c.id > after)
    rows = conn.execute(query).all()
    items = [
        {
            "id": row.event,
            "lead": {"email": row.lead_hint[6:]} if row.lead_hint.startswith("email:") else row.lead_hint[3:],
            "type": row.type,
            "subject": row.subject,
            "at": shown(row.at),
            "received_at": shown(row.received_at),
        }
        for row in rows[:wanted]
    ]
    return items, cursor_after(rows[wanted - 1].id) if len(rows) > wanted else None


def _known_leads(conn: Connection, hints: Sequence[str]) -> _Known:
    ids = [hint[3:] for hint in hints if hint.startswith("id:")]
    addresses = [hint[6:] for hint in hints if hint.startswith("email:")]
    by_hint: dict[str, str] = {}
    address: dict[str, str] = {}
    erased: set[str] = set()
    for column, values in ((leads.c.id, ids), (leads.c.email, addresses)):
        for start in range(0, len(values), AT_ONCE):
            for row in conn.execute(
                select(leads.c.id, leads.c.email, leads.c.status).where(column.in_(values[start : start + AT_ONCE]))
            ):
                by_hint[hint_of_id(row.id)] = row.id
                if row.email:
                    by_hint[hint_of_address(row.email)] = row.id
                    address[row.id] = row.email
                if row.status == "erased":
                    erased.add(row.id)
    unknown = [each for each in dict.fromkeys(addresses) if hint_of_address(each) not in by_hint]
    for start in range(0, len(unknown), AT_ONCE):
        others = owners(conn, unknown[start : start + AT_ONCE])
        by_hint |= {hint_of_address(each): lead for each, lead in others.items()}
        rows = select(leads.c.id, leads.c.email).where(leads.c.id.in_(set(others.values())), leads.c.email.is_not(None))
        address |= {row.id: row.email for row in conn.execute(rows)} if others else {}
    for gone, keep in kept(conn, erased).items():
        by_hint[hint_of_id(gone)] = keep
        erased.discard(gone)
        own = conn.execute(select(leads.c.email).where(leads.c.id == keep)).scalar()
        address |= {keep: own} if own else {}
    return _Known(by_hint, address, frozenset(erased))


def _lock_whom_it_shuts(conn: Connection, told: Sequence[EventIn], known: _Known) -> _Known:
    """Lock the leads whose addresses these events shut; returns what is known then.

    A lead without an address may be merged into another in this very moment, and what it says is said of that one.
    Other events need no lock: whoever numbers them passes them on.
    """
    hints, locked = [event.hint for event in told], set[str]()
    while conn.dialect.name == "postgresql":
        shut = {known.by_hint[event.hint] for event in told if event.type in SHUTTING and event.hint in known.by_hint}
        if shut <= locked:
            break
        lock_many(conn, sorted(shut - locked))
        locked |= shut
        known = _known_leads(conn, hints)
    return known


def _objection(event: EventIn, definitions: Definitions, now: datetime, tolerance: timedelta) -> str | None:
    if event.type not in definitions.event_types:
        near = near_names(event.type, definitions.event_types)
        hint = f"did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
        known = ", ".join(sorted(definitions.event_types))
        return f"unknown event type {event.type!r}: {hint}known: {known}; own types are listed in events.yaml"
    if event.at is not None and event.at > now + tolerance:
        return f"at: {shown(event.at)} is more than 10 minutes ahead of {shown(now)}"
    if event.at is not None and event.at < EARLIEST:
        return f"at: {shown(event.at)} is before 2000"
    return None


def _address(event: EventIn, own: str | None) -> str | None:
    """The address that an event is about: the one it names, else that for the lead's mail."""
    return normalised(event.lead.email) if isinstance(event.lead, ByAddress) else own


def _suppresses(event: EventIn, definitions: Definitions) -> str | None:
    if event.type not in SHUTTING:
        return None
    topics = definitions.sender.topics if definitions.sender is not None else ()
    return event.subject if event.type == "unsubscribed" and event.subject in topics else ALL


def agreed_again(conn: Connection, lead: str, scope: str, since: datetime) -> bool:
    """True if the lead agreed again by form after `since`, so that a repeated unsubscribe means something new."""
    query = select(consents.c.id).where(consents.c.lead == lead, consents.c.by_form, consents.c.at > since)
    if scope != ALL:
        query = query.where(consents.c.topic == scope)
    return conn.execute(query.limit(1)).first() is not None


__all__ = [
    "TOLERANCE",
    "ByAddress",
    "EventIn",
    "EventsAnswer",
    "MailAnswer",
    "MailEvent",
    "Rejected",
    "accept",
    "accept_mail",
    "agreed_again",
    "forgotten_hashes",
    "happened",
    "parked",
    "unsubscribe",
]
