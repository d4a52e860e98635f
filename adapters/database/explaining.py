"""Says why a lead scores what it scores and how far it is from hot, at any instant, as known then or as known now.

"As known then" is what was shown at that instant: by the deployment that was current, the attributes and events that
were known, and with the points of what turned out to be a machine's only later. Refuses to judge: the core does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection, func, select

from adapters.database.members import facts_of
from adapters.database.merges import goes_on
from adapters.database.schema import deployments, entries, leads, timeline
from adapters.database.scores import EVERYTHING
from adapters.database.sequence import Deployments
from nurture.conditions import All
from nurture.definitions import Attribute, Definitions
from nurture.distance import Distance, Measuring
from nurture.judging import Situation
from nurture.membership import Membership
from nurture.qualification import Qualification, hot_condition

Known = Literal["now", "then"]


class EventPoints(BaseModel):
    """One event that gives points: how many it gave, and what fading has left of them."""

    at: datetime
    type: str
    subject: str
    points: float
    faded: float


class ItemPoints(BaseModel):
    """One item of score.yaml: its points at the instant, and for a behaviour the events behind them, newest first."""

    item: str
    kind: Literal["attribute", "behaviour"]
    points: float
    events: list[EventPoints] = []


class ScoreExplained(BaseModel):
    """Where the points of a lead come from. `deployment` is the one whose score.yaml was applied."""

    lead: str
    at: datetime
    known: Known
    deployment: int
    phase: str | None
    total: float
    attributes: float
    behaviours: float
    items: list[ItemPoints]


class HotExplained(BaseModel):
    """Which rules of the hot lead definition a lead meets, or how far each is.

    `meets`: it fits the definition; `reasons` are the rules that make it so. `definition` is None where the deployment
    has no hot_lead.yaml. `hot` is the latch at present, which may outlast the definition until the cool-down is over.
    """

    lead: str
    at: datetime
    known: Known
    deployment: int
    phase: str | None
    total: float
    hot: bool
    meets: bool
    reasons: list[str]
    definition: Distance | None


@dataclass(frozen=True, slots=True)
class Standpoint:
    """One lead at one instant, ready to be explained."""

    lead: str
    known: Known
    definitions: Definitions
    ready: Qualification
    now: Situation

    def score(self) -> ScoreExplained:
        """Item by item."""
        points, behind = self.ready.measure(self.now), self.ready.measure.parts(self.now)
        return ScoreExplained(
            lead=self.lead, at=self.now.now, known=self.known, deployment=self.definitions.number,
            phase=self.now.phase, total=points.total, attributes=points.attributes, behaviours=points.behaviours,
            items=[
                ItemPoints(
                    item=item,
                    kind="behaviour" if item in behind else "attribute",
                    points=given,
                    events=[
                        EventPoints(at=each.at, type=each.type, subject=each.subject, points=each.points,
                                    faded=each.faded)
                        for each in behind.get(item, ())
                    ],
                )
                for item, given in points.items.items()
            ],
        )  # fmt: skip

    def hot(self) -> HotExplained:
        """Rule by rule."""
        hot, reasons = self.definitions.hot_lead, self.ready.reasons(self.now)
        return HotExplained(
            lead=self.lead, at=self.now.now, known=self.known, deployment=self.definitions.number,
            phase=self.now.phase, total=self.ready.measure(self.now).total, hot=self.now.hot, meets=bool(reasons),
            reasons=list(reasons),
            definition=Measuring(self.definitions, self.now).of(hot_condition(hot)) if hot is not None else None,
        )  # fmt: skip


def standpoint(
    conn: Connection, lead: str, store: Deployments, current: int, now: datetime, *, at: datetime | None = None,
    known: Known = "now",
) -> Standpoint | None:  # fmt: skip
    """A lead at `at` (None: at `now`), as `known` then or now; None where there is no such lead.

    The phase is the furthest that is reached; at present also the one that the lead has not gone back from.
    """
    lead = goes_on(conn, lead)
    row = conn.execute(select(leads.c.attributes, leads.c.position).where(leads.c.id == lead)).first()
    if row is None:
        return None
    instant, then = at or now, known == "then"
    definitions = store.get(_deployment_at(conn, instant) if then else current)
    hot = (hot_condition(definitions.hot_lead),) if definitions.hot_lead is not None else ()
    asked = Membership.of(All(all=(EVERYTHING, *hot)), definitions)
    facts = facts_of(conn, [lead], asked, known=instant if then else None, until=instant)[lead]
    attributes = _attributes_then(conn, lead, instant, definitions) if then else row.attributes
    position: dict[str, Any] = row.position or {}
    ready = Qualification(definitions)
    situation = Situation(instant, attributes, facts, {}, measure=ready.measure, hot=bool(position.get("hot")))
    inside = at is None and position.get("scenario") is not None
    situation.phase = ready.furthest(situation, position.get("phase") if inside else None)
    return Standpoint(lead, known, definitions, ready, situation)


def _deployment_at(conn: Connection, at: datetime) -> int:
    """The deployment that was current at an instant; 0 where there was none."""
    newest = select(func.max(deployments.c.number)).where(deployments.c.deployed_at <= at)
    return conn.execute(newest).scalar() or 0


def _attributes_then(conn: Connection, lead: str, at: datetime, definitions: Definitions) -> dict[str, Any]:
    """The newest profile that was known at an instant, with what a scenario has set since."""
    profiles = select(entries.c.body, entries.c.received_at).where(
        entries.c.lead == lead, entries.c.kind == "profile", entries.c.received_at <= at
    )
    profile = conn.execute(profiles.order_by(entries.c.seq.desc()).limit(1)).first()
    if profile is None:
        return {}
    found = dict(profile.body["attributes"])
    lines = select(timeline.c.subject, timeline.c.reason).where(
        timeline.c.lead == lead, timeline.c.what == "set", timeline.c.kind == "decision",
        timeline.c.at > profile.received_at, timeline.c.at <= at,
    )  # fmt: skip
    for name, written in conn.execute(lines.order_by(timeline.c.id)):
        found[name] = _read(written, definitions.attributes.get(name))
    return {name: value for name, value in found.items() if value is not None}


def _read(written: str, declared: Attribute | None) -> Any:
    """The value that a line tells of; one whose attribute has become of another type since is the text of the line."""
    if (declared is None or declared.type in ("text", "choice", "date")) and written != "null":
        return written
    try:
        return json.loads(written)
    except ValueError:
        return {"None": None, "True": True, "False": False}.get(written, written)  # as the first engines wrote them
