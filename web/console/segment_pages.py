"""Shows segments as pages: what each asks in words, how many fit, who, and its 4R; refuses to change any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database.engine import reading
from adapters.database.history import past_leads
from nurture.definitions import Definitions
from nurture.errors import UnknownName
from nurture.four_r import FourR, four_r
from nurture.wording.conditions import Words
from nurture.wording.four_r import LABELS, worded
from web.console import segment_view
from web.console.segment_view import Counted, Tallies
from web.context import Here, Nurture
from web.kept import Kept, Seen
from web.problems import Refusal
from web.reports import MOST, refuse_many
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/segments", include_in_schema=False, dependencies=[READER])

Asked = Annotated[bool, Query()]


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """Where a process keeps what it counted for these pages."""

    tallies: Kept[Tallies] = field(default_factory=lambda: Kept(seconds=60, most=10))
    counted: Kept[Counted] = field(default_factory=lambda: Kept(seconds=60, most=200))
    four_r: Kept[FourR] = field(default_factory=lambda: Kept(seconds=60, most=200))


@router.get("")
def segments_page(request: Request, here: Here, counts: Asked = False) -> Response:
    """The list at once; how many fit comes after, or with it where `counts` asks for it."""
    known = here.store.current()
    kept: SegmentCounts = request.app.state.segment_counts

    def look() -> Tallies:
        with reading(here.engine) as connection:
            return segment_view.tallies(connection, known, here.clock.now())

    seen = kept.tallies.seen(known.number, look) if counts and known.segments else None
    found = seen.value if seen is not None else None
    rows = segment_view.rows(known, Words(known, language_of(request)), found)
    return render(
        request, "console/segments.html", rows=rows, counted=found is not None, total=found[0] if found else 0,
        age=seen.age if seen is not None else 0,
        most=MOST, deployment=known.number,
    )  # fmt: skip


@router.get("/{segment}")
def segment_page(request: Request, here: Here, segment: str, counts: Asked = False, report: Asked = False) -> Response:
    """What it asks at once; the counts, and the 4R, where they are asked for."""
    known = here.store.current()
    words = Words(known, language_of(request))
    if segment not in known.segments:
        raise UnknownName("segment", segment, known.segments, where=f"deployment {known.number}")
    shown: dict[str, Any] = {"counted": None, "refused": False, "report": None, "report_refused": False, "age": 0}
    if counts:
        try:
            seen = _counted(request, here, segment, known, words)
            shown |= {"counted": seen.value, "age": seen.age}
        except Refusal:
            shown["refused"] = True
    if report:
        try:
            judged = _four_r(request, here, segment, known)
            shown |= {"report": worded(judged.value, words), "age": max(judged.age, shown["age"])}
        except Refusal:
            shown["report_refused"] = True
    parts = shown["counted"].parts if shown["counted"] else segment_view.sieve_parts(segment, known, words)
    return render(
        request, "console/segment.html", segment=segment_view.segment_row(segment, known, words), parts=parts,
        worst=segment_view.worst(parts), labels=LABELS[words.language], most=MOST, deployment=known.number, **shown,
    )  # fmt: skip


def _counted(request: Request, here: Nurture, segment: str, known: Definitions, words: Words) -> Seen[Counted]:
    kept: SegmentCounts = request.app.state.segment_counts

    def look() -> Counted:
        with reading(here.engine) as connection:
            return segment_view.counted(connection, segment, known, words, here.clock.now())

    return kept.counted.seen((known.number, segment, words.language), look)


def _four_r(request: Request, here: Nurture, segment: str, known: Definitions) -> Seen[FourR]:
    kept: SegmentCounts = request.app.state.segment_counts

    def look() -> FourR:
        with reading(here.engine) as connection:
            refuse_many(connection, f"nurture segments report {segment}")
            return four_r(past_leads(connection), known, here.clock.now(), names=[segment])

    return kept.four_r.seen((known.number, segment), look)
