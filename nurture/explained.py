"""Explains the score of one lead item by item, and how far it is from hot; refuses to look anything up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from nurture.definitions import Definitions
from nurture.distance import Distance, Measuring
from nurture.judging import Situation
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
