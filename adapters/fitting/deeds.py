"""Finds what leads did that can give points: which events, counted how often, fading how fast; weighs none of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adapters.fitting.measures import platt
from adapters.fitting.sample import Flags, Floats, Sample, Whole
from adapters.history_file import UNDATED
from nurture.conditions import ANY, MAIL_EVENTS, EventPattern, Happened
from nurture.definitions import BehaviourItem, Definitions, Fades, Score
from nurture.durations import Duration

HALF_LIVES: tuple[str | None, ...] = (None, "7d", "14d", "30d", "60d")
"""How fast points may fade; which is best, held-out cases say."""
MOST_EVENTS = 40
MOST_TIMES = 3
"""How often an event that is counted each time gives points."""
_LOOKED_AT = 6_000
"""Cases that are enough to choose a half-life by."""
_FADES_IF = 3.0
"""How much log loss fading has to save, for the choice among half-lives costs some."""


@dataclass(frozen=True)
class Deed:
    """An event as an item of one point, and how many points every case has by it (more than one where it repeats)."""

    item: BehaviourItem
    times: Floats

    def worth(self, name: str, points: int) -> BehaviourItem:
        """The item with another name and so many points for each time."""
        cap = None if self.item.repeat == "once" else MOST_TIMES * abs(points)
        return self.item.model_copy(update={"item": name, "points": points, "cap": cap})


def deeds_of(sample: Sample, won: Flags, part: Whole) -> list[Deed]:
    """For each event that is frequent among the cases in `part`, the way to count it that foretells best."""
    patterns = _frequent(sample, part)
    if not patterns:
        return []
    looked_at = part[:: max(1, len(part) // _LOOKED_AT)]
    ways = [way for pattern, repeats, dated in patterns for way in _ways(pattern, repeats=repeats, dated=dated)]
    counted = sample.by_item(_model(ways), looked_at)
    best: dict[str, tuple[float, BehaviourItem]] = {}
    cut = int(0.7 * len(looked_at))
    for index, way in enumerate(ways):
        loss = _held_out(counted[:, index], won[looked_at], cut)
        loss += _FADES_IF * len(looked_at) / len(part) if way.fades is not None else 0.0
        name = str(way.when)
        if name not in best or loss < best[name][0]:
            best[name] = (loss, way)
    chosen = [way for _, way in best.values()]
    times = sample.by_item(_model(chosen))
    return [Deed(way, times[:, index]) for index, way in enumerate(chosen)]


def _frequent(sample: Sample, part: Whole) -> list[tuple[EventPattern, bool, bool]]:
    """Events that enough cases have, whether cases have them repeatedly, and whether they have days."""
    who: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    dated: set[str] = set()
    for index in part:
        for event in sample.cases[int(index)].lead.events:
            who[event.type, ANY][int(index)] += 1
            if event.subject and event.type not in MAIL_EVENTS:
                who[event.type, event.subject][int(index)] += 1
            if event.at > UNDATED:
                dated.add(event.type)
    fewest = max(20, int(0.01 * len(part)))
    found = []
    for (kind, subject), cases in sorted(who.items(), key=lambda each: -len(each[1])):
        if len(cases) < fewest or len(cases) > len(part) - fewest:
            continue
        if subject == ANY and _same_as_its_subject(who, kind, cases):
            continue
        repeats = sum(times > 1 for times in cases.values()) >= 0.1 * len(cases)
        found.append((EventPattern(type=kind, subject=subject), repeats, kind in dated))
    return found[:MOST_EVENTS]


def _same_as_its_subject(who: dict[tuple[str, str], Counter[int]], kind: str, cases: Counter[int]) -> bool:
    """True if one subject alone is what every event of a type was about."""
    return any(key[0] == kind and key[1] != ANY and len(who[key]) == len(cases) for key in who)


def _ways(pattern: EventPattern, *, repeats: bool, dated: bool) -> list[BehaviourItem]:
    when = Happened(event=pattern)
    fades = [Fades(half_life=Duration.parse(each)) if each else None for each in (HALF_LIVES if dated else (None,))]
    once = [BehaviourItem(item="way", when=when, points=1, fades=each) for each in fades]
    if not repeats:
        return once
    return once + [
        BehaviourItem(item="way", when=when, points=1, repeat="each", cap=MOST_TIMES, fades=each) for each in fades
    ]


def _model(ways: Sequence[BehaviourItem]) -> Definitions:
    named = tuple(way.model_copy(update={"item": f"way_{index}"}) for index, way in enumerate(ways))
    return Definitions(score=Score(behaviours=named))


def _held_out(times: Floats, won: Flags, cut: int) -> float:
    """The log loss of the later cases by a calibration on the earlier ones."""
    fitted = platt(times[:cut], won[:cut])
    chance = np.clip(fitted.chance(times[cut:]), 1e-6, 1 - 1e-6)
    return -float(np.log(np.where(won[cut:], chance, 1 - chance)).sum())
