"""Notices that a lead enters a phase or becomes hot, and sees to it that sales gets it once.

Which rule makes a lead hot, qualification.py decides; here stands what follows: the latch, the jump, the task.
"""

from __future__ import annotations

from datetime import datetime

from nurture.commands import MakeHandoff
from nurture.definitions import IGNORE
from nurture.entries import Happening
from nurture.latch import cools_until, turned
from nurture.qualification import Qualification
from nurture.visit import Walk

SINCE = 2
"""The engine that began to judge this: a lead that was started before takes no crossing until it has a newer one."""


def qualify(walk: Walk, at: datetime, event: Happening | None = None, *, by_deployment: bool = False) -> bool:
    """Judge phase and hot lead definition at an instant; True if a crossing moved the lead.

    `by_deployment`: what is met now is met because the definitions changed; such a lead is marked, not handed over.
    """
    ready = walk.book.qualification(walk.state.deployment)
    if walk.state.engine < SINCE:
        return False
    # what is told late does not take the lead back to a time before what was judged already
    at = walk.state.judged = max(at, walk.state.judged or at)
    settle_phase(walk, ready, at, event)
    if ready.hot_lead is None:
        return False
    state, reasons = walk.state, ready.reasons(walk.situation(at, event))
    # a deployment marks whom it makes hot even in a cool-down: it hands nobody over
    cooling = not (by_deployment and reasons) and _in_cool_down(walk, at)
    turn = turned(hot=state.hot, met=bool(reasons), cooling=cooling, with_sales=state.handoff is not None)
    if not reasons:
        state.held_back = False
        if turn == "cooled":
            state.hot, state.hot_unsold = False, ()
            walk.chronicle.line("not_hot", at, state.run, kind="score", reason="the definition is no longer met")
        return False
    if turn == "stays" or (by_deployment and state.held_back):
        return False
    if turn == "held_back":
        if not state.held_back:
            why = f"{'; '.join(reasons)}: held back, {ready.hot_lead.cool_down} from the closing of the last task"
            walk.chronicle.line("hot_held_back", at, state.run, kind="score", reason=why)
        state.held_back = True
        return False
    state.hot, state.held_back = True, False
    if by_deployment:
        state.hot_unsold = reasons
        why = f"{'; '.join(reasons)}: by deployment {state.deployment}, not handed over"
        walk.chronicle.line("hot", at, state.run, kind="score", reason=why)
        return False
    walk.chronicle.line("hot", at, state.run, kind="score", reason="; ".join(reasons))
    return _hand_over(walk, reasons, at)


def awaits_its_crossing(walk: Walk, at: datetime) -> bool:
    """True where the definitions are met, and only nobody has judged so since time brought it about."""
    if walk.state.hot or walk.state.engine < SINCE:
        return False
    return bool(walk.book.qualification(walk.state.deployment).reasons(walk.situation(at)))


def settle_phase(walk: Walk, ready: Qualification, at: datetime, event: Happening | None = None) -> None:
    """The furthest phase that is reached; never back inside an enrolment."""
    state, run = walk.state, walk.state.run
    before, floor = state.phase, run.phase if run is not None else None
    state.phase = ready.furthest(walk.situation(at, event), floor)
    if run is not None:
        run.phase = state.phase
    if state.phase != before:
        walk.chronicle.line("phase", at, run, subject=state.phase, reason=f"from {before}" if before else None)


def release(walk: Walk, at: datetime) -> bool:
    """Hand over a lead that a deployment made hot, since somebody said so; True if that moved it."""
    state, ready = walk.state, walk.book.qualification(walk.state.deployment)
    ignored = state.run is not None and walk.ready().scenario.on_hot == IGNORE
    if not state.hot_unsold or ready.hot_lead is None or ignored:
        return False  # it waits for a definition that says to whom, or for the end of what ignores it
    reasons, state.hot_unsold = state.hot_unsold, ()
    return _hand_over(walk, reasons, at)


def tell_sales(walk: Walk) -> None:
    """See to it at the end of an advance that every crossing has its task: its own, or a place in the one that is open.

    What a step hands over has taken the reasons along already.
    """
    state, ready = walk.state, walk.book.qualification(walk.state.deployment)
    if not state.hot_reasons or state.paused is not None or ready.hot_lead is None:
        return
    if state.handoff is None:  # what the lead jumped to was passed within this very advance
        _open_task(walk, walk.now, "; ".join(state.hot_reasons))
    asked = (each.handoff for each in (*state.unanswered, *walk.commands) if isinstance(each, MakeHandoff))
    if state.handoff is None or (not state.handoff_made and state.handoff in asked):
        return  # it is being made: what more there is to say is said once it is there
    walk.commands.append(
        MakeHandoff(
            lead=state.lead, handoff=state.handoff, queue=ready.hot_lead.queue, note=None,
            reasons=(*state.hot_reasons, *state.letters),
            scenario="", enrolment=0, step="", visit=0, at=walk.now, deployment=state.deployment,
            letters=state.letters,
        )
    )  # fmt: skip
    state.hot_reasons = state.letters = ()


def _hand_over(walk: Walk, reasons: tuple[str, ...], at: datetime) -> bool:
    """Let sales have the lead: by the step its scenario names, else by a task that ends the scenario."""
    state, run = walk.state, walk.state.run
    scenario = walk.ready().scenario if run is not None else None
    target = scenario.on_hot if scenario is not None else None
    if target == IGNORE:
        return False
    state.hot_reasons = tuple(f"hot: {reason}" for reason in reasons)
    if state.handoff is not None or (run is not None and walk.ready_step().step.handoff is not None):
        return False  # the task that is open or about to be made takes the reasons
    if run is not None and scenario is not None and target is not None:
        walk.move_on("hot", at)
        walk.chronicle.line("on_hot", at, run, subject=target)
        walk.arrive(target, at)
        step, reached = scenario.steps[target], run is state.run and run.step == target
        if not reached and (step.skip is not None or step.max_visits is not None):
            state.hot_reasons = ()  # the step's own words lead past it, and the timeline says so
        return True
    _open_task(walk, at, "; ".join(reasons))
    return run is not None


def _open_task(walk: Walk, at: datetime, why: str) -> None:
    """Name a task of the definition's queue; a scenario that runs ends with it."""
    state = walk.state
    state.crossings += 1
    state.handoff, state.handoff_made = f"{state.lead}/hot/{state.crossings}", False
    if state.run is not None:
        walk.finish("hot", at, reason=why)


def _in_cool_down(walk: Walk, at: datetime) -> bool:
    until = cools_until(walk.state.closed, walk.book.at(walk.state.deployment))
    return until is not None and at < until
