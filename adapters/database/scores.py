"""Says what leads score at an instant, from their stored attributes and events; keeps no score: fading never rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapters.database.members import AT_ONCE, facts_of
from adapters.database.schema import entries, leads
from nurture.conditions import All, AnyCondition, ScoreIs
from nurture.definitions import Definitions
from nurture.judging import Situation
from nurture.membership import Membership
from nurture.qualification import Qualification, hot_condition
from nurture.scoring import Part, Points, Scorer

_EVERYTHING = ScoreIs(score="total", at_least=0)
"""What asks for all that the score model counts."""


def points_of(conn: Connection, several: Sequence[str], definitions: Definitions, now: datetime) -> dict[str, Points]:
    """The score of each of these leads at `now`; without those that do not exist."""
    scorer, asked = Scorer(definitions), Membership.of(_EVERYTHING, definitions)
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


@dataclass(frozen=True, slots=True)
class Explained:
    """The score of one lead at an instant with what gave it, its phase, and the hot lead definition rule by rule."""

    points: Points
    parts: Mapping[str, tuple[Part, ...]]
    phase: str | None
    rules: tuple[tuple[str, bool], ...]
    reasons: tuple[str, ...]


def explained(
    conn: Connection, lead: str, definitions: Definitions, at: datetime, *, then: bool = False
) -> Explained | None:
    """Why a lead scores what it scores at `at`; None where there is no such lead.

    `then`: by what was known at that instant (what was shown then), else by all that is known today.
    """
    row = conn.execute(select(leads.c.attributes).where(leads.c.id == lead)).first()
    if row is None:
        return None
    asked = Membership.of(All(all=(_EVERYTHING, *_hot(definitions))), definitions)
    facts = facts_of(conn, [lead], asked, known=at if then else None)[lead]
    ready = Qualification(definitions)
    attributes = _attributes_then(conn, lead, at) if then else row.attributes
    now = Situation(at, attributes, facts, {}, measure=ready.measure)
    now.phase = ready.furthest(now)
    return Explained(ready.measure(now), ready.measure.parts(now), now.phase, ready.rules(now), ready.reasons(now))


def _hot(definitions: Definitions) -> tuple[AnyCondition, ...]:
    return (hot_condition(definitions.hot_lead),) if definitions.hot_lead is not None else ()


def _attributes_then(conn: Connection, lead: str, at: datetime) -> dict[str, Any]:
    """The attributes of the newest profile that was known at an instant."""
    profiles = select(entries.c.body).where(
        entries.c.lead == lead, entries.c.kind == "profile", entries.c.received_at <= at
    )
    body = conn.execute(profiles.order_by(entries.c.seq.desc()).limit(1)).scalar()
    return dict(body["attributes"]) if body is not None else {}


def _some(several: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(several), AT_ONCE):
        yield several[start : start + AT_ONCE]
