"""Does what has become due about one sales task: remind, wake, escalate, give to the fallback, expire.

Refuses to tell anybody: what is to be told is noted (task_notices.py), and the workflow of the task tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.database import task_notices, tellings
from adapters.database.handoffs import Handoff, change, expire, fall_back, later, locked, tell
from adapters.database.loads import OPEN
from nurture.definitions import Definitions, Queue
from nurture.nudges import Kind


@dataclass(frozen=True, slots=True)
class Tended:
    """When to look again, on nurture's clock; None where nothing more becomes due by time alone.

    `waits`: nobody has the task yet, so its workflow lives on. `tell`: something is to be told.
    """

    at: datetime | None = None
    waits: bool = False
    tell: bool = False


def tend(conn: Connection, handoff: str, definitions: Definitions, *, now: datetime) -> Tended:
    """Do what is due about one task by now; each thing once. Raises UnknownHandoff."""
    task = locked(conn, handoff)
    queue = definitions.sales.queues.get(task.queue) if definitions.sales else None
    if task.state not in OPEN or queue is None:
        return Tended()
    last = later(task.made_at, queue.close_within, definitions)
    if last is not None and now >= last:
        expire(conn, handoff, now=now, reason=f"not closed within {queue.close_within}")
        return Tended()
    if task.snoozed_until is not None:
        if now < task.snoozed_until:
            return _tended(conn, task, [task.snoozed_until, last])
        task = _wake(conn, task, now)
    if task.state == "open" and task.due is not None and now >= task.due:
        task = fall_back(conn, handoff, definitions, now=now)
    task = _remind(conn, task, queue, definitions, now)
    task = _escalate(conn, task, queue, definitions, now)
    return _tended(
        conn, task, [task.due, last, remind_at(task, queue, definitions), escalate_at(task, queue, definitions)]
    )


def still_to_tell(
    conn: Connection, handoff: str, *, now: datetime, real_now: datetime
) -> list[task_notices.TaskNotice]:
    """What is to be told of a task, the oldest first; lets go, with a line, of what is not true any more."""
    task = locked(conn, handoff)
    kept: list[task_notices.TaskNotice] = []
    for each in task_notices.untold(conn, handoff):
        why = _outdated(task, each)
        if why is None:
            kept.append(each)
            continue
        task_notices.told(conn, each.key, real_now)
        tellings.drop(conn, tellings.of_message(each.key), task.lead, why, now=now)
        tell(conn, task, "not_told", now, f"{each.kind} to {each.to}: {why}")
    return kept


def _outdated(task: Handoff, notice: task_notices.TaskNotice) -> str | None:
    """Why a notice would say what is not so; None where it still is."""
    match notice.kind:
        case "waiting":
            return None
        case "reminder" | "escalated" if task.state != "open":
            return f"it is {task.state} by now"
        case "given" | "woken" if task.state not in OPEN:
            return f"it is {task.state} by now"
        case "given" | "reminder" | "woken" if task.rep != notice.to:
            return f"{task.rep or 'nobody'} has it by now"
    return None


def remind_at(task: Handoff, queue: Queue, definitions: Definitions) -> datetime | None:
    """When the rep who has a task is reminded that it is not accepted; None where they were, or never are."""
    if task.state != "open" or task.rep is None or task.given_at is None or task.reminded_at is not None:
        return None
    return later(task.given_at, queue.remind_after, definitions)


def escalate_at(task: Handoff, queue: Queue, definitions: Definitions) -> datetime | None:
    """When somebody else is told that nobody has accepted a task; None where they were, or never are."""
    if task.state != "open" or task.escalated_at is not None or queue.escalate_after is None:
        return None
    return later(task.made_at, queue.escalate_after.after, definitions)


def _remind(conn: Connection, task: Handoff, queue: Queue, definitions: Definitions, now: datetime) -> Handoff:
    at = remind_at(task, queue, definitions)
    if at is None or now < at or task.rep is None:
        return task
    why = f"not accepted {queue.remind_after} after it was given to {task.rep}"
    return _said(conn, task, "reminder", task.rep, why, now)


def _escalate(conn: Connection, task: Handoff, queue: Queue, definitions: Definitions, now: datetime) -> Handoff:
    at = escalate_at(task, queue, definitions)
    if at is None or now < at or queue.escalate_after is None:
        return task
    to, after = queue.escalate_after.to, queue.escalate_after.after
    change(conn, task.id, escalated_at=now)
    why = f"nobody accepted it within {after} of its making; {to} is told"
    task_notices.add(conn, task.id, "escalated", to=to, text=why, at=now)
    return tell(conn, locked(conn, task.id), "escalated", now, why)


def _wake(conn: Connection, task: Handoff, now: datetime) -> Handoff:
    why = "put off until now"
    if task.rep is not None:
        return _said(conn, task, "woken", task.rep, why, now, snoozed_until=None)
    change(conn, task.id, snoozed_until=None)
    return tell(conn, locked(conn, task.id), "woken", now, why)


def _said(conn: Connection, task: Handoff, kind: Kind, to: str, why: str, now: datetime, **values: None) -> Handoff:
    """Note that the rep hears of it, which is also their reminder."""
    change(conn, task.id, reminded_at=now, **values)
    task_notices.add(conn, task.id, kind, to=to, text=why, at=now)
    return tell(conn, locked(conn, task.id), "reminded" if kind == "reminder" else "woken", now, why)


def _tended(conn: Connection, task: Handoff, instants: list[datetime | None]) -> Tended:
    # of what was given out when it was made, its workflow tells anyway
    first_time = not task.notified and task.given_at is not None and task.given_at > task.made_at
    return Tended(
        at=min((at for at in instants if at is not None), default=None),
        waits=task.waiting,
        tell=first_time or bool(task_notices.untold(conn, task.id)),
    )
