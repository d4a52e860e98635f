"""The routes that judge by what became of leads: the 4R of a segment, the journey map and its check, the reports.

They read every lead while somebody waits, so they refuse above MOST leads: the command line takes any number.
"""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection, select
from starlette.responses import PlainTextResponse, Response

from adapters.database.delivered import counted
from adapters.database.engine import reading
from adapters.database.history import past_leads
from adapters.database.reviewing import reviewed
from adapters.database.schema import leads
from adapters.review_csv import write_review
from nurture.as_data import as_data
from nurture.definitions import Breaker
from nurture.delivery import report
from nurture.errors import UnknownName
from nurture.four_r import four_r
from nurture.map_steps import served
from nurture.reality_check import reality_check
from nurture.review.report import Review
from nurture.review.results import USUAL
from nurture.review.tasks import By
from web.context import Here, Nurture
from web.problems import Refusal
from web.security import READER
from web.spans import looking_back

router = APIRouter(prefix="/api", tags=["reports"], dependencies=[READER])

Since = Annotated[str, Query(description="Tasks made in this time until now, such as 90d.")]
Grouped = Annotated[By | None, Query(description="Results by this alone.")]
MOST = 20_000
"""How many leads are read for one answer: a few seconds' worth."""


@router.get("/segments/{segment}/report", summary="The 4R of a segment")
def report_segment(
    here: Here,
    segment: str,
    floor: Annotated[
        int | None, Query(ge=0, le=1_000_000, description="Leads a month; default: what keeps the reps busy.")
    ] = None,
) -> dict[str, Any]:
    """Rank, Realistic, Reach, Response: each with verdict, figures and what to change. Shares have 95 % intervals."""
    definitions = here.store.current()
    if segment not in definitions.segments:
        raise UnknownName("segment", segment, definitions.segments, where="path.segment")
    with reading(here.engine) as connection:
        refuse_many(connection, f"nurture segments report {segment} --format json")
        found = four_r(past_leads(connection), definitions, here.clock.now(), floor=floor, names=[segment])
    data: dict[str, Any] = as_data(found)
    (one,) = data.pop("segments")
    return {**data, **one}


@router.get("/report/hot", summary="What came of hot leads")
def report_hot(here: Here, since: Since = "90d", by: Grouped = None) -> dict[str, Any]:
    """How they got there, when sales called, results, quality, number, thresholds, and what stands in the way.

    Each answer has figures, shares with 95 % intervals, a verdict and what to do; spans are in days.
    """
    data: dict[str, Any] = as_data(reviewed_now(here, since, by))
    return data


@router.get(
    "/report/hot.csv", summary="What came of hot leads, as a table", response_class=PlainTextResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One group a row."}},
)  # fmt: skip
def report_hot_csv(here: Here, since: Since = "90d", by: Grouped = None) -> Response:
    """One group of tasks a row, all of them first; with `by` only the groups of that."""
    text = StringIO()
    write_review(text, reviewed_now(here, since, by), only=by is not None)
    return Response(
        text.getvalue(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="hot.csv"'}
    )


def reviewed_now(here: Nurture, since: str, by: By | None) -> Review:
    """The report of hot leads, from every lead. Raises Refusal where there are too many, or `since` is no span."""
    span, now = looking_back(since), here.clock.now()
    return reviewed_between(here, now - span, now, by)


def reviewed_between(here: Nurture, since: datetime, until: datetime, by: By | None = None) -> Review:
    """The report of the hot leads of a time that may be over, by what is known of them now. Raises Refusal."""
    with reading(here.engine) as connection:
        refuse_many(connection, "nurture report --format json")
        groupings = (by,) if by is not None else USUAL
        return reviewed(connection, here.store.current(), until - since, until, by=groupings)


@router.get("/report/delivery", summary="What became of mails, by scenario and receiving domain")
def report_delivery(
    here: Here, since: Annotated[str, Query(description="Mails sent in this time until now, such as 30d.")] = "30d"
) -> dict[str, Any]:
    """Counts, shares with 95 % intervals, a verdict and what to do; domains only, never an address."""
    span, now, sender = looking_back(since), here.clock.now(), here.store.current().sender
    rules = sender.breaker if sender is not None else Breaker()
    with reading(here.engine) as connection:
        found = report(counted(connection, now - span, now), rules, since=now - span, now=now)
    data: dict[str, Any] = as_data(found)
    return data


@router.get("/journey", summary="The journey map")
def show_journey(here: Here) -> dict[str, Any]:
    """The map as it is written, with the steps that serve each phase."""
    definitions = here.store.current()
    if definitions.journey_map is None:
        raise _no_map()
    written = definitions.journey_map.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    steps = served(definitions)
    return {**written, "phases": [{**phase, "steps": list(steps[phase["phase"]])} for phase in written["phases"]]}


@router.get("/journey/check", summary="What leads did of the journey map")
def check_journey(here: Here) -> dict[str, Any]:
    """Each action with who really did it; wishful ones, missing ones, steps that ask for others. Spans in days."""
    with reading(here.engine) as connection:
        refuse_many(connection, "nurture journey check --format json")
        found = reality_check(past_leads(connection), here.store.current(), here.clock.now())
    if found is None:
        raise _no_map()
    data: dict[str, Any] = as_data(found)
    return data


def are_many(connection: Connection) -> bool:
    """True for more leads than one request may look at one by one."""
    return connection.execute(select(leads.c.id).offset(MOST).limit(1)).first() is not None


def refuse_many(connection: Connection, command: str) -> None:
    """Raise where there are more leads than one request may look at one by one."""
    if are_many(connection):
        what = f"there are more than {MOST:,} leads, which takes longer than a request may"
        raise Refusal(409, what, where="the number of leads", do=f"run `{command}`, which takes any number")


def _no_map() -> Refusal:
    return Refusal(404, "there is no journey map", where="journey_map.yaml", do="write one and deploy it")
