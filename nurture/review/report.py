"""The whole report of hot leads for marketing and sales: every question with figures, verdict and advice.

Takes past leads one after the other, so that it needs no more memory for many than their climbs. Refuses to know where
leads, tasks and moves come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from nurture.backtest import WEEK, Capacity, capacity_of
from nurture.conditions import ScoreIs
from nurture.definitions import Definitions
from nurture.history import PastLead
from nurture.judging import expanded
from nurture.open_hours import OpenHours
from nurture.retrospect import Retrospect, begun, settled
from nurture.review.number import Number, number
from nurture.review.paths import Paths, paths
from nurture.review.quality import Quality, quality
from nurture.review.results import USUAL, Results, results
from nurture.review.shortfall import Deeds, Moves, Shortfall, shortfall
from nurture.review.tasks import ENOUGH, By, PastTask
from nurture.review.thresholds import Climb, Thresholds, thresholds
from nurture.review.timing import Timing, timing

State = Literal["no_tasks", "none_decided", "too_few", "enough"]
EVERYTHING = ScoreIs(score="total", at_least=0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much there is to judge by: so many tasks `decided`, won or lost; `needed` more until there are opinions.

    At `per_week` decided in this time there are enough at `until`; None where none was, or there are.
    """

    state: State
    decided: int
    needed: int
    per_week: float
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """The answers about the tasks that were made from `since` to `now`, by `leads` that were looked at."""

    since: datetime
    now: datetime
    leads: int
    pace: Pace
    paths: Paths
    timing: Timing
    results: Results
    quality: Quality
    number: Number
    thresholds: Thresholds
    shortfall: Shortfall


class Reviewing:
    """The report while leads are read. `tasks`: those made in the time and as much before, closed in it or open."""

    def __init__(self, definitions: Definitions, tasks: Iterable[PastTask], since: datetime, now: datetime) -> None:
        self.definitions, self.since, self.now = definitions, since, now
        self.leads = 0
        self._tasks: dict[str, list[PastTask]] = defaultdict(list)
        for each in sorted(tasks, key=lambda task: (task.made_at, task.id)):
            self._tasks[each.lead].append(each)
        self._known: dict[str, PastTask] = {each.id: each for some in self._tasks.values() for each in some}
        segments = {name: expanded(each.when, definitions) for name, each in definitions.segments.items()}
        self._past = Retrospect(definitions, [EVERYTHING, *segments.values()])
        self._segments = {name: self._past.judge(each) for name, each in segments.items()}
        self._climbs: list[Climb] = []
        self._deeds = Deeds(definitions)
        self._first: datetime | None = None

    def add(self, lead: PastLead) -> None:
        """Look at one lead."""
        self.leads += 1
        began = begun(lead)
        if began is not None and (self._first is None or began < self._first):
            self._first = began
        for task in self._tasks.get(lead.id, ()):
            now = self._past.seen(lead, task.made_at)
            fits = [name for name, holds in self._segments.items() if holds(now)]
            total = self._past.qualification.measure(now).total
            self._known[task.id] = task.with_lead(lead, now, fits, total)
        self._climb(lead)

    def _climb(self, lead: PastLead) -> None:
        end, measure = settled(lead, self.now), self._past.qualification.measure
        several = (begun(lead), *(at for at, _ in lead.profiles), *(each.at for each in lead.events))
        moments = {at for at in several if at is not None and at <= end}
        rises: list[tuple[datetime, float]] = []
        phase = None
        for at, now in self._past.walked(lead, sorted(moments)):
            phase, total = now.phase, measure(now).total
            if total > (rises[-1][1] if rises else 0.0):
                rises.append((at, total))
        self._deeds.add(lead, phase)
        if rises:
            self._climbs.append(Climb(tuple(rises), lead.result, lead.closed_at))

    def review(self, moves: Iterable[Moves], *, by: Sequence[By] = USUAL, capacity: Capacity | None = None) -> Review:
        """The report of all that was added. `capacity`: what sales can take, where a person says so."""
        known = sorted(self._known.values(), key=lambda task: (task.made_at, task.id))
        tasks = [each for each in known if self.since <= each.made_at <= self.now]
        before = [each for each in known if self.since - (self.now - self.since) <= each.made_at < self.since]
        # outcomes are those of today, where the time ended long ago, too
        ends = [self.now, *(at for each in known for at in (each.accepted_at, each.closed_at) if at is not None)]
        hours = OpenHours(self.definitions, min([self.since, *(each.made_at for each in known)]), max(ends))
        # where there were no leads yet, there was nothing to come hot of
        first = min([self._first or self.now, *(each.made_at for each in tasks)])
        begins = max(self.since, min(first, self.now))
        span = max((self.now - begins) / WEEK, 1 / 7)
        limit = capacity or self._limit(known)
        return Review(
            self.since, self.now, self.leads, self._pace(tasks, known, span), paths(tasks, hours.zone),
            timing(tasks, hours), results(tasks, before, hours.zone, by), quality(tasks),
            number(tasks, known, self.definitions.sales, limit, begins, self.now, hours.zone),
            thresholds(self._climbs, self.leads, self.definitions, limit, begins, self.now, span),
            shortfall(self._deeds, moves, self.definitions),
        )  # fmt: skip

    def _limit(self, known: Sequence[PastTask]) -> Capacity | None:
        hot = self.definitions.hot_lead
        open_for = [
            each.closed_at - each.made_at for each in known
            if each.closed_at is not None and each.closed_at >= self.since
        ]  # fmt: skip
        return capacity_of(self.definitions.sales, open_for, hot.queue if hot is not None else "")

    def _pace(self, tasks: Sequence[PastTask], known: Sequence[PastTask], span: float) -> Pace:
        decided = sum(each.state in ("won", "lost") for each in tasks)
        lately = sum(
            each.state in ("won", "lost") and each.closed_at is not None and each.closed_at >= self.since
            for each in known
        )
        needed, per_week = max(ENOUGH - decided, 0), lately / span
        state: State = "no_tasks" if not tasks else "none_decided" if not decided else "too_few" if needed else "enough"
        until = self.now + ceil(7 * needed / per_week) * timedelta(days=1) if needed and per_week else None
        return Pace(state, decided, needed, per_week, until)
