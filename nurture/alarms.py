"""Says when time alone changes something for a lead, and in which words; refuses to change it: walk.py does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.plan import Book
from nurture.state import State

IDLE_FOR = timedelta(days=30)
"""A lead without scenario, queue or open handoff completes after so long without an entry (design, section 4)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The next instant at which time alone changes something, and the words for it."""

    at: datetime
    summary: str
    retire: bool = False


def alarm_at(state: State) -> datetime | None:
    """When to call `advance` again if nothing comes in; None while only an answer or a person can change anything.

    A timer set for it is only a hint: `now` at or after the deadline decides.
    """
    run = state.run
    if state.paused is not None or state.erased:
        return None
    if run is None:
        idle = not state.queue and state.handoff is None and state.quiet_since is not None
        return state.quiet_since + IDLE_FOR if idle and state.quiet_since is not None else None
    if run.stage == "waiting":
        return run.deadline
    if run.stage != "sending":
        return None
    if not run.issued:
        return run.slot
    return None if run.dropping or run.proved else run.give_up


def alarm(book: Book, state: State) -> Alarm | None:
    """The instant of `alarm_at`, with words for the timer that is set for it."""
    at, run = alarm_at(state), state.run
    if at is None:
        return None
    if run is None:
        return Alarm(at, f"completes when idle for {IDLE_FOR.days} days", retire=True)
    if run.stage == "sending":
        what = "mail must have gone" if run.issued else "send window opens"
        return Alarm(at, f"{what}: {run.step}"[:200])
    step = book.ready(run.scenario, run.deployment, state.deployment).steps[run.step].step
    awaited = " or ".join(str(condition) for condition in step.until)
    length = f", {step.timeout}" if step.timeout is not None else ""
    return Alarm(at, f"wait{f' for {awaited}' if awaited else ''}: {run.step}{length}"[:200])
