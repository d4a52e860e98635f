"""Past deals made ready for fitting: who counts, as of when, in which order; refuses to look past that instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adapters.fitting.remarks import Said
from adapters.history_file import UNDATED, HistoryFile, PastDeal
from nurture.definitions import Definitions
from nurture.errors import NurtureError
from nurture.history import PastLead
from nurture.judging import Situation
from nurture.scoring import Scorer, wanted

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

_LATE = (0.9, 0.75, 0.5)
"""Of the wins with both days, the share that a lead must have had the time for; a lower one where too few remain."""
_REMAIN = 2 / 3


class FitRefused(NurtureError):
    """A history that no score should be fitted to."""


@dataclass(frozen=True, slots=True)
class Case:
    """A lead that was won or lost, with what it had done before `at`, the instant as of which it is judged."""

    lead: PastLead
    at: datetime
    came: datetime | None

    @property
    def won(self) -> bool:
        return self.lead.won


@dataclass(frozen=True)
class Sample:
    """The cases, the first to come first where an order is known."""

    cases: tuple[Case, ...]
    ordered: bool
    notes: tuple[Said, ...] = ()
    """What was left out or could not be known, in words."""
    days: float | None = field(default=None)
    """From the first case to the last; None where no days are known."""

    @cached_property
    def won(self) -> Flags:
        """Which cases were won."""
        return np.array([case.won for case in self.cases], dtype=bool)

    def scores(self, definitions: Definitions) -> Floats:
        """The total score of every case under a model, by the scorer of the product."""
        return self.points(definitions)[0]

    def points(self, definitions: Definitions) -> tuple[Floats, Floats, Floats]:
        """Total, attributes and behaviours of every case."""
        scorer, asked = Scorer(definitions), wanted(definitions.score)
        found = [scorer(_situation(case, asked)) for case in self.cases]
        parts = np.array([(each.attributes, each.behaviours) for each in found], dtype=float).reshape(-1, 2)
        return parts.sum(axis=1), parts[:, 0], parts[:, 1]

    def situation(self, case: Case, definitions: Definitions) -> Situation:
        """All that a score may ask of a case."""
        return _situation(case, wanted(definitions.score))

    def by_item(self, definitions: Definitions, only: Sequence[int] | Whole | None = None) -> Floats:
        """The points of each case (of these only) by item: cases × items, in the order of the model."""
        scorer, asked = Scorer(definitions), wanted(definitions.score)
        cases = self.cases if only is None else [self.cases[int(index)] for index in only]
        rows = [tuple(scorer(_situation(case, asked)).items.values()) for case in cases]
        width = len(definitions.score.attributes) + len(definitions.score.behaviours)
        return np.array(rows, dtype=float).reshape(len(cases), width)


def _situation(case: Case, asked: dict[str, int]) -> Situation:
    return Situation(case.at, case.lead.attributes, case.lead.facts(asked), {})


def sample_of(history: HistoryFile, horizon: timedelta | None = None) -> Sample:
    """The deals that were won or lost and had the time for it.

    `horizon`: how long a lead has to be known before it counts; absent: the time in which nine of ten wins were made,
    or fewer where it would cost more than a third of the deals.
    It counts only where both days are known. Events after the instant of judging are no part of a case.
    """
    closed = [deal for deal in history.deals if deal.lead.result is not None]
    notes: list[Said] = []
    mature = _mature(closed, horizon, notes)
    usual = _usual(mature)
    by_time = history.columns.order == "time"
    latest = max((at for deal in closed for at in _instants(deal)), default=datetime(2000, 1, 1, tzinfo=UTC))
    cases = [_case(deal, usual, latest) for deal in mature]
    days = [case.came for case in cases if case.came is not None]
    if by_time and days:
        without = len(cases) - len(days)
        if without:
            notes.append(
                Said(
                    f"{without} lead(s) have no day and count as the earliest",
                    f"日付のないリード {without} 件は最も古いものとして扱いました",
                )
            )
        cases.sort(key=lambda case: case.came or datetime.min.replace(tzinfo=UTC))
    cut = sum(len(deal.lead.events) for deal in mature) - sum(len(case.lead.events) for case in cases)
    if cut:
        notes.append(
            Said(
                f"{cut} event(s) on or after the day a lead is judged are not counted: the outcome was known",
                f"判定日以後の行動 {cut} 件は、結果が分かった後のものなので数えていません",
            )
        )
    blind = [deal for deal in mature if deal.judged_at is None and any(each.at > UNDATED for each in deal.lead.events)]
    if blind:
        notes.append(_blind(len(blind), usual))
    span = (max(days) - min(days)) / timedelta(days=1) if by_time and days else None
    ordered = bool(days) if by_time else history.columns.order == "rows"
    return Sample(tuple(cases), ordered, tuple(notes), span or None)


def _usual(deals: Sequence[PastDeal]) -> timedelta | None:
    """How long after it became known a lead is judged in the middle; None where that is known of none."""
    spans = sorted(
        deal.judged_at - deal.lead.since for deal in deals if deal.judged_at is not None and deal.lead.since is not None
    )
    return spans[len(spans) // 2] if spans else None


def _blind(leads: int, usual: timedelta | None) -> Said:
    if usual is None:
        return Said(
            f"{leads} lead(s) with events have no day of closing: whether an event came before the outcome cannot be "
            "told, so that its points may be too good to be true",
            f"行動のあるリード {leads} 件に決着日がありません。行動が結果の前か後か分からず、"
            "点数が良く見えすぎるおそれがあります",
        )
    return Said(
        f"{leads} lead(s) with events have no day of closing: they are judged {usual.days} days after they became "
        "known, as the others were in the middle",
        f"行動のあるリード {leads} 件に決着日がありません。ほかのリードの中央値にならい、"
        f"登録から {usual.days} 日後の時点で判定しました",
    )


def _case(deal: PastDeal, usual: timedelta | None, latest: datetime) -> Case:
    """A deal as of the day it is judged: without one, of the day it usually would be, or of the end of the table.

    If only won deals had their day, all others would be judged at the end, when their points have faded: that alone
    would tell won from lost.
    """
    lead, end = deal.lead, deal.judged_at
    if end is None and usual is not None and lead.since is not None:
        end = lead.since + usual
    before = tuple(each for each in lead.events if end is None or each.at < end)
    return Case(replace(lead, events=before), end or latest, lead.since or deal.judged_at or lead.closed_at)


def _instants(deal: PastDeal) -> list[datetime]:
    several = (deal.lead.since, deal.lead.closed_at, deal.judged_at, *(each.at for each in deal.lead.events))
    return [each for each in several if each is not None]


def _mature(closed: Sequence[PastDeal], horizon: timedelta | None, notes: list[Said]) -> list[PastDeal]:
    spans = sorted(
        deal.lead.closed_at - deal.lead.since
        for deal in closed
        if deal.lead.won and deal.lead.since is not None and deal.lead.closed_at is not None
    )
    if not spans:
        return list(closed)
    end = max(deal.lead.closed_at for deal in closed if deal.lead.closed_at is not None)
    asked = [horizon] if horizon is not None else [spans[int(share * (len(spans) - 1))] for share in _LATE]
    for least in asked:
        mature = [deal for deal in closed if deal.lead.since is None or deal.lead.since + least <= end]
        if horizon is not None or len(mature) >= _REMAIN * len(closed):
            break
    else:
        return list(closed)
    young = len(closed) - len(mature)
    if young:
        notes.append(
            Said(
                f"{young} lead(s) are younger than {least.days} days and are left out: of leads so young only the "
                "quick outcomes are known (--horizon sets the days)",
                f"登録から {least.days} 日たっていないリード {young} 件は除きました。"
                "早く決着したものしか分からないためです(--horizon で変更)",
            )
        )
    return mature
