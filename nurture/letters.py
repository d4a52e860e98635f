"""Sees to it that a letter of a lead is read by a person, and that no mail goes on meanwhile; refuses to read it.

A letter is an event `replied` that somebody wrote with his own hands (`written`); what it says stays in the database.
"""

from __future__ import annotations

from datetime import datetime

from nurture.commands import MakeHandoff, NotifyPerson, TaskDone
from nurture.conditions import Did, Happened, parts
from nurture.entries import Happening
from nurture.judging import judge
from nurture.state import Run
from nurture.visit import Walk

FINISH = "replied"
"""The word with which a letter ends a scenario that has nothing to say about it."""


def of(walk: Walk, event: Happening | None) -> str | None:
    """What to tell sales of a letter, or None: it is none, or the lead's scenario says itself what follows from it."""
    if event is None or not event.written or (walk.state.run is not None and _is_heard(walk, event)):
        return None
    return f"replied: {event.subject}" if event.subject else "replied"


def _is_heard(walk: Walk, event: Happening) -> bool:
    """True if the scenario names this very answer: in `leave` or `anywhere`, or in the step the lead stands at."""
    ready, situation = walk.ready(), walk.situation(event.at, event)
    shared = walk.book.at(walk.state.deployment)
    written = [*(each.when for each in ready.scenario.leave), *(each.when for each in ready.scenario.anywhere)]
    for condition in written:
        for part in parts(condition):
            match part:
                case Happened() if part.event.type == event.type and judge(part, shared, "entry")(situation):
                    return True
                case Did() if part.did.matches(event.type, event.subject):
                    return True
    patterns = (pattern for _, pattern in walk.ready_step().heard.get(event.type, ()) if pattern.type == event.type)
    return any(
        situation.own if pattern.own_mail else pattern.matches(event.type, event.subject) for pattern in patterns
    )


def stop(walk: Walk, letter: str, at: datetime, run: Run | None) -> None:
    """End the scenario that was running and has not been left by this very entry, and let sales have the lead.

    A lead that sales has already, or is just about to get, stays where it is. What is queued waits for the task.
    """
    state = walk.state
    state.letters = (*state.letters, letter)
    if state.run is not None and walk.ready_step().step.handoff is not None:
        return
    _open_task(walk)  # first, so that nothing that is queued begins
    if run is not None and state.run is run:
        walk.finish(FINISH, at, reason=letter)
        walk.arrive(walk.take_next(at), at)


def came_late(walk: Walk, result: TaskDone) -> None:
    """A letter was to join a task that was closed meanwhile: it counts as one that came after the closing."""
    if not result.letters:
        return
    why = f"{'; '.join(result.letters)}: a letter came; the task was closed meanwhile, so sales gets another one"
    walk.chronicle.line("letter_came_late", walk.now, walk.state.run, kind="handoff", reason=why)
    walk.state.unread = (*walk.state.unread, *result.letters)
    if walk.state.handoff != result.key:  # else its outcome is on its way, and is judged first
        take_unread(walk, walk.now)


def take_unread(walk: Walk, at: datetime) -> None:
    """Take the letters that nobody read before the task was closed, as if they had come now."""
    state = walk.state
    unread, state.unread = state.unread, ()
    for letter in unread:
        run = state.run
        stop(walk, letter, max(at, run.since or at) if run is not None else at, run=run)


def tell_sales(walk: Walk) -> None:
    """At the end of an advance: every letter has its task, or a place in the one that is open and a word to its queue.

    What a handoff step took along is told already.
    """
    state, queue = walk.state, _queue(walk)
    if not state.letters or state.paused is not None:
        return
    told, state.letters = state.letters, ()
    if queue is None:
        why = f"{'; '.join(told)}: sales.yaml has no queue, so nobody is told"
        walk.chronicle.line("letter_unread", walk.now, state.run, kind="handoff", reason=why)
        return
    _open_task(walk)
    asked = [each for each in (*state.unanswered, *walk.commands) if isinstance(each, MakeHandoff)]
    if not state.handoff_made and any(each.handoff == state.handoff for each in asked):
        state.letters = told  # it is being made: what more there is to say is said once it is there
        return
    if state.handoff_made:  # whoever has the task was told of it long ago
        state.crossings += 1
        walk.commands.append(
            NotifyPerson(
                lead=state.lead, key=f"{state.lead}/reply/{state.crossings}", to=queue, text="; ".join(told),
                deployment=state.deployment, at=walk.now,
            )
        )  # fmt: skip
    walk.commands.append(
        MakeHandoff(
            lead=state.lead, handoff=state.handoff, queue=queue, note=None, reasons=told,
            scenario="", enrolment=0, step="", visit=0, at=walk.now, deployment=state.deployment, letters=told,
        )
    )  # fmt: skip


def _open_task(walk: Walk) -> None:
    """Name a task for the letter, where sales has none of this lead and there is a queue for it."""
    state = walk.state
    if state.handoff is None and _queue(walk) is not None:
        state.crossings += 1
        state.handoff, state.handoff_made = f"{state.lead}/reply/{state.crossings}", False


def _queue(walk: Walk) -> str | None:
    """Who reads letters: the queue that sales.yaml names for them, else that of hot leads, else the first one."""
    current = walk.book.at(walk.state.deployment)
    if current.sales is None:
        return None
    hot = current.hot_lead.queue if current.hot_lead is not None else None
    return current.sales.letters or (hot if hot in current.sales.queues else next(iter(current.sales.queues)))
