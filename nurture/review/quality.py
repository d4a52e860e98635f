"""Was the quality right? What sales gave back and why, and whether more points are won more often."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from nurture.review.advice import Advice
from nurture.review.tasks import ENOUGH, Group, Outcomes, PastTask, Verdict, divided
from nurture.shares import Share

OFTEN, SELDOM = 0.2, 0.1
"""A share of tasks given back above the one, for certain, is too much; below the other, for certain, is good."""
MOST_REASONS = 10
_WIDTHS = (5, 10, 20, 25, 50, 100, 200, 500, 1000)
_BANDS = 8
UNSCORED = "(unknown)"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why tasks were given back, as one rep wrote it first, and how many for the same reason."""

    text: str | None
    share: Share


@dataclass(frozen=True, slots=True)
class Quality:
    """What was given back, and the won by points: `bands` ascend, each `from–to`; `lower` and `upper` half of them.

    `rises`: leads with more points are surely won more often (`good`), surely more rarely (`weak`), or not surely.
    """

    verdict: Verdict
    returned: Share
    reasons: tuple[Reason, ...]
    bands: tuple[Group, ...]
    rises: Verdict
    lower: Share
    upper: Share
    advice: tuple[Advice, ...]


def quality(tasks: Sequence[PastTask]) -> Quality:
    """The answer for these tasks."""
    returned = Outcomes.of(tasks).returned_rate
    reasons = _reasons([each for each in tasks if each.state == "returned"])
    verdict: Verdict = "too_few"
    if returned.of >= ENOUGH:
        verdict = "weak" if returned.low > OFTEN else "good" if returned.high < SELDOM else "fair"
    advice = []
    if verdict == "weak":
        advice.append(Advice("returned_often", share=returned))
    told = [each for each in reasons if each.text is not None]
    if told and verdict != "good" and told[0].share.hits >= 3:
        advice.append(Advice("reason_leads", (told[0].text or "",), told[0].share))
    untold = next((each.share for each in reasons if each.text is None), None)
    if untold is not None and untold.value > 0.5 and untold.hits >= 3:
        advice.append(Advice("ask_reasons", share=untold))
    lower, upper = _halves(tasks)
    rises = _rises(lower, upper)
    if rises == "weak" or (rises == "fair" and upper.value <= lower.value):
        advice.append(Advice("score_says_nothing", share=upper, against=lower))
    return Quality(verdict, returned, reasons, _bands(tasks), rises, lower, upper, tuple(advice))


def _reasons(tasks: Sequence[PastTask]) -> tuple[Reason, ...]:
    """The same words are the same reason, however they are written; the most frequent first, those untold last."""
    first: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for each in sorted(tasks, key=lambda task: (task.made_at, task.id)):
        written = " ".join((each.reason or "").split())
        key = _plain(written)
        first.setdefault(key, written)
        counted[key] += 1
    several = sorted(counted.items(), key=lambda each: (not each[0], -each[1], each[0]))
    return tuple(Reason(first[key] or None, Share(times, len(tasks))) for key, times in several)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LN")


def _bands(tasks: Sequence[PastTask]) -> tuple[Group, ...]:
    scored = [each.points for each in tasks if each.points is not None]
    width = next((each for each in _WIDTHS if max(scored, default=0) < _BANDS * each), _WIDTHS[-1])
    starts: dict[str, float] = defaultdict(lambda: float("inf"))

    def name(task: PastTask) -> tuple[str]:
        if task.points is None:
            return (UNSCORED,)
        start = int(task.points // width) * width
        called = f"{start}–{start + width}"
        starts[called] = start
        return (called,)

    found = divided(tasks, name)
    return tuple(sorted(found, key=lambda each: starts[each.name]))


def _halves(tasks: Sequence[PastTask]) -> tuple[Share, Share]:
    """The won among those with a result below the middle of their points, and from there on."""
    decided = [(each.points, each.state == "won") for each in tasks if each.state in ("won", "lost")]
    known = sorted((points, won) for points, won in decided if points is not None)
    if not known:
        return Share(0, 0), Share(0, 0)
    middle = known[len(known) // 2][0]
    below, above = ([won for points, won in known if (points < middle) == low] for low in (True, False))
    return Share(sum(below), len(below)), Share(sum(above), len(above))


def _rises(lower: Share, upper: Share) -> Verdict:
    if min(lower.of, upper.of) < ENOUGH:
        return "too_few"
    return "good" if upper.low > lower.value else "weak" if upper.high < lower.value else "fair"
