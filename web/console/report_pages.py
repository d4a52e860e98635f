"""Shows what came of hot leads as a page: seven questions with figures, verdicts and advice; refuses to judge any."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database import desk
from adapters.database.engine import reading
from nurture.review.report import Review
from nurture.review.tasks import By
from nurture.wording.hot_sheet import worded
from web.console.plots import plot_of
from web.context import Here, Nurture
from web.kept import Kept
from web.problems import Refusal
from web.reports import MOST, reviewed_now
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/report", include_in_schema=False, dependencies=[READER])

SPANS = ("30d", "90d", "180d", "365d")
_USUAL, _IN_A_DEMO = "90d", "3650d"
"""What is shown where nobody says: in a demo everything, since there a quarter passes in three minutes."""
_ROWS = 20
"""How many rows a table shows; CSV has them all."""
Since = Annotated[str, Query(max_length=20)]
Grouped = Annotated[By | Literal[""], Query()]
"""Empty, as the form sends it: by each of the usual ones."""


def reviews() -> Kept[Review]:
    """Where a process keeps its reports: each is made by a look at every lead, and again once a task has changed."""
    return Kept(seconds=60, most=50)


@router.get("")
def report_page(
    request: Request, here: Here, since: Since = "", by: Grouped = "", whole: Annotated[bool, Query()] = False
) -> Response:
    """What is asked at once; the answers come after, or with it where `whole` asks for them."""
    since = since or (_IN_A_DEMO if here.settings.demo else _USUAL)
    shown = _answers(request, here, since, by or None) if whole else {"sheet": None}
    spans = SPANS if since in SPANS else (*SPANS, since)
    return render(
        request, "console/report.html", since=since, by=by, spans=spans, groupings=get_args(By),
        **shown,
    )  # fmt: skip


def _answers(request: Request, here: Nurture, since: str, by: By | None) -> dict[str, Any]:
    known = here.store.current()
    kept: Kept[Review] = request.app.state.reviews
    with reading(here.engine) as connection:
        tasks = desk.mark(connection)
    try:
        found = kept.seen((known.number, since, by), lambda: reviewed_now(here, since, by), news=tasks)
    except Refusal as refused:  # said in the page, beside what can be asked instead
        return {"sheet": None, "refused": refused, "most": MOST}
    return {"sheet": worded(found.value, known, language_of(request), most=_ROWS), "plot_of": plot_of,
            "age": found.age, "other": found.other}  # fmt: skip
