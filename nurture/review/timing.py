"""Was the time right? How long tasks waited for sales, in open hours, and whether sooner is better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

from nurture.open_hours import OpenHours
from nurture.review.advice import Advice
from nurture.review.tasks import ENOUGH, Group, PastTask, Verdict, divided
from nurture.shares import Share

HOUR = timedelta(hours=1)
Speed = tuple[str, timedelta | None]
NEVER = "never"
"""The band of tasks whose lead nobody has called."""
OFTEN = 0.1
"""More than this share, for certain, is something to look into."""


@dataclass(frozen=True, slots=True)
class Spans:
    """How long something took: of so many the first quarter, the half and three quarters at most so long."""

    number: int
    quarter: timedelta | None = None
    middle: timedelta | None = None
    three_quarters: timedelta | None = None

    @classmethod
    def of(cls, spans: Iterable[timedelta]) -> Spans:
        """Of these; between two the value lies evenly."""
        seconds = sorted(each.total_seconds() for each in spans)
        if not seconds:
            return cls(0)
        cuts = quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
        return cls(len(seconds), *(timedelta(seconds=each) for each in cuts))


@dataclass(frozen=True, slots=True)
class Timing:
    """Open time from the task to the call; time by the calendar from the accepting to the closing.

    A lead was called when its task was accepted, or won, lost or returned where nobody accepted it: nothing tells of
    calls. `called`: of all tasks that do not wait any more. `speeds`: tasks by how soon their lead was called, the
    soonest first; `open_day`: how long a day of work is.
    """

    verdict: Verdict
    to_call: Spans
    to_close: Spans
    to_win: Spans
    called: Share
    expired: Share
    speeds: tuple[Group, ...]
    open_day: timedelta
    advice: tuple[Advice, ...]


def timing(tasks: Sequence[PastTask], hours: OpenHours) -> Timing:
    """The answer for these tasks."""
    calls = {each.id: (each.made_at, at) for each in tasks if (at := _called(each)) is not None}
    waited = {name: hours.between(*between) for name, between in calls.items()}
    bands: tuple[Speed, ...] = (("1h", HOUR), ("4h", 4 * HOUR), ("1bd", hours.whole_day), ("later", None))

    def band(task: PastTask) -> tuple[str]:
        if task.id not in waited:
            return (NEVER,)
        return (next(name for name, most in bands if most is None or waited[task.id] <= most),)

    asked = [each for each in tasks if each.id in waited or each.state != "open"]  # who waits still is no answer
    order = [*(name for name, _ in bands), NEVER]
    speeds = tuple(sorted(divided(asked, band), key=lambda each: order.index(each.name)))
    closed = [each for each in tasks if each.closed_at is not None]
    expired = Share(sum(each.state == "expired" for each in closed), len(closed))
    called = Share(len(waited), len(asked))
    verdict, advice = _judged(speeds)
    if called.of >= ENOUGH and 1 - called.high > OFTEN:
        advice.append(Advice("nobody_calls", share=called))
    if expired.low > OFTEN:
        advice.append(Advice("expiring", share=expired))
        verdict = "weak"
    return Timing(
        verdict,
        Spans.of(waited.values()),
        Spans.of(_end(each) - each.accepted_at for each in closed if each.accepted_at is not None),
        Spans.of(_end(each) - each.made_at for each in closed if each.state == "won"),
        called, expired, speeds, hours.whole_day, tuple(advice),
    )  # fmt: skip


def _judged(speeds: Sequence[Group]) -> tuple[Verdict, list[Advice]]:
    """Whether those called within four hours were won more often than those called later."""
    soon, late = _rate(speeds, ("1h", "4h")), _rate(speeds, ("1bd", "later"))
    if min(soon.of, late.of) < ENOUGH:
        return "too_few", []
    if soon.low > late.value:
        slow = Share(late.of, soon.of + late.of)
        return ("weak" if slow.value > 0.5 else "fair"), [Advice("accept_sooner", share=soon, against=late)]
    return "good", []


def _rate(speeds: Sequence[Group], names: Sequence[str]) -> Share:
    several = [each.outcomes.won_rate for each in speeds if each.name in names]
    return Share(sum(each.hits for each in several), sum(each.of for each in several))


def _called(task: PastTask) -> datetime | None:
    """When sales took up the lead; None where nobody did."""
    return task.accepted_at or (task.closed_at if task.state in ("won", "lost", "returned") else None)


def _end(task: PastTask) -> datetime:
    return task.closed_at or task.made_at
