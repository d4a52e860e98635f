"""Holds a score against results: of the leads with so many points, how many were won? Refuses to propose other points.

The scores are those just before a lead was won or lost, so that no deal counts what came after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.conditions import ScoreIs
from nurture.definitions import Definitions
from nurture.history import PastLead
from nurture.retrospect import Retrospect, settled
from nurture.shares import Share

MOST = 5
"""How many bands there are at most: more would each hold too few."""
_EVERYTHING = ScoreIs(score="total", at_least=0)


@dataclass(frozen=True, slots=True)
class Band:
    """The leads with `low` to `high` points (both included), and how many of them were won.

    `out_of_order`: leads with fewer points were won more often.
    """

    low: float
    high: float
    won: Share
    out_of_order: bool


def score_bands(leads: Iterable[PastLead], definitions: Definitions, now: datetime) -> tuple[Band, ...]:
    """Bands of about as many leads each, the highest points first; leads that were neither won nor lost are left out.

    Leads with equal points are never parted, so there may be fewer bands than MOST.
    """
    looking = Retrospect(definitions, [_EVERYTHING])
    scored = sorted(
        (looking.qualification.measure(looking.seen(lead, settled(lead, now))).total, lead.won)
        for lead in leads
        if lead.result is not None
    )
    found: list[Band] = []
    best = 0.0
    for part in _parted(scored):
        share = Share(sum(won for _, won in part), len(part))
        found.append(Band(part[0][0], part[-1][0], share, out_of_order=share.value < best))
        best = max(best, share.value)
    return tuple(reversed(found))


def _parted(ascending: Sequence[tuple[float, bool]]) -> list[Sequence[tuple[float, bool]]]:
    """Consecutive parts of about the same size; equal points stay together."""
    parts: list[Sequence[tuple[float, bool]]] = []
    start = 0
    while start < len(ascending):
        left = MOST - len(parts)
        end = min(len(ascending), start + max(1, round((len(ascending) - start) / max(left, 1))))
        while end < len(ascending) and ascending[end][0] == ascending[end - 1][0]:
            end += 1
        parts.append(ascending[start:end])
        start = end
    return parts
