"""Keeps what is still to be told of tasks beyond that they are there: each notice once, under its key.

Refuses to tell anything: the workflow of the task does, for as long as the receiver is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from adapters.database.schema import task_notices
from nurture.calendar import zone_of
from nurture.definitions import Definitions
from nurture.nudges import Kind


@dataclass(frozen=True, slots=True)
class TaskNotice:
    """One thing to tell a rep or a queue; `key` makes a repeat recognisable. `text` is why, for logs."""

    key: str
    kind: Kind
    to: str
    text: str
    at: datetime


def add(
    conn: Connection, handoff: str, kind: Kind, *, to: str, text: str, at: datetime, key: str | None = None
) -> bool:
    """Note what is to be told; False where it was noted under this key before.

    Without a `key` it is one of this task, kind and instant.
    """
    name = key or f"{handoff}/{kind}/{at.isoformat()}"
    if conn.execute(select(task_notices.c.key).where(task_notices.c.key == name)).first() is not None:
        return False
    conn.execute(insert(task_notices).values(key=name, handoff=handoff, kind=kind, receiver=to, text=text, at=at))
    return True


def add_waiting(conn: Connection, handoff: str, queue: str, why: str, definitions: Definitions, now: datetime) -> bool:
    """Note that tasks wait in a queue: once a day, by the sender's time zone; the caller has claimed the desk."""
    day = now.astimezone(zone_of(None, definitions)).date().isoformat()
    return add(conn, handoff, "waiting", to=queue, text=why, at=now, key=f"waiting/{queue}/{day}")


def untold(conn: Connection, handoff: str) -> list[TaskNotice]:
    """What the workflow of this task has to tell, the oldest first."""
    rows = conn.execute(
        select(task_notices)
        .where(task_notices.c.handoff == handoff, task_notices.c.told_real.is_(None))
        .order_by(task_notices.c.at, task_notices.c.key)
    )
    return [TaskNotice(row.key, row.kind, row.receiver, row.text, row.at) for row in rows]


def told(conn: Connection, key: str, real_now: datetime) -> None:
    """Remember that it was told."""
    conn.execute(update(task_notices).where(task_notices.c.key == key).values(told_real=real_now))
