"""The routes that say where a lead's points come from and how far it is from hot; refuses to compute either."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from adapters.database.engine import reading
from adapters.database.explaining import standpoint
from nurture import calendar
from nurture.errors import NurtureError
from nurture.explained import HotExplained, Known, ScoreExplained, Standpoint
from web.context import Here, Nurture
from web.leads import unknown_lead
from web.problems import Refusal
from web.security import READER

router = APIRouter(prefix="/api/leads", tags=["leads"], dependencies=[READER])

At = Annotated[
    str | None,
    Query(max_length=40, description="A date, or an RFC 3339 time; absent: now.", examples=["2026-11-01"]),
]
AsKnown = Annotated[
    Known, Query(description="`then`: by what was known at that instant, as it was shown; `now`: by all that is known.")
]


@router.get("/{lead}/score", summary="Where the points of a lead come from")
def explain_score(here: Here, lead: str, at: At = None, known: AsKnown = "now") -> ScoreExplained:
    """Each item with its events, the points they gave and what fading has left of them."""
    return _standpoint(here, lead, at, known).score()


@router.get("/{lead}/hot", summary="What makes a lead hot, or what it lacks")
def explain_hot(here: Here, lead: str, at: At = None, known: AsKnown = "now") -> HotExplained:
    """The hot lead definition as a tree: what is met, and how far the lead is from the rest."""
    return _standpoint(here, lead, at, known).hot()


def _standpoint(here: Nurture, lead: str, at: str | None, known: Known) -> Standpoint:
    current = here.store.current()
    try:
        instant = calendar.instant_of(at, calendar.zone_of(None, current)) if at is not None else None
    except NurtureError as error:
        raise Refusal(422, error.what, where="query.at", do=error.do) from error
    with reading(here.engine) as connection:
        found = standpoint(connection, lead, here.store, current.number, here.clock.now(), at=instant, known=known)
    if found is None:
        raise unknown_lead(lead)
    return found
