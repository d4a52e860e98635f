"""Decides what happens to one lead: a pure state machine over entries, results, updates and time.

`advance` never changes what it is given and never looks at a clock. The workflow, the simulator and the back-test all
drive it, so that a forecast and the real run cannot disagree. This module orders what came in and judges it; how a lead
moves stands in visit.py, what a step asks of the outside world in actions.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from nurture import actions, erasure, hot, ledger, letters, turns
from nurture.chronicle import Chronicle
from nurture.commands import AnyCommand, SendResult, TaskDone, is_answered, name_of
from nurture.entries import (
    AnyEntry,
    Corrected,
    Deployed,
    Enrolled,
    EpochBegan,
    Erased,
    HandoffClosed,
    Happening,
    Profiled,
    Ticked,
)
from nurture.facts import Facts
from nurture.plan import Book
from nurture.records import EnrolmentChange, Record
from nurture.sheet import fit_facts
from nurture.state import Pause, State
from nurture.updates import GoTo, LeaveScenario, Migrate, Request, Resume, Retry, Update
from nurture.updates import Pause as PauseLead
from nurture.visit import TOLERANCE, Walk

MOST_REQUESTS = 20
"""How many requests of people are remembered: a crash repeats only the newest."""


@dataclass(frozen=True, slots=True)
class FactsRead:
    """A fact sheet made anew from the stored events up to the state's `seq`, asked for by `wants_facts`."""

    facts: Facts


Input = AnyEntry | SendResult | TaskDone | FactsRead | Request


@dataclass(frozen=True, slots=True)
class Advanced:
    """The new state, what to write down (None: nothing changed), and what to do, in order."""

    state: State
    record: Record | None
    commands: tuple[AnyCommand, ...]


def advance(
    book: Book, state: State, inputs: Sequence[Input], now: datetime, *, tolerance: timedelta = TOLERANCE
) -> Advanced:
    """Take what came in and go as far as it leads; what is given stays as it is.

    The caller has read everything stored up to `now` whenever `now` has reached the deadline that `alarm` named: an
    entry whose time is not after a deadline then wins over the timeout. Entries come without gaps above `state.seq`
    (repeats are dropped); raises ValueError at a gap, MissingDeployment where a deployment is not loaded. `tolerance`
    is how late a send may be handed out for its slot, on nurture's clock.
    """
    after = state.copy()
    walk = go_on(book, after, inputs, now, Chronicle(), tolerance)
    after.unanswered = _unanswered(state, inputs, walk.commands)
    return Advanced(after, walk.chronicle.record(book, state, after), tuple(walk.commands))


def _unanswered(state: State, inputs: Sequence[Input], fresh: Sequence[AnyCommand]) -> tuple[AnyCommand, ...]:
    answers = [each for each in inputs if isinstance(each, SendResult | TaskDone)]
    waiting = [each for each in state.unanswered if not any(is_answered(each, answer) for answer in answers)]
    return tuple({name_of(each): each for each in (*waiting, *fresh)}.values())


def go_on(
    book: Book,
    state: State,
    inputs: Sequence[Input],
    now: datetime,
    chronicle: Chronicle,
    tolerance: timedelta = TOLERANCE,
) -> Walk:
    """Advance a lead by changing its very state, for a caller that keeps no other and no record: the simulator."""
    walk = Walk(book, state, now, chronicle, tolerance)
    chronicle.seq = state.seq
    entries: list[AnyEntry] = []
    results: list[SendResult | TaskDone] = []
    requests: list[Request] = []
    for each in inputs:
        match each:
            case SendResult() | TaskDone():
                results.append(each)
            case FactsRead(facts=facts):
                walk.unmade = (ledger.points(walk, now), ledger.points(walk, now, facts))
                state.facts = facts.copy()
            case Request():
                requests.append(each)
            case _:
                entries.append(each)
    fresh = _in_order(state, entries) if entries else []
    fit_facts(book, state, fresh, requests)
    walk.taken_back = frozenset(each for entry in fresh if isinstance(entry, Corrected) for each in entry.events)
    _by_time(walk, fresh, results, _take_entry)
    if requests:
        walk.time_out()
        for request in requests:
            _grant(walk, request)
    actions.settle(walk)
    if walk.qualifies_anew and state.paused is None and not state.erased and hot.qualify(walk, now):
        actions.settle(walk)
    hot.tell_sales(walk)
    letters.tell_sales(walk)
    return walk


def _by_time(
    walk: Walk,
    entries: Sequence[AnyEntry],
    results: Sequence[SendResult | TaskDone],
    take: Callable[[Walk, AnyEntry], None],
) -> None:
    """Take entries and answers by their time. That a mail has gone is known from the start: nothing cancels it."""
    for result in results:
        if isinstance(result, SendResult):
            actions.prove(walk, result)
    answers = sorted(results, key=lambda result: actions.answered(result, walk.now))
    for entry in entries:
        while answers and actions.answered(answers[0], walk.now) < entry.at:
            _take_result(walk, answers.pop(0))
        walk.time_out(before=entry.at)
        take(walk, entry)
    for result in answers:
        _take_result(walk, result)


