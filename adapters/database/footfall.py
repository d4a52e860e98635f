"""Counts what leads did in one scenario, from their timelines, and where they stand; refuses to name any lead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from adapters.database.schema import enrolments, leads, timeline
from nurture.footfall import COUNTED, Lines


def lines(conn: Connection, scenario: str, since: datetime | None, reasons: Collection[str]) -> list[Lines]:
    """The lines of the scenario since then, counted; a reason is told apart from others only where it is in `reasons`.

    Reads every such line: seconds at millions of them, so whoever shows the counts keeps them (web/kept.py).
    """
    row = timeline.c
    reason = case((row.reason.in_(sorted(reasons)), row.reason), else_="")
    columns = (row.what, func.coalesce(row.step, "").label("step"), func.coalesce(row.subject, "").label("subject"))
    counted = (
        select(*columns, reason.label("reason"), func.count().label("lines"))
        .where(row.scenario == scenario, row.what.in_(sorted(COUNTED)))
        .group_by(*columns, reason)
    )
    if since is not None:
        counted = counted.where(row.at >= since)
    return [Lines(each.what, each.step, each.subject, each.reason, each.lines) for each in conn.execute(counted)]


def standing(conn: Connection, scenario: str) -> Counter[str]:
    """How many leads are at each step now."""
    row = leads.c
    counted = (
        select(row.step, func.count().label("leads"))
        .where(row.scenario == scenario, row.step.is_not(None))
        .group_by(row.step)
    )
    return Counter({str(each.step): int(each.leads) for each in conn.execute(counted)})


def enrolled(conn: Connection) -> dict[tuple[str, str], int]:
    """How many enrolments there are by scenario and state (`enrolled`, `queued`, `ended`)."""
    row = enrolments.c
    counted = select(row.scenario, row.state, func.count()).group_by(row.scenario, row.state)
    return {(scenario, state): count for scenario, state, count in conn.execute(counted)}
