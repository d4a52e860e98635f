"""Reads all that the report of hot leads is made of, in one go; refuses to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from adapters.database.history import past_leads
from adapters.database.past_tasks import moves, past_tasks
from adapters.database.schema import handoffs, leads
from nurture.backtest import Capacity
from nurture.definitions import Definitions
from nurture.history import PastLead
from nurture.review.report import Review, Reviewing
from nurture.review.results import USUAL
from nurture.review.tasks import By

Watch = Callable[[Iterable[PastLead], int], Iterable[PastLead]]


def first_task(conn: Connection) -> datetime | None:
    """When sales was given its first task; None where it never was."""
    found: datetime | None = conn.execute(select(func.min(handoffs.c.made_at))).scalar()
    return found


def reviewed(
    conn: Connection,
    definitions: Definitions,
    span: timedelta,
    now: datetime,
    *,
    by: Sequence[By] = USUAL,
    capacity: Capacity | None = None,
    watch: Watch = lambda several, _: several,
) -> Review:
    """The report of the tasks made in a span of time up to now, from every lead there is, some hundreds at a time.

    `watch` is given the leads and how many there are, and hands them on: somebody may be waiting.
    """
    since = now - span
    reviewing = Reviewing(definitions, past_tasks(conn, since - span, now), since, now)
    number = conn.execute(select(func.count()).where(leads.c.status != "erased").select_from(leads)).scalar_one()
    for lead in watch(past_leads(conn), number):
        reviewing.add(lead)
    return reviewing.review(moves(conn, since, now), by=by, capacity=capacity)
