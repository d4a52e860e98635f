"""Did hot leads lead to results? What became of their tasks, by whatever they are grouped by, and against before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nurture.review.advice import Advice
from nurture.review.tasks import ENOUGH, NONE, By, Grouping, Outcomes, PastTask, Verdict, compared, grouped
from nurture.shares import Share

USUAL: tuple[By, ...] = ("scenario", "segment", "rule", "rep", "month")
"""What results are shown by where nobody asks for one."""


@dataclass(frozen=True, slots=True)
class Results:
    """What became of all tasks, by group, and of those of as much time `before`.

    `verdict`: `good` where they are surely won more often than before, `weak` where surely more rarely, `too_few`
    where either cannot be said.
    """

    verdict: Verdict
    all: Outcomes
    before: Outcomes
    by: tuple[Grouping, ...]
    advice: tuple[Advice, ...]


def results(tasks: Sequence[PastTask], before: Sequence[PastTask], zone: ZoneInfo, by: Sequence[By] = USUAL) -> Results:
    """The answer for these tasks."""
    all_, earlier = Outcomes.of(tasks), Outcomes.of(before)
    groupings = tuple(grouped(tasks, each, zone) for each in by)
    advice = [
        Advice("more_of", (group.name,), group.outcomes.won_rate)
        for grouping in groupings
        if grouping.by in ("scenario", "segment")
        for group in grouping.groups
        if group.name != NONE and group.verdict == "good"
    ]
    unfinished = Share(all_.open, all_.tasks)
    if all_.closed < ENOUGH <= all_.tasks and unfinished.value > 0.5:
        advice.insert(0, Advice("close_tasks", share=unfinished))
    return Results(compared(all_.won_rate, earlier.won_rate), all_, earlier, groupings, tuple(advice))
