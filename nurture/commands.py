"""What the core asks the outside world to do, and the answers, as data; refuses to know how it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, assert_never

from pydantic import Field

from nurture.entries import Stored

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
    """Make the task sales gets, or join it with more reasons. `handoff` is its id: the key of the visit that made it.

    A crossing outside a scenario has none: `scenario` and `step` are then empty, and the id counts such tasks.
    `letters`: those of the reasons that are letters of the lead.
    """

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
    letters: tuple[str, ...] = ()


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
    """A handoff was made, a person notified, an enrolment asked for; `error` where that cannot be done.

    `too_late`: a reason was to join a task that sales had closed already; `letters`: those of its reasons that are
    letters, of which `error` says nothing.
    """

    key: str
    at: datetime
    error: str | None = None
    too_late: bool = False
    letters: tuple[str, ...] = ()


def name_of(command: AnyCommand) -> str:
    """The name of a command among all of its lead; the same name is the same wish."""
    match command:
        case SendMail():
            return f"{command.command}/{command.key}/{command.issue}"
        case MakeHandoff():
            return f"{command.command}/{command.handoff}"
        case NotifyPerson() | EnrollLead():
            return f"{command.command}/{command.key}"
        case _:
            assert_never(command)


def is_answered(command: AnyCommand, result: SendResult | TaskDone) -> bool:
    """True if the result is the answer to the command."""
    match command:
        case SendMail():
            return isinstance(result, SendResult) and (result.key, result.issue) == (command.key, command.issue)
        case MakeHandoff():
            return isinstance(result, TaskDone) and result.key == command.handoff
        case NotifyPerson() | EnrollLead():
            return isinstance(result, TaskDone) and result.key == command.key
        case _:
            assert_never(command)
