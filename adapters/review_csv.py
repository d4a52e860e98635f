"""Writes the figures of the report of hot leads as CSV, one group of tasks a row; refuses to choose or to judge."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from adapters.lead_export import cell
from nurture.review.report import Review
from nurture.review.tasks import Group, Outcomes
from nurture.shares import Share

COLUMNS = (
    "question", "by", "name", "tasks", "open", "won", "lost", "returned", "expired", "amount", "won_share", "won_low",
    "won_high", "returned_share", "returned_low", "returned_high", "per_week", "verdict",
)  # fmt: skip


def write_review(file: TextIO, review: Review, *, only: bool = False) -> None:
    """Every group of every question, all tasks first; shares are 0 to 1, and empty of nothing.

    `only`: no more than the groups the results were asked by.
    """
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerow(_row("results", "all", "", review.results.all, review.results.verdict, review.number.per_week))
    for grouping in review.results.by:
        rows.writerows(_group("results", grouping.by, each) for each in grouping.groups)
    if only:
        return
    for question, by, each in _others(review):
        rows.writerow(_group(question, by, each))
    for threshold in review.thresholds.steps:
        won, fits = threshold.won, {True: "fits", False: "too_many", None: ""}[threshold.fits]
        counts = (threshold.hot, "", won.hits, won.of - won.hits, *[""] * 3)
        week = f"{threshold.per_week:.2f}"
        rows.writerow(["thresholds", "total", threshold.total, *counts, *_share(won), *[""] * 3, week, fits])


def _others(review: Review) -> Iterator[tuple[str, str, Group]]:
    for grouping in (review.paths.phases, review.paths.last):
        yield from (("paths", grouping.by, each) for each in grouping.groups)
    yield from (("timing", "accepted_within", each) for each in review.timing.speeds)
    yield from (("quality", "points", each) for each in review.quality.bands)


def _group(question: str, by: str, group: Group) -> list[object]:
    return _row(question, by, group.name, group.outcomes, group.verdict)


def _row(
    question: str, by: str, name: str, counts: Outcomes, verdict: str, per_week: float | None = None
) -> list[object]:
    several = (counts.tasks, counts.open, counts.won, counts.lost, counts.returned, counts.expired, counts.amount)
    shares = (*_share(counts.won_rate), *_share(counts.returned_rate))
    week = f"{per_week:.2f}" if per_week is not None else ""
    return [question, by, cell(name), *several, *shares, week, verdict]


def _share(share: Share) -> tuple[str, ...]:
    return tuple(f"{each:.4f}" if share.of else "" for each in (share.value, share.low, share.high))
