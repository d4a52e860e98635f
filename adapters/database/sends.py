"""The send ledger: one row for one mail for one visit, written before the provider is called; refuses to call it.

A row is `held` or `cancelled` while nothing was handed over, `in_flight` from the transaction that found the gate open
until the answer is known, then `accepted`, `unknown` or `refused` for good. `unknown` becomes `accepted` by evidence,
and is sent again, once, where sender.yaml asks for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, exists, func, insert, or_, select, update

from adapters.database import consents, timeline
from adapters.database import mail_stops as stopping
from adapters.database.locks import claim
from adapters.database.schema import enrolments, events, holds, leads, mail_stops, sends
from nurture import gate
from nurture.commands import SendMail, SendOutcome, SendResult
from nurture.definitions import Definitions
from nurture.records import Line

HOLD = "mail"
"""The name of the hold on all mail."""
TO_BE_SENT_AGAIN, SENT_AGAIN = 1, 2
"""What `again` says of a mail whose answer was lost, where that is wanted: it happens once."""
ALERT = "mail_alert"
"""The name of the row that says: a person was told of trouble that does not mend itself."""

# made once: building a statement takes longer than SQLite takes to run it
_OF_KEY = sends.c.key == bindparam("key")
_NEW = insert(sends)
_CHANGE = update(sends).where(sends.c.key == bindparam("of"))
_LOOK: Select[Any] = (
    select(
        *(leads.c.email, leads.c.name, leads.c.attributes, leads.c.time_zone, leads.c.seq),
        enrolments.c.state.label("walks"),
        consents.CONSENTED.scalar_subquery().label("consented"),
        *(sends.c.state, sends.c.attempted_at, sends.c.accepted_at, sends.c.slot, sends.c.reason),
        *(sends.c.cancelled_issue, sends.c.again),
        exists(select(mail_stops.c.name)).label("anything_stopped"),
        *(holds.c.since_real, holds.c.until_real, holds.c.reason.label("why_held")),
    )
    .select_from(
        leads.outerjoin(
            enrolments, and_(enrolments.c.lead == leads.c.id, enrolments.c.enrolment == bindparam("enrolment"))
        )
        .outerjoin(sends, _OF_KEY)
        .outerjoin(holds, holds.c.name == HOLD)
    )
    .where(leads.c.id == bindparam("of"))
)
_RELEASE = delete(holds).where(holds.c.name.in_((HOLD, ALERT)))


@dataclass(frozen=True, slots=True)
class Hold:
    """All mail waits: since when, until when it is tried again (real instants), and why."""

    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a mail is for, how its row stands (`state` None: there is none), and the hold on all mail, at one moment.

    Read under the lock of the lead: whoever changes a row of the ledger has it.
    """

    row: Row[Any]

    @property
    def seq(self) -> int:
        """The newest number that the lead's workflow has applied, for lines written now."""
        return int(self.row.seq)

    @property
    def hold(self) -> Hold | None:
        """The hold on all mail, where there is one; its time may be over."""
        row = self.row
        return None if row.why_held is None else Hold(row.since_real, row.until_real, row.why_held)

    @property
    def awaited(self) -> bool:
        """True while the answer is lost, and the mail is to be sent again unless the provider tells of it."""
        return bool(self.row.state == "unknown" and self.row.again == TO_BE_SENT_AGAIN)

    def is_of(self, began: datetime) -> bool:
        """True while the attempt that began then is the one whose answer counts, and not a later one."""
        return bool(self.row.state == "in_flight" and self.row.attempted_at == began)


def look(conn: Connection, command: SendMail) -> Known:
    """All of it in one question."""
    asked = {"of": command.lead, "enrolment": command.enrolment, "key": command.key, "to": command.topic or ""}
    return Known(conn.execute(_LOOK, asked).one())


def earlier(command: SendMail, known: Known) -> SendResult | Literal["in_flight", "awaited"] | None:
    """How an earlier attempt left this send: its result, or None.

    `in_flight` where nobody has looked what became of it; `awaited` where nobody can tell, and it is to be sent again.
    """
    row = known.row
    if known.awaited and row.cancelled_issue < command.issue:
        return "awaited"
    if row.state in ("accepted", "unknown", "refused"):
        return result(command, row.state, row.accepted_at or row.attempted_at, row.reason)
    if row.state == "in_flight":
        return "in_flight"
    if row.state is not None and row.cancelled_issue >= command.issue:
        return result(command, "cancelled", row.slot or command.slot, "no longer needed")
    return None


