"""What the core asks the outside world to do, as data; refuses to know how it is done.

Commands are imperative. Their answers come back as results (results.py is not needed: a result is named beside its
command here).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from nurture.entries import Stored

LineKind = Literal["event", "decision", "send", "handoff", "score", "ops"]
Status = Literal["idle", "waiting", "sending", "blocked", "paused", "with_sales", "erased"]


class Line(Stored):
    """One line of a lead's timeline that is not an event: a decision, a send, a handoff, something ops did."""

    at: datetime
    kind: LineKind
    what: str
    subject: str | None = None
    scenario: str | None = None
    step: str | None = None
    visit: int | None = None
    reason: str | None = None
    seq: int | None = None


class Position(Stored):
    """Where a lead stands, as everybody but the core sees it.

    Outside a scenario the fields from `scenario` to `deadline` are None. `waiting_for` holds the conditions as written.
    """

    status: Status = "idle"
    scenario: str | None = None
    enrolment: int | None = None
    deployment: int | None = None
    step: str | None = None
    visit: int | None = None
    since: datetime | None = None
    waiting_for: tuple[Any, ...] | None = None
    deadline: datetime | None = None
    phase: str | None = None
    hot: bool = False
    why: str = ""


class EnrolmentChange(Stored):
    """An enrolment began to run, or ended with a word."""

    enrolment: int
    state: Literal["running", "ended"]
    at: datetime
    finish: str | None = None


class CancelledSend(Stored):
    """A send that is no longer needed: its issues up to `issue` must not begin."""

    key: str
    issue: int


class Record(Stored):
    """What one advance changed, to be written in one transaction.

    `number` counts the lead's records. Writing the same number again replaces its lines: a local activity may run
    again with other content after a crash. A record older than the newest one does not move the position back.
    """

    lead: str
    number: int
    seq: int
    position: Position
    lines: tuple[Line, ...] = ()
    late: tuple[str, ...] = ()
    enrolments: tuple[EnrolmentChange, ...] = ()
    cancelled: tuple[CancelledSend, ...] = ()
    attributes: dict[str, Any] = Field(default_factory=dict)


# --- commands -------------------------------------------------------------------------------------------------------


class SendMail(Stored):
    """Hand one mail to the provider, if the gate is open. `slot` is the instant the gate judges."""

    command: Literal["send_mail"] = "send_mail"
    lead: str
    key: str
    issue: int
    scenario: str
    enrolment: int
    step: str
    visit: int
    template: str
    language: str
    topic: str | None
    deployment: int
    slot: datetime


class MakeHandoff(Stored):
    """Make the task sales gets. `handoff` is its id, the key of the visit that made it."""

    command: Literal["make_handoff"] = "make_handoff"
    lead: str
    handoff: str
    queue: str
    note: str | None
    reasons: tuple[str, ...]
    scenario: str
    enrolment: int
    step: str
    visit: int
    at: datetime
    deployment: int


class NotifyPerson(Stored):
    """Tell a queue or a rep something."""

    command: Literal["notify_person"] = "notify_person"
    lead: str
    key: str
    to: str
    text: str
    deployment: int
    at: datetime


class EnrollLead(Stored):
    """Ask the database to enrol the lead in another scenario, at the front of its queue."""

    command: Literal["enroll_lead"] = "enroll_lead"
    lead: str
    scenario: str
    key: str
    at: datetime
    deployment: int


AnyCommand = Annotated[SendMail | MakeHandoff | NotifyPerson | EnrollLead, Field(discriminator="command")]

# --- results --------------------------------------------------------------------------------------------------------

SendOutcome = Literal["accepted", "unknown", "refused", "cancelled", "deferred", "blocked"]


class SendResult(Stored):
    """How a send ended.

    `at`: the acceptance or the attempt; for `deferred` the gate's next try. `reason` says why it was not accepted.
    """

    key: str
    issue: int
    outcome: SendOutcome
    at: datetime
    reason: str | None = None


class TaskDone(Stored):
    """A handoff was made, a person notified, an enrolment asked for; `error` where that cannot be done."""

    key: str
    at: datetime
    error: str | None = None
