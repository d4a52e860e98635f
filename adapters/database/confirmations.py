"""Keeps the consents that a form asked for and a mail asks for once more; refuses to send it and to know who presses.

A request is written with the post it belongs to, so nothing that was answered is lost. Its mail has a row of its own in
the send ledger, under a key in which the form stands for the scenario and 0 for the enrolment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from adapters.database import timeline
from adapters.database.consents import address_hash, consented, suppressed
from adapters.database.schema import confirmations, leads
from adapters.database.sequence import lock
from nurture.commands import SendMail
from nurture.definitions import Form, Scenario
from nurture.records import Line

LIFE = timedelta(days=7)
"""How long the link in the mail works, on nurture's clock."""
TO_PRESS = timedelta(minutes=10)
"""How long it works at least, in real time: a person does not run faster where the clock does."""
BETWEEN = timedelta(minutes=10)
"""How far apart, in real time, the mails to one lead are, so that nobody can be flooded by means of a form."""
MOST_A_DAY = 5
"""How many such mails one lead gets within 24 real hours."""
TELL_AGAIN = timedelta(minutes=1)
"""How long after its workflow was started a request that has not ended is looked after again."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The moment of a request: nurture's instant, the real one, and how fast nurture's clock runs."""

    now: datetime
    real_now: datetime
    speed: int = 1

    @property
    def until(self) -> datetime:
        """When its link ends to work."""
        return self.now + max(LIFE, TO_PRESS * self.speed)


def mailable(conn: Connection, lead: str, topic: str) -> bool:
    """True if mail of the topic may go to the lead as it is: it agreed, and its address is not shut."""
    address = conn.execute(select(leads.c.email).where(leads.c.id == lead)).scalar()
    return consented(conn, lead, topic) and address is not None and suppressed(conn, address, topic) is None


def ask(
    conn: Connection, lead: str, name: str, form: Form, *, address: str, moment: Asking, held: Sequence[str] = ()
) -> None:
    """Ask for the consent of a form by mail, under the lock on the lead; `held`: scenarios that wait for it.

    A request whose mail is younger than 10 minutes is joined: one mail is enough. Mails of other forms come 10 minutes
    after the one before, and the sixth of a day not at all; the timeline says so.
    """
    if form.confirm is None or form.topic is None or form.consent is None:
        raise ValueError(f"the form {name!r} asks for no confirmation")
    of_lead = select(confirmations).where(confirmations.c.lead == lead).order_by(confirmations.c.id.desc())
    before = conn.execute(of_lead).all()
    same = next((row for row in before if row.form == name), None)
    if same is not None and _may_be_joined(same, form, address, moment):
        _hold(conn, same, held)
        _tell(conn, lead, "confirmation_asked", moment.now, name, "the mail sent a moment ago holds for it")
        return
    today = [row for row in before if row.asked_real > moment.real_now - timedelta(days=1)]
    if len(today) >= MOST_A_DAY:
        _tell(conn, lead, "confirmation_not_asked", moment.now, name, f"{MOST_A_DAY} such mails within a day")
        return
    conn.execute(
        confirmations.insert().values(
            lead=lead,
            number=same.number + 1 if same is not None else 1,
            form=name,
            topic=form.topic,
            template=form.confirm,
            address_hash=address_hash(address),
            wording_version=form.consent.version,
            wording=form.consent.text,
            held=list(held),
            asked_at=moment.now,
            until=moment.until,
            asked_real=moment.real_now,
            due_real=max([moment.real_now, *(row.due_real + BETWEEN for row in today)]),
        )
    )
    _tell(conn, lead, "confirmation_asked", moment.now, name, f"consent to {form.topic} counts once it is confirmed")


def waits(conn: Connection, lead: str, scenario: Scenario, now: datetime) -> bool:
    """True where the lead begins the scenario with its confirmation: its consent is asked for, and nothing may go yet.

    It is kept with the request, and said on the timeline. For a lead that cannot be mailed, to begin would be to end.
    """
    if scenario.topic is None or mailable(conn, lead, scenario.topic):
        return False
    pending = conn.execute(
        select(confirmations)
        .where(
            confirmations.c.lead == lead,
            confirmations.c.topic == scenario.topic,
            confirmations.c.confirmed_at.is_(None),
            confirmations.c.until > now,
        )
        .order_by(confirmations.c.id.desc())
        .limit(1)
    ).first()
    if pending is None:
        return False
    _hold(conn, pending, [scenario.scenario])
    told = Line(
        at=now, kind="decision", what="enrolment_awaits_confirmation", scenario=scenario.scenario,
        reason=f"it begins when the consent to {scenario.topic} is confirmed",
    )  # fmt: skip
    timeline.add(conn, lead, told)
    return True


