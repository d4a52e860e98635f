"""Shows scenarios as pages: which there are, what leads do in one, and who stands at a step; refuses to change any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from adapters.database import leads
from adapters.database.engine import reading
from nurture.definitions import Scenario
from nurture.flow import STEP, Flow, read_flow
from nurture.footfall import Footfall, annotated
from nurture.graph import svg
from web.console.footfall_view import footfall_view
from web.console.times import local_times
from web.context import Here, Nurture
from web.pages import Cursor, following_url
from web.scenarios import counted_before, enrolled, flow_of
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/scenarios", include_in_schema=False, dependencies=[READER])

_ON_A_PAGE = 50
SPANS = ("7d", "30d", "90d", "all")
Span = Annotated[Literal["7d", "30d", "90d", "all"], Query()]


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario of the list; `segment`: the one that leads come from, else `way_in` says how they come."""

    name: str
    title: str
    topic: str | None
    priority: int
    segment: str | None
    way_in: str
    steps: int
    walking: int
    queued: int
    ended: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead at a step, and until when it waits there at most."""

    id: str
    name: str | None
    company: str
    until: datetime | None
    status: str


@router.get("")
def scenarios_page(request: Request, here: Here) -> Response:
    """Those of the current deployment, the highest priority first."""
    known, language = here.store.current(), language_of(request)
    counts = enrolled(request, here)
    several = sorted(known.scenarios.values(), key=lambda each: (-each.priority, each.scenario))
    rows = [_row(each, counts.value, language) for each in several]
    return render(request, "console/scenarios.html", rows=rows, deployment=known.number, age=counts.age)


@router.get("/{scenario}")
def scenario_page(
    request: Request,
    here: Here,
    scenario: str,
    since: Span = "30d",
    step: Annotated[str, Query(max_length=100)] = "",
    cursor: Cursor = None,
    counts: Annotated[bool, Query()] = False,
) -> Response:
    """The picture and the table at once; the figures come after, or with it where `counts` asks for them.

    Of a scenario that is not deployed any more there is nothing to draw: on to the leads that still walk it.
    """
    known = here.store.current()
    if scenario not in known.scenarios and _is_walked(here, scenario):
        there = {"scenario": scenario, **({"step": step} if step else {})}
        return RedirectResponse(f"/leads?{urlencode(there)}", status_code=303)
    flow = flow_of(known, scenario, language_of(request))
    shown = known.scenarios[scenario]
    found = counted_before(request, here, flow, _since(since)) if counts else None
    several, more = _standing(request, here, scenario, step, cursor) if step else ([], None)
    return render(
        request, "console/scenario.html", scenario=shown, spans=SPANS, step=step, standing=several, more=more,
        live_query=_live_query(since, step, cursor), age=found.age if found is not None else 0,
        **_figures(flow, found.value if found is not None else None, since), **local_times(here),
    )  # fmt: skip


def _is_walked(here: Nurture, scenario: str) -> bool:
    with reading(here.engine) as connection:
        return bool(leads.page(connection, 1, None, scenario=scenario)[0])


def _live_query(since: str, step: str, cursor: str | None) -> str:
    """How the same page is asked for with its figures."""
    asked = {"since": since, "counts": "1", "step": step, "limit": _ON_A_PAGE if cursor else "", "cursor": cursor}
    return urlencode({name: value for name, value in asked.items() if value})


def _since(span: str) -> str | None:
    return None if span == "all" else span


def _row(scenario: Scenario, counts: dict[tuple[str, str], int], language: str) -> ScenarioRow:
    name = scenario.scenario
    return ScenarioRow(
        name, scenario.title or name, scenario.topic, scenario.priority, scenario.enter.segment,
        "".join(read_flow(scenario, language).boxes[0].lines), len(scenario.steps),
        *(counts.get((name, state), 0) for state in ("enrolled", "queued", "ended")),
    )  # fmt: skip


def _figures(flow: Flow, counts: Footfall | None, since: str) -> dict[str, Any]:
    """What the part with the figures is made of; without counts it is the same part without figures."""
    links = {box.id: _at(flow.name, box.id.removeprefix(STEP), since) for box in flow.boxes if box.id.startswith(STEP)}
    drawn = annotated(flow, counts) if counts is not None else flow
    return {
        "picture": svg(drawn, links, within=".picture"),
        "view": footfall_view(flow, counts, flow.language),
        "counted": counts is not None,
        "flow": flow,
        "since": since,
        "links": {box.removeprefix(STEP): link for box, link in links.items()},
    }


def _at(scenario: str, step: str, since: str) -> str:
    return f"/scenarios/{quote(scenario, safe='')}?{urlencode({'since': since, 'step': step})}#standing"


def _standing(
    request: Request, here: Nurture, scenario: str, step: str, cursor: str | None
) -> tuple[list[Standing], str | None]:
    with reading(here.engine) as connection:
        items, following = leads.page(connection, _ON_A_PAGE, cursor, scenario=scenario, step=step)
    several = [
        Standing(
            each["id"], each["name"], str((each["attributes"] or {}).get("company") or ""),
            datetime.fromisoformat(each["deadline"]) if each["deadline"] else None, each["status"],
        )
        for each in items
    ]  # fmt: skip
    more = following_url(request, following, limit=_ON_A_PAGE)
    return several, f"{more}#standing" if more else None
