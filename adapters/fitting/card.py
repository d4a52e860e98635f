"""Fits a card of points to past deals: weight of evidence, logistic regression, points; refuses to judge the card.

Attributes and what leads did are fitted apart, and put on one scale afterwards. Method: Siddiqi, Credit Risk
Scorecards (2006), with items of 5, 10 or 15 points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from adapters.fitting.bins import FINE_BINS, MOST_BINS, Bins, Facet, bins_of
from adapters.fitting.deeds import Deed, deeds_of
from adapters.fitting.points import FINE_PRICE, PRICE, Part, give_points
from adapters.fitting.sample import Flags, Floats, Sample, Whole
from nurture.definitions import AttributeItem, Definitions, Score

LEAST_VALUE = 0.02
"""Information value below which an attribute tells nothing."""
_PRIOR = 10.0
"""Leads with the mean win rate that are added to every bin: few leads prove little."""


@dataclass(frozen=True)
class Card:
    """A score model, and for each item the cases that have points by it."""

    score: Score
    definitions: Definitions

    @property
    def items(self) -> int:
        return len(self.score.attributes) + len(self.score.behaviours)


def weights_of_evidence(codes: Whole, won: Flags, bins: int) -> tuple[Floats, float]:
    """ln(share of the wins / share of the losses) of every bin, and the information value of all.

    The value is computed without the prior that the weights have, as it is defined.
    """
    leads = np.bincount(codes + 1, minlength=bins + 1).astype(float)
    wins = np.bincount(codes + 1, weights=won, minlength=bins + 1)
    total, all_wins = leads.sum(), wins.sum()
    rate = all_wins / total
    shrunk = (wins + _PRIOR * rate) / (leads + _PRIOR)
    weights = np.log(shrunk / (1 - shrunk)) - np.log(rate / (1 - rate))
    good = (wins + 0.5 * (leads > 0)) / all_wins
    bad = (leads - wins + 0.5 * (leads > 0)) / (total - all_wins)
    held = leads > 0
    value = float(((good[held] - bad[held]) * np.log(good[held] / bad[held])).sum())
    return np.append(weights[1:], weights[0]), value


def fit_card(
    sample: Sample,
    facets: Sequence[Facet],
    part: Whole,
    *,
    most_items: int,
    fine: bool = False,
) -> Card:
    """The card of the cases in `part`, with at most so many items. Which columns may be used, the caller decides.

    `fine`: more bins, and items that tell less are worth a line.
    """
    won = sample.won
    bins = [
        found for facet in facets if (found := bins_of(facet, won, part, FINE_BINS if fine else MOST_BINS)) is not None
    ]
    deeds = deeds_of(sample, won, part)
    attributes = _attribute_parts(bins, won, part)
    events = _event_parts(deeds, won, part)
    _on_one_scale(attributes, events, won, part)
    named: list[tuple[Bins | Deed, Part]] = [*attributes, *events]
    give_points([each for _, each in named], won, part, most_items=most_items, price=FINE_PRICE if fine else PRICE)
    score = _model(named)
    return Card(score, Definitions(score=score))


def _attribute_parts(bins: Sequence[Bins], won: Flags, part: Whole) -> list[tuple[Bins | Deed, Part]]:
    """The bins of all attributes that tell something, weighed together; an attribute never against its own evidence."""
    told = []
    for each in bins:
        weights, value = weights_of_evidence(each.codes[part], won[part], len(each.tests))
        if value >= LEAST_VALUE:
            told.append((each, weights))
    while told:
        columns = np.column_stack([weights[each.codes[part]] for each, weights in told])
        found = _regression(columns, won[part])
        if found.min() > 0:
            return [
                (
                    each,
                    Part(
                        weights[:-1] * weight - weights[-1] * weight * bool((each.codes[part] < 0).any()),
                        codes=each.codes,
                        ordered=each.ordered,
                        lonely="known" in each.tests[-1],
                    ),
                )
                for (each, weights), weight in zip(told, found, strict=True)
            ]
        del told[int(found.argmin())]
    return []


def _event_parts(deeds: Sequence[Deed], won: Flags, part: Whole) -> list[tuple[Bins | Deed, Part]]:
    """The events, weighed together; one whose weight contradicts what it shows alone is left out."""
    kept = list(deeds)
    while kept:
        columns = np.column_stack([each.times[part] for each in kept])
        spread = np.maximum(columns.std(axis=0), 1e-9)
        found = _regression(columns / spread, won[part])
        alone = np.array([_regression(column[:, None], won[part])[0] for column in (columns / spread).T])
        against = found * np.sign(alone)
        if against.min() > 0:
            return [(each, Part(np.array([found[i] / spread[i]]), times=each.times)) for i, each in enumerate(kept)]
        del kept[int(against.argmin())]
    return []


def _on_one_scale(
    attributes: Sequence[tuple[Bins | Deed, Part]],
    events: Sequence[tuple[Bins | Deed, Part]],
    won: Flags,
    part: Whole,
) -> None:
    """Weigh the two sums against each other, so that what they know both is not counted twice."""
    if not attributes or not events:
        return
    sums = np.column_stack([_sum(attributes)[part], _sum(events)[part]])
    found = np.maximum(_regression(sums, won[part], strength=100.0), 0.0)
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


def _regression(columns: Floats, won: Flags, strength: float = 1.0) -> Floats:
    """The weights of a logistic regression with an L2 penalty; 1/strength is the precision of its prior."""
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(columns, won)
    return np.asarray(fitted.coef_[0])


def _model(named: Sequence[tuple[Bins | Deed, Part]]) -> Score:
    attributes: list[AttributeItem] = []
    behaviours = []
    taken: set[str] = set()
    for source, part in named:
        if isinstance(source, Deed):
            if part.points[0]:
                behaviours.append(source.worth(_free(_deed_name(source), taken), part.points[0]))
            continue
        for run in part.runs():
            condition = source.condition(run)
            name = _free(_item_name(source.attribute, condition.model_dump(by_alias=True, exclude_none=True)), taken)
            attributes.append(AttributeItem(item=name, when=condition, points=part.points[run[0]]))
    return Score(attributes=tuple(attributes), behaviours=tuple(behaviours))


def _deed_name(deed: Deed) -> str:
    return str(deed.item.when).replace(": any", "").replace(": ", "_")


def _item_name(attribute: str, test: Mapping[str, object]) -> str:
    low, high = test.get("at_least"), test.get("at_most")
    if low is not None or high is not None:
        rest = f"{low}_up" if high is None else f"to_{high}" if low is None else f"{low}_{high}"
    elif test.get("known") is False:
        rest = "unknown"
    elif test.get("known"):
        rest = "known"
    elif isinstance(test.get("is"), bool):
        rest = "yes" if test["is"] else "no"
    else:
        several = test.get("in")
        rest = f"{several[0]}_…" if isinstance(several, list | tuple) else str(test.get("is") or test.get("contains"))
    return f"{attribute}_{rest}"


def _free(wanted: str, taken: set[str]) -> str:
    """A name nobody has yet, without blanks and slashes."""
    base = "".join("_" if sign in "/\\" or sign.isspace() else sign for sign in wanted).replace("__", "_")[:80]
    name, number = base, 1
    while name in taken or name in ("total", "attributes", "behaviours"):
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name
