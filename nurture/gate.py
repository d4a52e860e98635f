"""The send gate: the one place that decides whether a mail may go now; refuses to know where its facts come from.

Judged at the moment of sending, inside the transaction that begins the send (design, section 9, rule 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nurture import calendar
from nurture.definitions import Definitions, Sender

EVERY_MAIL_SAYS = ("legal_name", "postal_address", "contact")
"""Keys of sender.yaml that the law wants in every mail."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gate looks at. `sent`: instants of the lead's other mails, ascending; `suppressed`: why, or None.

    `stopped`: why no mail of its kind goes at all now, or None.
    """

    enrolment_runs: bool
    has_address: bool
    topic: str | None
    consented: bool
    suppressed: str | None
    sent: Sequence[datetime]
    time_zone: str | None
    slot: datetime
    now: datetime
    tolerance: timedelta
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`open`; `ended`: no longer needed; `refused` for this lead; `deferred` until an instant; with the reason.

    `held`: nobody knows until when, since somebody has to resume or to mend something.
    """

    gate: Literal["open", "ended", "refused", "deferred", "held"]
    reason: str = ""
    until: datetime | None = None


def lacks(sender: Sender | None) -> str | None:
    """What every mail has to say of its sender by law and sender.yaml does not, in words; None where it says it all.

    A folder without sender.yaml has no text for any mail, which is said where the mail is made.
    """
    empty = [part for part in EVERY_MAIL_SAYS if sender is not None and not getattr(sender, part).strip()]
    return f"sender.yaml says no {' and no '.join(empty)}: write it and deploy" if empty else None


def judge(asked: Asked, definitions: Definitions) -> Verdict:
    """Decide; window, cap and holiday are judged for the slot, as long as it is not older than the tolerance."""
    if not asked.enrolment_runs:
        return Verdict("ended", "the enrolment has ended")
    if not asked.has_address:
        return Verdict("refused", "no address")
    if asked.suppressed is not None:
        return Verdict("refused", f"suppressed: {asked.suppressed}")
    if not asked.consented:
        return Verdict("refused", f"no consent for {asked.topic}")
    held = asked.stopped or lacks(definitions.sender)
    if held is not None:
        return Verdict("held", held)
    at = asked.slot if timedelta(0) <= asked.now - asked.slot <= asked.tolerance else asked.now
    where = calendar.zone_of(asked.time_zone, definitions)
    why = calendar.why_later(at, asked.sent, where, definitions)
    if why is None:
        return Verdict("open")
    found = calendar.slot(at, asked.sent, where, definitions)
    return Verdict("deferred", why, found if found is not None else at + timedelta(days=calendar.HORIZON_DAYS))
