"""Takes in what a mail provider tells, each event once, whatever its order; refuses to know the provider's format.

A batch is stored in one pass of look-ups. What shuts an address does so at once; which clicks a machine made,
clicks.py finds, what a returned mail says of its address, returns.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, or_, select, update

from adapters.database import clicks, mail_stops, returns, timeline
from adapters.database.addresses import owners
from adapters.database.among import among
from adapters.database.consents import ALL, BOUNCED, erased, normalised, suppress_all, suppression
from adapters.database.event_rows import AT_ONCE, event_row, hint_of_address, store_rows
from adapters.database.locks import claim
from adapters.database.mail_stops import Stop
from adapters.database.merges import kept
from adapters.database.schema import events, leads, sends
from adapters.database.sends import domain_of
from adapters.database.sequence import lock_many
from adapters.mail.port import TO_SALES
from nurture.automatic_clicks import Origin, program_of
from nurture.bounces import Bounce
from nurture.conditions import MAIL_EVENTS
from nurture.definitions import AutomaticClicks, Breaker, Sender
from nurture.records import Line

TEST = "test/"
"""How the send key of a mail begins that somebody sent to try a template: it belongs to no send, and to no lead."""

# made once: building a statement takes longer than SQLite takes to run it
_SENDS = (
    select(sends, leads.c.email.label("lead_email"), leads.c.status.label("lead_status"))
    .join(leads, leads.c.id == sends.c.lead)
    .where(among(sends.c.key))
)
_BY_ADDRESS = select(leads.c.id, leads.c.email, leads.c.status).where(among(leads.c.email))
_STORED = select(events.c.event, events.c.semantic).where(
    or_(
        among(events.c.event, "ids"),
        among(events.c.semantic, "meanings"),
    )
)
_TOLD = select(events.c.send, events.c.type).where(among(events.c.send), events.c.type.in_(returns.COUNTED))


class MailEvent(BaseModel):
    """One event of a mail, in nurture's words.

    `send` is the send key it carries. `at` is as the provider told it, on nurture's clock. `suppresses` says whether
    further mail is forbidden: `all`, or the mail's own `topic`; `bounce`, what a returned mail says of its address.
    Types that are no mail event of nurture's (`processed`, `deferred`, `blocked`, …) only prove that the provider has
    the mail: they are kept, and no workflow is told. `network` is as much as is kept of where a click came from;
    `agent`, what the reader's program calls itself, is looked at and not kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    send: str | None = None
    type: str
    at: datetime
    url: str | None = None
    url_offset: str | None = None
    machine: bool = False
    address: str | None = None
    suppresses: Literal["all", "topic"] | None = None
    reason: str | None = None
    bounce: Bounce | None = None
    network: str | None = None
    agent: str | None = None

    @cached_property
    def semantic(self) -> str:
        """Equal for two events that are one, whatever their ids."""
        mail = self.send or normalised(self.address or "")
        # whole seconds are all a provider tells; `suppresses` tells apart what it calls by different names
        same = [mail, self.type, self.at.timestamp(), self.url, self.url_offset, self.suppresses]
        return hashlib.sha256(json.dumps(same).encode()).hexdigest()


@dataclass(slots=True)
class MailAnswer:
    """What became of a batch.

    `reversed_` holds the ids of earlier clicks now known to be a machine's; `stops`, what mail is stopped or warned of.
    """

    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    automatic: int = 0
    ignored: int = 0
    reversed_: list[str] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    sends: Mapping[str, Row[Any]]
    by_address: Mapping[str, str]
    address: Mapping[str, str]
    erased: frozenset[str]

    def lead_of(self, event: MailEvent) -> str | None:
        """By its send key, else by its address."""
        sent = self.sends.get(event.send) if event.send else None
        if sent is not None:
            return str(sent.lead)
        return self.by_address.get(normalised(event.address)) if event.address else None


