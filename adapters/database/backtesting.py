"""Reads what a back-test needs besides what became of leads: how long sales had its tasks, and whom to look at."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Connection, select

from adapters.database.schema import handoffs, leads

_SEED = 1


def open_for(conn: Connection, since: datetime) -> list[timedelta]:
    """How long each task was open that was closed since then, however it was closed."""
    query = select(handoffs.c.made_at, handoffs.c.closed_at).where(handoffs.c.closed_at >= since)
    return [closed - made for made, closed in conn.execute(query)]


def some_leads(conn: Connection, most: int) -> tuple[list[str], int]:
    """The ids of the leads there are, in order, or of so many of them, always the same; and how many there are."""
    ids = list(conn.execute(select(leads.c.id).where(leads.c.status != "erased").order_by(leads.c.id)).scalars())
    some = ids if len(ids) <= most else sorted(Random(_SEED).sample(ids, most))  # noqa: S311 - nobody gains by guessing
    return some, len(ids)
