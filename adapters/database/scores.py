"""Says what leads score at an instant, from their stored attributes and events; keeps no score: fading never rests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapters.database.members import AT_ONCE, facts_of
from adapters.database.schema import leads
from nurture.conditions import ScoreIs
from nurture.definitions import Definitions
from nurture.judging import Situation
from nurture.membership import Membership
from nurture.scoring import Points, Scorer

EVERYTHING = ScoreIs(score="total", at_least=0)
"""What asks for all that the score model counts."""


def points_of(conn: Connection, several: Sequence[str], definitions: Definitions, now: datetime) -> dict[str, Points]:
    """The score of each of these leads at `now`; without those that do not exist."""
    scorer, asked = Scorer(definitions), Membership.of(EVERYTHING, definitions)
    found: dict[str, Points] = {}
    for some in _some(several):
        facts = facts_of(conn, some, asked)
        for row in conn.execute(select(leads.c.id, leads.c.attributes).where(leads.c.id.in_(some))):
            found[row.id] = scorer(Situation(now=now, attributes=row.attributes, facts=facts[row.id], seen={}))
    return found


def with_scores(
    conn: Connection, items: Sequence[dict[str, Any]], definitions: Definitions, now: datetime
) -> list[dict[str, Any]]:
    """Leads as the API shows them, each with its `score`: `{total, attributes, behaviours, items}`."""
    points = points_of(conn, [item["id"] for item in items], definitions, now)
    return [{**item, "score": points[item["id"]].shown() if item["id"] in points else None} for item in items]


def _some(several: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(several), AT_ONCE):
        yield several[start : start + AT_ONCE]
