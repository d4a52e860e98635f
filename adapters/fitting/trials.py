"""Judges a way of fitting on leads that it was not fitted to, beside others; refuses to choose between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from adapters.fitting import rivals
from adapters.fitting.bins import Facet
from adapters.fitting.card import Card, fit_card
from adapters.fitting.measures import (
    Interval,
    Reliability,
    auc,
    bootstrap,
    brier,
    curve,
    lift,
    platt,
    precision,
    reliability,
    resamples,
    roc,
)
from adapters.fitting.sample import Flags, Floats, Sample, Whole
from nurture.definitions import Definitions

LATER = 0.3
"""The share of the leads that a card is judged by."""
BEHIND = 0.03
"""By how much AUC a card may stay behind a logistic regression on the same columns."""
_SEED = 7
_POINTS_OF_CURVE = 60
_ROC_POINTS = 200


@dataclass(frozen=True, slots=True)
class Contender:
    """How well one score tells the held-out leads apart; `chance` is calibrated on the leads it was fitted to."""

    name: str
    auc: Interval
    brier: Interval
    precision: Interval
    lift: Interval
    gains: tuple[tuple[float, float], ...] = ()
    roc: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One division into leads to fit to and leads to judge by, with all contenders; the card is the first."""

    kind: str
    fitted_leads: int
    fitted_wins: int
    judged_leads: int
    judged_wins: int
    card: Card
    contenders: tuple[Contender, ...]
    reliability: tuple[Reliability, ...]
    single: str
    """The name of the best item."""
    judged: Whole
    """Which cases it is judged by."""

    def of(self, name: str) -> Contender | None:
        """A contender by its name."""
        return next((each for each in self.contenders if each.name == name), None)

    @property
    def behind(self) -> float:
        """How much AUC the card lacks to a regression, less the margin, or to its best item alone; 0: nothing."""
        mine = self.contenders[0].auc.value
        regression, single = self.of("regression"), self.of("single")
        bars = [regression.auc.value - BEHIND] if regression else []
        bars += [single.auc.value] if single else []
        return max([0.0, *(bar - mine for bar in bars)])


@dataclass(frozen=True)
class Bench:
    """What every trial has in common. `share`: of the leads, sales takes so many; `against`: the present score."""

    sample: Sample
    facets: Sequence[Facet]
    against: Definitions | None
    share: float
    tick: Callable[[str], None]

    def trials(self, most_items: int, *, fixed: bool = False) -> list[Trial]:
        """Each division of the leads, judged."""
        divisions = _parts(self.sample).items()
        return [self._trial(kind, part, rest, most_items, fixed=fixed) for kind, (part, rest) in divisions]

    def _trial(self, kind: str, part: Whole, rest: Whole, most_items: int, *, fixed: bool) -> Trial:
        sample, facets, won = self.sample, self.facets, self.sample.won
        card = fit_card(sample, facets, part, most_items=most_items, fixed=fixed)
        mine = sample.scores(card.definitions)
        self.tick(f"comparing ({kind})")
        scores: dict[str, Floats] = {"card": mine}
        if self.against is not None:
            scores["current"] = sample.scores(self.against)
        single = rivals.best_single(sample, card, part)
        if single is not None:
            scores["single"] = single[1]
        recency = rivals.recency(sample)
        if recency is not None:
            scores["recency"] = recency
        scores["regression"] = rivals.logistic(sample, facets, part)
        scores["boosting"] = rivals.boosted(sample, facets, part)
        draws = resamples(len(rest))
        judged = [self._contender(name, each, part, rest, draws) for name, each in scores.items()]
        chance = platt(mine[part], won[part]).chance(mine[rest])
        return Trial(
            kind, len(part), int(won[part].sum()), len(rest), int(won[rest].sum()), card, tuple(judged),
            reliability(chance, won[rest]), single[0] if single else "", rest,
        )  # fmt: skip

    def _contender(self, name: str, score: Floats, part: Whole, rest: Whole, draws: Whole) -> Contender:
        won = self.sample.won
        spread = float(score[part].std()) or 1.0
        even = (score - score[part].mean()) / spread * 10  # so that calibrating in tenths loses nothing
        chance = platt(even[part], won[part]).chance(even[rest])
        grid = [each / _POINTS_OF_CURVE for each in range(_POINTS_OF_CURVE + 1)]
        line = roc(score[rest], won[rest])
        return Contender(
            name,
            bootstrap(auc, score[rest], won[rest], draws),
            bootstrap(brier, chance, won[rest], draws),
            bootstrap(partial(precision, share=self.share), score[rest], won[rest], draws),
            bootstrap(partial(lift, share=self.share), score[rest], won[rest], draws),
            tuple(curve(score[rest], won[rest], grid)),
            (*line[:: max(1, len(line) // _ROC_POINTS)], line[-1]),
        )


def _parts(sample: Sample) -> dict[str, tuple[Whole, Whole]]:
    """The divisions: the last three tenths by time where an order is known, and three tenths drawn by lot."""
    size = len(sample.cases)
    cut = int((1 - LATER) * size)
    found: dict[str, tuple[Whole, Whole]] = {}
    if sample.ordered and min(few(sample.won[:cut]), few(sample.won[cut:])) >= 10:
        found["time"] = np.arange(cut), np.arange(cut, size)
    drawn = np.random.default_rng(_SEED).permutation(size)
    found["random"] = np.sort(drawn[:cut]), np.sort(drawn[cut:])
    return found


def few(won: Flags) -> int:
    """How many there are of the rarer outcome."""
    return int(min(won.sum(), (~won).sum()))
