"""Shows the journey map, and on demand holds it against what leads did; refuses to judge, and to change it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database.engine import reading
from adapters.database.history import past_leads
from nurture.reality_check import JourneyCheck, reality_check
from nurture.wording.conditions import Words
from nurture.wording.journeys import LABELS, drawn, worded
from web.context import Here, Nurture
from web.kept import Kept, Seen
from web.problems import Refusal
from web.reports import MOST, refuse_many
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/journey", include_in_schema=False, dependencies=[READER])


def checks() -> Kept[JourneyCheck | None]:
    """Where a process keeps its checks: each is made by a look at every lead."""
    return Kept(seconds=60, most=10)


@router.get("")
def journey_page(request: Request, here: Here, check: Annotated[bool, Query()] = False) -> Response:
    """The grid; with `check` what leads did of it as well."""
    known = here.store.current()
    words = Words(known, language_of(request))
    shown: dict[str, Any] = {"sheet": None, "refused": False, "age": 0}
    if check and known.journey_map is not None:
        try:
            found = _checked(request, here)
            if found.value is not None:
                shown |= {"sheet": worded(found.value, words), "age": found.age}
        except Refusal:
            shown["refused"] = True
    return render(
        request, "console/journey.html", map=drawn(known, words), labels=LABELS[words.language], most=MOST,
        deployment=known.number, **shown,
    )  # fmt: skip


def _checked(request: Request, here: Nurture) -> Seen[JourneyCheck | None]:
    known = here.store.current()
    kept: Kept[JourneyCheck | None] = request.app.state.journey_checks

    def look() -> JourneyCheck | None:
        with reading(here.engine) as connection:
            refuse_many(connection, "nurture journey check")
            return reality_check(past_leads(connection), known, here.clock.now())

    return kept.seen(known.number, look)
