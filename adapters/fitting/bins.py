"""Divides what is known of leads into at most five bins with win rates of their own; refuses to weigh attributes.

Each bin is a condition of the product, and the product's own judge says whose value is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10, sqrt
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from adapters.fitting.sample import Flags, Floats, Sample, Whole
from nurture.conditions import AttributeIs
from nurture.definitions import AttributeType
from nurture.judging import attribute_holds

MOST_BINS, FINE_BINS = 5, 8
"""The most bins of an attribute, and where five do not tell enough."""
SMALLEST = 0.02
"""The share of the leads of whom something must be unknown before that is a bin of its own."""
FEWEST_LEADS, FEWEST_WINS = 25, 20
"""A bin has so many leads, and so many wins, or would have them at the mean win rate.

A rule of thumb asks for one lead in twenty too; a rare sign that many wins bear is worth more than the rule.
"""
MOST_WORDS = 40
"""Words of one bin that are written into an item; the rarest beyond them get no points."""
_APART = 1.0
"""Neighbouring bins whose win rates differ by fewer standard errors become one."""
_FOLDS = 4
_PRIOR = 10.0
"""Leads with the mean win rate that are added to every bin."""
_PRICE, _LEAST_GAIN = 0.5, 1.5
"""How much held-out log loss a cut has to save, and all cuts of a column together."""


@dataclass(frozen=True)
class Facet:
    """One attribute of all cases: its distinct values, and which of them each case has (−1: nothing known)."""

    name: str
    type: AttributeType
    values: tuple[Any, ...]
    place: Whole


@dataclass(frozen=True)
class Bins:
    """The bins of one attribute. `codes`: in which bin each case is, −1 for none.

    `ordered` bins are spans of a number; those of a choice are sets of words. The last may be `known: false`.
    """

    attribute: str
    type: AttributeType
    tests: tuple[Mapping[str, Any], ...]
    codes: Whole
    ordered: bool

    def condition(self, run: Sequence[int]) -> AttributeIs:
        """The test for the leads of these bins: neighbours where they are ordered."""
        tests = [self.tests[each] for each in run]
        if "in" in tests[0]:
            words = [word for test in tests for word in test["in"]]
            return AttributeIs.model_validate(
                {"attribute": self.attribute} | ({"is": words[0]} if len(words) == 1 else {"in": words})
            )
        low, high = tests[0].get("at_least"), tests[-1].get("at_most")
        span = {key: value for key, value in (("at_least", low), ("at_most", high)) if value is not None}
        return AttributeIs.model_validate({"attribute": self.attribute} | (span or dict(tests[0])))


def facets_of(sample: Sample, types: Mapping[str, AttributeType]) -> list[Facet]:
    """Every attribute that can be scored, with the values of all cases; dates are not scored."""
    found: list[Facet] = []
    for name, kind in types.items():
        if kind == "date":
            continue
        if kind == "list":
            found += _list_facets(name, sample)
            continue
        seen: dict[Any, int] = {}
        place = [
            -1 if (value := case.lead.attributes.get(name)) is None else seen.setdefault(value, len(seen))
            for case in sample.cases
        ]
        found.append(Facet(name, kind, tuple(seen), np.array(place, dtype=np.int64)))
    return found


def _list_facets(name: str, sample: Sample) -> Iterator[Facet]:
    """A list is as many yes-or-no facets as it has frequent items."""
    counted: dict[str, int] = {}
    lists = [case.lead.attributes.get(name) or () for case in sample.cases]
    for several in lists:
        for item in set(several):
            counted[item] = counted.get(item, 0) + 1
    often = sorted(counted, key=lambda item: -counted[item])[:20]
    for item in often:
        if counted[item] >= 0.02 * len(lists):
            place = np.array([int(item in several) for several in lists], dtype=np.int64)
            yield Facet(name, "list", ((), (item,)), place)


def bins_of(facet: Facet, won: Flags, part: Whole, most: int = MOST_BINS) -> Bins | None:
    """The bins of an attribute by the outcomes of the cases in `part`; None where all would be one."""
    fewest = FEWEST_WINS if won[part].sum() >= 150 else 10
    match facet.type:
        case "number":
            tests = _spans(facet, won, part, fewest, most)
        case "flag":
            tests = [{"is": False}, {"is": True}]
        case "list":
            tests = [{"contains": facet.values[1][0]}]
        case _:
            tests = _sets(facet, won, part, fewest, most)
    return _bins(facet, tests, part)


def even_bins(facet: Facet, part: Whole, count: int) -> Bins | None:
    """A number of which about as many cases are in each bin, whatever became of them; None where all would be one."""
    places = facet.place[part]
    numbers = np.array(facet.values, dtype=float)[places[places >= 0]]
    if len(numbers) < count * FEWEST_LEADS:
        return None
    cuts = np.unique(np.quantile(numbers, np.arange(1, count) / count, method="higher"))
    tests = _between([cut for cut in cuts.tolist() if cut > numbers.min()], numbers, facet)
    return _bins(facet, tests, part) if len(tests) > 1 else None


def _bins(facet: Facet, tests: list[Mapping[str, Any]], part: Whole) -> Bins | None:
    unknown = facet.place[part] < 0
    if facet.type != "list" and unknown.mean() >= SMALLEST and unknown.sum() >= 30:
        tests = [*tests, {"known": False}]
    codes = _codes(facet, tests)
    held = np.bincount(codes[part] + 1, minlength=len(tests) + 1)
    if np.count_nonzero(held) < 2:
        return None
    return Bins(facet.name, facet.type, tuple(tests), codes, facet.type == "number")


def _codes(facet: Facet, tests: Sequence[Mapping[str, Any]]) -> Whole:
    """The bin of each case, as the product's judge sees its value."""
    conditions = [AttributeIs.model_validate({"attribute": facet.name, **test}) for test in tests]
    values = [*facet.values, None]
    of_value = np.full(len(values), -1, dtype=np.int64)
    for index, value in enumerate(values):
        for code, condition in enumerate(conditions):
            if attribute_holds(condition, value):
                of_value[index] = code
                break
    return of_value[facet.place]