def _in_order(state: State, entries: Iterable[AnyEntry]) -> list[AnyEntry]:
    """Entries not yet applied, by (event time, seq); inside one delivery the order of arrival never matters."""
    fresh = {entry.seq: entry for entry in entries if entry.seq > state.seq}
    if fresh and max(fresh) != state.seq + len(fresh):
        raise ValueError(f"entries {sorted(fresh)} leave a gap above {state.seq}: read the stored ones first")
    return sorted(fresh.values(), key=lambda entry: (entry.at, entry.seq))


def next_seq_missing(state: State, entries: Iterable[AnyEntry]) -> bool:
    """True if the entries leave a gap above what was applied, so that the stored ones must be read."""
    fresh = sorted({entry.seq for entry in entries if entry.seq > state.seq})
    return bool(fresh) and fresh != list(range(state.seq + 1, state.seq + 1 + len(fresh)))


# --- entries --------------------------------------------------------------------------------------------------------


def _take_entry(walk: Walk, entry: AnyEntry) -> None:
    """Apply one entry: what it tells is known at once, what follows from it is judged unless the lead is paused."""
    state = walk.state
    state.seq = walk.chronicle.seq = max(state.seq, entry.seq)
    state.quiet_since = max(entry.received_at, state.quiet_since or entry.received_at)
    if state.erased:
        return
    if entry.deployment > state.deployment:
        _take_deployment(walk, entry)
    if not _know(walk, entry):
        return
    if state.paused is not None:
        state.paused = replace(state.paused, entries=(*state.paused.entries, entry))
    else:
        _judge_entry(walk, entry)


def _know(walk: Walk, entry: AnyEntry) -> bool:
    """Take in what an entry tells; True where something may follow that is to be judged."""
    state = walk.state
    match entry:
        case Erased():
            erasure.forget(walk, entry.at)
            return False
        case EpochBegan():
            return False  # the driver's clock has changed; nothing of the lead has
        case Enrolled():
            _take_enrolment(walk, entry)
            return False
        case Profiled():
            before = ledger.points(walk, entry.at) if entry.attributes != state.attributes else None
            state.language, state.time_zone = entry.language, entry.time_zone
            state.attributes = dict(entry.attributes)
            ledger.tell(walk, before, entry.at)
        case Happening(id=event) if event in walk.taken_back:
            return False  # a machine's, and nobody had heard of it
        case Happening():
            before = ledger.points(walk, entry.at) if ledger.counts(walk, entry.type) else None
            state.facts.note(entry.type, entry.subject, entry.send, entry.at)
            ledger.tell(walk, before, entry.at)
        case Corrected():
            ledger.tell_of_taken_back(walk, entry.at)
        case HandoffClosed() | Deployed() | Ticked():
            pass
        case _:
            assert_never(entry)
    return True


def _take_deployment(walk: Walk, entry: AnyEntry) -> None:
    """What the new definitions make of the lead is not the doing of an entry; what the old ones did not say yet is."""
    judged = walk.state.deployment == 0 or hot.awaits_its_crossing(walk, entry.at)
    before = ledger.points(walk, entry.at)
    walk.switch_deployment(entry.deployment)
    ledger.tell(walk, before, entry.at, why=f"by deployment {entry.deployment}: ")
    if not judged:
        hot.qualify(walk, entry.at, by_deployment=True)


def _take_enrolment(walk: Walk, entry: Enrolled) -> None:
    turns.put(walk, entry)
    if walk.state.run is not None and entry.replaces:
        walk.finish("replaced", entry.at, reason=f"by {entry.scenario}")
    walk.arrive(walk.take_next(entry.at), entry.at)


def _judge_entry(walk: Walk, entry: AnyEntry) -> None:
    """What follows from an entry whose news is known: for the open task, for a blocked step, for the enrolment."""
    match entry:
        case HandoffClosed():
            actions.close_handoff(walk, entry)
            hot.qualify(walk, entry.at)
        case Corrected():  # the branch that was taken stands: only phase and latch are judged again
            hot.qualify(walk, entry.at)
        case Deployed():  # it moves nobody unless somebody said so
            actions.try_again(walk, f"deployment {entry.deployment}")
            if not (entry.hand_over and hot.release(walk, entry.at)):
                actions.choose_again(walk)
        case _:
            _judge_change(walk, entry)


def _judge_change(walk: Walk, entry: AnyEntry) -> None:
    """What the lead did, what it is now, or time: in the order leaves, `anywhere`, hot, the step's own reactions."""
    event = entry if isinstance(entry, Happening) else None
    late = event is not None and _late(walk.state, event)
    if event is not None and late:
        walk.chronicle.late(event.id)
    if event is not None:
        turns.drop_forbidden(walk, event)
    run = walk.state.run
    letter = letters.of(walk, event)
    if run is None:
        hot.qualify(walk, entry.at, event)
    if run is None or entry.at < run.entered:
        if letter is not None:
            letters.stop(walk, letter, entry.at, run=None)
        return
    at = max(entry.at, run.since or entry.at)
    gone = _leaves(walk, at, event) or _jumps(walk, at, event)
    moved = hot.qualify(walk, at, event) or gone
    if letter is not None:
        letters.stop(walk, letter, at, run=run)
    if moved or letter is not None:
        return
    if event is not None and not late:
        walk.hear(event)
    walk.judge_step(at)
    if isinstance(entry, Profiled):  # what a blocked mail lacked may be there now
        actions.try_again(walk, "the profile has changed")


