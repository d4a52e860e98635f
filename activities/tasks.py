"""Makes sales tasks, tells people, enrols leads: one adapter call each."""

from __future__ import annotations

from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.desk import Desk, real_now, take_up
from adapters.database import enrolments, handoffs, task_notices
from adapters.database.engine import writing
from adapters.database.scores import points_of
from adapters.database.tending import still_to_tell, tend
from adapters.notification import Message
from adapters.sales_channels.telling import Left
from nurture import protocol
from nurture.commands import EnrollLead, MakeHandoff, NotifyPerson, TaskDone
from nurture.nudges import Nudge

log = structlog.get_logger(__name__)

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
        """Tell sales of a task through every channel, once each: another reason that joins it later is no news.

        What waits for a rep is told when it has one. Then everything else that is to be told about it, each thing once.
        """
        left = [self._desk.teller.task(start.handoff)]
        with writing(self._desk.engine) as conn:
            several = still_to_tell(conn, start.handoff, now=self._desk.clock.now(), real_now=real_now())
            task = handoffs.get(conn, start.handoff)
        left += [self._tell(task, each) for each in several]
        _come_again(*left)

    def _tell(self, task: handoffs.Handoff, notice: task_notices.TaskNotice) -> Left | None:
        """Pass one notice on; what is left of it."""
        nudge = Nudge(notice.kind, task.queue, task.rep, task.made_at, task.given_at, task.due)
        message = Message(key=notice.key, to=notice.to, text=notice.text, lead=task.lead, nudge=nudge, task=task.id)
        left = self._desk.teller.message(message, notice.at)
        if left is None:
            if notice.kind == "waiting":
                log.warning("handoffs_wait", queue=notice.to, why=notice.text, do="see GET /api/reps: raise a capacity")
            with writing(self._desk.engine) as conn:
                task_notices.told(conn, notice.key, real_now())
        return left

    @activity.defn(name=protocol.TEND_HANDOFF, no_thread_cancel_exception=True)
    def tend_handoff(self, start: protocol.HandoffStart) -> protocol.HandoffTended:
        """Do what is due about a task by now, and say how long to wait before looking again."""
        now = self._desk.clock.now()
        definitions = self._desk.store.current()
        with writing(self._desk.engine) as conn:
            tended = tend(conn, start.handoff, definitions, now=now)
        wait = self._desk.clock.epoch.real_span(tended.at - now) if tended.at is not None else None
        return protocol.HandoffTended(wait=wait, waits=tended.waits, tell=tended.tell)


def _too_late(command: MakeHandoff, taken: handoffs.HandoffTaken | handoffs.LeadForgotten) -> TaskDone:
    """A letter is read by somebody all the same, unless its writer is to be forgotten."""
    letters = command.letters if isinstance(taken, handoffs.HandoffTaken) else ()
    others = [each for each in command.reasons if each not in letters]
    why = f"{taken.what}: {'; '.join(others)} came too late" if others else None
    return TaskDone(key=command.handoff, at=command.at, error=why, too_late=True, letters=letters)


def _come_again(*told: Left | None) -> None:
    """Raises what Temporal tries again, when the next channel is due; one that tells, tells on meanwhile."""
    left = [each for each in told if each is not None]
    if not left:
        return
    why = "; ".join(f"{channel}: {reason}" for each in left for channel, reason in each.why.items())
    wait = min(each.wait for each in left)
    raise ApplicationError(f"not told yet by {why}", type="NotTold", next_retry_delay=max(wait, SOON))


def _wrong(order: protocol.Order) -> ApplicationError:
    return ApplicationError(f"{order.command.command} came to the wrong activity", non_retryable=True)
