"""Computes the score of a lead from what it is and did; refuses to know what follows from it.

A pure function of (model, attributes, facts, now): points that fade are computed when they are asked for, never by a
job, so the score of any instant can be had from what was known at it (design, section 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from nurture.conditions import AnyCondition, AnyOf, Did, EventPattern, Happened, parts
from nurture.definitions import BehaviourItem, Definitions, Fades, Score
from nurture.entries import Happening
from nurture.facts import KEEP, counting_key, keeps
from nurture.judging import Judge, Situation, expanded, judge

TOTAL, ATTRIBUTES, BEHAVIOURS = "total", "attributes", "behaviours"


@dataclass(frozen=True, slots=True)
class Part:
    """The points of one event: when, what, the points it gave and what is left of them."""

    at: datetime
    type: str
    subject: str
    points: float
    faded: float


@dataclass(frozen=True, slots=True)
class Points:
    """The score of one lead at one instant: points by item, unrounded, and their sums."""

    items: Mapping[str, float]
    attributes: float
    behaviours: float

    @property
    def total(self) -> float:
        """Attributes and behaviours together."""
        return self.attributes + self.behaviours

    def of(self, name: str) -> float:
        """A sum by its word, else an item by its name; 0 for an item that the model does not have."""
        match name:
            case "total":
                return self.total
            case "attributes":
                return self.attributes
            case "behaviours":
                return self.behaviours
            case _:
                return self.items.get(name, 0.0)

    def shown(self) -> dict[str, object]:
        """As the API shows it."""
        return {
            TOTAL: self.total, ATTRIBUTES: self.attributes, BEHAVIOURS: self.behaviours, "items": dict(self.items),
        }  # fmt: skip


Measure = Callable[[Situation], Points]


def remembered(measure: Measure) -> Measure:
    """The same for one situation, computed once however many conditions ask."""
    kept: list[Points] = []

    def once(now: Situation) -> Points:
        if not kept:
            kept.append(measure(now))
        return kept[0]

    return once


@dataclass(frozen=True, slots=True)
class _ReadyItem:
    """A behaviour item ready to be counted. `holds` is None where every event kept under the key counts."""

    item: BehaviourItem
    key: str
    holds: Judge | None


class Scorer:
    """One score model made ready to be applied many times.

    `wanted` is what a fact sheet must keep for it, `types` are those of the events that may change it (`any`: all).
    """

    def __init__(self, definitions: Definitions) -> None:
        model = definitions.score
        self.empty = not (model.attributes or model.behaviours)
        self.wanted = keeps(asked_by_items(definitions)) | wanted(model)
        dids = [part.did for each in asked_by_items(definitions) for part in parts(each) if isinstance(part, Did)]
        counted = [event for each in model.behaviours for event in counted_by(each)]
        self.types = frozenset(event.type for event in (*counted, *dids))
        self._attributes = [(each, judge(each.when, definitions, "nowhere")) for each in model.attributes]
        self._behaviours = [
            _ReadyItem(each, key_of(each), None if _plain(each.when) else judge(each.when, definitions, "entry"))
            for each in model.behaviours
        ]

    def __call__(self, now: Situation) -> Points:
        """The points of a lead in a situation."""
        items: dict[str, float] = {}
        attributes = behaviours = 0.0
        bare = Situation(now.now, now.attributes, now.facts, {})  # an item that asks for a score counts nothing
        for each, holds in self._attributes:
            items[each.item] = points = float(each.points) if holds(bare) else 0.0
            attributes += points
        for ready in self._behaviours:
            items[ready.item.item] = points = sum([each[-1] for each in _counted(ready, now)])
            behaviours += points
        return Points(items, attributes, behaviours)

    def parts(self, now: Situation) -> dict[str, tuple[Part, ...]]:
        """For each behaviour item the events that gave points, the newest first: why the score is what it is."""
        return {ready.item.item: tuple(Part(*each) for each in _counted(ready, now)) for ready in self._behaviours}


def wanted(model: Score) -> dict[str, int]:
    """What a fact sheet must keep for a score model: for each item the newest events its cap has room for."""
    found: dict[str, int] = {}
    for item in model.behaviours:
        key = key_of(item)
        found[key] = max(found.get(key, 0), _room(item))
    return dict(sorted(found.items()))


def asked_by_items(definitions: Definitions) -> tuple[AnyCondition, ...]:
    """What the items ask for, without names of segments: a `did` in one is looked for as in any other condition."""
    model = definitions.score
    conditions = [*(each.when for each in model.attributes), *(each.when for each in model.behaviours)]
    return tuple(expanded(each, definitions) for each in conditions)


def counted_by(item: BehaviourItem) -> tuple[EventPattern, ...]:
    """The events that an item may count."""
    return tuple(part.event for part in parts(item.when) if isinstance(part, Happened))


def key_of(item: BehaviourItem) -> str:
    """Under which key a fact sheet keeps the events of an item."""
    return counting_key(counted_by(item), per_subject=item.repeat == "each_subject")


def _room(item: BehaviourItem) -> int:
    """How many events can give points (design, section 6: the newest ⌈cap/points⌉, at most 50)."""
    if item.repeat == "once" or not item.points:
        return 1
    return min(KEEP, ceil((item.cap or KEEP * abs(item.points)) / abs(item.points)))


def _plain(condition: AnyCondition) -> bool:
    """True for an event, or one of several: what is kept for the item then counts without being judged again."""
    several = condition.any if isinstance(condition, AnyOf) else (condition,)
    return all(isinstance(each, Happened) for each in several)


def _counted(ready: _ReadyItem, now: Situation) -> list[tuple[datetime, str, str, float, float]]:
    """The parts as tuples, a million leads are scored for a plan; the newest events fill the cap, before fading."""
    kept = now.facts.counted.get(ready.key)
    if kept is None:
        return []
    item, found = ready.item, []
    most, sign = float(abs(item.points)), 1.0 if item.points >= 0 else -1.0
    left = most if item.repeat == "once" or item.cap is None else float(item.cap)
    for at, type, subject in reversed(kept):  # noqa: A001 - the field's word
        if left <= 0:
            break
        if at > now.now or (ready.holds is not None and not _counts(ready.holds, now, at, type, subject)):
            continue
        given = min(most, left)
        left -= given
        points = sign * given
        faded = points if item.fades is None else points * _left_of(item.fades, now.now - at)
        found.append((at, type, subject, points, faded))
    return found


def _counts(holds: Judge, now: Situation, at: datetime, type: str, subject: str) -> bool:
    entry = Happening(seq=0, at=at, received_at=at, deployment=0, id="", type=type, subject=subject)
    return holds(Situation(now.now, now.attributes, now.facts, {}, entry, own=True))


def _left_of(fades: Fades, age: timedelta) -> float:
    """The share of its points that an event of this age still has."""
    if fades.expires is not None and age >= fades.expires.span:
        return 0.0
    if fades.half_life is None:
        return 1.0
    return float(0.5 ** (age / fades.half_life.span))