def _late(state: State, event: Happening) -> bool:
    """True for an event that is older than a decision already taken: the arrival at this visit, or the last end."""
    run = state.run
    if run is None:
        return state.decided is not None and event.at < state.decided
    return run.since is not None and event.at < run.since


def _leaves(walk: Walk, at: datetime, event: Happening | None) -> bool:
    """End the enrolment where an event forbids its mail (built in), or one of its `leave` conditions holds."""
    if event is not None and event.suppresses is not None and event.suppresses in ("all", walk.ready().scenario.topic):
        walk.finish(event.type, at, reason="no further mail may be sent")
    elif not walk.left(at, event):
        return False
    walk.arrive(walk.take_next(at), at)
    return True


def _jumps(walk: Walk, at: datetime, event: Happening | None) -> bool:
    """Follow the first `anywhere` that holds; not out of a handoff step, nor to where the lead stands."""
    run, anywhere = walk.run, walk.ready().anywhere
    if not anywhere or walk.ready_step().step.handoff is not None:
        return False
    situation = walk.situation(at, event)
    for holds, target in anywhere:
        if target != run.step and holds(situation):
            walk.move_on("anywhere", at)
            walk.chronicle.line("anywhere", at, run, subject=target)
            walk.arrive(target, at)
            return True
    return False


# --- results and updates --------------------------------------------------------------------------------------------


def _take_result(walk: Walk, result: SendResult | TaskDone) -> None:
    state = walk.state
    if state.paused is not None:
        state.paused = replace(state.paused, results=(*state.paused.results, result))
    elif isinstance(result, SendResult):
        actions.mail_sent(walk, result)
    else:
        actions.task_done(walk, result)


def _grant(walk: Walk, request: Request) -> None:
    state = walk.state
    if request.id not in state.requests and not state.erased:
        state.requests = (*state.requests, request.id)[-MOST_REQUESTS:]
        _take_update(walk, request.update)


def _take_update(walk: Walk, update: Update) -> None:
    now = walk.now
    match update:
        case PauseLead(reason=reason):
            _pause(walk, reason)
        case Resume(reason=reason):
            _resume(walk, reason)
        case LeaveScenario(reason=reason):
            walk.finish("left", now, reason=reason)
            walk.arrive(walk.take_next(now), now)
        case GoTo(step=step, reason=reason):
            _go_to(walk, step, reason)
        case Retry(reason=reason):
            actions.try_again(walk, reason)
        case Migrate(deployment=deployment, step=step):
            _migrate(walk, deployment, step)
        case _:
            assert_never(update)


def _go_to(walk: Walk, step: str, reason: str) -> None:
    state, now = walk.state, walk.now
    if state.run is None or state.paused is not None or step not in walk.ready().steps:
        # the driver refused it if it could; here the lead has moved since it was asked
        walk.chronicle.line("not_moved", now, state.run, kind="ops", subject=step, reason=reason)
        return
    walk.move_on("go_to", now)
    walk.chronicle.line("go_to", now, state.run, kind="ops", subject=step, reason=reason)
    walk.arrive(step, now)


def _migrate(walk: Walk, deployment: int, step: str) -> None:
    run, now = walk.state.run, walk.now
    if run is None:
        walk.chronicle.line("not_migrated", now, run, kind="ops", subject=step, reason="the lead is in no scenario")
        return
    before = run.deployment
    why_not = walk.migrate(deployment, step)
    if why_not is not None:
        walk.chronicle.line("not_migrated", now, run, kind="ops", subject=step, reason=why_not)
        return
    change = EnrolmentChange(enrolment=run.enrolment, state="moved", at=now, deployment=deployment)
    walk.chronicle.enrolment(change)
    walk.chronicle.line("migrated", now, run, kind="ops", reason=f"from deployment {before} to {deployment}")
    actions.try_again(walk, f"migrated to deployment {deployment}")
    if walk.state.paused is None:
        walk.judge_step(now)


def _pause(walk: Walk, reason: str) -> None:
    state = walk.state
    if state.paused is not None:
        return
    walk.chronicle.line("paused", walk.now, state.run, kind="ops", reason=reason)
    state.paused = Pause(since=walk.now, reason=reason)
    if state.run is not None:
        walk.hold_send()


def _resume(walk: Walk, reason: str) -> None:
    """Thaw the remaining time, then judge what came meanwhile by its time."""
    state, pause = walk.state, walk.state.paused
    if pause is None:
        return
    state.paused = None
    walk.chronicle.line("resumed", walk.now, state.run, kind="ops", reason=reason)
    actions.thaw(walk, walk.now - pause.since)
    entries = sorted(pause.entries, key=lambda each: (each.at, each.seq))
    _by_time(walk, entries, pause.results, _judge_entry)
    walk.arrive(walk.take_next(walk.now), walk.now)
