"""How well a score tells won from lost: AUC, lift, precision, Brier, calibration, with intervals; fits nothing else.

Sources: Mann and Whitney 1947 for AUC as a rank sum, Platt 1999 for the calibration (without his smoothing of the
targets), Brier 1950, Wilson 1927 for the interval of a share, Efron 1979 for the bootstrap (percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.optimize import isotonic_regression

from adapters.fitting.sample import Flags, Floats, Whole

RESAMPLED = 200
_SEED = 20_261_101


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the interval that holds it in 95 of 100 cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Platt:
    """P(won) = 1 / (1 + exp(−(slope · score + level)))."""

    slope: float
    level: float
    loss: float
    """The sum of the log losses of the cases it was fitted to."""

    def chance(self, score: Floats) -> Floats:
        """P(won) of these scores."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * score + self.level, -30, 30))))


def platt(score: Floats, won: Flags) -> Platt:
    """Calibrate a score by Newton's method on its distinct values (rounded to a tenth of a point)."""
    tenths = np.rint(score * 10).astype(np.int64)
    tenths -= (lowest := int(tenths.min()))
    counts = np.bincount(tenths)
    kept = np.flatnonzero(counts)
    wins: Floats = np.bincount(tenths, weights=won).astype(float)[kept]
    return _newton((kept + lowest) / 10, counts[kept].astype(float), wins)


def rising_loss(score: Floats, won: Flags | Floats) -> float:
    """The log loss under the best chances that rise with the score (rounded to whole points): isotonic regression.

    `won`: outcomes, or chances. It asks of a score that it puts leads in the right order, and not that a point is
    worth the same everywhere.
    """
    points = np.rint(score).astype(np.int64)
    points -= points.min()
    counts = np.bincount(points)
    kept = np.flatnonzero(counts)
    leads, wins = counts[kept].astype(float), np.bincount(points, weights=won)[kept]
    rising = isotonic_regression((wins + 0.5) / (leads + 1), weights=leads)
    chance = np.clip(rising.x, 1e-6, 1 - 1e-6)
    return -float((wins * np.log(chance) + (leads - wins) * np.log(1 - chance)).sum())


def _newton(values: Floats, counts: Floats, wins: Floats) -> Platt:
    share = np.clip(wins.sum() / counts.sum(), 1e-6, 1 - 1e-6)
    middle = float((values * counts).sum() / counts.sum())
    spread = max(float(np.sqrt((counts * (values - middle) ** 2).sum() / counts.sum())), 1e-9)
    units = (values - middle) / spread
    slope, level = 0.0, float(np.log(share / (1 - share)))
    for _ in range(12):
        chance = 1 / (1 + np.exp(-np.clip(slope * units + level, -30, 30)))
        error, weight = wins - counts * chance, counts * chance * (1 - chance) + 1e-12
        g0, g1 = error.sum(), (error * units).sum() - 1e-3 * slope
        h00, h01, h11 = weight.sum(), (weight * units).sum(), (weight * units**2).sum() + 1e-3
        determinant = h00 * h11 - h01**2
        if determinant <= 0:
            break
        step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        level, slope = level + float(np.clip(step0, -3, 3)), slope + float(np.clip(step1, -3, 3))
        if abs(step0) + abs(step1) < 1e-7:
            break
    chance = np.clip(1 / (1 + np.exp(-np.clip(slope * units + level, -30, 30))), 1e-9, 1 - 1e-9)
    loss = -float((wins * np.log(chance) + (counts - wins) * np.log(1 - chance)).sum())
    return Platt(slope / spread, level - slope * middle / spread, loss)


def auc(score: Floats, won: Flags) -> float:
    """The chance that a won lead has more points than a lost one, equal points counting half; 0.5 without either."""
    wins = int(won.sum())
    if wins in (0, len(won)):
        return 0.5
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * (len(won) - wins)))


def caught(score: Floats, won: Flags, share: float) -> float:
    """How many of the won leads are among the best `share` of all; of equal points the expected part."""
    room = share * len(score)
    values, place, counts = np.unique(-score, return_inverse=True, return_counts=True)
    wins = np.bincount(place, weights=won, minlength=len(values))
    before = np.cumsum(counts) - counts
    taken = np.clip((room - before) / counts, 0, 1)
    return float((wins * taken).sum())


def precision(score: Floats, won: Flags, share: float) -> float:
    """The win rate of the best `share` of the leads."""
    return caught(score, won, share) / max(share * len(score), 1e-9)


def lift(score: Floats, won: Flags, share: float) -> float:
    """That win rate, as a multiple of the win rate of all."""
    return precision(score, won, share) / max(float(won.mean()), 1e-9)


def brier(chance: Floats, won: Flags) -> float:
    """The mean squared distance between the chance foretold and the outcome."""
    return float(np.mean((chance - won) ** 2))


def resamples(size: int, times: int = RESAMPLED) -> Whole:
    """Draws with replacement, the same for every score, so that scores can be compared draw by draw."""
    return np.random.default_rng(_SEED).integers(0, size, (times, size))


def bootstrap(figure: Callable[[Floats, Flags], float], score: Floats, won: Flags, draws: Whole) -> Interval:
    """A figure with its interval from these draws."""
    found = [figure(score[draw], won[draw]) for draw in draws]
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(figure(score, won), float(low), float(high))


def wilson(wins: int, leads: int) -> Interval:
    """A win rate with its interval; 0 to 1 without leads."""
    if not leads:
        return Interval(0.0, 0.0, 1.0)
    rate, z = wins / leads, 1.96
    middle = (rate + z * z / (2 * leads)) / (1 + z * z / leads)
    half = z / (1 + z * z / leads) * sqrt(rate * (1 - rate) / leads + z * z / (4 * leads * leads))
    return Interval(rate, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Reliability:
    """Leads of about the same foretold chance: how many, the chance, and the win rate that came true."""

    leads: int
    foretold: float
    true: Interval


def reliability(chance: Floats, won: Flags, bands: int = 10) -> tuple[Reliability, ...]:
    """The leads by their foretold chance, in bands of about the same size; equal chances stay together."""
    order = np.argsort(chance, kind="stable")
    edges: list[int] = [0]
    for band in range(1, bands):
        at = band * len(order) // bands
        while edges[-1] < at < len(order) and chance[order[at]] == chance[order[at - 1]]:
            at += 1
        if edges[-1] < at < len(order):
            edges.append(at)
    groups = np.split(order, edges[1:])
    return tuple(
        Reliability(len(group), float(chance[group].mean()), wilson(int(won[group].sum()), len(group)))
        for group in groups
        if len(group)
    )


def curve(score: Floats, won: Flags, shares: Sequence[float]) -> list[tuple[float, float]]:
    """The share of the wins among the best shares of the leads: the curve of gains."""
    total = max(int(won.sum()), 1)
    return [(share, caught(score, won, share) / total) for share in shares]


def roc(score: Floats, won: Flags) -> list[tuple[float, float]]:
    """False and true positive rates, by falling score."""
    values, place, counts = np.unique(-score, return_inverse=True, return_counts=True)
    wins = np.bincount(place, weights=won, minlength=len(values))
    true = np.concatenate([[0], np.cumsum(wins)]) / max(wins.sum(), 1)
    false = np.concatenate([[0], np.cumsum(counts - wins)]) / max((counts - wins).sum(), 1)
    return list(zip(false.tolist(), true.tolist(), strict=True))
