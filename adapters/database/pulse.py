"""Keeps when a worker last came round to something, in real time; refuses to say what that means for anybody.

A worker that hangs holds no connection that breaks and no process that ends: what shows it is that this grows old.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from adapters.database.schema import sweeps

STILL = timedelta(minutes=5)
"""So long without a beat is no busy moment any more: leads stand still, or react minutes late."""
_ROW = sweeps.c.name == "pulse"
_LAST = select(sweeps.c.until).where(_ROW)


def beat(conn: Connection, real_now: datetime) -> None:
    """Note that a worker has come round to it."""
    changed = conn.execute(update(sweeps).where(_ROW).values(until=real_now))
    if not changed.rowcount:
        conn.execute(insert(sweeps).values(name="pulse", until=real_now, leads=0))


def silent_for(conn: Connection, real_now: datetime) -> timedelta | None:
    """How long ago the last beat was; None: no worker of this release has run yet. One row by its key."""
    last: datetime | None = conn.execute(_LAST).scalar()
    return max(real_now - last, timedelta(0)) if last is not None else None