def _spans(facet: Facet, won: Flags, part: Whole, fewest: int, most: int) -> list[Mapping[str, Any]]:
    places = facet.place[part]
    known = places >= 0
    numbers = np.array(facet.values, dtype=float)[places[known]]
    return _between(_cuts(lambda _: numbers, won[part][known], fewest, most), numbers, facet)


def _between(cuts: Sequence[float], numbers: Floats, facet: Facet) -> list[Mapping[str, Any]]:
    """The tests of the spans between these cuts, moved to round numbers."""
    digits = _digits(facet.values)
    steps = sorted({_round_number(numbers, cut, digits) for cut in cuts})
    edges = [_plain(step, digits) for step in steps]
    below = [_plain(edge - 10.0**-digits, digits) for edge in edges]
    if not edges:
        return [{"known": True}]
    first, last = {"at_most": below[0]}, {"at_least": edges[-1]}
    middle = [{"at_least": low, "at_most": high} for low, high in zip(edges[:-1], below[1:], strict=True)]
    return [first, *middle, last]


def _cuts(encode: Callable[[Flags], Floats], won: Flags, fewest: int, most: int, *, rates: bool = False) -> list[float]:
    """Where to divide the cases by a number, so that cases which were not looked at are told best.

    `encode` makes the numbers from some of the cases; with `rates` they are win rates themselves. Tried are the cuts of
    a shallow tree (entropy), which find what is special, and equal parts, which do not chase noise; of each every
    number of bins up to `most`.
    """
    if len(won) < 4 * FEWEST_LEADS or not 0 < won.sum() < len(won):
        return []
    losses: dict[tuple[str, int], list[float]] = defaultdict(list)
    fold = np.arange(len(won)) % _FOLDS
    for each in range(_FOLDS):
        seen = fold != each
        numbers = encode(seen)
        losses["", 0].append(_loss([], numbers, won, seen, rates=rates))
        for way, cuts in _ways(numbers[seen], won[seen], most):
            merged = _merged(cuts, numbers[seen], won[seen], fewest)
            losses[way, len(cuts)].append(_loss(merged, numbers, won, seen, rates=rates))
    whole = {key: sum(several) for key, several in losses.items() if len(several) == _FOLDS}
    (way, count), least = min(whole.items(), key=lambda each: each[1] + _PRICE * each[0][1])
    if whole["", 0] - least < _LEAST_GAIN:
        return []
    everyone = np.ones(len(won), dtype=bool)
    numbers = encode(everyone)
    chosen = next((cuts for name, cuts in _ways(numbers, won, most) if (name, len(cuts)) == (way, count)), [])
    return _merged(chosen, numbers, won, fewest)


