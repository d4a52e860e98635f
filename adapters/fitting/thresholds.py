"""Says what each threshold of a card would mean for sales, and proposes one; refuses to flatter it.

How many leads reach a threshold is counted by the card that is written. How many of those were won is not: it was
fitted to them. For as many leads, the best by the card of the trial, which has not seen them, that is counted instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from adapters.fitting.measures import Interval, caught, wilson
from adapters.fitting.sample import Case, FitRefused, Floats, Sample
from adapters.fitting.trials import Trial
from adapters.history_file import HistoryFile


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many of the leads sales can take: a share of them, or a number a week."""

    share: float | None = None
    per_week: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a threshold would mean: the leads at or above it among those of the trial, and how many of as many were won.

    `per_week` counts all leads that came, the undecided too: sales would get those as well.
    """

    threshold: int
    leads: int
    share: float
    wins: int
    precision: Interval
    recall: float
    per_week: float | None


def share_of(history: HistoryFile, sample: Sample, capacity: Capacity | None) -> float:
    """The share of the leads that sales can take; a fifth where nobody has said. Raises FitRefused without days."""
    if capacity is None:
        return 0.2
    if capacity.share is not None:
        return capacity.share
    weekly = _weekly(history, sample.cases) if sample.days is not None else None
    if weekly is None:
        raise FitRefused(
            "a number per week needs the days on which leads came, and the table has none", where=str(history.path),
            do="name the column in `since` of columns.yaml, or give a share: --capacity 10%",
        )  # fmt: skip
    return min(1.0, (capacity.per_week or 0) / weekly)


def steps_of(history: HistoryFile, sample: Sample, scores: Floats, trial: Trial) -> list[Step]:
    """What each threshold in steps of five would mean for the leads that the trial judges by; `scores`: of all."""
    some, won = scores[trial.judged], sample.won[trial.judged]
    unseen = sample.scores(trial.card.definitions)[trial.judged]
    cases = [sample.cases[int(index)] for index in trial.judged]
    weekly = _weekly(history, cases) if sample.days is not None else None
    steps: list[Step] = []
    for threshold in range(int(some.min() // 5 * 5), int(some.max() // 5 * 5) + 1, 5):
        leads = int((some >= threshold).sum())
        if not leads or (steps and leads == steps[-1].leads):
            continue
        share = leads / len(some)
        wins = round(caught(unseen, won, share))
        recall = wins / max(int(won.sum()), 1)
        per_week = share * weekly if weekly is not None else None
        steps.append(Step(threshold, leads, share, wins, wilson(wins, leads), recall, per_week))
    return steps


def threshold_of(steps: Sequence[Step], capacity: Capacity | None, share: float) -> tuple[Step, str]:
    """The lowest threshold that sales can keep up with; where nobody said what they can, the one with the best F1."""
    if capacity is not None:
        fitting = [each for each in steps if each.share <= share]
        chosen = min(fitting, key=lambda each: each.threshold) if fitting else steps[-1]
        return chosen, "capacity" if fitting else "capacity, which no threshold keeps"

    def f1(step: Step) -> float:
        both = step.precision.value + step.recall
        return 2 * step.precision.value * step.recall / both if both else 0.0

    return max(steps, key=f1), "F1"


def _weekly(history: HistoryFile, cases: Sequence[Case]) -> float | None:
    """How many leads came in a week, from the first of the cases to the last, those without an outcome too."""
    came = [case.came for case in cases if case.came is not None]
    if not came:
        return None
    first, last = min(came), max(came)
    known = [deal.lead.since for deal in history.deals if deal.lead.since is not None]
    leads = max(len(came), sum(first <= each <= last for each in known))
    return leads / max((last - first) / timedelta(days=7), 1.0)