def result(command: SendMail, outcome: SendOutcome, at: datetime, reason: str | None = None) -> SendResult:
    """The answer to a command."""
    return SendResult(key=command.key, issue=command.issue, outcome=outcome, at=at, reason=reason)


def asked(
    conn: Connection, command: SendMail, known: Known, definitions: Definitions, now: datetime, tolerance: timedelta
) -> gate.Asked:
    """Everything the gate looks at, read in this transaction."""
    lead, topic = known.row, command.topic
    return gate.Asked(
        enrolment_runs=lead.walks == "enrolled",
        has_address=lead.email is not None,
        topic=topic,
        consented=topic is None or bool(lead.consented),
        suppressed=consents.suppressed(conn, lead.email, topic or "") if lead.email else None,
        sent=_recent(conn, command, definitions, now),
        time_zone=lead.time_zone,
        slot=command.slot,
        now=now,
        tolerance=tolerance,
        stopped=stopped(conn, command, known, now),
    )


def stopped(conn: Connection, command: SendMail, known: Known, now: datetime) -> str | None:
    """Why no such mail goes now, whoever it is for, or None."""
    if not known.row.anything_stopped:
        return None
    # a form is no scenario, though it may be called like one
    scenario = command.scenario if command.enrolment else None
    stop = stopping.standing(conn, scenario, domain_of(known.row.email), now)
    return None if stop is None else stop.words


def domain_of(address: str | None) -> str | None:
    """Where mail to an address goes: what stands behind its @, in lower case; None where there is nothing."""
    return (address or "").rpartition("@")[2].strip().lower()[:255] or None


def _recent(conn: Connection, command: SendMail, definitions: Definitions, now: datetime) -> list[datetime]:
    cap = definitions.sender.cap if definitions.sender else None
    if cap is None:
        return []
    at = func.coalesce(sends.c.accepted_at, sends.c.attempted_at)
    found = conn.execute(
        select(at)
        .where(
            sends.c.lead == command.lead,
            sends.c.key != command.key,
            sends.c.enrolment > 0,  # what a form asked for counts towards no cap
            or_(sends.c.state.in_(("in_flight", "accepted", "unknown")), sends.c.again == SENT_AGAIN),
            sends.c.attempted_at > now - 2 * cap.per.span,
        )
        .order_by(at)
    )
    return [row[0] for row in found]


def begin(
    conn: Connection, command: SendMail, known: Known, *, template_sha256: str, at: datetime,
    subject: str | None = None, answers_to: str | None = None,
) -> datetime:  # fmt: skip
    """Write the row that says: from now on this mail may have gone out. Returns the instant that names the attempt.

    `answers_to`: the token of the address at which it is answered, which comes back with the answer.
    """
    if known.row.attempted_at is not None:
        at = max(at, known.row.attempted_at + timedelta(microseconds=1))  # no two attempts have the same name
    _put(
        conn, command, known, state="in_flight", template_sha256=template_sha256, attempted_at=at,
        subject=subject, answers_to=answers_to, again=SENT_AGAIN if known.row.again else 0,
        reason=None if known.awaited else known.row.reason,
    )  # fmt: skip
    return at


def await_evidence(conn: Connection, command: SendMail, known: Known, at: datetime, *, reason: str) -> None:
    """Nobody can tell whether it went: it is unknown, and to be sent again unless the provider tells of it."""
    end(conn, command, "unknown", at, seq=known.seq, reason=reason)
    conn.execute(_CHANGE, {"of": command.key, "again": TO_BE_SENT_AGAIN})


def _put(conn: Connection, command: SendMail, known: Known, **values: object) -> None:
    row = {
        "lead": command.lead,
        "scenario": command.scenario,
        "enrolment": command.enrolment,
        "step": command.step,
        "visit": command.visit,
        "template": command.template,
        "topic": command.topic,
        "deployment": command.deployment,
        "slot": command.slot,
        "domain": domain_of(known.row.email),
        **values,
    }
    if known.row.state is None:
        conn.execute(_NEW, {"key": command.key, "cancelled_issue": 0, **row})
    else:
        conn.execute(_CHANGE, {"of": command.key, **row})


