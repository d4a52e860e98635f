"""Takes a person out of every table: the one place that says what goes and what stays when a lead is erased.

What a person was, said and did goes as whole rows. Of what the company did (mails, enrolments, tasks) the row stays as
a number in the reports and so that nothing is done twice, and its texts go. `KEPT` says for every table which it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, null, or_, select, update

from adapters.database import audit, stirring
from adapters.database import erasures as asked
from adapters.database import timeline as lines
from adapters.database.consents import address_hash, stand_in
from adapters.database.event_rows import hint_of_address, hint_of_id
from adapters.database.schema import (
    click_origins,
    confirmations,
    consents,
    enrolments,
    entries,
    erasures,
    events,
    handoffs,
    inbox,
    lead_words,
    leads,
    replies,
    sends,
    suppressions,
    tellings,
    timeline,
    visitors,
    webhook_outbox,
)
from adapters.mail.port import SEND_KEY_ARGUMENT, TO_SALES
from nurture.erasure import WORD
from nurture.records import Line

KEPT: Mapping[str, tuple[str, ...]] = {
    "leads": ("id", "language", "created_at", "last_seq", "last_enrolment", "started", "pending", "retired",
              "told_until_real", "seq", "record", "status"),
    "enrolments": ("lead", "enrolment", "scenario", "deployment", "priority", "state", "decided_at", "ended_at",
                   "finish"),
    "sends": ("key", "lead", "scenario", "enrolment", "step", "visit", "template", "template_sha256", "topic",
              "deployment", "state", "slot", "attempted_at", "accepted_at", "message_id", "cancelled_issue", "again"),
    "handoffs": ("id", "lead", "queue", "rep", "state", "made_at", "due", "accepted_at", "closed_at", "amount",
                 "notified_real", "scenario", "step", "visit", "language", "given_at", "snoozed_until", "reminded_at",
                 "escalated_at", "stirred"),
    "tellings": ("notice", "channel", "rep", "lead", "state", "attempts", "planned_real", "due_real", "told_real"),
    # the addresses only where the provider refused, until ops have erased them there
    "erasures": ("lead", "addresses", "seq", "by", "asked_at", "scrubbed_at", "provider", "provider_said",
                 "consents_until", "ended_at", "due_real"),
    "suppressions": ("id", "address_hash", "scope", "reason", "at"),
    "timeline": ("id", "lead", "seq", "at", "kind", "what", "late", "automatic"),
    "audit": ("id", "at", "by", "did", "subject", "via", "role", "real", "details"),
    "merges": ("gone", "keep", "at", "by"),
    "entries": (), "events": (), "consents": (), "confirmations": (), "inbox": (), "webhook_outbox": (),
    "addresses": (), "lead_words": (), "replies": (), "visitors": (), "click_origins": (),
    # not about leads
    "deployments": ("*",), "clock": ("*",), "holds": ("*",), "sweeps": ("*",), "keys": ("*",), "sink_faults": ("*",),
    "sales_answers": ("*",),  # a hash, and the id of a task, which stays
    "mail_tallies": ("*",), "mail_stops": ("*",), "page_views": ("*",),
    "agreements": ("*",),  # of people who work here
    "users": ("*",), "user_links": ("*",), "sessions": ("*",),
    # for reps and queues, in words of our own: of a lead they hold what a task's own id says, which stays
    "task_notices": ("*",),
}  # fmt: skip
"""For every table the columns that may still hold something of an erased lead in the end; tests hold this to be so."""


def scrub(conn: Connection, lead: str, now: datetime) -> None:
    """Take the person out of every table but for what was agreed to, which the law wants kept. Safe to run again."""
    erasure = conn.execute(select(erasures).where(erasures.c.lead == lead)).first()
    if erasure is None:
        return
    _forget_rows(conn, lead, erasure.addresses)
    _forget_texts(conn, lead, now)
    audit.forget_reasons(conn, lead)
    # where from: the ids of events, which others have chosen
    hashes = {erasure.address_hash, *map(address_hash, (*erasure.addresses, stand_in(lead)))}
    this = (suppressions.c.address_hash.in_(hashes), suppressions.c.reason != WORD)
    conn.execute(update(suppressions).where(*this).values(source=None))
    lines.add(conn, lead, Line(at=now, kind="ops", what=WORD))
    conn.execute(update(erasures).where(erasures.c.lead == lead).values(scrubbed_at=now))


def _forget_rows(conn: Connection, lead: str, addresses: Sequence[str]) -> None:
    for table in (entries, timeline, lead_words, confirmations, replies, visitors, click_origins):
        conn.execute(delete(table).where(table.c.lead == lead))
    hints = [hint_of_id(lead), *map(hint_of_address, addresses)]
    conn.execute(delete(events).where(or_(events.c.lead == lead, events.c.lead_hint.in_(hints))))
    key = inbox.c.custom_args[SEND_KEY_ARGUMENT].as_string()
    mine = or_(_key_of(lead, key), _key_of(f"{TO_SALES}{lead}", key))
    conn.execute(delete(inbox).where(or_(mine, inbox.c.to.in_(addresses))))
    told = webhook_outbox.c.event
    mine = _key_of(lead, told[SEND_KEY_ARGUMENT].as_string())
    conn.execute(delete(webhook_outbox).where(or_(mine, told["email"].as_string().in_(addresses))))


def _key_of(lead: str, key: ColumnElement[str]) -> ColumnElement[bool]:
    """True for the key of a mail to the lead, whatever address it had then."""
    start = f"{lead}/"
    return func.substr(key, 1, len(start)) == start


def _forget_texts(conn: Connection, lead: str, now: datetime) -> None:
    unended = (enrolments.c.lead == lead, enrolments.c.state != "ended")
    at = func.coalesce(
        enrolments.c.ended_at, select(erasures.c.asked_at).where(erasures.c.lead == lead).scalar_subquery()
    )
    conn.execute(update(enrolments).where(*unended).values(state="ended", finish=WORD, ended_at=at))
    said: dict[str, object] = {"subject": None, "reason": None, "answers_to": None, "domain": None}
    conn.execute(update(sends).where(sends.c.lead == lead).values(said))
    held = (sends.c.lead == lead, sends.c.state == "held")
    conn.execute(update(sends).where(*held).values(state="cancelled"))
    unclosed = (handoffs.c.lead == lead, handoffs.c.state.in_(("open", "accepted")))
    waits = (*unclosed, handoffs.c.rep.is_(None))
    conn.execute(update(handoffs).where(*waits).values(stirred=stirring.mark()))
    conn.execute(update(handoffs).where(*unclosed).values(state="expired", closed_at=now, due=None))
    texts: dict[str, object] = {
        "note": None,
        "reasons": [],
        "score": None,
        "reason": None,
        "company": None,
        "total": None,
    }
    conn.execute(update(handoffs).where(handoffs.c.lead == lead).values(texts))
    conn.execute(update(tellings).where(tellings.c.lead == lead).values(last_error=None))
    untold = (tellings.c.lead == lead, tellings.c.state == "pending")
    conn.execute(update(tellings).where(*untold).values(state="dropped"))
    conn.execute(
        update(leads)
        .where(leads.c.id == lead)
        .values(
            email=None, name=None, time_zone=None, attributes={}, position={}, scenario=None, step=None, state=null(),
            status=WORD, started=False, pending=False, retired=True, told_until_real=None,
        )
    )  # fmt: skip


def end(conn: Connection, lead: str, now: datetime) -> None:
    """Let go what was agreed to, and the last thing that says whose it was; only the suppression knows the address."""
    found = conn.execute(select(erasures).where(erasures.c.lead == lead, erasures.c.ended_at.is_(None))).first()
    if found is None:
        return
    conn.execute(delete(consents).where(consents.c.lead == lead))
    conn.execute(update(erasures).where(erasures.c.lead == lead).values(address_hash=None, ended_at=now, due_real=None))
    asked.note(conn, lead, WORD, by=found.by, at=now)
