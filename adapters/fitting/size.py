"""Chooses how many items a card has, by cases that were left out when it was fitted; refuses to fit the card itself.

More items always tell the cases better that they were fitted to. So cards of every size are fitted several times
without a part of the cases, and judged by that part. The leads that judge the card in the end are never among them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapters.fitting.bins import Facet
from adapters.fitting.deeds import Deed
from adapters.fitting.draft import draft_of
from adapters.fitting.measures import auc
from adapters.fitting.sample import Flags, Floats, Whole

FOLDS = 4
ENOUGH = 12_000
"""Cases that are enough to choose a size by."""
_FEW = 1_500
"""Where there are fewer cases, they are divided twice."""
_NEAR = 0.002
"""AUC that is no difference."""
_MORE = 0.005
"""AUC that more items than usual have to be worth."""
_SURE = 2.0
"""By how many standard errors a card has to be better than its best item alone."""
_SEED = 11


def size_of(
    facets: Sequence[Facet], deeds: Sequence[Deed], won: Flags, part: Whole, most: int, *, usual: int, ordered: bool
) -> int:
    """The number of items, at most `most`: about as good as any, and surely better than one.

    Of sizes that are about as good it is the smallest; where leads came in an order (`ordered`) the largest, for cases
    left out are of the same days, and what later leads turn round weighs less among more items.
    """
    if most <= 1:
        return most
    drawn = np.random.default_rng(_SEED).permutation(part)[:ENOUGH]
    told: list[Floats] = []
    for rest in _folds(drawn):
        some = np.setdiff1d(drawn, rest)
        if won[rest].all() or not won[rest].any():
            continue
        draft = draft_of(facets, deeds, won, some, most)
        told.append(np.array([auc(draft.total(items, rest), won[rest]) for items in range(most + 1)]))
    if not told:
        return most
    table = np.array(told)
    mean = table.mean(axis=0)
    best = int(mean[: usual + 1].argmax())
    if mean.max() > mean[best] + _MORE:
        best = int(mean.argmax())
    near = np.flatnonzero(mean[: max(best, usual) + 1] >= mean[best] - _NEAR)
    chosen = int(near[-1 if ordered else 0])
    gain = table[:, chosen] - table[:, 1]
    if chosen > 1 and gain.mean() < _SURE * gain.std() / np.sqrt(len(gain)):
        return 1
    return chosen


def _folds(cases: Whole) -> list[Whole]:
    times = 2 if len(cases) < _FEW else 1
    rng = np.random.default_rng(_SEED)
    return [np.sort(each) for _ in range(times) for each in np.array_split(rng.permutation(cases), FOLDS)]
