"""Was the number right? Hot leads a week against what sales can take, for all and for each rep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nurture.backtest import WEEK, Capacity
from nurture.definitions import Sales
from nurture.review.advice import Advice
from nurture.review.tasks import NONE, WEEKS_ENOUGH, Outcomes, PastTask, Verdict, monday

ROOM = 0.7
"""Below this share of what sales can take, hot leads are too few."""


@dataclass(frozen=True, slots=True)
class WeekOfTasks:
    """A week from Monday on: tasks made and closed in it."""

    begins: date
    made: int
    closed: int


@dataclass(frozen=True, slots=True)
class RepLoad:
    """One rep: how many tasks it can hold (None: not in sales.yaml), holds now, got, and closed in a week."""

    rep: str
    capacity: int | None
    holds: int
    outcomes: Outcomes
    closed_per_week: float


@dataclass(frozen=True, slots=True)
class Number:
    """Hot leads a week (`per_week`) over so many `weeks`, and what sales can take, where that is known."""

    verdict: Verdict
    per_week: float
    closed_per_week: float
    weeks: tuple[WeekOfTasks, ...]
    span: float
    limit: Capacity | None
    over: int
    reps: tuple[RepLoad, ...]
    advice: tuple[Advice, ...]


def number(
    tasks: Sequence[PastTask],
    known: Sequence[PastTask],
    sales: Sales | None,
    limit: Capacity | None,
    since: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> Number:
    """The answer: `tasks` were made between the two instants; `known` are these, all closed in it and all open now."""
    closed = [each for each in known if each.closed_at is not None and since <= each.closed_at <= now]
    span = max((now - since) / WEEK, 1 / 7)
    weeks = _weeks(tasks, closed, since, now, zone)
    per_week = len(tasks) / span
    over = sum(each.made > limit.per_week for each in weeks) if limit is not None else 0
    verdict, advice = _judged(per_week, limit, span)
    reps = _reps(tasks, known, closed, sales, span)
    return Number(verdict, per_week, len(closed) / span, weeks, span, limit, over, reps, advice)


def _judged(per_week: float, limit: Capacity | None, span: float) -> tuple[Verdict, tuple[Advice, ...]]:
    if limit is None:
        return "too_few", (Advice("no_capacity"),)
    if span < WEEKS_ENOUGH:
        return "too_few", ()
    if per_week > limit.per_week:
        if limit.at_least:
            return "fair", (Advice("close_tasks", number=limit.per_week),)
        return "weak", (Advice("too_many", number=per_week - limit.per_week),)
    if per_week < ROOM * limit.per_week:
        return "weak", (Advice("too_few_hot", number=limit.per_week - per_week),)
    return "good", ()


def _weeks(
    tasks: Sequence[PastTask], closed: Sequence[PastTask], since: datetime, now: datetime, zone: ZoneInfo
) -> tuple[WeekOfTasks, ...]:
    made = Counter(monday(each.made_at, zone) for each in tasks)
    ended = Counter(monday(each.closed_at, zone) for each in closed if each.closed_at is not None)
    day, found = monday(since, zone), []
    while day <= monday(now, zone):
        found.append(WeekOfTasks(day, made[day], ended[day]))
        day += timedelta(days=7)
    return tuple(found)


def _reps(
    tasks: Sequence[PastTask], known: Sequence[PastTask], closed: Sequence[PastTask], sales: Sales | None, span: float
) -> tuple[RepLoad, ...]:
    """Every rep of sales.yaml, and whoever else has or had a task."""
    holds = Counter(each.rep or NONE for each in known if each.closed_at is None)
    ended = Counter(each.rep or NONE for each in closed)
    capacity = {each.rep: each.capacity for each in sales.reps} if sales is not None else {}
    others = sorted({each.rep or NONE for each in known} - capacity.keys())
    return tuple(
        RepLoad(
            rep, capacity.get(rep), holds[rep], Outcomes.of(each for each in tasks if (each.rep or NONE) == rep),
            ended[rep] / span,
        )
        for rep in (*capacity, *others)
    )  # fmt: skip
