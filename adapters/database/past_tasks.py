"""Reads past tasks and how leads moved through steps, for the report of hot leads; refuses to judge either.

A few questions however many leads there are: all tasks of a time at once, their leads some hundreds at a time, and the
timeline as counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, null, or_, select

from adapters.database.among import among
from adapters.database.members import AT_ONCE
from adapters.database.schema import handoffs, timeline
from nurture.review.shortfall import TO_SALES, Moves
from nurture.review.tasks import PastTask

_ADDED = "reason_added"
_LATE = timedelta(days=1)
"""A task is made so long after the end of its scenario at most, where something was told late."""
_MOVES = ("arrived", "timeout", "finished", "reaction", "exhausted", "skipped", "anywhere", "on_hot")


def past_tasks(conn: Connection, since: datetime, now: datetime) -> list[PastTask]:
    """The tasks that were made or closed since, or are open: as they were when they were made, and what came of them.

    Of the timeline: how many steps led to each, and which reasons were added later.
    """
    rows = conn.execute(
        select(handoffs)
        .where(
            handoffs.c.made_at <= now,
            or_(handoffs.c.made_at >= since, handoffs.c.closed_at >= since, handoffs.c.closed_at.is_(None)),
        )
        .order_by(handoffs.c.made_at, handoffs.c.id)
    ).all()
    of_lead: dict[str, list[PastTask]] = defaultdict(list)
    for row in rows:
        of_lead[row.lead].append(_task(row))
    return sorted(_with_lines(conn, of_lead), key=lambda task: (task.made_at, task.id))


def moves(conn: Connection, since: datetime, now: datetime) -> list[Moves]:
    """What leads did at steps in this time, counted; reasons only of reactions, where the scenario says them."""
    reason = case((timeline.c.what == "reaction", timeline.c.reason), else_=null())
    subject = case((timeline.c.what.in_(("arrived", "timeout")), null()), else_=timeline.c.subject)
    grouped = (timeline.c.scenario, timeline.c.step, timeline.c.what, subject.label("to"), reason.label("why"))
    rows = conn.execute(
        select(*grouped, func.count())
        .where(
            timeline.c.at >= since, timeline.c.at <= now, timeline.c.what.in_(_MOVES),
            timeline.c.scenario.is_not(None), timeline.c.step.is_not(None),
        )
        .group_by(timeline.c.scenario, timeline.c.step, timeline.c.what, "to", "why")
    )  # fmt: skip
    return sorted((Moves(*row) for row in rows), key=str)


def _task(row: Row[Any]) -> PastTask:
    total = row.score.get("total") if isinstance(row.score, dict) else None
    return PastTask(
        row.id, row.lead, row.state, row.made_at, row.rep, row.scenario or None, row.step or None, tuple(row.reasons),
        float(total) if isinstance(total, int | float) else None, row.accepted_at, row.closed_at, row.amount,
        row.reason,
    )  # fmt: skip


def _with_lines(conn: Connection, of_lead: dict[str, list[PastTask]]) -> Iterator[PastTask]:
    """The tasks with what the timeline tells of each."""
    ids = sorted(of_lead)
    columns = (timeline.c.lead, timeline.c.what, timeline.c.at, timeline.c.scenario)
    asked = (
        select(*columns, timeline.c.reason, timeline.c.subject)
        .where(
            among(timeline.c.lead),
            or_(
                timeline.c.what.in_(("arrived", "entered", "finished")),
                and_(timeline.c.kind == "handoff", timeline.c.what == _ADDED),
            ),
        )
        .order_by(timeline.c.lead, timeline.c.id)
    )
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        lines: dict[str, list[Any]] = defaultdict(list)
        for row in conn.execute(asked, {"of": some}):
            lines[row.lead].append(row)
        for lead in some:
            for task in of_lead[lead]:
                yield _told(task, lines[lead])


def _told(task: PastTask, lines: Sequence[Any]) -> PastTask:
    """A task with its scenario and the steps in it until it was made, and without the reasons that came later.

    A task of no step has the scenario that ended with it, because the lead was hot or wrote back.
    """
    added = set[str]()
    running, steps = None, 0
    for line in lines:
        if line.what == _ADDED:
            if line.at > task.made_at and (task.closed_at is None or line.at <= task.closed_at):
                added.update((line.reason or "").split("; "))
        elif line.at <= task.made_at:
            if line.what == "finished" and (line.subject not in TO_SALES or line.at < task.made_at - _LATE):
                running, steps = None, 0
            elif line.what != "finished":
                running, steps = line.scenario, 0 if line.what == "entered" else steps + 1
    reasons = tuple(each for each in task.reasons if each not in added) or task.reasons
    return replace(task, reasons=reasons, scenario=task.scenario or running, steps=steps or None)