def accept_mail(conn: Connection, told: Sequence[MailEvent], now: datetime, sender: Sender | None) -> MailAnswer:
    """Store a batch of provider events; `sender` (of the current deployment) says when a click is automatic."""
    answer = MailAnswer()
    rules = sender.automatic_clicks if sender is not None else None
    known = _look_up(conn, told)
    # one that is unknown may be made just now: then its event is not parked
    fresh = {hint_of_address(event.address) for event in told if event.address and known.lead_of(event) is None}
    waited = claim(conn, fresh | {f"clicks/{event.network}" for event in told if event.network is not None})
    if waited and fresh:
        known = _look_up(conn, told)
    crowd = clicks.crowd(conn, _origins(told, known), rules)
    known = _lock(conn, told, known, crowd.leads)
    strangers = {normalised(event.address) for event in told if event.address and known.lead_of(event) is None}
    forgotten = erased(conn, strangers) if strangers else frozenset()
    ids, meanings = _stored(conn, told)
    past = returns.past(conn, {lead for event in told if event.bounce and (lead := known.lead_of(event)) is not None})
    rows: list[dict[str, Any]] = []
    proofs: list[dict[str, Any]] = []
    shut: list[dict[str, Any]] = []
    taken: list[MailEvent] = []
    for event in _fresh(told, known, ids, meanings, answer):
        lead = known.lead_of(event)
        row = _row(event, lead, known, now, rules)
        if event.bounce is not None:
            returns.judge(row, past.of(lead), sender)
        shut.extend(_shut(event, lead, row, known))
        if _elsewhere(event, lead, known):
            row["suppresses"] = None  # the lead itself is not concerned
        if lead in known.erased or (lead is None and normalised(event.address or "") in forgotten):
            answer.ignored += 1
            continue
        taken.append(event)
        if row["type"] not in MAIL_EVENTS or _of_a_confirmation(event, known):
            answer.ignored += 1
            proofs.append({**row, "filed": True, "automatic": True})
            continue
        rows.append(row)
        answer.parked += lead is None
    outcomes = _outcomes(conn, rows + proofs, known)
    store_rows(conn, rows + proofs)
    suppress_all(conn, shut)
    answer.accepted = len(rows)
    _settle(conn, told, known, now)
    timeline.add_rows(conn, returns.lines(proofs, now))
    clicks.keep(conn, _origins(taken, known), now)
    judged = {row["send"] for row in rows if row["send"] is not None and row["type"] in ("clicked", "delivered")}
    found = clicks.judge(conn, judged | crowd.sends, known.sends, crowd=crowd.clicks, now=now, rules=rules)
    answer.reversed_ = found.reversed_
    answer.automatic = found.fresh + sum(1 for row in rows if row["automatic"] and row["type"] != "clicked")
    answer.stops = mail_stops.count(conn, outcomes, sender.breaker if sender is not None else Breaker(), now)
    return answer


def _lock(conn: Connection, told: Sequence[MailEvent], known: _Known, crowd: Collection[str]) -> _Known:
    """Lock every lead concerned: clicks of one mail are judged together, and not while one of them is filed.

    Returns what is known under the locks: while they were waited for, a lead may have been merged into another.
    """
    locked: set[str] = set()
    while True:
        gone = kept(conn, crowd)
        wanted = {lead for event in told if (lead := known.lead_of(event)) is not None}
        wanted |= {gone.get(lead, lead) for lead in crowd}
        if wanted <= locked:
            return known
        lock_many(conn, sorted(wanted - locked))
        if conn.dialect.name != "postgresql":  # the only writer
            return known
        locked |= wanted
        known = _look_up(conn, told)


def _origins(told: Sequence[MailEvent], known: _Known) -> list[tuple[Origin, str]]:
    """Where the clicks of known leads came from, each with its send key."""
    return [
        (Origin(event.id, lead, event.network, event.at), event.send)
        for event in told
        if event.network is not None and event.send is not None and (lead := known.lead_of(event)) is not None
    ]


def _outcomes(conn: Connection, rows: Sequence[dict[str, Any]], known: _Known) -> list[mail_stops.Outcome]:
    """What these rows, which are not stored yet, tell of mails for the first time."""
    counted = [row for row in rows if row["type"] in returns.COUNTED and row["send"] in known.sends]
    before: set[tuple[str, str]] = set()
    for batch in _batches(list({row["send"] for row in counted})):
        before.update((row.send, row.type) for row in conn.execute(_TOLD, {"of": batch}))
    found: list[mail_stops.Outcome] = []
    for row in counted:
        sent, what = known.sends[row["send"]], returns.what(row)
        if what is None or (row["send"], row["type"]) in before:
            continue
        before.add((row["send"], row["type"]))
        domain = sent.domain or domain_of(sent.lead_email)
        scenario = sent.scenario if sent.enrolment else None
        found.append(mail_stops.Outcome(what, row["at"], sent.attempted_at or row["at"], scenario, domain))
    return found


def _fresh(
    told: Sequence[MailEvent], known: _Known, ids: set[str], meanings: set[str], answer: MailAnswer
) -> Iterator[MailEvent]:
    """The events that were not told before, neither under their id nor with their meaning; the others are counted."""
    for event in told:
        if _of_a_test(event, known):
            answer.ignored += 1
        elif event.id in ids or event.semantic in meanings:
            answer.duplicates += 1
        else:
            ids.add(event.id)
            meanings.add(event.semantic)
            yield event


def _stored(conn: Connection, told: Sequence[MailEvent]) -> tuple[set[str], set[str]]:
    """Which of their ids, and of their meanings, are stored already."""
    ids: set[str] = set()
    meanings: set[str] = set()
    for start in range(0, len(told), AT_ONCE):
        some = told[start : start + AT_ONCE]
        asked = {"ids": [event.id for event in some], "meanings": [event.semantic for event in some]}
        for row in conn.execute(_STORED, asked):
            ids.add(row.event)
            meanings.add(row.semantic)
    return ids, meanings


def _of_a_test(event: MailEvent, known: _Known) -> bool:
    # a lead may be called `test`: its mails have a row, those of a test have none
    return event.send is not None and event.send.startswith((TEST, TO_SALES)) and event.send not in known.sends


