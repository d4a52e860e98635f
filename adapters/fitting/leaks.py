"""Finds columns that know the outcome, or the time, better than they should; decides on the sure ones only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adapters.fitting import remarks
from adapters.fitting.bins import Facet, bins_of
from adapters.fitting.evidence import weights_of_evidence
from adapters.fitting.measures import auc
from adapters.fitting.remarks import Said
from adapters.fitting.sample import Flags, Floats, Sample, Whole
from nurture.conditions import MAIL_EVENTS

TOO_GOOD = 0.95
"""An AUC that no honest column has alone."""
SUSPECT = 0.5
"""An information value that asks for a look."""
MOVES = 2.0
"""A stability index (PSI, by bins) that says: the column tells when a lead came. Above .25 is called a drift."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column, or event, that is too good or moves with time. `out`: it is not used; `by_time`: it moves."""

    name: str
    why: Said
    out: bool
    by_time: bool = False


def suspects(sample: Sample, facets: Sequence[Facet], trusted: frozenset[str]) -> list[Suspect]:
    """Every column that looks like a leak; those of `trusted` are named and used, events among them."""
    won, everyone = sample.won, np.arange(len(sample.cases))
    found = []
    for facet in facets:
        why, out = _too_good(facet, won, everyone)
        moves = _moves(facet, won) if sample.ordered and not out else None
        said = moves or why
        if said is not None:
            found.append(Suspect(facet.name, said, out and facet.name not in trusted, moves is not None))
    return found + _events(sample, won, trusted)


def _too_good(facet: Facet, won: Flags, everyone: Whole) -> tuple[Said | None, bool]:
    known = facet.place >= 0
    only = _only_for(known, won)
    if only is not None:
        return remarks.filled_for(only), True
    alone = 0.5
    if facet.type == "number" and known.any():
        numbers = np.append(np.array(facet.values, dtype=float), 0.0)[facet.place[known]]
        alone = auc(numbers, won[known])
    bins = bins_of(facet, won, everyone)
    value = 0.0
    if bins is not None:
        weights, value = weights_of_evidence(bins.codes, won, len(bins.tests))
        alone = max(alone, 1 - alone, auc(weights[bins.codes], won))
    if max(alone, 1 - alone) > TOO_GOOD:
        return remarks.alone(max(alone, 1 - alone)), True
    if value > SUSPECT:
        return remarks.valuable(value, SUSPECT), False
    return None, False


def _only_for(known: Flags, won: Flags) -> str | None:
    """`won` or `lost`, where a thing is known of most of these and of hardly any other."""
    share = won.mean()
    for word, side, usual in (("won", won, share), ("lost", ~won, 1 - share)):
        if known.sum() >= 20 and not known.all() and usual < 0.98:
            among, covered = side[known].mean(), known[side].mean()
            if covered >= 0.5 and 1 - among <= 0.05 * (1 - usual):
                return word
    return None


def _events(sample: Sample, won: Flags, trusted: frozenset[str]) -> list[Suspect]:
    """Events that nearly only leads of one outcome have."""
    who: dict[tuple[str, str], set[int]] = {}
    for index, case in enumerate(sample.cases):
        for event in case.lead.events:
            who.setdefault((event.type, "" if event.type in MAIL_EVENTS else event.subject), set()).add(index)
    found = []
    for (kind, subject), cases in sorted(who.items()):
        has = np.zeros(len(won), dtype=bool)
        has[sorted(cases)] = True
        only = _only_for(has, won)
        if only is not None:
            name = f"{kind}: {subject}" if subject else kind
            found.append(Suspect(name, remarks.filled_for(only), out=name not in trusted))
    return found


def _moves(facet: Facet, won: Flags) -> Said | None:
    """What is said of a column whose values of the later leads are others."""
    size = len(won)
    early, late = np.arange(int(0.7 * size)), np.arange(int(0.7 * size), size)
    index = stability(_tenths(facet), early, late)
    return remarks.moves(index) if index > MOVES else None


def _tenths(facet: Facet) -> Whole:
    """The values of all cases in at most ten groups, −1 for unknown."""
    if facet.type != "number":
        return facet.place
    numbers: Floats = np.array(facet.values, dtype=float)[facet.place]
    edges = np.unique(np.quantile(numbers, np.linspace(0.1, 0.9, 9)))
    return np.where(facet.place < 0, -1, np.digitize(numbers, edges))


def stability(codes: Whole, early: Whole, late: Whole) -> float:
    """The population stability index between two parts: Σ (p − q) ln(p/q) over groups, one lead added to each."""
    size = int(codes.max(initial=0)) + 2
    p = np.bincount(codes[early] + 1, minlength=size) + 0.5
    q = np.bincount(codes[late] + 1, minlength=size) + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())
