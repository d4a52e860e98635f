"""The route that enrols leads by name or by segment; refuses to move a lead: its workflow hears of it later."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from adapters.database import audit
from adapters.enrolling import enrol, members
from web.bodies import Said
from web.context import Here
from web.security import WRITER

router = APIRouter(tags=["enrolments"])


class Wish(Said):
    """Who shall walk which scenario: leads by id, or everybody in a segment."""

    scenario: str
    leads: Annotated[list[str], Field(max_length=10_000)] | None = None
    segment: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.leads is None) == (self.segment is None):
            raise ValueError("write either `leads` or `segment`")
        return self


class Refused(BaseModel):
    """One lead that does not walk, and why: unknown_lead, already_in, entered_before or busy."""

    lead: str
    reason: str


class Answer(BaseModel):
    """What became of each lead."""

    enrolled: list[str]
    queued: list[str]
    refused: list[Refused]


@router.post(
    "/api/enrollments",
    status_code=202,
    summary="Enrol leads in a scenario",
    dependencies=[WRITER],
    responses={404: {"description": "There is no such scenario or segment"}},
)
def enroll(wish: Wish, here: Here) -> Answer:
    """Decided at once, lead by lead; an unknown scenario or segment is 404 with near names."""
    here.store.refresh()
    definitions = here.store.current()
    wanted = wish.leads
    if wanted is None:
        wanted = members(here.engine, definitions, wish.segment or "", here.clock.now())
    audit.about(wish.scenario)
    made = enrol(here.engine, definitions, wish.scenario, wanted, now=here.clock.now)
    return Answer(
        enrolled=made.enrolled,
        queued=made.queued,
        refused=[Refused(lead=lead, reason=reason) for lead, reason in made.refused],
    )
