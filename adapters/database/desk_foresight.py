"""Says what a deployment would mean for the open tasks of sales; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from adapters.database.giving import to_give
from adapters.database.handoffs import Handoff, later, read
from adapters.database.loads import OPEN
from adapters.database.schema import handoffs
from adapters.database.tending import escalate_at, remind_at
from nurture.definitions import Definitions, Queue, Sales


@dataclass(slots=True)
class DeskForesight:
    """How many open tasks would, at once: go to whom the rules say, go to the fallback, expire; or have reps hear.

    `given`: those that waited. `passed_on`: those whose rep is not active in the new files; somebody else gets them, or
    they wait.
    """

    given: int = 0
    passed_on: int = 0
    fallback: int = 0
    expired: int = 0
    reminded: int = 0
    escalated: int = 0


def tasks_under(conn: Connection, new: Definitions, now: datetime) -> DeskForesight:
    """What giving and tending would do with the tasks as they are, by new definitions."""
    found, sales = DeskForesight(), new.sales
    if sales is None:
        return found
    moving = set(to_give(conn, new, now))
    for row in conn.execute(select(handoffs).where(handoffs.c.state.in_(OPEN))):
        queue = sales.queues.get(row.queue)
        if queue is not None:
            _count(found, read(row), queue, sales, new, now, moving=row.id in moving)
    return found


def _count(
    found: DeskForesight, task: Handoff, queue: Queue, sales: Sales, new: Definitions, now: datetime, *, moving: bool
) -> None:
    last = later(task.made_at, queue.close_within, new)
    fallback = sales.rep(queue.fallback)
    falls_back = fallback is not None and fallback.active and fallback.rep != task.rep
    if last is not None and now >= last:
        found.expired += 1
        return
    if moving and task.rep is None:
        found.given += 1
    elif moving and task.state == "accepted" and falls_back:
        found.fallback += 1
    elif moving:
        found.passed_on += 1
    if task.snoozed_until is not None and now < task.snoozed_until:
        return
    escalate, remind = escalate_at(task, queue, new), remind_at(task, queue, new)
    found.escalated += escalate is not None and now >= escalate
    if moving:
        return
    if falls_back and task.state == "open" and task.due is not None and now >= task.due:
        found.fallback += 1
    else:
        found.reminded += remind is not None and now >= remind
