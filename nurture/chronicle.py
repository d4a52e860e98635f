"""Writes down what one advance changed, for people and for the database; refuses to change anything itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from nurture.conditions import as_written
from nurture.plan import Book
from nurture.records import CancelledSend, EnrolmentChange, Line, LineKind, Position, Record, Status
from nurture.state import Run, State

_STATUS: dict[str, Status] = {
    "arriving": "waiting", "sending": "sending", "acting": "sending", "waiting": "waiting",
    "with_sales": "with_sales", "blocked": "blocked", "retrying": "waiting",
}  # fmt: skip


@dataclass(slots=True)
class Chronicle:
    """Collects the lines and changes of one advance. `seq` is the newest entry applied when a line is written."""

    silent: ClassVar[bool] = False
    seq: int = 0
    lines: list[Line] = field(default_factory=list)
    late_events: list[str] = field(default_factory=list)
    enrolments: list[EnrolmentChange] = field(default_factory=list)
    cancelled: list[CancelledSend] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)

    def line(
        self,
        what: str,
        at: datetime,
        run: Run | None,
        *,
        kind: LineKind = "decision",
        subject: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Note one line at the step where the run stands now."""
        self.lines.append(
            Line(
                at=at,
                kind=kind,
                what=what,
                subject=subject,
                scenario=run.scenario if run else None,
                step=(run.step or None) if run else None,
                visit=(run.visit or None) if run else None,
                reason=reason,
                seq=self.seq,
            )
        )

    def late(self, event: str) -> None:
        """Note that an event was older than a decision already taken."""
        self.late_events.append(event)

    def enrolment(self, change: EnrolmentChange) -> None:
        """Note that an enrolment began to run or ended."""
        self.enrolments.append(change)

    def cancel(self, send: CancelledSend) -> None:
        """Note that a send must not begin any more."""
        self.cancelled.append(send)

    def set(self, attribute: str, value: Any) -> None:
        """Note that the scenario wrote an attribute of the lead."""
        self.attributes[attribute] = value

    def record(self, book: Book, before: State, after: State) -> Record | None:
        """What has to be written, or None where nothing changed; counts it in `after`."""
        now, then = position(book, after), position(book, before)
        changed = self.lines or self.late_events or self.enrolments or self.cancelled or self.attributes
        if after.seq == before.seq and now == then and not changed:
            return None
        after.records += 1
        return Record(
            lead=after.lead,
            number=after.records,
            state=after,
            position=now,
            lines=tuple(self.lines),
            late=tuple(self.late_events),
            enrolments=tuple(self.enrolments),
            cancelled=tuple(self.cancelled),
            attributes=self.attributes,
        )


class Silence(Chronicle):
    """Writes nothing down: a forecast of many leads asks for no lines."""

    silent: ClassVar[bool] = True

    def line(self, what: str, at: datetime, run: Run | None, **_: Any) -> None:
        """Drop it."""

    def late(self, event: str) -> None:
        """Drop it."""

    def enrolment(self, change: EnrolmentChange) -> None:
        """Drop it."""

    def cancel(self, send: CancelledSend) -> None:
        """Drop it."""

    def set(self, attribute: str, value: Any) -> None:
        """Drop it."""


def position(book: Book, state: State) -> Position:
    """Where the lead stands, in the words of the API."""
    run = state.run
    if state.erased:
        return Position(status="erased", why="the person is forgotten")
    if run is None:
        status: Status = "paused" if state.paused else "with_sales" if state.handoff else "idle"
        return Position(status=status, phase=state.phase, hot=state.hot, why=_idle_why(state))
    status = "paused" if state.paused else _STATUS[run.stage]
    return Position(
        status=status,
        scenario=run.scenario,
        enrolment=run.enrolment,
        deployment=run.deployment,
        step=run.step,
        visit=run.visit,
        since=run.since,
        waiting_for=_waiting_for(book, state, run),
        deadline=None if state.paused else run.slot if run.stage == "sending" and not run.issued else run.deadline,
        phase=state.phase,
        hot=state.hot,
        why=state.paused.reason if state.paused else _why(run),
    )


def _waiting_for(book: Book, state: State, run: Run) -> Sequence[Any]:
    step = book.ready(run.scenario, run.deployment, state.deployment).steps[run.step].step
    return tuple(as_written(condition) for condition in step.until)


def _idle_why(state: State) -> str:
    if state.paused:
        return state.paused.reason
    return "the task is with sales" if state.handoff else "in no scenario"


def _why(run: Run) -> str:
    match run.stage:
        case "sending":
            handed = "with the mail provider, or held for it: see the timeline"
            return run.why or (handed if run.issued else "waits for the send window")
        case "waiting":
            return "waits for a reaction or the timeout"
        case "with_sales":
            return "waits for the outcome of the handoff"
        case _:
            return run.why
