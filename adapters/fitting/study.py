"""Fits a score to past deals, judges it on deals it has not seen, and says what it found; writes and shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from threadpoolctl import threadpool_limits

from adapters.fitting import remarks
from adapters.fitting.bins import Facet, facets_of
from adapters.fitting.card import FEW_ITEMS, MOST_ITEMS, Card, fit_card
from adapters.fitting.leaks import Suspect, suspects
from adapters.fitting.measures import Interval, Platt, auc, platt, wilson
from adapters.fitting.remarks import Said
from adapters.fitting.sample import FitRefused, Floats, Sample, sample_of
from adapters.fitting.thresholds import Capacity, Step, share_of, steps_of, threshold_of
from adapters.fitting.trials import BEHIND, LATER, Bench, Trial, few
from adapters.history_file import HistoryFile
from nurture.definitions import AttributeItem, BehaviourItem, Definitions

FEWEST_WINS, FULL_WINS = 50, 150
HALF = 0.5
"""Who hands over more of the leads than that does not choose."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item of the card with the leads it gives points to: how many, and their win rate."""

    item: AttributeItem | BehaviourItem
    leads: int
    wins: int
    rate: Interval


@dataclass(frozen=True)
class Study:
    """Everything that was found."""

    history: HistoryFile
    card: Card
    sample: Sample
    evidence: tuple[Evidence, ...]
    trials: tuple[Trial, ...]
    threshold: int
    threshold_by: str
    chooses: bool
    """False where the threshold hands over so many that no rule should be made of it."""
    share: float
    steps: tuple[Step, ...]
    calibration: Platt
    scores: Floats
    rates: tuple[tuple[int, Interval], ...]
    """Leads and win rate of five parts, the first to come first; empty where no order is known."""
    suspects: tuple[Suspect, ...]
    notes: tuple[Said, ...]
    warnings: tuple[Said, ...]

    @property
    def leads(self) -> int:
        return len(self.sample.cases)

    @property
    def wins(self) -> int:
        return int(self.sample.won.sum())


def study_of(
    history: HistoryFile,
    *,
    against: Definitions | None = None,
    capacity: Capacity | None = None,
    most_items: int | None = None,
    horizon: timedelta | None = None,
    tick: Callable[[str], None] = lambda _: None,
) -> Study:
    """Fit and judge; `against` holds the score to compare with. Raises FitRefused where wins are too few."""
    with threadpool_limits(limits=1):  # threads wait for each other longer than they work, where others work too
        return _study(history, against, capacity, most_items, horizon, tick)


def _study(
    history: HistoryFile,
    against: Definitions | None,
    capacity: Capacity | None,
    most_items: int | None,
    horizon: timedelta | None,
    tick: Callable[[str], None],
) -> Study:
    sample = sample_of(history, horizon)
    _enough(history, sample)
    wins = int(sample.won.sum())
    notes = list(sample.notes)
    warnings: list[Said] = []
    limit = most_items or (MOST_ITEMS if wins >= FULL_WINS else FEW_ITEMS)
    if wins < FULL_WINS:
        limit = min(limit, FEW_ITEMS)
        warnings.append(remarks.few_wins(wins, limit, FULL_WINS))
    tick("looking at the columns")
    facets = _facets(history, sample, notes)
    trusted = history.columns.trusted()
    found = suspects(sample, facets, trusted)
    left_out = {each.name for each in found if each.out}
    sample = _without(sample, left_out)
    facets = [each for each in facets if each.name not in left_out]
    found, facets = _without_clocks(sample, facets, found, trusted, limit)
    share = share_of(history, sample, capacity)
    tick("judging on held-out leads")
    fixed = most_items is not None
    trials = Bench(sample, facets, against, share, tick).trials(limit, fixed=fixed)
    tick("fitting to all leads")
    card = fit_card(sample, facets, np.arange(len(sample.cases)), most_items=limit, fixed=fixed)
    if not card.items:
        raise FitRefused(
            "no column tells won from lost", where=str(history.path),
            do="add columns that were known before the outcome, or more years; keep a card made by hand until then",
        )  # fmt: skip
    rates = _rates(sample)
    warnings += _warnings(trials, found, rates)
    scores = sample.scores(card.definitions)
    steps = steps_of(history, sample, scores, trials[0])
    chosen, why = threshold_of(steps, capacity, share)
    chooses = chosen.threshold > 0 and (capacity is not None or chosen.share <= HALF)
    if not chooses:
        warnings.append(remarks.hands_over(chosen.threshold, chosen.share))
    return Study(
        history, card, sample, _evidence(sample, card), tuple(trials), chosen.threshold, why, chooses, share,
        tuple(steps), platt(scores, sample.won), scores, rates, tuple(found), tuple(notes), tuple(warnings),
    )  # fmt: skip


