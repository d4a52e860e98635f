"""Turns weights into points that people can add up (multiples of five up to fifteen) and few items; knows no lead.

The search is coordinate descent on the log loss of the calibrated sum (as in FasterRisk, Liu et al. 2022, without its
beam), with a price for every item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from adapters.fitting.measures import rising_loss
from adapters.fitting.sample import Floats, Whole

STEP, MOST = 5, 15
_SCALES = 8
PRICE = 0.5
"""How much log loss an item has to save to be worth a line. How many lines are worth it, cases left out say."""
_ROUNDS = 6


@dataclass
class Part:
    """What is given points together: the bins of an attribute (`codes`), or one event (`times`).

    `weights`: the unrounded worth of each bin, or of the event. `ordered`: equal points of neighbours are one item;
    else all bins with equal points are. `lonely`: the last bin is never one item with another. `mean`: bins whose win
    rate is about that of all, which get nothing: an item that tells nothing by itself is no evidence of anything.
    """

    weights: Floats
    codes: Whole | None = None
    times: Floats | None = None
    ordered: bool = False
    lonely: bool = False
    mean: frozenset[int] = frozenset()
    points: list[int] = field(default_factory=list)

    def total(self, points: Sequence[int] | None = None) -> Floats:
        """The points of every case by this part."""
        given = self.points if points is None else points
        if self.codes is None:
            return np.asarray(self.times) * given[0]
        return np.append(np.array(given, dtype=float), 0.0)[self.codes]

    def runs(self, points: Sequence[int] | None = None) -> list[tuple[int, ...]]:
        """The bins of each item: those that have the same points, not 0."""
        given = list(self.points if points is None else points)
        alone = [len(given) - 1] if self.lonely and given[-1:] != [0] and given else []
        several = [index for index, each in enumerate(given) if each and index not in alone]
        if self.ordered:
            grouped = groupby(enumerate(several), key=lambda each: (each[1] - each[0], given[each[1]]))
            runs = [tuple(index for _, index in group) for _, group in grouped]
        else:
            levels = sorted({given[index] for index in several}, reverse=True)
            runs = [tuple(index for index in several if given[index] == level) for level in levels]
        return runs + [(index,) for index in alone]


Points = list[list[int]]
"""The points of all parts: of each its bins, or its event."""


def cards_of(parts: Sequence[Part], told: Floats, part: Whole, *, most_items: int) -> dict[int, Points]:
    """The best points found with at most so many items, and with ever fewer of them: by number of items, from 0 on.

    `told`: the chances, or outcomes, of the cases in `part` that the points are to put in order.
    """
    search = _Search(parts, told, part)
    best: tuple[float, Points] | None = None
    for scale in _scales(parts):
        search.start(scale)
        search.shrink_to(most_items)
        search.refine(most_items)
        if best is None or search.cost() < best[0]:
            best = (search.cost(), search.points())
    found: dict[int, Points] = {0: [[0] * len(each.weights) for each in parts]}
    if best is None:
        return found
    search.set(best[1])
    while search.items():
        found[search.items()] = search.points()
        search.shrink_to(search.items() - 1)
        search.refine(search.items(), rounds=1)
    return found


def give_points(parts: Sequence[Part], points: Points, most_items: int) -> None:
    """Set the points of every part, moved so that as few as so many items allow are below 0."""
    for each, given in zip(parts, points, strict=True):
        each.points = given
    for each in parts:
        others = sum(len(other.runs()) for other in parts if other is not each)
        _shift(each, most_items - others)


def _scales(parts: Sequence[Part]) -> Floats:
    largest = max((float(np.abs(each.weights).max()) for each in parts if len(each.weights)), default=0.0)
    return np.geomspace(6, 60, _SCALES) / largest if largest else np.array([])


def _shift(part: Part, most_items: int) -> None:
    """Give the bins of an attribute other points by the same amount: as few below 0 as so many items allow.

    It changes nothing in who has more than whom, if every case is in a bin; and a lead of whom nothing is known, which
    has no points, is then not above one of whom the worst is known.
    """
    if part.codes is None or (part.codes < 0).any():
        return
    options = [[each - base for each in part.points] for base in sorted(set(part.points))]
    allowed = [
        each for each in options if all(abs(points) <= MOST for points in each) and len(part.runs(each)) <= most_items
    ]
    if allowed:
        part.points = min(allowed, key=lambda each: (-sum(min(points, 0) for points in each), len(part.runs(each))))


class _Search:
    """The points of all parts while they are looked for; `cost` is log loss with the price of the items."""

    def __init__(self, parts: Sequence[Part], told: Floats, part: Whole) -> None:
        self._told = told
        self._parts = [
            replace(
                each,
                codes=None if each.codes is None else each.codes[part],
                times=None if each.times is None else each.times[part],
            )
            for each in parts
        ]
        self._sum = np.zeros(len(part))
        self._items = [0] * len(self._parts)

    def start(self, scale: float) -> None:
        """Begin with the weights on this scale, rounded."""
        for each in self._parts:
            each.points = [
                0 if index in each.mean else int(np.clip(np.rint(weight * scale / STEP) * STEP, -MOST, MOST))
                for index, weight in enumerate(each.weights.tolist())
            ]
        self._counted()

    def set(self, points: Points) -> None:
        """Go back to these."""
        for each, given in zip(self._parts, points, strict=True):
            each.points = list(given)
        self._counted()

    def _counted(self) -> None:
        self._sum = np.sum([each.total() for each in self._parts], axis=0)
        self._items = [len(each.runs()) for each in self._parts]

    def points(self) -> Points:
        return [list(each.points) for each in self._parts]

    def items(self) -> int:
        return sum(self._items)

    def cost(self) -> float:
        return rising_loss(self._sum, self._told) + PRICE * self.items()

    def shrink_to(self, most: int) -> None:
        """Give up items, the ones that are missed the least first."""
        while self.items() > most:
            now = rising_loss(self._sum, self._told)
            options = [
                ((self._loss(index, points) - now) / saved, index, points)
                for index, each in enumerate(self._parts)
                for points in _simpler(each)
                if (saved := self._items[index] - len(each.runs(points))) > 0
            ]
            _, index, points = min(options, key=lambda each: each[0])
            self._set(index, points)

    def refine(self, most: int, rounds: int = _ROUNDS) -> None:
        """Move the points of one bin, or of one part, by a step as long as that makes it cheaper."""
        cost = self.cost()
        for _ in range(rounds):
            before = cost
            for index, each in enumerate(self._parts):
                for points in _neighbours(each):
                    more = len(each.runs(points)) - self._items[index]
                    if self.items() + more > most:
                        continue
                    other = self._loss(index, points) + PRICE * (self.items() + more)
                    if other < cost - 1e-6:
                        self._set(index, points)
                        cost = other
            if cost >= before - 1e-6:
                return

    def _loss(self, index: int, points: Sequence[int]) -> float:
        part = self._parts[index]
        return rising_loss(self._sum - part.total() + part.total(points), self._told)

    def _set(self, index: int, points: list[int]) -> None:
        part = self._parts[index]
        self._sum = self._sum - part.total() + part.total(points)
        part.points = points
        self._items[index] = len(part.runs())


def _simpler(part: Part) -> Iterator[list[int]]:
    """The part with one item less: nothing for it, or the points of another."""
    levels = sorted({0, *part.points})
    for run in part.runs():
        for level in levels:
            if level != part.points[run[0]] and not (level and part.mean.intersection(run)):
                yield [level if index in run else each for index, each in enumerate(part.points)]


def _neighbours(part: Part) -> Iterator[list[int]]:
    """One step up or down for each bin, and for all bins of one item, never against what its weight says."""
    points, weights = part.points, part.weights
    for index, each in enumerate(points):
        for step in (STEP, -STEP):
            if index not in part.mean and abs(each + step) <= MOST and _agrees(points, weights, index, each + step):
                yield [*points[:index], each + step, *points[index + 1 :]]
    if len(points) > 1:
        for level in sorted(set(points)):
            for step in (STEP, -STEP):
                if abs(level + step) <= MOST and (level or not part.mean):
                    moved = [each + step if each == level else each for each in points]
                    if all(_agrees(moved, weights, index, moved[index]) for index in range(len(moved))):
                        yield moved


def _agrees(points: Sequence[int], weights: Floats, index: int, wanted: int) -> bool:
    """True if a bin with a higher weight than another never has fewer points, and an event keeps its sign."""
    if len(points) == 1:
        return wanted == 0 or (wanted > 0) == (weights[0] > 0)
    return all(
        (points[other] <= wanted if weights[other] < weights[index] else points[other] >= wanted)
        for other in range(len(points))
        if other != index and weights[other] != weights[index]
    )
