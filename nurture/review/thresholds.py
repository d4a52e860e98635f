"""Which threshold? How many leads a week would have had so many points, and how many of them were won; deploys none.

Every lead is scored by the present score at every instant at which it did or became something, also those that never
came near the threshold. What became of them is known only of those that sales had: of leads below the threshold these
are the ones that came to sales in another way, which says little of the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.backtest import Capacity
from nurture.definitions import Definitions
from nurture.history import Result
from nurture.review.advice import Advice
from nurture.review.tasks import ENOUGH, WEEKS_ENOUGH, Verdict, compared
from nurture.shares import Share
from nurture.threshold import threshold_of

_STEPS = (5, 10, 20, 25, 50, 100, 200, 500, 1000)
_MOST = 16


@dataclass(frozen=True, slots=True)
class Climb:
    """How one lead rose: each new most of its points with its instant, ascending; and what became of it."""

    rises: tuple[tuple[datetime, float], ...]
    result: Result | None
    closed_at: datetime | None

    def crossed(self, threshold: float) -> datetime | None:
        """When it had so many points for the first time."""
        index = bisect_left(self.rises, threshold, key=lambda each: each[1])
        return self.rises[index][0] if index < len(self.rises) else None


@dataclass(frozen=True, slots=True)
class Threshold:
    """At this threshold so many leads would have become hot in the time, `per_week`, and so many of them were won.

    `below`: the won of those that would be hot at this threshold and not at the next higher one.
    """

    total: int
    hot: int
    per_week: float
    won: Share
    below: Share
    fits: bool | None
    """Whether sales can take so many; None where nobody knows what it can."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What other thresholds would have brought. `now`: that of hot_lead.yaml; None: no rule asks for the total alone.

    `recommended`: the lowest at which sales can take all, and down to which leads are not surely won more rarely; None
    where that is not known, or nobody would be hot.
    """

    verdict: Verdict
    now: int | None
    steps: tuple[Threshold, ...]
    recommended: int | None
    unseen: Share
    """The leads among those hot at the recommended threshold of which nobody knows what sales would make of them."""
    advice: tuple[Advice, ...]


def present(definitions: Definitions) -> int | None:
    """The total from which a lead is hot by that alone."""
    found = threshold_of(definitions.hot_lead)
    return round(found) if found is not None else None


def thresholds(
    climbs: Iterable[Climb],
    leads: int,
    definitions: Definitions,
    limit: Capacity | None,
    since: datetime,
    now: datetime,
    weeks: float,
) -> Thresholds:
    """The answer for the climbs of so many leads; `weeks`: how many there are between the two instants."""
    rising = [each for each in climbs if each.rises]
    today = present(definitions)
    highest = max((each.rises[-1][1] for each in rising), default=0.0)
    asked = _asked(highest, today)
    found: list[Threshold] = []
    above: set[int] = set()
    for total in reversed(asked):
        hot = [index for index, each in enumerate(rising) if _here(each.crossed(total), since, now)]
        fresh = [rising[index] for index in hot if index not in above]
        per_week = len(hot) / weeks
        fits = per_week <= limit.per_week if limit is not None else None
        won, below = (_won(some, total) for some in ([rising[index] for index in hot], fresh))
        found.append(Threshold(total, len(hot), per_week, won, below, fits))
        above = set(hot)
    steps = tuple(reversed(found))
    return _judged(steps, today, _recommended(steps, leads, today) if weeks >= WEEKS_ENOUGH else None)


def _recommended(steps: Sequence[Threshold], leads: int, today: int | None) -> int | None:
    """The lowest that is a choice; of those that as many leads reach the present one, else the highest.

    It is no choice where sales cannot take all, where it takes more than half of the leads, or where those that only
    just reach it are surely won more rarely than the others.
    """
    lowest: Threshold | None = None
    for each in reversed(steps):
        if not each.fits or each.hot > leads / 2 or (lowest and compared(each.below, lowest.won) == "weak"):
            break
        lowest = each if each.hot else lowest
    if lowest is None:
        return None
    alike = [each.total for each in steps if each.hot == lowest.hot and each.total >= lowest.total]
    return today if today in alike else alike[-1]


def _asked(highest: float, today: int | None) -> list[int]:
    """Round thresholds up to the highest total there was, and the present one."""
    step = next((each for each in _STEPS if highest <= _MOST * each), _STEPS[-1])
    several = set(range(step, int(highest) + 1, step)) | ({today} if today is not None else set())
    return sorted(several)


def _here(at: datetime | None, since: datetime, now: datetime) -> bool:
    return at is not None and since <= at <= now


def _won(several: Iterable[Climb], total: int) -> Share:
    """Won among those that were won or lost after they had so many points."""
    results = [
        each.result
        for each in several
        if each.result is not None
        and each.closed_at is not None
        and (at := each.crossed(total)) is not None
        and at <= each.closed_at
    ]
    return Share(results.count("won"), len(results))


def _judged(steps: tuple[Threshold, ...], today: int | None, recommended: int | None) -> Thresholds:
    by_total = {each.total: each for each in steps}
    here, there = by_total.get(today or -1), by_total.get(recommended or -1)
    unseen = Share(there.hot - there.won.of, there.hot) if there is not None else Share(0, 0)
    if here is None or there is None or recommended is None or today is None:
        return Thresholds("too_few", today, steps, recommended, unseen, ())
    if recommended == today or here.hot == there.hot:
        return Thresholds("good", today, steps, recommended, unseen, (Advice("keep", number=today),))
    names = (str(today), str(recommended))
    if recommended > today:
        word = Advice("raise", names, there.won, here.won, there.per_week)
        return Thresholds("weak", today, steps, recommended, unseen, (word,))
    between = [each for each in steps if recommended <= each.total < today]
    added = Share(sum(each.below.hits for each in between), sum(each.below.of for each in between))
    word = Advice("lower" if added.of >= ENOUGH else "lower_by_lot", names, added, here.won, there.per_week)
    return Thresholds("fair", today, steps, recommended, unseen, (word,))
