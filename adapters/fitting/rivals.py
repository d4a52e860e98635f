"""What a card is compared with, on the same columns: a logistic regression, boosted trees, recency, one item alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from adapters.fitting.bins import Facet
from adapters.fitting.card import Card
from adapters.fitting.measures import auc
from adapters.fitting.sample import Flags, Floats, Sample, Whole
from nurture.conditions import MAIL_EVENTS
from nurture.definitions import AttributeItem, BehaviourItem

MOST_WORDS = 100
_NEVER = 3650.0
"""Days since an event that never was."""


def logistic(sample: Sample, facets: Sequence[Facet], part: Whole) -> Floats:
    """The log odds of every case by a regression on all columns: numbers with their gaps marked, each word a column."""
    columns: list[Floats] = []
    for facet in facets:
        known = facet.place >= 0
        if facet.type == "number":
            values = _numbers(facet)
            middle = float(np.nanmedian(values[part])) if known[part].any() else 0.0
            columns.append(np.where(known, values, middle))
        else:
            counts = np.bincount(facet.place[part][known[part]], minlength=len(facet.values))
            often = [place for place in np.argsort(-counts)[:MOST_WORDS] if counts[place] >= 10]
            columns += [(facet.place == place).astype(float) for place in often]
        if facet.type != "list" and not known[part].all():
            columns.append((~known).astype(float))
    columns += _events(sample, part)
    table = np.column_stack(columns) if columns else np.zeros((len(sample.cases), 1))
    spread = table[part].std(axis=0)
    table = (table - table[part].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(LogisticRegression(max_iter=2000).fit(table[part], sample.won[part]).decision_function(table))


def boosted(sample: Sample, facets: Sequence[Facet], part: Whole) -> Floats:
    """The log odds of every case by gradient boosting: what can be had without points that people add up."""
    columns = [_numbers(each) if each.type == "number" else _ranked(each, sample.won, part) for each in facets]
    columns += _events(sample, part)
    table = np.column_stack(columns) if columns else np.zeros((len(sample.cases), 1))
    few = len(part) < 2_000
    model = HistGradientBoostingClassifier(
        max_iter=80 if few else 150,
        learning_rate=0.06,
        max_leaf_nodes=8 if few else 24,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    return np.asarray(model.fit(table[part], sample.won[part]).decision_function(table))


def recency(sample: Sample) -> Floats | None:
    """Minus the days since the newest event of every case; None where there are no events."""
    if not any(case.lead.events for case in sample.cases):
        return None
    return -np.array(
        [
            (case.at - case.lead.events[-1].at) / timedelta(days=1) if case.lead.events else _NEVER
            for case in sample.cases
        ]
    )


def best_single(sample: Sample, card: Card, part: Whole) -> tuple[str, Floats] | None:
    """The item of a card that alone tells most among the cases in `part`, and its points for every case."""
    points = sample.by_item(card.definitions)
    items: list[AttributeItem | BehaviourItem] = [*card.score.attributes, *card.score.behaviours]
    names = [each.item for each in items]
    if not names:
        return None
    best = max(range(len(names)), key=lambda index: auc(points[part, index], sample.won[part]))
    return names[best], points[:, best]


def _numbers(facet: Facet) -> Floats:
    return np.append(np.array(facet.values, dtype=float), np.nan)[facet.place]


def _ranked(facet: Facet, won: Flags, part: Whole) -> Floats:
    """Words as the rank of their win rate in `part`; words that do not stand there, and gaps, are not known."""
    places = facet.place[part]
    known = places >= 0
    leads = np.bincount(places[known], minlength=len(facet.values))
    wins = np.bincount(places[known], weights=won[part][known], minlength=len(facet.values))
    mean = won[part].mean()
    rate = np.where(leads > 0, (wins + 10 * mean) / (leads + 10), np.nan)
    return np.append(rate, np.nan)[facet.place]


def _events(sample: Sample, part: Whole) -> list[Floats]:
    """For each frequent event: how often it was, and how many days ago the last (as 1 / (1 + days / 30))."""
    index: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, float]] = []
    for row, case in enumerate(sample.cases):
        for event in case.lead.events:
            subject = "" if event.type in MAIL_EVENTS else event.subject
            place = index.setdefault((event.type, subject), len(index))
            rows.append((row, place, (case.at - event.at) / timedelta(days=1)))
    if not rows:
        return []
    times, fresh = np.zeros((len(sample.cases), len(index))), np.zeros((len(sample.cases), len(index)))
    for row, place, days in rows:
        times[row, place] += 1
        fresh[row, place] = max(fresh[row, place], 1 / (1 + days / 30))
    often = [place for place in range(len(index)) if np.count_nonzero(times[part, place]) >= 20]
    return [table[:, place] for place in often for table in (np.minimum(times, 10), fresh)]