def _enough(history: HistoryFile, sample: Sample) -> None:
    wins, leads = int(sample.won.sum()), len(sample.cases)
    losses = leads - wins
    if wins >= FEWEST_WINS and losses >= FEWEST_WINS:
        return
    if not wins or not losses:
        word = "won" if not wins else "lost"
        what = f"no lead was {word}: from one outcome alone nothing can be learned"
        do = f"export the {word} deals too, and look at the words for {word} in columns.yaml"
    else:
        word = "wins" if wins < FEWEST_WINS else "losses"
        what = f"{min(wins, losses)} {word} are too few to fit a score to: it needs {FEWEST_WINS}"
        do = "keep a card made by hand (score.yaml) for now, and export more years if there are any"
    left_out = f". Left out before: {'; '.join(each.en for each in sample.notes)}" if sample.notes else ""
    raise FitRefused(what, where=str(history.path), do=f"{do}{left_out}")


def _facets(history: HistoryFile, sample: Sample, notes: list[Said]) -> list[Facet]:
    """Every column that can be scored; those that are always the same, or hold dates, are named."""
    types = {name: column.type for name, column in history.columns.attributes().items() if column.type is not None}
    facets = facets_of(sample, types)
    telling = {each.name for each in facets if len(np.unique(each.place)) > 1}
    same = sorted({each.name for each in facets} - telling)
    if same:
        names = ", ".join(same)
        notes.append(
            Said(f"the same for every lead, so that it tells nothing: {names}", f"全リードで同じ値の列: {names}")
        )
    dates = [name for name, kind in types.items() if kind == "date"]
    if dates:
        names = ", ".join(dates)
        notes.append(Said(f"dates are not scored: {names}", f"日付の列は点数にしません: {names}"))
    return [each for each in facets if len(np.unique(each.place)) > 1]


def _without(sample: Sample, names: set[str]) -> Sample:
    """The sample without the events of these names."""

    def kept(kind: str, subject: str) -> bool:
        return f"{kind}: {subject}" not in names and kind not in names

    if not any(":" in name or name in {e.type for case in sample.cases for e in case.lead.events} for name in names):
        return sample
    cases = tuple(
        replace(
            case,
            lead=replace(case.lead, events=tuple(e for e in case.lead.events if kept(e.type, e.subject))),
        )
        for case in sample.cases
    )
    return replace(sample, cases=cases)


def _without_clocks(
    sample: Sample, facets: list[Facet], found: list[Suspect], trusted: frozenset[str], limit: int
) -> tuple[list[Suspect], list[Facet]]:
    """Leave out the columns that move with time, unless later leads of the earlier part are told better with them."""
    clocks = {each.name for each in found if each.by_time} - trusted
    if not clocks:
        return found, facets
    end = int((1 - LATER) * len(sample.cases))
    early, late = np.arange(int((1 - LATER) * end)), np.arange(int((1 - LATER) * end), end)
    without = [each for each in facets if each.name not in clocks]
    if min(few(sample.won[early]), few(sample.won[late])) >= 20:
        told = [
            auc(sample.scores(fit_card(sample, each, early, most_items=limit).definitions)[late], sample.won[late])
            for each in (facets, without)
        ]
        if told[0] > told[1]:
            return found, facets
    return [replace(each, out=True) if each.name in clocks else each for each in found], without


def _evidence(sample: Sample, card: Card) -> tuple[Evidence, ...]:
    points = sample.by_item(card.definitions)
    items: Sequence[AttributeItem | BehaviourItem] = (*card.score.attributes, *card.score.behaviours)
    found = []
    for index, item in enumerate(items):
        has = points[:, index] != 0
        leads, wins = int(has.sum()), int(sample.won[has].sum())
        found.append(Evidence(item, leads, wins, wilson(wins, leads)))
    return tuple(found)


def _rates(sample: Sample) -> tuple[tuple[int, Interval], ...]:
    if not sample.ordered:
        return ()
    parts = np.array_split(sample.won, 5)
    return tuple((len(each), wilson(int(each.sum()), len(each))) for each in parts)


def _warnings(trials: Sequence[Trial], found: Sequence[Suspect], rates: Sequence[tuple[int, Interval]]) -> list[Said]:
    warnings = [remarks.suspect(each.name, each.why, out=each.out, by_time=each.by_time) for each in found]
    if rates and (rates[0][1].high < rates[-1][1].low or rates[0][1].low > rates[-1][1].high):
        warnings.append(remarks.drift(rates[0][1].value, rates[-1][1].value))
    for trial in trials:
        mine, kind = trial.contenders[0].auc, trial.kind
        single, regression, now = trial.of("single"), trial.of("regression"), trial.of("current")
        if single is not None and mine.value < single.auc.value:
            warnings.append(remarks.worse_than_one(kind, mine.value, single.auc.value, trial.single))
        if regression is not None and mine.value < regression.auc.value - BEHIND:
            warnings.append(remarks.behind(kind, mine.value, regression.auc.value, BEHIND))
        if now is not None and mine.value <= now.auc.value:
            warnings.append(remarks.no_better(kind, mine.value, now.auc.value))
        if mine.low <= 0.5:
            warnings.append(remarks.chance(kind, mine.value))
    if trials[0].kind != "time":
        warnings.append(remarks.UNORDERED)
    return warnings
