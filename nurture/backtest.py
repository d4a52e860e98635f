"""Sums up what definitions would have done with past leads; refuses to say when a lead is hot: rehearsal.py does.

Per week the hot leads against what sales can take, how many of them were won, for every won lead when it would have
become hot, and who would be hot under one of two definitions only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from nurture import calendar
from nurture.conditions import AnyCondition, InPhase, ScoreIs, parts
from nurture.definitions import Definitions, Sales
from nurture.history import PastLead, Result
from nurture.judging import expanded
from nurture.nearness import Missed, nearest
from nurture.qualification import hot_condition
from nurture.rehearsal import Crossing, Rehearsal
from nurture.shares import Share, median

WEEK = timedelta(days=7)
USUAL = timedelta(days=30)
"""How long a task is taken to be open where nothing is known of any."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many new tasks sales can take in a week, and how that is known.

    `named` by a person, or so many `reps` hold so many tasks (`held`), each open for `days`: the `median` of `tasks`
    that were closed, or at most, as the queue's `close_within` says.
    """

    per_week: float
    by: Literal["named", "median", "close_within"] = "named"
    reps: int = 0
    held: int = 0
    days: float = 0.0
    tasks: int = 0
    queue: str = ""

    @property
    def at_least(self) -> bool:
        """True where it may be more."""
        return self.by == "close_within"


@dataclass(frozen=True, slots=True)
class Case:
    """One past lead that became hot under some definitions, or was won. `missed`: won, and never hot before that."""

    lead: str
    result: Result | None
    closed_at: datetime | None
    new: tuple[Crossing, ...]
    old: tuple[Crossing, ...]
    missed: Missed | None = None

    @property
    def first(self) -> datetime | None:
        """When it would have become hot for the first time, before it was won or lost."""
        return next((each.at for each in self.new if self.closed_at is None or each.at <= self.closed_at), None)

    @property
    def ahead(self) -> timedelta | None:
        """How long before its closing that would have been."""
        return None if self.first is None or self.closed_at is None else self.closed_at - self.first


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday on, where the sender is: crossings, and what became of their leads afterwards."""

    begins: date
    hot: int
    won: int
    lost: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the new definitions would have done between `since` and `now`, and how that differs from the old ones.

    `leads` were looked at. `rate` is won of all crossings whose lead was won or lost afterwards, `base` the same of
    all leads that were won or lost in this time, hot or not. `won`: every lead that was won in this time, the missed
    ones first. `only_new`, `only_old`: hot in this time under one of both only, the won ones first. `compared`: there
    were old ones. `undated`: so many leads were won or lost nobody knows when; they are in no other figure of results.
    """

    since: datetime
    now: datetime
    leads: int
    weeks: tuple[Week, ...]
    rate: Share
    base: Share
    won: tuple[Case, ...]
    only_new: tuple[Case, ...]
    only_old: tuple[Case, ...]
    compared: bool
    undated: int

    @property
    def span(self) -> float:
        """How many weeks were looked at."""
        return (self.now - self.since) / WEEK

    @property
    def hot(self) -> int:
        """How often a lead would have become hot."""
        return sum(each.hot for each in self.weeks)

    @property
    def missed(self) -> tuple[Case, ...]:
        """The won leads that would never have been hot before."""
        return tuple(each for each in self.won if each.first is None)


class Comparison:
    """Two deployments made ready to be judged by what became of leads; `old` is None where there is none yet."""

    def __init__(
        self, new: Definitions, old: Definitions | None, since: datetime, now: datetime, closes_after: timedelta
    ) -> None:
        self.since, self.now, self.zone = since, now, calendar.zone_of(None, new)
        self._new = Rehearsal(new, now, closes_after)
        self._old = Rehearsal(old, now, closes_after) if old is not None and old.hot_lead is not None else None

    @property
    def compared(self) -> bool:
        """True where there are old definitions."""
        return self._old is not None

    def case(self, lead: PastLead) -> Case | None:
        """What would have become of it; None where there is nothing to tell of it."""
        new = self._new.crossings(lead)
        old = self._old.crossings(lead) if self._old is not None else ()
        found = Case(lead.id, lead.result, lead.closed_at, new, old)
        if self._won_here(found) and found.first is None:
            return Case(lead.id, lead.result, lead.closed_at, new, old, nearest(self._new, lead))
        counts = lead.result is not None and (lead.closed_at is None or self._here(lead.closed_at))
        return found if new or old or counts else None

    def summed(self, cases: Iterable[Case], leads: int) -> Backtest:
        """The whole, from the cases of so many leads."""
        told = sorted(cases, key=lambda each: each.lead)
        crossings = [(each, crossing) for each in told for crossing in each.new if self._here(crossing.at)]
        judged = [_afterwards(case, crossing) for case, crossing in crossings]
        closed = [each.result for each in told if each.result is not None and self._here(each.closed_at)]
        won = [each for each in told if self._won_here(each)]
        new, old = ({each.lead for each in told if self._hot_here(each, which)} for which in ("new", "old"))
        return Backtest(
            self.since,
            self.now,
            leads,
            self._weeks([(crossing.at, result) for (_, crossing), result in zip(crossings, judged, strict=True)]),
            Share(judged.count("won"), judged.count("won") + judged.count("lost")),
            Share(closed.count("won"), len(closed)),
            tuple(sorted(won, key=lambda each: (each.first is not None, each.closed_at or self.now))),
            _won_first(each for each in told if self.compared and each.lead in new - old),
            _won_first(each for each in told if self.compared and each.lead in old - new),
            self.compared,
            sum(each.result is not None and each.closed_at is None for each in told),
        )

    def _here(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at <= self.now

    def _won_here(self, case: Case) -> bool:
        return case.result == "won" and self._here(case.closed_at)

    def _hot_here(self, case: Case, which: str) -> bool:
        return any(self._here(each.at) for each in (case.new if which == "new" else case.old))

    def _weeks(self, crossings: Sequence[tuple[datetime, Result | None]]) -> tuple[Week, ...]:
        by_week: dict[date, list[Result | None]] = defaultdict(list)
        for at, result in crossings:
            by_week[_monday(at, self.zone)].append(result)
        monday, found = _monday(self.since, self.zone), []
        while monday <= _monday(self.now, self.zone):
            here = by_week[monday]
            found.append(Week(monday, len(here), here.count("won"), here.count("lost")))
            monday += WEEK
        return tuple(found)


def matters(old: Definitions, new: Definitions) -> bool:
    """True where other leads may become hot, or at other times: score, phases, segments or the definition differ."""
    return _meaning(old) != _meaning(new)


def _meaning(definitions: Definitions) -> tuple[object, ...]:
    """What two deployments have in common in which the same leads become hot at the same times."""
    hot = definitions.hot_lead
    if hot is None:
        return ()

    def each(conditions: Iterable[AnyCondition | None]) -> tuple[AnyCondition | None, ...]:
        return tuple(expanded(one, definitions) if one is not None else None for one in conditions)

    asked = each([hot_condition(hot)])
    found: list[object] = [asked, hot.cool_down]
    phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
    if _asks(asked, InPhase):
        reached = each(phase.reached_when for phase in phases)
        found += [definitions.phases, reached]
        asked += reached
    if _asks(asked, ScoreIs):
        score = definitions.score
        of_items = [*(item.when for item in score.attributes), *(item.when for item in score.behaviours)]
        found += [score, each(of_items)]
    return tuple(found)


def _asks(conditions: Iterable[AnyCondition | None], kind: type[AnyCondition]) -> bool:
    return any(isinstance(part, kind) for each in conditions if each is not None for part in parts(each))


def capacity_of(sales: Sales | None, open_for: Sequence[timedelta], queue: str) -> Capacity | None:
    """How many tasks the reps can take in a week: as many as they can hold, by how long a task is open.

    That is the median of those in `open_for`, else at most the queue's `close_within`; None where neither is known.
    By Little's law (Little 1961, Oper. Res. 9:383) what is held is what comes in, times how long it stays.
    """
    if sales is None:
        return None
    held = sum(each.capacity for each in sales.reps)
    known = sales.queues.get(queue)
    within = known.close_within if known is not None else None
    if not held:
        return None
    if open_for:
        days = usually(open_for) / timedelta(days=1)
        return Capacity(held * 7 / days, "median", len(sales.reps), held, days, len(open_for), queue)
    if within is None:
        return None
    days = within.business_days * 7 / 5 or within.span / timedelta(days=1)
    return Capacity(held * 7 / days, "close_within", len(sales.reps), held, days, queue=queue)


def usually(open_for: Sequence[timedelta]) -> timedelta:
    """How long a task is open: the median of those that were, at least an hour; USUAL where there was none."""
    middle = median(open_for)
    return USUAL if middle is None else max(middle, timedelta(hours=1))


def _afterwards(case: Case, crossing: Crossing) -> Result | None:
    """What sales made of the lead after it had become hot; None where nobody knows whether it was after that."""
    return case.result if case.closed_at is not None and crossing.at <= case.closed_at else None


def _won_first(cases: Iterable[Case]) -> tuple[Case, ...]:
    order: dict[Result | None, int] = {"won": 0, "lost": 1, None: 2}
    return tuple(sorted(cases, key=lambda each: (order[each.result], each.lead)))


def _monday(at: datetime, zone: ZoneInfo) -> date:
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())
