"""Makes sales tasks, tells people, enrols leads: one adapter call each."""

from __future__ import annotations

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.desk import Desk, real_now, take_up
from adapters.database import enrolments, handoffs, task_notices
from adapters.database.engine import reading, writing
from adapters.database.scores import points_of
from adapters.database.tending import tend
from adapters.notification import Message
from nurture import protocol
from nurture.commands import EnrollLead, MakeHandoff, NotifyPerson, TaskDone

log = structlog.get_logger(__name__)


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
                why = f"{taken.what}: {'; '.join(command.reasons)} came too late"
                return TaskDone(key=command.handoff, at=command.at, error=why, too_late=True)
        return TaskDone(key=command.handoff, at=command.at)

    @activity.defn(name=protocol.NOTIFY_PERSON, no_thread_cancel_exception=True)
    def notify_person(self, order: protocol.Order) -> TaskDone:
        """Tell a queue or a rep; tried again for as long as the receiver is down."""
        command = order.command
        if not isinstance(command, NotifyPerson):
            raise _wrong(order)
        with writing(self._desk.engine) as conn:
            take_up(conn, order)
        self._desk.notifier.tell(Message(key=command.key, to=command.to, text=command.text, lead=command.lead))
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
        """Tell sales of a task, once: another reason that joins it later is no news; a repeat has the same key.

        What waits for a rep is told when it has one. Then everything else that is to be told about it, each thing once.
        """
        with reading(self._desk.engine) as conn:
            task = handoffs.get(conn, start.handoff)
            notice = handoffs.notice(conn, start.handoff)
        if not task.notified and task.rep is not None:
            self._desk.notifier.notify(notice)
            with writing(self._desk.engine) as conn:
                handoffs.notified(conn, start.handoff, real_now())
        with reading(self._desk.engine) as conn:
            untold = task_notices.untold(conn, start.handoff)
        for each in untold:
            if each.kind == "waiting":
                log.warning("handoffs_wait", queue=each.to, why=each.text, do="see GET /api/reps: raise a capacity")
            self._desk.notifier.tell(Message(key=each.key, to=each.to, text=each.text, lead=task.lead))
            with writing(self._desk.engine) as conn:
                task_notices.told(conn, each.key, real_now())

    @activity.defn(name=protocol.TEND_HANDOFF, no_thread_cancel_exception=True)
    def tend_handoff(self, start: protocol.HandoffStart) -> protocol.HandoffTended:
        """Do what is due about a task by now, and say how long to wait before looking again."""
        now = self._desk.clock.now()
        definitions = self._desk.store.current()
        with writing(self._desk.engine) as conn:
            tended = tend(conn, start.handoff, definitions, now=now)
        wait = self._desk.clock.epoch.real_span(tended.at - now) if tended.at is not None else None
        return protocol.HandoffTended(wait=wait, waits=tended.waits, tell=tended.tell)


def _wrong(order: protocol.Order) -> ApplicationError:
    return ApplicationError(f"{order.command.command} came to the wrong activity", non_retryable=True)
