"""The routes that take in what leads did, and list what nobody is known to have done; refuses to number anything."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from adapters.database.engine import reading, writing
from adapters.database.event_in import event_schema
from adapters.database.events import TOLERANCE, EventsAnswer, accept, parked
from adapters.database.keepable import Unreadable
from adapters.database.pages import DEFAULT_LIMIT
from web.context import Here, Nurture
from web.counting import EVENTS
from web.intake import PATIENCE, take
from web.json_body import json_of
from web.pages import Cursor, Limit, Page, page
from web.problems import Refusal, problem
from web.security import READER, REPORTER

router = APIRouter(tags=["events"])

MOST_EVENTS = 1000
_SHAPE = 'send {"events": [{"id", "lead", "type"}]}'

_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["events"],
                "properties": {"events": {"type": "array", "maxItems": MOST_EVENTS, "items": event_schema()}},
            },
            "example": {
                "events": [
                    {
                        "id": "web-1",
                        "lead": {"email": "lead@example.com"},
                        "type": "visited",
                        "subject": "/pricing",
                        "at": "2026-11-02T09:30:00+09:00",
                    }
                ]
            },
        }
    },
}


@router.post(
    "/events",
    status_code=202,
    response_model=EventsAnswer,
    summary="What leads did: up to 1,000 events",
    openapi_extra={"requestBody": _BODY},
    responses={503: {"description": "Too much at once, or the database is busy; nothing was kept, see Retry-After"}},
    dependencies=[REPORTER],
)
async def post_events(request: Request, here: Here) -> Response:
    """Good events are kept, bad ones answered with their reason; the same id counts once.

    `id lead type` are required; `lead` is an id or `{"email"}`; `at` is RFC 3339 and by default now. 422 where none
    was good; 413 above 1,000 events or 5 MB; 503 with `Retry-After` while the database is busy, and nothing was kept.
    """
    answer = await take(request, "/events", _take, here)
    EVENTS.labels("accepted").inc(answer.accepted)
    EVENTS.labels("duplicate").inc(answer.duplicates)
    EVENTS.labels("rejected").inc(len(answer.rejected))
    told = answer.model_dump()
    if answer.accepted or answer.duplicates:
        return JSONResponse(told, status_code=202)
    first = answer.rejected[0].reason if answer.rejected else "there are no events in it"
    return problem(422, f"no event could be taken: {first}", where="body.events", do="mend them", details=told)


def _events_of(body: bytes) -> list[Any]:
    content = json_of(body, do=_SHAPE)
    if isinstance(content, Unreadable):
        raise Refusal(422, content.reason, where="body", do=_SHAPE)
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        raise Refusal(422, "the body has no list `events`", where="body.events", do=_SHAPE)
    if len(events) > MOST_EVENTS:
        raise Refusal(413, f"{len(events)} events are too many at once", where="body.events", do="send at most 1,000")
    return events


def _take(here: Nurture, body: bytes) -> EventsAnswer:
    events = _events_of(body)
    tolerance = here.clock.epoch.tolerance(TOLERANCE)
    with writing(here.engine, PATIENCE) as connection:
        return accept(connection, events, store=here.store, now=here.clock.now(), tolerance=tolerance)


@router.get("/api/events", summary="Events whose lead is not known yet", dependencies=[READER])
def list_events(
    request: Request,
    here: Here,
    parked_: Annotated[bool, Query(alias="parked", description="Only `true`: events of unknown leads.")] = True,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page:
    """They are applied as soon as the lead appears. Events of known leads are on their timelines."""
    if not parked_:
        raise Refusal(
            422,
            "only parked events are listed here",
            where="query.parked",
            do="leave it out, or read /api/leads/{id}/timeline",
        )
    with reading(here.engine) as connection:
        items, following = parked(connection, limit, cursor)
    return page(request, items, following, limit=limit)
