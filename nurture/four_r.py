"""Judges segments by what became of leads: Rank, Realistic, Reach, Response, each with figures and what to change.

The four R are those of the article (section 2-2): is it worth being first, are there enough, are the deals in it, can
it be measured? Counting is segment_tally.py's; here stands what the counts mean. Refuses to have an opinion on few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from nurture.axes import axes_of
from nurture.conditions import AnyCondition, AttributeIs
from nurture.definitions import Axis, Definitions, Segment
from nurture.history import PastLead
from nurture.segment_tally import MONTH, Tally, tallied
from nurture.shares import Share

Verdict = Literal["good", "fair", "weak", "too_few"]
"""`fair`: it may be, and more leads would tell; `too_few`: no opinion."""
ENOUGH = 20
"""Fewer leads with a result, or fewer won ones, bear no opinion."""
LEAK = 0.95
"""What nearly all who have it were won by is a consequence of winning, and no advice."""
SILENT = timedelta(days=90)
"""Where nobody did something for so long, its source may have broken."""
DEFAULT_FLOOR = 10
"""How many leads a month a segment must bring where sales.yaml says nothing of capacity."""

AdviceWord = Literal[
    "combine_axes",
    "wait",
    "drop",
    "add",
    "loosen",
    "keeps_out",
    "widen",
    "hurry",
    "ask_for",
    "no_source",
    "gone_silent",
]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to change: a word, the condition it is about, and the figures that speak for it.

    `share` is the case for it (of `add`: won with the condition; of `loosen`: won of those it would let in; of
    `keeps_out`: of the won deals outside), `against` what it is compared with, `number` a count of leads, `names`
    forms, axes or a phase.
    """

    what: AdviceWord
    condition: AnyCondition | None = None
    share: Share | None = None
    against: Share | None = None
    number: int = 0
    names: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """Does it deserve to be first? Won among its leads with a result, against all leads with one."""

    verdict: Verdict
    inside: Share
    all: Share
    advice: tuple[Advice, ...]
    place: int | None = None

    @property
    def lift(self) -> float | None:
        """How many times as often its leads are won as all are."""
        return self.inside.value / self.all.value if self.inside.of and self.all.hits else None


@dataclass(frozen=True, slots=True)
class Realistic:
    """Are there enough? Who fits now, and how many a month began to fit in the last 30-day months, oldest first."""

    verdict: Verdict
    now: int
    leads: int
    months: tuple[int, ...]
    floor: int
    advice: tuple[Advice, ...]

    @property
    def per_month(self) -> float:
        """The mean of the months that are known."""
        return sum(self.months) / len(self.months) if self.months else 0.0


@dataclass(frozen=True, slots=True)
class Reached:
    """The share of the segment's leads that came to a phase, and of all leads."""

    phase: str
    inside: Share
    all: Share