def hold_back(
    conn: Connection, command: SendMail, known: Known, at: datetime, *, reason: str, anew: bool = False
) -> None:
    """The provider certainly did not take it: the next attempt may begin again. The timeline tells the first time.

    `anew`: also where it was held for another reason before; that reason then stays, so that two of them by turns are
    told once each. A mail that waits for evidence waits on: there was no attempt.
    """
    state, before = known.row.state, known.row.reason
    if known.awaited:
        if anew and before != reason:
            conn.execute(_CHANGE, {"of": command.key, "reason": reason})
            tell(conn, command, "held", at, seq=known.seq, reason=reason)
        return
    first = state in (None, "cancelled") or before is None
    _put(conn, command, known, state="held", reason=reason if first or anew or state != "held" else before)
    if first or (anew and before != reason):
        tell(conn, command, "held", at, seq=known.seq, reason=reason)


def prove(conn: Connection, command: SendMail, known: Known, at: datetime, *, message_id: str) -> None:
    """An attempt that was given up was taken after all: whatever the row says, nothing may be sent any more."""
    if known.row.state not in ("accepted", "in_flight"):
        end(conn, command, "accepted", at, seq=known.seq, reason="the answer came late", message_id=message_id)


def end(
    conn: Connection, command: SendMail, outcome: SendOutcome, at: datetime, *, seq: int,
    reason: str | None = None, message_id: str | None = None,
) -> SendResult:  # fmt: skip
    """Write how the send ended, in the ledger and on the timeline."""
    values = {"state": outcome, "reason": reason, "message_id": message_id}
    if outcome == "accepted":
        values["accepted_at"] = at  # type: ignore[assignment]
    if outcome == "unknown":
        values["again"] = 0  # type: ignore[assignment]  # nothing is to come any more
    conn.execute(_CHANGE, {"of": command.key, **values})
    tell(conn, command, outcome, at, seq=seq, reason=reason)
    return result(command, outcome, at, reason)


def refuse(conn: Connection, command: SendMail, known: Known, at: datetime, *, reason: str) -> SendResult:
    """The gate is shut for this lead: a row that says so, and nothing was handed over."""
    begin(conn, command, known, template_sha256="", at=at)
    return end(conn, command, "refused", at, seq=known.seq, reason=reason)


def tell(conn: Connection, command: SendMail, what: str, at: datetime, *, seq: int, reason: str | None = None) -> None:
    """One line about the send on the lead's timeline; a mail that a form asked for belongs to no step."""
    line = Line(at=at, kind="send", what=what, subject=command.template, reason=reason, seq=seq)
    if command.enrolment:
        place = {"scenario": command.scenario, "step": command.step, "visit": command.visit}
        line = line.model_copy(update=place)
    timeline.add(conn, command.lead, line)


def evidence(conn: Connection, key: str) -> datetime | None:
    """When the provider first told something about this mail, which proves that it took it; else None."""
    found: datetime | None = conn.execute(
        select(func.min(events.c.at)).where(events.c.send == key, events.c.type != "dropped")
    ).scalar_one_or_none()
    return found


def hold_all(conn: Connection, *, now_real: datetime, until: datetime, reason: str, alert: bool = False) -> bool:
    """Let all mail wait until a real instant; True if somebody has to be told, which is once for each kind of trouble.

    `alert`: a person has to mend it. It is told also where mail was held before by trouble that mends itself.
    """
    claim(conn, ["all mail"])  # where none is held there is no row to lock, and many are told of an outage at once
    rows = conn.execute(select(holds.c.name, holds.c.until_real).where(holds.c.name.in_((HOLD, ALERT)))).all()
    fresh = {HOLD, ALERT} - {row.name for row in rows} if alert else {HOLD} - {row.name for row in rows}
    until = max([until, *(row.until_real for row in rows)])  # what a provider has said of its limit holds
    values = {"until_real": until, "reason": reason}
    conn.execute(update(holds).where(holds.c.name == HOLD).values(values))
    for name in sorted(fresh):
        conn.execute(insert(holds).values(name=name, since_real=now_real, **values))
    return bool(fresh)


def release(conn: Connection) -> bool:
    """Mail goes again; True if it was held."""
    return conn.execute(_RELEASE).rowcount > 0
