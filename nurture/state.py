"""What is known of one lead while its workflow runs; refuses to decide anything.

Plain dataclasses, not models: the simulator copies them a few million times. They cross Temporal as JSON through
pydantic like everything else, and unknown keys are ignored there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from nurture.commands import AnyCommand, SendResult, TaskDone
from nurture.entries import AnyEntry
from nurture.facts import Facts

ENGINE = 5
"""Raised when walk, conditions or score change so that recorded input would give other commands."""

Stage = Literal["arriving", "sending", "acting", "waiting", "with_sales", "blocked", "retrying"]
"""`arriving`: the step's action is not carried out yet; `retrying`: it is to be carried out once more."""


@dataclass(slots=True)
class Run:
    """The enrolment that runs, and the visit it is at.

    `since`: when this visit began; what is older is late. `seen`: bare events of this visit with their first instant.
    `slot`: when the mail may go; `issued`: its command is out and its answer awaited; `proved`: it has gone, whatever
    the answer: an event of this very mail has come. `give_up`: the mail must have gone by then; `dropping`: it was
    asked not to begin any more. `deadline`: what ends the wait. `called`: the name the step had when this visit began,
    where a migration has renamed it: the keys of its mail and its task keep it. `phase`: the furthest of this
    enrolment.
    """

    scenario: str
    enrolment: int
    deployment: int
    entered: datetime
    step: str = ""
    visit: int = 0
    visits: dict[str, int] = field(default_factory=dict)
    since: datetime | None = None
    seen: dict[str, datetime] = field(default_factory=dict)
    stage: Stage = "arriving"
    slot: datetime | None = None
    issue: int = 0
    issued: bool = False
    proved: bool = False
    give_up: datetime | None = None
    dropping: bool = False
    deadline: datetime | None = None
    handoff: str | None = None
    outcome: str | None = None
    why: str = ""
    called: str = ""
    phase: str | None = None

    def copy(self) -> Run:
        """A copy that shares nothing that is ever changed in place."""
        return replace(self, visits=self.visits.copy(), seen=self.seen.copy())


@dataclass(slots=True)
class Queued:
    """An enrolment that waits for its turn. `asked`: when it was decided on; None in what older releases stored."""

    scenario: str
    enrolment: int
    deployment: int
    priority: int
    front: bool = False
    asked: datetime | None = None


@dataclass(slots=True)
class Pause:
    """A person has stopped the lead for a while; what came meanwhile is judged when it goes on."""

    since: datetime
    reason: str
    entries: tuple[AnyEntry, ...] = ()
    results: tuple[SendResult | TaskDone, ...] = ()


@dataclass(slots=True)
class State:
    """One lead.

    `seq` is the newest entry applied; `sent` the instants of its newest mails, for the cap; `finished` the word its
    newest ended enrolment ended with, `decided` when. `handoff` is the open task, `handoff_made` says that it exists.
    `unanswered` is what the outside world was asked for and has not answered yet: whoever goes on from a stored state
    asks for it again. `requests` are the ids of the newest requests of people, so that none is granted twice.
    `hot` is the latch; `hot_reasons` are those sales has not been told, `hot_unsold` those of a lead that a deployment
    made hot and nobody handed over; `letters` are the reasons of letters sales has not been told of, `unread` those
    that came too late for a task whose closing has not been heard of yet; `crossings` counts the tasks made outside a
    scenario, `closed` is when the last task was closed, `held_back` says that a crossing waits for the cool-down.
    `judged` is the newest instant at which phase and definition were judged. `erased`: the person was forgotten;
    whatever still comes moves nothing.
    """

    lead: str
    engine: int = ENGINE
    seq: int = 0
    deployment: int = 0
    language: str = "ja"
    time_zone: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    run: Run | None = None
    finished: str | None = None
    decided: datetime | None = None
    queue: tuple[Queued, ...] = ()
    paused: Pause | None = None
    handoff: str | None = None
    handoff_made: bool = False
    sent: tuple[datetime, ...] = ()
    hot: bool = False
    hot_reasons: tuple[str, ...] = ()
    hot_unsold: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    held_back: bool = False
    judged: datetime | None = None
    crossings: int = 0
    closed: datetime | None = None
    phase: str | None = None
    records: int = 0
    issues: int = 0
    quiet_since: datetime | None = None
    unanswered: tuple[AnyCommand, ...] = ()
    requests: tuple[str, ...] = ()
    erased: bool = False

    def copy(self) -> State:
        """A copy that shares nothing that is ever changed in place."""
        return replace(
            self,
            attributes=self.attributes.copy(),
            facts=self.facts.copy(),
            run=self.run.copy() if self.run is not None else None,
        )
