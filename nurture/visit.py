"""Carries a lead from step to step within one advance: arrivals, waits, reactions and ends.

What came in and in which order it counts, walk.py decides; what a step does to the outside world, actions.py.
Everything here changes the one state it is given, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from nurture import calendar
from nurture.chronicle import Chronicle
from nurture.commands import AnyCommand
from nurture.definitions import HOLD_OUT, Edge, SetAttribute, Step
from nurture.entries import Happening
from nurture.judging import Situation
from nurture.plan import Book, ReadyScenario, ReadyStep
from nurture.records import CancelledSend, EnrolmentChange
from nurture.scoring import Points
from nurture.state import Run, State

HOPS = 1_000
"""More moves than this without time passing would be a loop; `nurture check` refuses every scenario that could."""
TOLERANCE = timedelta(minutes=15)
"""How late a send may be handed out and still be judged for the slot that was chosen (design, section 3)."""


class Walk:
    """One advance of one lead: `state` is changed in place, `commands` is what the outside world is asked for.

    `ended` is the last enrolment that ended, as it stood; `thawed` is when a pause ended in this advance: a wait that
    begins with something older gets its whole time from then. `qualifies_anew`: a deadline or a `set` may have changed
    the lead's phase or made it hot. `taken_back`: ids of events that were taken back before they were applied;
    `unmade`: the points before and after those were taken back that had been applied.
    """

    def __init__(self, book: Book, state: State, now: datetime, chronicle: Chronicle, tolerance: timedelta) -> None:
        self.book = book
        self.state = state
        self.now = now
        self.chronicle = chronicle
        self.tolerance = tolerance
        self.commands: list[AnyCommand] = []
        self.ended: Run | None = None
        self.thawed: datetime | None = None
        self.qualifies_anew = False
        self.taken_back: frozenset[str] = frozenset()
        self.unmade: tuple[Points | None, Points | None] = (None, None)
        self._ready: ReadyScenario | None = None

    # --- where the lead stands --------------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The running enrolment; only asked for where there is one."""
        if self.state.run is None:
            raise ValueError("the lead is in no scenario")
        return self.state.run

    def ready(self) -> ReadyScenario:
        """The pinned scenario of the run, ready to be judged."""
        if self._ready is None:
            run = self.run
            self._ready = self.book.ready(run.scenario, run.deployment, self.state.deployment)
        return self._ready

    def ready_step(self) -> ReadyStep:
        """The step the run stands at."""
        return (self._ready or self.ready()).steps[self.run.step]

    @property
    def key(self) -> str:
        """The key of this visit: of its mail, its handoff, its tasks."""
        run = self.run
        return f"{self.state.lead}/{run.scenario}/{run.enrolment}/{run.called or run.step}/{run.visit}"

    def situation(self, at: datetime, event: Happening | None = None) -> Situation:
        """What conditions may ask at an instant, of this visit or outside of any."""
        run, state = self.state.run, self.state
        seen, outcome = (run.seen, run.outcome) if run is not None else ({}, None)
        own = event is not None and event.send is not None and run is not None and event.send == self.key
        measure = self.book.qualification(state.deployment).measure
        return Situation(at, state.attributes, state.facts, seen, event, own, outcome, measure, state.phase, state.hot)

    def migrate(self, deployment: int, step: str) -> str | None:
        """Go on at a step of another deployment's graph, with the facts of the visit; why not, where that cannot be.

        The time that has passed counts against the timeout of the new step.
        """
        run, old = self.run, self.ready_step().step
        scenario = self.book.at(deployment).scenarios.get(run.scenario)
        new = scenario.steps.get(step) if scenario is not None else None
        if new is None:
            return f"deployment {deployment} has no step {step!r} in {run.scenario}"
        if new.action in ("finish", "handoff") and run.stage == "waiting":
            return f"{step!r} of deployment {deployment} would {new.action} at once: move the lead there with go_to"
        if run.stage == "sending" and HOLD_OUT in new.mail_split:
            return f"{step!r} of deployment {deployment} may have no mail for this lead, and one is on its way"
        if run.stage != "waiting" and new.action != old.action:
            return f"{run.step!r} is about to {old.action or 'go on'}, and {step!r} of deployment {deployment} does not"
        run.called = run.called or (run.step if step != run.step else "")
        run.deployment, run.step, self._ready = deployment, step, None
        run.visits[step] = max(run.visits.get(step, 0), run.visit)
        if run.stage == "waiting":
            run.deadline = self._moved(run.deadline, old, new)
        return None

    def _moved(self, deadline: datetime | None, old: Step, new: Step) -> datetime | None:
        if new.by is not None:
            return self._deadline(new, self.now) or self.now
        if new.timeout is None or deadline is None:
            return self.now  # nothing is waited for there
        plain = old.timeout is not None and not (old.timeout.business_days or new.timeout.business_days)
        return deadline - old.timeout.span + new.timeout.span if plain and old.timeout is not None else deadline

    def switch_deployment(self, number: int) -> None:
        """What is current is from now on taken from another deployment; the graph stays pinned."""
        self.state.deployment = number
        self._ready = None

    # --- moving -----------------------------------------------------------------------------------------------------

    def arrive(self, step: str | None, at: datetime) -> None:
        """Enter a step, and go on at once as long as steps neither act nor wait; None goes nowhere."""
        hops = 0
        while step is not None:
            hops += 1
            if hops > HOPS:
                self.block(f"{HOPS} moves without time passing, last to {step!r}: mend the scenario, then retry")
                return
            step = self._enter(step, at)

    def _enter(self, name: str, at: datetime) -> str | None:
        """One arrival; the step to go to at once, or None."""
        if self.left(at):
            return self.take_next(at)
        run, ready = self.run, self.ready().steps[name]
        step, visits = ready.step, self.run.visits.get(name, 0)
        if step.max_visits is not None and visits >= step.max_visits:
            self.chronicle.line("exhausted", at, run, subject=name, reason=f"{step.max_visits} visits")
            if step.when_exhausted is None:
                self.block(f"{name!r} is used up and has no `when_exhausted`: mend the scenario, then retry")
            return step.when_exhausted
        run.visits[name] = run.visit = visits + 1
        run.step, run.since, run.seen, run.called = name, at, {}, ""
        run.slot = run.give_up = run.deadline = run.handoff = run.outcome = None
        run.issued = run.proved = run.dropping = False
        run.stage, run.why = "waiting", ""
        if ready.skip is not None and step.skip is not None and ready.skip(self.situation(at)):
            self.chronicle.line("skipped", at, run, subject=step.skip.go, reason=str(step.skip.when))
            return step.skip.go
        if ready.acts and not self._held_out(step):
            run.stage = "arriving"  # carried out after the last entry, if the lead still stands here
            return None
        self.chronicle.line("arrived", at, run)
        if step.finish is not None:
            self.finish(step.finish, at)
            return self.take_next(at)
        if step.send is not None:
            self.chronicle.line("held_out", at, run, kind="send", reason="the side of the split without a mail")
        if step.set is not None:
            self._set(step.set, at)
        return self.start_wait(at)

    def _held_out(self, step: Step) -> bool:
        return bool(step.mail_split) and self.template(step) == HOLD_OUT

    def _set(self, wanted: SetAttribute, at: datetime) -> None:
        value = list(wanted.to) if isinstance(wanted.to, tuple) else wanted.to
        self.state.attributes[wanted.attribute] = value
        self.qualifies_anew = True
        self.chronicle.set(wanted.attribute, value)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)  # so that it can be read back
        self.chronicle.line("set", at, self.run, subject=wanted.attribute, reason=text)

    def template(self, step: Step) -> str:
        """The mail of this visit: the n-th of the list, the last one thereafter, or the lead's side of the split."""
        if step.mail_split:
            return self._side(step.mail_split, "send")
        return step.mails[min(self.run.visit, len(step.mails)) - 1]

    def start_wait(self, at: datetime) -> str | None:
        """Begin the wait of the present step, or react at once where there is none; the step to go to, or None."""
        run, step = self.run, self.ready_step().step
        run.slot, run.issued, run.stage, run.why = None, False, "waiting", ""
        if step.wait is None:
            return self.reaction(at)
        begins = self.not_frozen(at)
        run.deadline = self._deadline(step, begins)
        if run.deadline is None or run.deadline <= begins or self.met(at):
            return self.reaction(at)
        return None

    def not_frozen(self, at: datetime) -> datetime:
        """`at`, or the end of the pause that was over it: the lead's time stood still meanwhile."""
        return at if self.thawed is None else max(at, self.thawed)

    def _deadline(self, step: Step, at: datetime) -> datetime | None:
        """What ends the wait anyway; None where a date attribute is unknown."""
        definitions = self.book.at(self.state.deployment)
        where = calendar.zone_of(self.state.time_zone, definitions)
        if step.by is not None:
            value = self.state.attributes.get(step.by.attribute)
            return calendar.by_date(value, step.by.offset, step.by.at, where, definitions)
        return calendar.after(step.timeout, at, where, definitions) if step.timeout is not None else None

    def met(self, at: datetime) -> bool:
        """True if something the present step waits for holds."""
        until = self.ready_step().until
        if not until:
            return False
        situation = self.situation(at)
        for holds in until:  # noqa: SIM110 - judged a million times in a forecast, and a generator costs as much again
            if holds(situation):
                return True
        return False

    def reaction(self, at: datetime) -> str | None:
        """Judge `then` in order; the step it leads to, or None where the lead goes nowhere."""
        run, situation = self.run, self.situation(at)
        run.deadline = None
        for each in self.ready_step().edges:
            if each.holds is None or each.holds(situation):
                if each.edge.finish is not None:
                    self.chronicle.line("reaction", at, run, subject=each.edge.finish, reason=each.why)
                    self.finish(each.edge.finish, at)
                    return self.take_next(at)
                target = self.target(each.edge)
                self.chronicle.line("reaction", at, run, subject=target, reason=each.why)
                return target
        self.block("no reaction fits and there is no `otherwise`: mend the scenario, then retry")
        return None

    def target(self, edge: Edge) -> str | None:
        """The step an edge leads this lead to."""
        if edge.split is not None:
            return self._side(edge.split, "then")
        return edge.go or edge.otherwise

    def _side(self, split: Mapping[str, int], what: str) -> str:
        """The lead's side of a split: stable, and independent of every other split (design, section 5)."""
        text = f"{self.run.scenario}\n{self.run.step}\n{self.state.lead}\n{what}"
        point = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 100
        for name, per_cent in split.items():
            if point < per_cent:
                return name
            point -= per_cent
        return list(split)[-1]

    # --- ends and beginnings ----------------------------------------------------------------------------------------

    def left(self, at: datetime, event: Happening | None = None) -> bool:
        """End the enrolment if one of its `leave` conditions holds; True if it did."""
        leave = self.ready().leave
        if not leave:
            return False
        situation = self.situation(at, event)
        for holds, word, why in leave:
            if holds(situation):
                self.finish(word, at, reason=why)
                return True
        return False

    def finish(self, word: str, at: datetime, *, reason: str | None = None) -> None:
        """End the running enrolment with a word; an open task stays with its rep."""
        state, run = self.state, self.state.run
        if run is None:
            return
        self.move_on(reason or word, at)
        self.chronicle.line("finished", at, run, subject=word, reason=reason)
        self.chronicle.enrolment(EnrolmentChange(enrolment=run.enrolment, state="ended", at=at, finish=word))
        state.run, state.finished, self.ended, self._ready = None, word, run, None
        state.decided = max(at, state.decided or at)
        state.quiet_since = max(at, state.quiet_since or at)

    def take_next(self, at: datetime) -> str | None:
        """Begin the first queued enrolment, if the lead is free for it; the step it starts at, or None."""
        state = self.state
        if not state.queue or state.run is not None or state.paused is not None or state.handoff is not None:
            return None
        if state.unread:
            return None  # it would end at once: sales gets a task for the letter first
        first, *rest = state.queue
        start = self.book.ready(first.scenario, first.deployment, state.deployment).scenario.start
        state.queue = tuple(rest)
        state.run = Run(first.scenario, first.enrolment, first.deployment, entered=at, since=at)
        self._ready = None
        self.chronicle.enrolment(EnrolmentChange(enrolment=first.enrolment, state="running", at=at))
        self.chronicle.line("entered", at, state.run)
        return start

    def move_on(self, why: str, at: datetime) -> None:
        """Give up what the present step has not done yet, because something moves the lead away."""
        run, state = self.run, self.state
        match run.stage:
            case "arriving" if run.step:  # an enrolment that ends before its first arrival has passed nothing
                self.chronicle.line("passed", at, run, reason=why)
                run.visits[run.step] -= 1
            case "sending" if not run.proved:
                self.chronicle.line("send_not_needed", at, run, kind="send", reason=why)
                self.hold_send()
            case "with_sales" if state.handoff is not None:
                self.chronicle.line("task_stays", at, run, kind="handoff", reason=f"the lead moved on: {why}")
        run.stage, run.why, run.deadline = "waiting", "", None

    def hold_send(self) -> None:
        """A send that has not begun must not begin any more."""
        run = self.run
        if run.stage == "sending" and run.issued and not run.proved:
            self.chronicle.cancel(CancelledSend(key=self.key, issue=run.issue))

    def block(self, why: str) -> None:
        """Stand still until a deploy or a person tries again; never a failed workflow, never an ejected lead."""
        run = self.run
        run.stage, run.why, run.deadline = "blocked", why, None
        self.chronicle.line("blocked", self.now, run, reason=why)

    # --- events and time --------------------------------------------------------------------------------------------

    def hear(self, event: Happening) -> None:
        """Note an event of this visit for the step's own reactions."""
        run = self.run
        own = event.send is not None and event.send == self.key
        for key, pattern in self.ready_step().heard.get(event.type, ()):
            if own if pattern.own_mail else pattern.matches(pattern.type, event.subject):
                run.seen[key] = min(event.at, run.seen.get(key, event.at))
        if own and run.stage == "sending":
            run.proved = True

    def judge_step(self, at: datetime) -> None:
        """Let the step's own `skip` and `until` react to what is known now."""
        run = self.run
        if run.stage == "waiting":
            if self.met(at):
                self.arrive(self.reaction(at), at)
            return
        if run.stage in ("acting", "with_sales") or run.proved:
            return  # the answer is awaited, or the outcome; a mail that has gone is waited for
        if self.skipped(at):
            return
        if self.ready_step().step.send is not None and self.met(at):
            self.move_on("no longer needed", at)
            self.arrive(self.reaction(at), at)

    def skipped(self, at: datetime) -> bool:
        """Leave a step that has not acted yet if its `skip` holds now; True if it did."""
        ready = self.ready_step()
        if ready.skip is None or ready.step.skip is None or not ready.skip(self.situation(at)):
            return False
        self.move_on("skip", at)
        self.chronicle.line("skipped", at, self.run, subject=ready.step.skip.go, reason=str(ready.step.skip.when))
        self.arrive(ready.step.skip.go, at)
        return True

    def time_out(self, *, before: datetime | None = None) -> None:
        """Take every timeout that is due by now and earlier than `before`, each at its own deadline."""
        state = self.state
        while (run := state.run) is not None and state.paused is None:
            due = run.deadline
            if due is None or due > self.now or (before is not None and due >= before):
                return
            self.qualifies_anew = True
            if self.left(due):
                self.arrive(self.take_next(due), due)
                continue
            if not self.met(due):
                self.chronicle.line("timeout", due, run)
            self.arrive(self.reaction(due), due)
