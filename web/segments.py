"""The routes that show segments and who is in them now; refuses to change any: they are written in segments.yaml."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from adapters.database import segments
from adapters.database.engine import reading
from adapters.database.matching import matching
from adapters.database.pages import DEFAULT_LIMIT, cursor_after, rows_of_a_page, text_cursor
from nurture.axes import axes_of
from nurture.conditions import as_written
from nurture.definitions import Definitions
from nurture.errors import UnknownName
from nurture.membership import Membership
from nurture.sieve import entered_from
from web.context import Here
from web.pages import Cursor, Limit, Page, page
from web.reports import refuse_many
from web.security import READER

router = APIRouter(prefix="/api/segments", tags=["segments"])


class Members(Page):
    """One page of a segment's leads, each `{id, attributes}`, with what the segment asks.

    `leads` is how many fit and `total` how many leads there are, where `count` was asked for.
    """

    segment: str
    title: str | None
    when: Any
    axes: list[str]
    scenarios: list[str]
    deployment: int
    leads: int | None = None
    total: int | None = None


@router.get("", summary="Segments, by name", dependencies=[READER])
def list_segments(request: Request, here: Here, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page:
    """The segments of the current deployment: what each asks, along which axes, and into which scenarios it leads."""
    known, after, wanted = here.store.current(), text_cursor(cursor) or "", rows_of_a_page(limit)
    names = [name for name in sorted(known.segments) if name > after]
    following = cursor_after(names[wanted - 1]) if len(names) > wanted else None
    return page(request, [_shown(name, known) for name in names[:wanted]], following, limit=limit)


@router.get("/{segment}", summary="Who is in a segment", dependencies=[READER])
def show_segment(
    request: Request,
    here: Here,
    segment: str,
    count: Annotated[bool, Query(description="Also say how many there are; it takes a look at every lead.")] = True,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Members:
    """The leads that fit now, by id, without names and addresses. Later pages are not counted again."""
    known = here.store.current()
    if segment not in known.segments:
        raise UnknownName("segment", segment, known.segments, where=f"deployment {known.number}")
    asked, now = Membership.of(known.segments[segment].when, known), here.clock.now()
    with reading(here.engine) as connection:
        if not matching(asked, now, here.engine.dialect.name).exact:  # each lead is judged by itself
            refuse_many(connection, f"nurture segments show {segment}")
        items, following = segments.page(connection, asked, now, limit, cursor)
        counted = segments.tally(connection, [asked], now) if count and cursor is None else None
    shown = page(request, items, following, limit=limit)
    number, total = (counted.fitting[0], counted.leads) if counted is not None else (None, None)
    return Members(items=shown.items, next=shown.next, leads=number, total=total, **_shown(segment, known))


def _shown(name: str, known: Definitions) -> dict[str, Any]:
    segment = known.segments[name]
    return {
        "segment": name,
        "title": segment.title,
        "when": as_written(segment.when),
        "axes": list(axes_of(segment.when, known)),
        "scenarios": list(entered_from(name, known)),
        "deployment": known.number,
    }
