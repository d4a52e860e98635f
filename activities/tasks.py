"""Makes sales tasks, tells people, enrols leads: one adapter call each."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.desk import Desk, take_up
from adapters.database import enrolments, handoffs
from adapters.database.engine import writing
from adapters.database.scores import points_of
from adapters.notification import Message
from adapters.sales_channels.telling import Left
from nurture import protocol
from nurture.commands import EnrollLead, MakeHandoff, NotifyPerson, TaskDone

SOON = timedelta(milliseconds=100)


class TaskActivities:
    """The activities behind handoff, notify and enroll steps."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @activity.defn(name=protocol.MAKE_HANDOFF, no_thread_cancel_exception=True)
    def make_handoff(self, order: protocol.Order) -> TaskDone:
        """Make the task row, once; the handoff's own workflow tells sales."""
        command = order.command
        if not isinstance(command, MakeHandoff):
            raise _wrong(order)
        definitions = self._desk.store.current()
        with writing(self._desk.engine) as conn:
            take_up(conn, order)
            if definitions.sales is None or command.queue not in definitions.sales.queues:
                why = f"no queue {command.queue!r} in sales.yaml of deployment {definitions.number}: add it and deploy"
                return TaskDone(key=command.handoff, at=command.at, error=why)
            points = points_of(conn, [command.lead], definitions, command.at).get(command.lead)
            try:
                handoffs.make(conn, command, definitions, score=points.shown() if points is not None else None)
            except (handoffs.HandoffTaken, handoffs.LeadForgotten) as taken:
                return _too_late(command, taken)
        return TaskDone(key=command.handoff, at=command.at)

    @activity.defn(name=protocol.NOTIFY_PERSON, no_thread_cancel_exception=True)
    def notify_person(self, order: protocol.Order) -> TaskDone:
        """Tell a queue or a rep; tried again for as long as one of its channels is down."""
        command = order.command
        if not isinstance(command, NotifyPerson):
            raise _wrong(order)
        with writing(self._desk.engine) as conn:
            take_up(conn, order)
        message = Message(key=command.key, to=command.to, text=command.text, lead=command.lead)
        _come_again(self._desk.teller.message(message, command.at))
        return TaskDone(key=command.key, at=command.at)

    @activity.defn(name=protocol.ENROLL_LEAD, no_thread_cancel_exception=True)
    def enroll_lead(self, order: protocol.Order) -> TaskDone:
        """Let the database decide on the enrolment; a refusal is on the timeline and no fault."""
        command = order.command
        if not isinstance(command, EnrollLead):
            raise _wrong(order)
        definitions = self._desk.store.current()
        scenario = definitions.scenarios.get(command.scenario)
        with writing(self._desk.engine) as conn:
            take_up(conn, order)
            if scenario is None:
                why = f"no scenario {command.scenario!r} in deployment {definitions.number}"
                return TaskDone(key=command.key, at=command.at, error=why)
            enrolments.decide(
                conn, command.lead, scenario, deployment=definitions.number, now=self._desk.clock.now(), front=True
            )
        return TaskDone(key=command.key, at=command.at)

    @activity.defn(name=protocol.NOTIFY_HANDOFF, no_thread_cancel_exception=True)
    def notify_handoff(self, start: protocol.HandoffStart) -> None:
        """Tell sales of a task through every channel, once each: another reason that joins it later is no news."""
        _come_again(self._desk.teller.task(start.handoff))

    @activity.defn(name=protocol.TEND_HANDOFF, no_thread_cancel_exception=True)
    def tend_handoff(self, start: protocol.HandoffStart) -> protocol.HandoffTended:
        """Do what is due about a task by now, and say how long to wait before looking again."""
        now = self._desk.clock.now()
        definitions = self._desk.store.current()
        with writing(self._desk.engine) as conn:
            at = handoffs.tend(conn, start.handoff, definitions, now=now)
        return protocol.HandoffTended(wait=self._desk.clock.epoch.real_span(at - now) if at is not None else None)


def _too_late(command: MakeHandoff, taken: handoffs.HandoffTaken | handoffs.LeadForgotten) -> TaskDone:
    """A letter is read by somebody all the same, unless its writer is to be forgotten."""
    letters = command.letters if isinstance(taken, handoffs.HandoffTaken) else ()
    others = [each for each in command.reasons if each not in letters]
    why = f"{taken.what}: {'; '.join(others)} came too late" if others else None
    return TaskDone(key=command.handoff, at=command.at, error=why, too_late=True, letters=letters)


def _come_again(left: Left | None) -> None:
    """Raises what Temporal tries again, when the next channel is due; one that tells, tells on meanwhile."""
    if left is None:
        return
    why = "; ".join(f"{channel}: {reason}" for channel, reason in left.why.items())
    raise ApplicationError(f"not told yet by {why}", type="NotTold", next_retry_delay=max(left.wait, SOON))


def _wrong(order: protocol.Order) -> ApplicationError:
    return ApplicationError(f"{order.command.command} came to the wrong activity", non_retryable=True)
