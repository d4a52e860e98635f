"""What one advance changed, as data to be written down; refuses to know how and where it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from nurture.entries import Stored
from nurture.state import State

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
    """An enrolment began to run, ended with a word, or was moved to another deployment."""

    enrolment: int
    state: Literal["running", "ended", "moved"]
    at: datetime
    finish: str | None = None
    deployment: int | None = None


class CancelledSend(Stored):
    """A send that is no longer needed: its issues up to `issue` must not begin."""

    key: str
    issue: int


class Record(Stored):
    """What one advance changed, to be written in one transaction, and the state it led to.

    `number` counts the lead's records: each is written once, after the one before it, and stays. A workflow that comes
    with a number the store has already (its own was lost in a crash) takes the stored state and decides again from it.
    """

    lead: str
    number: int
    state: State
    position: Position
    lines: tuple[Line, ...] = ()
    late: tuple[str, ...] = ()
    enrolments: tuple[EnrolmentChange, ...] = ()
    cancelled: tuple[CancelledSend, ...] = ()
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def seq(self) -> int:
        """The newest entry applied."""
        return self.state.seq