@dataclass(frozen=True, slots=True)
class Reach:
    """Are the deals in it? The share of won deals that fitted before they closed, and how far its leads get."""

    verdict: Verdict
    won: Share
    phases: tuple[Reached, ...]
    handed_over: Share
    handed_over_all: Share
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One condition and the share of leads on which it can be judged at all; of an event also the newest one."""

    condition: AnyCondition
    share: Share
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """Can it be measured? `whole`: the leads on which every condition can be judged."""

    verdict: Verdict
    whole: Share
    parts: tuple[Measured, ...]
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """The four R of one segment, and the axes that it combines."""

    name: str
    title: str | None
    condition: AnyCondition
    axes: tuple[Axis, ...]
    rank: Rank
    realistic: Realistic
    reach: Reach
    response: Response
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class FourR:
    """The report of several segments, in the order of priority, by how many leads it was made at which instant."""

    at: datetime
    leads: int
    won: int
    lost: int
    segments: tuple[SegmentReport, ...]


def four_r(
    leads: Iterable[PastLead],
    definitions: Definitions,
    now: datetime,
    *,
    floor: int | None = None,
    names: Sequence[str] | None = None,
) -> FourR:
    """The report, in one pass over the leads. `names`: of these segments only; `floor`: leads a month (see floor_of).

    Raises KeyError for the name of a segment that does not exist.
    """
    chosen = {name: definitions.segments[name] for name in (names if names is not None else definitions.segments)}
    tally = tallied(leads, definitions, chosen, now)
    least = floor if floor is not None else floor_of(definitions)
    reports = [_report(name, segment, definitions, tally, least) for name, segment in chosen.items()]
    reports.sort(key=lambda each: (each.rank.verdict == "too_few", -each.rank.inside.low, each.name))
    placed = [
        replace(each, rank=replace(each.rank, place=index)) if each.rank.verdict != "too_few" else each
        for index, each in enumerate(reports, 1)
    ]
    return FourR(now, tally.leads, tally.decided.hits, tally.decided.of - tally.decided.hits, tuple(placed))


def floor_of(definitions: Definitions) -> int:
    """How many leads a month keep sales busy: the tasks the reps can hold, over how many months one may take."""
    sales = definitions.sales
    if sales is None:
        return DEFAULT_FLOOR
    longest = max((queue.close_within.span for queue in sales.queues.values() if queue.close_within), default=MONTH)
    capacity = sum(rep.capacity for rep in sales.reps)
    return max(1, ceil(capacity * MONTH / max(longest, MONTH)))


def _report(name: str, segment: Segment, definitions: Definitions, tally: Tally, floor: int) -> SegmentReport:
    axes = axes_of(segment.when, definitions)
    advice = (Advice("combine_axes", names=axes),) if len(axes) < 2 else ()
    return SegmentReport(
        name, segment.title, segment.when, axes, _rank(name, tally), _realistic(name, tally, floor),
        _reach(name, tally), _response(name, tally, definitions), advice,
    )  # fmt: skip


def _rank(name: str, tally: Tally) -> Rank:
    counts, everybody = tally.segments[name], tally.decided
    inside = counts.decided
    if inside.of < ENOUGH or not everybody.hits:
        return Rank("too_few", inside, everybody, (Advice("wait", number=max(ENOUGH - inside.of, 0)),))
    if inside.low > everybody.value:
        return Rank("good", inside, everybody, ())
    advice = [
        Advice("drop", part.condition, inside, part.missed)
        for part in counts.parts
        if part.missed.of >= ENOUGH and part.missed.value >= inside.value
    ]
    better = [
        (share.low, Advice("add", condition, share, inside))
        for condition, share in counts.with_more
        if share.of >= ENOUGH and inside.value < share.low and share.value < LEAK
    ]
    if better:
        advice.append(max(better, key=lambda each: each[0])[1])
    return Rank("weak" if inside.value <= everybody.value else "fair", inside, everybody, tuple(advice))


def _realistic(name: str, tally: Tally, floor: int) -> Realistic:
    counts = tally.segments[name]
    found = Realistic("too_few", counts.now, tally.leads, tally.known_months(counts.months), floor, ())
    if not tally.leads or not found.months:
        return replace(found, advice=(Advice("wait"),))
    if found.per_month >= floor:
        return replace(found, verdict="good")
    loosen = max(counts.parts, key=lambda part: part.alone, default=None)
    advice = (
        (Advice("loosen", loosen.condition, loosen.missed, number=loosen.alone),)
        if loosen is not None and loosen.alone
        else (Advice("widen", number=floor),)
    )
    return replace(found, verdict="fair" if 2 * found.per_month >= floor else "weak", advice=advice)


def _reach(name: str, tally: Tally) -> Reach:
    counts = tally.segments[name]
    phases = tuple(
        Reached(phase, Share(counts.reached[phase], counts.size), Share(tally.reached[phase], tally.leads))
        for phase in tally.phases
    )
    won = Share(counts.decided.hits, tally.decided.hits)
    found = Reach(
        "too_few", won, phases,
        Share(counts.handed_over, counts.size), Share(tally.handed_over, tally.leads), (),
    )  # fmt: skip
    if won.of < ENOUGH:
        return replace(found, advice=(Advice("wait", number=ENOUGH - won.of),))
    verdict: Verdict = "good" if won.value >= 0.3 else "fair" if won.value >= 0.1 else "weak"
    advice = []
    excluding = max(counts.parts, key=lambda part: part.missed.hits, default=None)
    if verdict != "good" and excluding is not None and excluding.missed.hits:
        advice.append(Advice("keeps_out", excluding.condition, Share(excluding.missed.hits, won.of - won.hits)))
    behind = [each for each in phases[1:] if each.inside.of >= ENOUGH and each.inside.high < each.all.value]
    if behind:
        advice.append(Advice("hurry", share=behind[0].inside, against=behind[0].all, names=(behind[0].phase,)))
    return replace(found, verdict=verdict, advice=tuple(advice))


def _response(name: str, tally: Tally, definitions: Definitions) -> Response:
    counts = tally.segments[name]
    parts = tuple(
        Measured(each, tally.measurable(each), tally.newest(each)) for each in counts.leaves
    )  # fmt: skip
    whole = Share(counts.measurable if all(each.share.hits for each in parts) else 0, tally.leads)
    if not tally.leads:
        return Response("too_few", whole, parts, (Advice("wait"),))
    verdict: Verdict = "good" if whole.value >= 0.8 else "fair" if whole.value >= 0.5 else "weak"
    advice = []
    for each in parts:
        if isinstance(each.condition, AttributeIs):
            if each.share.value < 0.8:
                asking = (form for form, made in definitions.forms.items() if each.condition.attribute in made.fields)
                advice.append(Advice("ask_for", each.condition, each.share, names=tuple(asking)))
        elif not each.share.hits:
            advice.append(Advice("no_source", each.condition))
        elif each.newest is not None and tally.at - each.newest > SILENT:
            verdict = "fair" if verdict == "good" else verdict
            advice.append(Advice("gone_silent", each.condition, at=each.newest))
    return Response(verdict, whole, parts, tuple(advice))