def request(conn: Connection, number: int, *, locked: bool = False) -> Row[Any] | None:
    """One request by its id, with the lead's `email`, `language`, `status`; None where there is none.

    `locked`: read under the lock on its lead, as everything is that changes requests.
    """
    if locked:
        lead = conn.execute(select(confirmations.c.lead).where(confirmations.c.id == number)).scalar()
        if lead is None or lock(conn, lead) is None:
            return None
    columns = (leads.c.email, leads.c.language, leads.c.status)
    found = select(confirmations, *columns).join(leads, leads.c.id == confirmations.c.lead)
    return conn.execute(found.where(confirmations.c.id == number)).first()


def release(conn: Connection, lead: str, topic: str) -> list[str]:
    """The scenarios that wait for a consent to the topic, whichever form asked for it; they wait no longer."""
    wanted = (confirmations.c.lead == lead, confirmations.c.topic == topic)
    rows = conn.execute(select(confirmations.c.held).where(*wanted).order_by(confirmations.c.id)).scalars().all()
    conn.execute(update(confirmations).where(*wanted).values(held=[]))
    return list(dict.fromkeys(name for held in rows for name in held))


def holds_for(asked: Row[Any]) -> bool:
    """True if the lead still has the address that was asked."""
    return asked.email is not None and address_hash(asked.email) == asked.address_hash


def of_command(conn: Connection, command: SendMail) -> Row[Any] | None:
    """The request that a mail is about, as `request` gives it."""
    of = (confirmations.c.lead == command.lead, confirmations.c.form == command.scenario)
    found = conn.execute(select(confirmations.c.id).where(*of, confirmations.c.number == command.visit)).scalar()
    return None if found is None else request(conn, found)


def command_of(asked: Row[Any], *, language: str, deployment: int) -> SendMail:
    """The order for the mail of a request; its key is the same at every attempt."""
    return SendMail(
        lead=asked.lead,
        key=f"{asked.lead}/{asked.form}/0/confirm/{asked.number}",
        issue=1,
        scenario=asked.form,
        enrolment=0,
        step="confirm",
        visit=asked.number,
        template=asked.template,
        language=language,
        topic=asked.topic,
        deployment=deployment,
        slot=asked.asked_at,
    )


def due(conn: Connection, real_now: datetime, limit: int) -> list[int]:
    """The requests whose mail must be seen to, the longest waiting first."""
    untold = or_(confirmations.c.told_real.is_(None), confirmations.c.told_real < real_now - TELL_AGAIN)
    wanted = (confirmations.c.ended_real.is_(None), confirmations.c.due_real <= real_now, untold)
    found = select(confirmations.c.id).where(*wanted).order_by(confirmations.c.due_real).limit(limit)
    return list(conn.execute(found).scalars())


def told(conn: Connection, numbers: Sequence[int], real_now: datetime) -> None:
    """Remember that the workflows of these requests were started."""
    conn.execute(update(confirmations).where(confirmations.c.id.in_(numbers)).values(told_real=real_now))


def end(conn: Connection, number: int, real_now: datetime) -> None:
    """The mail of a request went, or never will."""
    conn.execute(update(confirmations).where(confirmations.c.id == number).values(ended_real=real_now))


def _may_be_joined(same: Row[Any], form: Form, address: str, moment: Asking) -> bool:
    consent = form.consent
    return (
        consent is not None
        and same.confirmed_at is None
        and same.until > moment.now
        and same.due_real > moment.real_now - BETWEEN
        and same.address_hash == address_hash(address)
        and (same.topic, same.wording_version, same.wording) == (form.topic, consent.version, consent.text)
    )


def _hold(conn: Connection, asked: Row[Any], scenarios: Sequence[str]) -> None:
    held = list(dict.fromkeys([*asked.held, *scenarios]))
    if held != asked.held:
        conn.execute(update(confirmations).where(confirmations.c.id == asked.id).values(held=held))


def _tell(conn: Connection, lead: str, what: str, at: datetime, form: str, reason: str) -> None:
    timeline.add(conn, lead, Line(at=at, kind="decision", what=what, subject=form, reason=reason))