def _of_a_confirmation(event: MailEvent, known: _Known) -> bool:
    """An open or click of a mail that asks for a consent: who has not agreed yet is not followed."""
    sent = known.sends.get(event.send) if event.send else None
    return sent is not None and sent.enrolment == 0 and event.type in ("opened", "clicked")


def _look_up(conn: Connection, told: Sequence[MailEvent]) -> _Known:
    """The sends that events name with their leads, and the leads of addresses that belong to none of these."""
    found: dict[str, Row[Any]] = {}
    by_address: dict[str, str] = {}
    address: dict[str, str] = {}
    erased: set[str] = set()

    def meet(lead: str, email: str | None, status: str) -> None:
        if email:
            by_address[email] = lead
            address[lead] = email
        if status == "erased":
            erased.add(lead)

    for batch in _batches(list({event.send for event in told if event.send})):
        for row in conn.execute(_SENDS, {"of": batch}):
            found[row.key] = row
            meet(row.lead, row.lead_email, row.lead_status)
    others = {normalised(event.address) for event in told if event.address} - by_address.keys()
    for batch in _batches(list(others)):
        for row in conn.execute(_BY_ADDRESS, {"of": batch}):
            meet(row.id, row.email, row.status)
    for batch in _batches(list(others - by_address.keys())):
        by_address |= owners(conn, batch)
    return _Known(found, by_address, address, frozenset(erased))


def _row(
    event: MailEvent, lead: str | None, known: _Known, now: datetime, rules: AutomaticClicks | None
) -> dict[str, Any]:
    sent = known.sends.get(event.send) if event.send else None
    at = event.at
    if sent is not None:
        # provider times are whole seconds: an event is never earlier than the acceptance of its mail
        at = max(at, sent.accepted_at or sent.attempted_at or at)
    elif event.suppresses is not None:
        # cut to its second, it could come before an enrolment of that second, and the lead would not leave
        at += timedelta(seconds=1) - timedelta(microseconds=1)
    suppresses = event.suppresses
    if suppresses == "topic":
        suppresses = sent.topic if sent is not None and sent.topic else ALL  # type: ignore[assignment]
    said = {
        "reason": event.reason, "url_offset": event.url_offset, "bounce": event.bounce,
        "program": program_of(event.agent, rules) if event.type == "clicked" else None,
        "mailbox": returns.mailbox_of(event.address) if event.address and event.type in returns.OF_A_MAILBOX else None,
    }  # fmt: skip
    properties = {key: value for key, value in said.items() if value}
    return event_row(
        event=event.id,
        semantic=event.semantic,
        lead=lead,
        hint=hint_of_address(event.address) if event.address else "",
        type=event.type,
        subject=sent.template if sent is not None else "",
        at=min(at, now),
        received_at=now,
        send=event.send,
        url=event.url,
        suppresses=suppresses,
        automatic=event.machine,
        properties=properties,
    )


def _shut(event: MailEvent, lead: str | None, row: dict[str, Any], known: _Known) -> list[dict[str, Any]]:
    """The suppressions an event makes: of the address it names, and of the lead's own where that is another.

    A mailbox that is dead says nothing of another one.
    """
    if row["suppresses"] is None:
        return []
    named = [normalised(event.address)] if event.address else []
    own = known.address.get(lead) if lead is not None and not _elsewhere(event, lead, known) else None
    addresses = dict.fromkeys([*named, *([own] if own else [])])
    source = f"event {event.id}" if lead not in known.erased else None
    return [suppression(address, row["suppresses"], event.type, at=row["at"], source=source) for address in addresses]


def _elsewhere(event: MailEvent, lead: str | None, known: _Known) -> bool:
    """True for a dead mailbox that is not the one where the lead's mail goes now."""
    dead = event.type == BOUNCED and event.address is not None and lead is not None
    return dead and normalised(event.address or "") != known.address.get(lead or "")


def _settle(conn: Connection, told: Sequence[MailEvent], known: _Known, now: datetime) -> None:
    """A send whose answer was lost is accepted once the provider tells anything of it: it has the mail."""
    for key in dict.fromkeys(event.send for event in told if event.send and event.type != "dropped"):
        sent = known.sends.get(key)
        if sent is None or sent.state != "unknown":
            continue
        forgotten = sent.lead in known.erased
        accepted_at = sent.attempted_at or now
        conn.execute(
            update(sends)
            .where(sends.c.key == key, sends.c.state == "unknown")
            .values(
                state="accepted",
                accepted_at=accepted_at,
                reason=None if forgotten else "proved by an event of the provider",
            )
        )
        if forgotten:
            continue
        timeline.add(
            conn,
            sent.lead,
            Line(
                at=now, kind="send", what="accepted", subject=sent.template, scenario=sent.scenario, step=sent.step,
                visit=sent.visit, reason="the answer was lost; an event of the provider proves that it has the mail",
            ),
        )  # fmt: skip


def _batches(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]
