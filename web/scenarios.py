"""The routes that show scenarios: what is deployed, as a picture, and what leads do in them; refuses to change any."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database import footfall as counting
from adapters.database.engine import reading
from adapters.database.pages import DEFAULT_LIMIT, cursor_after, rows_of_a_page, text_cursor
from nurture.as_data import as_data
from nurture.definitions import Definitions, Scenario
from nurture.errors import UnknownName
from nurture.flow import STEP, Flow, read_flow
from nurture.footfall import Footfall, annotated, footfall, reasons_of
from nurture.graph import svg
from web.context import Here, Nurture
from web.kept import Kept, Seen
from web.pages import Cursor, Limit, Page, page
from web.security import READER
from web.spans import looking_back

router = APIRouter(prefix="/api/scenarios", tags=["scenarios"], dependencies=[READER])

Enrolled = dict[tuple[str, str], int]
Since = Annotated[
    str | None,
    Query(max_length=20, description="Count what was done in this time until now, such as 30d; absent: all of it."),
]


@router.get("", summary="Scenarios, by name")
def list_scenarios(request: Request, here: Here, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page:
    """Those of the current deployment, each with how many leads walk it, wait for it and have ended it."""
    known, after, wanted = here.store.current(), text_cursor(cursor) or "", rows_of_a_page(limit)
    names = [name for name in sorted(known.scenarios) if name > after]
    following = cursor_after(names[wanted - 1]) if len(names) > wanted else None
    with reading(here.engine) as connection:
        counts = counting.enrolled(connection)
    items = [_shown(known.scenarios[name], known.number, counts) for name in names[:wanted]]
    return page(request, items, following, limit=limit)


@router.get("/{scenario}", summary="What leads do in a scenario")
def show_scenario(request: Request, here: Here, scenario: str, since: Since = None) -> dict[str, Any]:
    """Its boxes and arrows, with how many came by each, stand there, and took each way (of all who left).

    The counts are at most ten seconds old.
    """
    flow = flow_of(here.store.current(), scenario)
    counts = counted(request, here, flow, since)
    data: dict[str, Any] = as_data(counts)
    boxes = [
        {"box": box.id, "kind": box.kind, "title": box.title, "lines": list(box.lines), "phase": box.phase, **traffic}
        for box, traffic in zip(flow.boxes, data.pop("boxes"), strict=True)
    ]
    shown = {"scenario": flow.name, "title": flow.title, "deployment": here.store.current().number, "since": since}
    return {**shown, **data, "boxes": boxes}


@router.get(
    "/{scenario}/picture.svg", summary="A scenario as a picture", response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}, "description": "The picture"}},
)  # fmt: skip
def draw_scenario(
    request: Request,
    here: Here,
    scenario: str,
    since: Since = None,
    counts: Annotated[bool, Query(description="Write the counts into it.")] = True,
) -> Response:
    """The steps as boxes, the ways between them as arrows; each box leads to the leads that stand there."""
    flow = flow_of(here.store.current(), scenario)
    drawn = annotated(flow, counted(request, here, flow, since)) if counts else flow
    to = f"/api/leads?scenario={quote(scenario)}&step="
    links = {box.id: to + quote(box.id.removeprefix(STEP)) for box in flow.boxes if box.id.startswith(STEP)}
    return Response(svg(drawn, links), media_type="image/svg+xml")


def footfalls() -> Kept[Footfall]:
    """Where a process keeps its counts."""
    return Kept(seconds=10)


def enrolled_kept() -> Kept[Enrolled]:
    """Where a process keeps how many enrolments there are."""
    return Kept(seconds=2)


def enrolled(request: Request, here: Nurture) -> Seen[Enrolled]:
    """How many enrolments there are by scenario and state; what was counted before, while it is counted anew."""

    def look() -> Enrolled:
        with reading(here.engine) as connection:
            return counting.enrolled(connection)

    kept: Kept[Enrolled] = request.app.state.enrolled
    return kept.seen("all", look)


def flow_of(known: Definitions, name: str, language: str | None = None) -> Flow:
    """A scenario of these definitions as boxes and arrows. Raises UnknownName."""
    if name not in known.scenarios:
        raise UnknownName("scenario", name, known.scenarios, where=f"deployment {known.number}")
    return read_flow(known.scenarios[name], language)


def counted(request: Request, here: Nurture, flow: Flow, since: str | None) -> Footfall:
    """What leads did in it in this time until now, at most ten seconds ago. Raises Refusal where it is no span."""
    kept, key, look = _counting(request, here, flow, since)
    return kept.get(key, look)


def counted_before(request: Request, here: Nurture, flow: Flow, since: str | None) -> Seen[Footfall]:
    """The same at once where it was counted before, however long ago that is; then it is counted anew meanwhile."""
    kept, key, look = _counting(request, here, flow, since)
    return kept.seen(key, look)


def _counting(
    request: Request, here: Nurture, flow: Flow, since: str | None
) -> tuple[Kept[Footfall], Hashable, Callable[[], Footfall]]:
    begin = here.clock.now() - looking_back(since) if since is not None else None

    def look() -> Footfall:
        with reading(here.engine) as connection:
            lines = counting.lines(connection, flow.name, begin, reasons_of(flow))
            return footfall(flow, lines, counting.standing(connection, flow.name))

    kept: Kept[Footfall] = request.app.state.footfalls
    return kept, (here.store.current().number, flow.name, flow.language, since), look


def _shown(scenario: Scenario, deployment: int, counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    name = scenario.scenario
    return {
        "scenario": name,
        "title": scenario.title or name,
        "topic": scenario.topic,
        "priority": scenario.priority,
        "steps": len(scenario.steps),
        "deployment": deployment,
        "walking": counts.get((name, "enrolled"), 0),
        "queued": counts.get((name, "queued"), 0),
        "ended": counts.get((name, "ended"), 0),
    }