def _ways(numbers: Floats, won: Flags, most: int) -> Iterator[tuple[str, list[float]]]:
    for count, cuts in enumerate(_tree_cuts(numbers, won, most), start=1):
        if len(cuts) == count:
            yield "tree", cuts
    for bins in range(2, most + 1):
        cuts = np.unique(np.quantile(numbers, np.arange(1, bins) / bins, method="higher")).tolist()
        cuts = [cut for cut in cuts if cut > numbers.min()]
        if len(cuts) == bins - 1:
            yield "parts", cuts


def _tree_cuts(numbers: Floats, won: Flags, most: int) -> Iterator[list[float]]:
    """The cuts of a tree with two leaves, three, and so on: one that grows where it gains most."""
    grown = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=most, min_samples_leaf=FEWEST_LEADS, random_state=0
    ).fit(numbers.reshape(-1, 1), won)
    tree = grown.tree_
    purity = tree.impurity * tree.weighted_n_node_samples

    def gain(node: int) -> float:
        return float(purity[node] - purity[tree.children_left[node]] - purity[tree.children_right[node]])

    open_nodes = [0] if tree.node_count > 1 else []
    cuts: list[float] = []
    while open_nodes:
        node = max(open_nodes, key=gain)
        open_nodes.remove(node)
        cuts.append(float(tree.threshold[node]))
        below = (int(tree.children_left[node]), int(tree.children_right[node]))
        open_nodes += [child for child in below if tree.children_left[child] >= 0]
        yield sorted(cuts)


def _merged(cuts: Sequence[float], numbers: Floats, won: Flags, fewest: int) -> list[float]:
    """The cuts without those between bins that are too small, or too alike."""
    kept = list(cuts)
    while kept:
        codes = np.digitize(numbers, kept)
        leads = np.bincount(codes, minlength=len(kept) + 1)
        wins = np.bincount(codes, weights=won, minlength=len(kept) + 1)
        apart = [_apart(wins[i], leads[i], wins[i + 1], leads[i + 1], fewest) for i in range(len(kept))]
        if min(apart) >= _APART:
            break
        del kept[apart.index(min(apart))]
    return kept


def _loss(cuts: Sequence[float], numbers: Floats, won: Flags, seen: Flags, *, rates: bool) -> float:
    """The log loss of the cases not seen, by the win rates of the bins of the others, a little shrunk.

    Where the numbers are rates, made and shrunk by the same cases, their mean is the more honest one.
    """
    codes = np.digitize(numbers, cuts) if len(cuts) else np.zeros(len(numbers), dtype=np.int64)
    leads = np.bincount(codes[seen], minlength=len(cuts) + 1)
    wins = np.bincount(codes[seen], weights=(numbers if rates else won)[seen], minlength=len(cuts) + 1)
    mean = won[seen].mean()
    rate = np.clip((wins + _PRIOR * mean) / (leads + _PRIOR), 1e-6, 1 - 1e-6)[codes[~seen]]
    return -float(np.log(np.where(won[~seen], rate, 1 - rate)).sum())


