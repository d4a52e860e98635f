"""Asks the outside world for what a step does, and takes its answers: mails, messages, enrolments, handoffs.

How a lead gets to a step and on from it, visit.py decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nurture import calendar, letters
from nurture.commands import EnrollLead, MakeHandoff, NotifyPerson, SendMail, SendResult, TaskDone
from nurture.definitions import Definitions, HandoffStep, Step
from nurture.entries import HandoffClosed
from nurture.facts import KEEP
from nurture.state import Run
from nurture.visit import HOPS, Walk

TOO_LATE = "the mail could not go within the time the step allows"


def settle(walk: Walk) -> None:
    """Carry out what is still valid after the last entry: the only place that asks the outside world."""
    for _ in range(HOPS):
        walk.time_out()
        run = walk.state.run
        if run is None or walk.state.paused is not None:
            return
        if run.stage in ("arriving", "retrying"):
            _carry_out(walk, run)
        elif run.stage == "sending" and not run.issued and run.slot is not None and run.slot <= walk.now:
            _hand_out(walk, run)
        else:
            _drop_overdue(walk, run)
            return
    walk.block(f"{HOPS} actions without time passing: mend the scenario, then retry")


def _carry_out(walk: Walk, run: Run) -> None:
    step, at = walk.ready_step().step, run.since or walk.now
    if run.stage == "arriving":
        walk.chronicle.line("arrived", at, run)
    if step.send is not None:
        _prepare_send(walk, run, step, at)
    elif step.handoff is not None:
        _hand_off(walk, run, step.handoff)
    elif step.notify is not None:
        run.stage, run.why = "acting", f"tells {step.notify.to}"
        walk.commands.append(
            NotifyPerson(
                lead=walk.state.lead,
                key=walk.key,
                to=step.notify.to,
                text=step.notify.text,
                deployment=walk.state.deployment,
                at=walk.now,
            )
        )
    elif step.enroll is not None:
        run.stage, run.why = "acting", f"enrols in {step.enroll.scenario}"
        walk.commands.append(
            EnrollLead(
                lead=walk.state.lead,
                scenario=step.enroll.scenario,
                key=walk.key,
                at=walk.now,
                deployment=walk.state.deployment,
            )
        )
    else:  # it was blocked at its reactions: judge them again
        walk.arrive(walk.start_wait(at), at)


# --- mails ----------------------------------------------------------------------------------------------------------


def _prepare_send(walk: Walk, run: Run, step: Step, at: datetime) -> None:
    run.stage = "sending"
    if step.send_within is not None and run.give_up is None:
        definitions, where = _calendar(walk)
        run.give_up = calendar.after(step.send_within, walk.not_frozen(at), where, definitions)
    _choose_slot(walk, run, walk.now)


def _calendar(walk: Walk) -> tuple[Definitions, ZoneInfo]:
    definitions = walk.book.at(walk.state.deployment)
    return definitions, calendar.zone_of(walk.state.time_zone, definitions)


def _choose_slot(walk: Walk, run: Run, earliest: datetime) -> None:
    """Set the slot of a send, or go another way where it would come too late or never."""
    definitions, where = _calendar(walk)
    before, run.issued = run.slot, False
    run.slot = slot = calendar.slot(earliest, walk.state.sent, where, definitions)
    if run.give_up is not None and (slot is None or slot > run.give_up):
        _too_late(walk, run)
    elif slot is None:
        walk.block(f"no day is open within {calendar.HORIZON_DAYS} days: mend sender.yaml, then deploy")
    elif slot > walk.now:
        why = calendar.why_later(earliest, walk.state.sent, where, definitions)
        run.why = why or "waits for the next try"
        if slot != before:
            reason = f"{run.why}: not before {slot.isoformat()}"
            walk.chronicle.line("deferred", walk.now, run, kind="send", reason=reason)


def choose_again(walk: Walk) -> None:
    """What is current has changed: a mail that waits for its slot may go sooner, or must go later."""
    run = walk.state.run
    if run is not None and run.stage == "sending" and not run.issued and walk.state.paused is None:
        _choose_slot(walk, run, walk.now)


def _hand_out(walk: Walk, run: Run) -> None:
    state, now = walk.state, walk.now
    if walk.left(now):
        walk.arrive(walk.take_next(now), now)
        return
    if walk.skipped(now):
        return
    if run.slot is None or now - run.slot > walk.tolerance:
        _choose_slot(walk, run, now)
        if run.stage != "sending" or run.slot is None or run.slot > now:
            return
    scenario = walk.ready().scenario
    state.issues += 1
    run.issue, run.issued, run.why = state.issues, True, ""
    walk.commands.append(
        SendMail(
            lead=state.lead,
            key=walk.key,
            issue=run.issue,
            scenario=run.scenario,
            enrolment=run.enrolment,
            step=run.step,
            visit=run.visit,
            template=walk.template(walk.ready_step().step),
            language=scenario.language or "ja",
            topic=scenario.topic,
            deployment=state.deployment,
            slot=run.slot,
        )
    )


def _drop_overdue(walk: Walk, run: Run) -> None:
    """Ask that a send which was handed out, but cannot have begun in time, does not begin any more."""
    if run.stage != "sending" or not run.issued or run.proved or run.dropping:
        return
    if run.give_up is not None and run.give_up <= walk.now:
        walk.hold_send()
        run.dropping = True


def _too_late(walk: Walk, run: Run) -> None:
    """The mail cannot go in time: take `when_refused`, else the last reaction."""
    step, now = walk.ready_step().step, walk.now
    walk.chronicle.line("send_too_late", now, run, kind="send", reason=TOO_LATE)
    run.stage = "waiting"
    walk.arrive(step.when_refused or walk.target(step.edges[-1]), now)


def _refused(walk: Walk, run: Run, why: str) -> None:
    """The mail may not go to this lead: take `when_refused`, else the lead cannot be reached."""
    step, now = walk.ready_step().step, walk.now
    walk.chronicle.line("send_refused", now, run, kind="send", reason=why)
    run.stage = "waiting"
    if step.when_refused is None:
        walk.finish("unreachable", now, reason=why)
        walk.arrive(walk.take_next(now), now)
        return
    walk.arrive(step.when_refused, now)


def answered(result: SendResult | TaskDone, now: datetime) -> datetime:
    """When an answer counts, among the entries: a mail went when it was accepted, everything else is so now."""
    gone = isinstance(result, TaskDone) or result.outcome in ("accepted", "unknown")
    return result.at if gone else now


def prove(walk: Walk, result: SendResult) -> None:
    """Remember that the mail awaited has gone, whatever comes before its answer is taken."""
    run = walk.state.run
    if run is not None and result.outcome in ("accepted", "unknown") and _awaited(run, result):
        run.proved = True


def _awaited(run: Run, result: SendResult) -> bool:
    """True for the answer of the newest issue: a lead counts its issues over all its mails."""
    return run.stage == "sending" and run.issue == result.issue


def mail_sent(walk: Walk, result: SendResult) -> None:
    """Take the answer of a send; one of an earlier visit moves nothing (its activity wrote its line)."""
    state, run = walk.state, walk.state.run
    if result.outcome in ("accepted", "unknown"):
        state.sent = tuple(sorted({*state.sent, result.at}))[-KEEP:]  # an answer may be told twice
    if run is None or not _awaited(run, result):
        return
    match result.outcome:
        case "accepted" | "unknown":
            at = max(result.at, run.since or result.at)
            walk.arrive(walk.start_wait(at), at)
        case "refused":
            _refused(walk, run, result.reason or "refused")
        case "deferred":
            _choose_slot(walk, run, max(result.at, walk.now))
        case "blocked":
            run.issued = False
            walk.block(result.reason or "blocked")
        case "cancelled" if run.dropping:
            _too_late(walk, run)
        case "cancelled":
            _choose_slot(walk, run, walk.now)


# --- handoffs and other tasks ---------------------------------------------------------------------------------------


def _hand_off(walk: Walk, run: Run, wanted: HandoffStep) -> None:
    """Make a task, or join the one that is open as one more reason."""
    state = walk.state
    if state.handoff is None:
        state.handoff, state.handoff_made = walk.key, False
    run.stage, run.handoff = "with_sales", state.handoff
    walk.commands.append(
        MakeHandoff(
            lead=state.lead,
            handoff=state.handoff,
            queue=wanted.queue,
            note=wanted.note,
            reasons=(f"{run.scenario}: {run.step}", *state.hot_reasons, *state.letters),
            scenario=run.scenario,
            enrolment=run.enrolment,
            step=run.step,
            visit=run.visit,
            at=walk.now,
            deployment=state.deployment,
            letters=state.letters,
        )
    )
    state.hot_reasons = state.letters = ()


def task_done(walk: Walk, result: TaskDone) -> None:
    """A person was notified, an enrolment asked for or a handoff made: go on, or stand still with the reason."""
    state, run = walk.state, walk.state.run
    if result.too_late:
        if result.error is not None:
            walk.chronicle.line("handoff_failed", walk.now, run, kind="handoff", reason=result.error)
            if state.hot:
                state.hot_unsold = (result.error,)  # `deploy --hand-over` tells sales
        letters.came_late(walk, result)
    elif state.handoff == result.key:
        _handoff_made(walk, result)
    elif run is not None and run.stage == "acting" and result.key == walk.key:
        if result.error is not None:
            walk.block(result.error)
            return
        at = max(result.at, run.since or result.at)
        notify = walk.ready_step().step.notify
        if notify is not None:
            walk.chronicle.line("notified", at, run, subject=notify.to, reason=notify.text)
        walk.arrive(walk.start_wait(at), at)


def _handoff_made(walk: Walk, result: TaskDone) -> None:
    state, run = walk.state, walk.state.run
    if result.error is None:
        state.handoff_made = True
        return
    if not state.handoff_made:
        state.handoff = None  # there is no such task: nothing waits for its outcome
        if state.hot and run is None:
            state.hot_unsold = (result.error,)  # `deploy --hand-over` tries again
    if run is not None and run.stage == "with_sales" and run.handoff == result.key:
        walk.block(result.error)
        return
    walk.chronicle.line("handoff_failed", walk.now, run, kind="handoff", reason=result.error)
    walk.arrive(walk.take_next(walk.now), walk.now)


def close_handoff(walk: Walk, entry: HandoffClosed) -> None:
    """Sales has closed the task: judge the step's reactions on the outcome, once."""
    state, run = walk.state, walk.state.run
    if state.handoff == entry.handoff:
        state.handoff = None
    state.closed = max(entry.at, state.closed or entry.at)
    if run is not None and run.stage in ("with_sales", "blocked") and run.handoff == entry.handoff:
        at = max(entry.at, run.since or entry.at)
        run.outcome = entry.outcome
        walk.arrive(walk.reaction(at), at)
    letters.take_unread(walk, entry.at)
    walk.arrive(walk.take_next(entry.at), entry.at)


# --- pauses and repairs ---------------------------------------------------------------------------------------------


def thaw(walk: Walk, frozen: timedelta) -> None:
    """After a pause: give back the time that stood still; a deadline by a date stays where the date is."""
    run = walk.state.run
    walk.thawed = walk.now
    if run is None:
        return
    if run.deadline is not None and walk.ready_step().step.by is None:
        run.deadline += frozen
    if run.give_up is not None:
        run.give_up += frozen


def try_again(walk: Walk, why: str) -> None:
    """Carry a blocked step out again: no arrival, no visit."""
    run = walk.state.run
    if run is not None and run.stage == "blocked":
        walk.chronicle.line("retried", walk.now, run, kind="ops", reason=why)
        run.stage, run.why, run.issued = "retrying", "", False
