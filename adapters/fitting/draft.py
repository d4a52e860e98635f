"""Weighs columns and events, and drafts a card of every size; refuses to choose among them.

Attributes and what leads did are weighed apart, and put on one scale afterwards. Method: Siddiqi, Credit Risk
Scorecards (2006), with the chances of a regression in the place of outcomes (see teacher.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from adapters.fitting.bins import FINE_BINS, SMALLEST, Bins, Facet, bins_of, even_bins
from adapters.fitting.deeds import Deed
from adapters.fitting.evidence import weights_of_evidence
from adapters.fitting.points import Part, Points, cards_of
from adapters.fitting.sample import Flags, Floats, Whole
from adapters.fitting.teacher import chances

LEAST_VALUE = 0.02
"""Information value below which an attribute tells nothing, where there are not so many leads that less is sure."""
_SURE = 3.84
"""What chance stays below in 19 of 20 cases, as a χ²."""
_MEAN = 1 / 6
"""A bin with so small a part of the evidence of the strongest gets nothing: at fifteen points for that it is rounded
to none, and more would stand on the order of win rates alone, which the next months turn round."""
ENOUGH_WINS = 10
"""Wins for each column with which outcomes tell more than chances (events per variable, Peduzzi et al. 1996)."""
_EVEN = (2, 3)
_BIN = 2.0
"""How much log loss a bin more has to save, if the even bins of a number are to be taken, or others."""


@dataclass(frozen=True)
class Draft:
    """Sources of points, what each is given points by, and the points of all by number of items."""

    sources: tuple[Bins | Deed, ...]
    parts: tuple[Part, ...]
    cards: dict[int, Points]

    @property
    def most(self) -> int:
        """The items of its largest card."""
        return max(self.cards)

    def total(self, items: int, cases: Whole) -> Floats:
        """The points of these cases by the largest card of at most so many items."""
        points = self.cards[max(each for each in self.cards if each <= items)]
        found = np.zeros(len(cases))
        for each, given in zip(self.parts, points, strict=True):
            found += each.total(given)[cases]
        return found


def draft_of(facets: Sequence[Facet], deeds: Sequence[Deed], won: Flags, part: Whole, most_items: int) -> Draft:
    """The cards of the cases in `part`, with at most so many items."""
    told = [(facet, found) for facet in facets if (found := bins_of(facet, won, part, FINE_BINS)) is not None]
    seen = _told(facets, [each for _, each in told], deeds, won, part)
    named = {facet.name: each for facet, each in told if facet.type != "list"}
    bins = [each for facet, each in told if facet.type == "list"]
    bins += [found for facet in facets if (found := _best(facet, named.get(facet.name), seen, part)) is not None]
    attributes = _attributes(bins, won, seen, part)
    events = _events(deeds, won, part)
    _on_one_scale(attributes, events, won, part)
    several = [*attributes, *events]
    parts = tuple(each for _, each in several)
    cards = cards_of(parts, seen, part, most_items=most_items)
    return Draft(tuple(source for source, _ in several), parts, cards)


def _told(facets: Sequence[Facet], bins: Sequence[Bins], deeds: Sequence[Deed], won: Flags, part: Whole) -> Floats:
    """What the points are to tell: outcomes where wins are many for so many columns, else chances in their place."""
    share = min(1.0, ENOUGH_WINS * (len(facets) + len(deeds)) / max(int(won[part].sum()), 1))
    seen = chances(facets, bins, [each.times for each in deeds], won, part)
    return np.asarray(share * seen + (1 - share) * won[part])


def _best(facet: Facet, found: Bins | None, seen: Floats, part: Whole) -> Bins | None:
    """The bins found, or as many even ones where these tell the chances better: no outcome has moved their edges."""
    if facet.type != "number":
        return found
    options = [found, *(even_bins(facet, part, count) for count in _EVEN)]
    several = [each for each in options if each is not None]
    return min(several, key=lambda each: _loss(each, seen, part), default=None)


def _loss(bins: Bins, seen: Floats, part: Whole) -> float:
    codes = bins.codes[part] + 1
    leads = np.bincount(codes, minlength=len(bins.tests) + 1)
    wins = np.bincount(codes, weights=seen, minlength=len(bins.tests) + 1)
    rate = np.clip(wins / np.maximum(leads, 1), 1e-6, 1 - 1e-6)
    return -float((wins * np.log(rate) + (leads - wins) * np.log(1 - rate)).sum()) + _BIN * len(bins.tests)


def _attributes(bins: Sequence[Bins], won: Flags, seen: Floats, part: Whole) -> list[tuple[Bins | Deed, Part]]:
    """The bins of all attributes that tell something, weighed together; an attribute never against its own evidence."""
    outcome = won[part]
    least = min(LEAST_VALUE, _SURE / max(float(outcome.sum() * (1 - outcome.mean())), 1.0))
    told = [
        (each, weights_of_evidence(each.codes[part], seen, len(each.tests))[0])
        for each in bins
        if weights_of_evidence(each.codes[part], outcome, len(each.tests))[1] >= least
    ]
    while told:
        columns = np.column_stack([weights[each.codes[part]] for each, weights in told])
        found = _regression(columns, seen)
        if found.min() > 0:
            return [
                (each, _part(each, weights, weight, part)) for (each, weights), weight in zip(told, found, strict=True)
            ]
        del told[int(found.argmin())]
    return []


def _part(bins: Bins, weights: Floats, weight: float, part: Whole) -> Part:
    nobody = weights[-1] * float((bins.codes[part] < 0).mean() >= SMALLEST)
    told = np.abs(weights[:-1] - nobody)
    mean = frozenset(np.flatnonzero(told < _MEAN * told.max()).tolist())
    return Part(
        (weights[:-1] - nobody) * weight,
        codes=bins.codes,
        ordered=bins.ordered,
        lonely="known" in bins.tests[-1],
        mean=mean,
    )


def _events(deeds: Sequence[Deed], won: Flags, part: Whole) -> list[tuple[Bins | Deed, Part]]:
    """The events, weighed together; one whose weight contradicts what it shows alone is left out."""
    kept, outcome = list(deeds), won[part].astype(float)
    while kept:
        columns = np.column_stack([each.times[part] for each in kept])
        spread = np.maximum(columns.std(axis=0), 1e-9)
        found = _regression(columns / spread, outcome)
        alone = np.array([_regression(column[:, None], outcome)[0] for column in (columns / spread).T])
        against = found * np.sign(alone)
        if against.min() > 0:
            return [(each, Part(np.array([found[i] / spread[i]]), times=each.times)) for i, each in enumerate(kept)]
        del kept[int(against.argmin())]
    return []


def _on_one_scale(
    attributes: Sequence[tuple[Bins | Deed, Part]], events: Sequence[tuple[Bins | Deed, Part]], won: Flags, part: Whole
) -> None:
    """Weigh the two sums against each other, so that what they know both is not counted twice."""
    if not attributes or not events:
        return
    sums = np.column_stack([_sum(attributes)[part], _sum(events)[part]])
    found = np.maximum(_regression(sums, won[part].astype(float), strength=100.0), 0.0)
    for several, weight in zip((attributes, events), found, strict=True):
        for _, each in several:
            each.weights = each.weights * weight


def _sum(parts: Sequence[tuple[Bins | Deed, Part]]) -> Floats:
    """The unrounded sum of these parts for every case."""
    found = np.zeros(1)
    for _, each in parts:
        if each.codes is None:
            found = found + np.asarray(each.times) * each.weights[0]
        else:
            found = found + np.append(each.weights, 0.0)[each.codes]
    return found


def _regression(columns: Floats, told: Floats, strength: float = 1.0) -> Floats:
    """The weights of a logistic regression of outcomes or chances, with an L2 penalty; 1/strength: its precision."""
    size = len(columns)
    both = np.vstack([columns, columns])
    outcome = np.arange(2 * size) < size
    weights = np.concatenate([told, 1 - told])
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(both, outcome, sample_weight=weights)
    return np.asarray(fitted.coef_[0])
