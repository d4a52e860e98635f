"""What bins tell of won and lost: weights of evidence, information value; knows no card and no points."""

from __future__ import annotations

import numpy as np

from adapters.fitting.sample import Flags, Floats, Whole

_PRIOR = 10.0
"""Leads with the mean win rate that are added to every bin: few leads prove little."""


def weights_of_evidence(codes: Whole, told: Flags | Floats, bins: int) -> tuple[Floats, float]:
    """ln(share of the wins / share of the losses) of every bin, and the information value of all.

    `told`: outcomes, or chances of winning. The last weight is that of the cases in no bin. The value is computed
    without the prior that the weights have, as it is defined.
    """
    leads = np.bincount(codes + 1, minlength=bins + 1).astype(float)
    wins = np.bincount(codes + 1, weights=told, minlength=bins + 1)
    total, all_wins = leads.sum(), wins.sum()
    rate = all_wins / total
    shrunk = (wins + _PRIOR * rate) / (leads + _PRIOR)
    weights = np.log(shrunk / (1 - shrunk)) - np.log(rate / (1 - rate))
    good = (wins + 0.5 * (leads > 0)) / all_wins
    bad = (leads - wins + 0.5 * (leads > 0)) / (total - all_wins)
    held = leads > 0
    value = float(((good[held] - bad[held]) * np.log(good[held] / bad[held])).sum())
    return np.append(weights[1:], weights[0]), value