def _apart(wins: float, leads: float, other_wins: float, other_leads: float, fewest: int) -> float:
    """By how many standard errors two win rates differ; 0 where one has too few wins, made or to be expected."""
    rate = (wins + other_wins) / (leads + other_leads)
    told = min(max(wins, leads * rate), max(other_wins, other_leads * rate))
    if not 0 < rate < 1 or told < fewest:
        return 0.0
    return float(abs(wins / leads - other_wins / other_leads) / sqrt(rate * (1 - rate) * (1 / leads + 1 / other_leads)))


def _digits(values: Iterable[float]) -> int:
    """Decimals of the values, at most as many as show seven digits of the largest."""
    several = list(values)
    largest = max((abs(value) for value in several), default=0.0)
    most = max(6, 6 - floor(log10(largest))) if largest else 0
    decimals = (-int(Decimal(repr(value)).as_tuple().exponent) for value in several)
    return max(0, min(most, max(decimals, default=0)))


def _plain(value: float, digits: int) -> int | float:
    found = round(value, digits)
    return int(found) if found == int(found) else found


def _round_number(numbers: Floats, cut: float, digits: int) -> float:
    """The roundest number to cut at that moves at most one lead in a hundred to the other side."""
    ascending = np.sort(numbers)
    place, room = int(np.searchsorted(ascending, cut)), max(1, len(ascending) // 100)
    low = ascending[max(0, place - room)] if place else ascending[0] - 1
    high = ascending[min(len(ascending) - 1, place + room - 1)]
    low, high = min(low, ascending[max(0, place - 1)]), max(high, ascending[min(len(ascending) - 1, place)])
    largest = floor(log10(max(abs(low), abs(high), 10.0**-digits)))
    for power in range(largest, -digits - 1, -1):
        for times in (5.0, 2.0, 1.0):
            step = times * 10.0**power
            multiple = np.floor(low / step + 1) * step
            if low < multiple <= high and (digits or step >= 1):
                return float(round(multiple, digits))
    return float(np.round(cut, digits))


def _sets(facet: Facet, won: Flags, part: Whole, fewest: int, most: int) -> list[Mapping[str, Any]]:
    """Words of about the same win rate together; rare ones, of which nothing can be told, in no set.

    Their win rates are shrunk to the mean by how much words differ beyond chance (empirical Bayes, Morris 1983).
    """
    known = facet.place[part] >= 0
    places, outcome = facet.place[part][known], won[part][known]
    size = len(facet.values)
    leads = np.bincount(places, minlength=size).astype(float)
    often = np.flatnonzero(leads >= max(10, 0.002 * len(part)))
    if len(often) < 1:
        return []

    def encode(seen: Flags) -> Floats:
        return _shrunk(places[seen], outcome[seen], size)[places]

    cuts = _cuts(encode, outcome, fewest, most, rates=True) if len(often) > 1 else []
    of_word = np.digitize(_shrunk(places, outcome, size), cuts)
    sets: list[Mapping[str, Any]] = []
    for code in range(len(cuts) + 1):
        words = sorted(often[of_word[often] == code], key=lambda word: -leads[word])
        if words:
            sets.append({"in": [facet.values[word] for word in words[:MOST_WORDS]]})
    return sets


def _shrunk(places: Whole, won: Flags, size: int) -> Floats:
    """The win rate of every word, nearer to the mean the fewer leads have it and the less words differ."""
    leads = np.bincount(places, minlength=size).astype(float)
    wins = np.bincount(places, weights=won, minlength=size)
    mean = wins.sum() / leads.sum()
    held = leads > 1
    noise = mean * (1 - mean) / leads[held]
    spread = 0.0
    if held.any():
        spread = float(np.average((wins[held] / leads[held] - mean) ** 2 - noise, weights=leads[held]))
    strength = mean * (1 - mean) / spread if spread > 0 else 1e6
    return np.asarray((wins + strength * mean) / (leads + strength))
