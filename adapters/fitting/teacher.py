"""What a regression on all columns makes of each lead, for points to imitate; refuses to be a score itself.

Points that are fitted to outcomes take chance for evidence where each of many columns tells a little. The chances of a
regression are the same outcomes without most of the chance (Bucila, Caruana and Niculescu-Mizil 2006: model
compression). It knows numbers as they are, for what rises evenly, and the evidence of bins, for what does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from adapters.fitting.bins import Bins, Facet
from adapters.fitting.evidence import weights_of_evidence
from adapters.fitting.sample import Flags, Floats, Whole

_STRENGTH = 0.05
"""1 / the precision of the prior on weights of columns that all have a spread of 1."""
_ODD = 1
"""Per cent of the numbers at each end that count as the next within: one order of a million is no trend."""


def chances(facets: Sequence[Facet], bins: Sequence[Bins], times: Sequence[Floats], won: Flags, part: Whole) -> Floats:
    """P(won) of every case in `part`, by numbers and their gaps, bins, and how often each event happened."""
    columns = [column[part] for column in times]
    for facet in facets:
        if facet.type == "number":
            columns += _number(facet, part)
    for each in bins:
        codes = each.codes[part]
        columns.append(weights_of_evidence(codes, won[part], len(each.tests))[0][codes])
    if not columns:
        return np.full(len(part), float(won[part].mean()))
    table = np.column_stack(columns)
    spread = table.std(axis=0)
    table = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    fitted = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(table, won[part])
    return np.asarray(fitted.predict_proba(table)[:, 1])


def _number(facet: Facet, part: Whole) -> list[Floats]:
    places = facet.place[part]
    known = places >= 0
    if not known.any():
        return []
    numbers = np.append(np.array(facet.values, dtype=float), np.nan)[places]
    low, middle, high = np.percentile(numbers[known], [_ODD, 50, 100 - _ODD])
    return [np.clip(np.where(known, numbers, middle), low, high), (~known).astype(float)]
