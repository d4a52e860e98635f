"""Shows the month that marketing and sales look at together, and what they have agreed on; refuses to change it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from adapters.database import agreements, users
from adapters.database.agreements import Agreement, DefinitionChanged
from adapters.database.engine import reading
from adapters.database.reviewing import first_task
from nurture import calendar
from nurture.accords import Accords
from nurture.definitions import Definitions
from nurture.review.report import Review
from nurture.wording.agreements import FieldChange, differences
from nurture.wording.hot_sheet import worded
from web import agreeing
from web.console import review_view
from web.console.plots import plot_of
from web.console.review_view import Month, ToWrite
from web.console.times import local_times
from web.context import Here, Nurture
from web.kept import Kept
from web.problems import Refusal
from web.reports import MOST, reviewed_between
from web.security import Caller, Reader
from web.session import language_of, render

router = APIRouter(prefix="/review", include_in_schema=False)

Total = Annotated[int | None, Query(ge=1, le=1_000_000)]
"""A threshold that the form begins with."""
Said = Annotated[Literal["proposed", "agreed", "withdrawn"] | None, Query()]
About = Literal["deployed", "threshold", "words"]
_ROWS = 10
"""How many rows a table shows; the report has more."""
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Tried:
    """What was filled in and not kept: `wrong` says why, `about` what the form was for.

    `changed`: the definition that was looked at is not deployed any more, and this is what differs; `points`: only
    those of score.yaml do.
    """

    form: Literal["propose", "confirm", "withdraw"]
    wrong: str
    status: int
    values: dict[str, str] = field(default_factory=dict)
    changed: tuple[FieldChange, ...] = ()
    compare: tuple[int, int] | None = None
    points: bool = False


@router.get("")
def review_page(
    request: Request, here: Here, caller: Reader, whole: Annotated[bool, Query()] = False, said: Said = None,
    total: Total = None,
) -> Response:  # fmt: skip
    """The month that is over, or the running one where there was none before."""
    return show(request, here, caller, "", whole=whole, said=said, total=total)


@router.get("/{month}")
def month_page(
    request: Request, here: Here, caller: Reader, month: str, whole: Annotated[bool, Query()] = False,
    said: Said = None, total: Total = None,
) -> Response:  # fmt: skip
    """One month, such as 2026-10."""
    return show(request, here, caller, month, whole=whole, said=said, total=total)


def show(
    request: Request, here: Nurture, caller: Caller, name: str, *, whole: bool = False, said: str | None = None,
    total: int | None = None, tried: Tried | None = None,
) -> Response:  # fmt: skip
    """The page. The figures come at once where `whole` asks for them, else after it."""
    language, definitions, now = language_of(request), here.store.current(), here.clock.now()
    zone = calendar.zone_of(None, definitions)
    with reading(here.engine) as connection:
        name = name or review_view.usual_month(first_task(connection), now, zone)
        month = review_view.month_of(name, now, zone) if _MONTH.fullmatch(name) else None
        if month is None:
            do = "write one that has begun, such as /review/2026-10"
            raise Refusal(404, f"there is no month {name[:20]!r} to look at", where="path.month", do=do)
        stands, draft = agreements.standing(connection), agreements.open_one(connection)
        people = users.listed(connection) if caller.may("agree") else []
        write = _to_write(connection, stands)
        wanted = _wanted(connection, draft)
    return render(
        request, "console/review.html", status=tried.status if tried is not None else 200, month=month, said=said,
        total=total, tried=tried, draft=draft, wanted=wanted, stands=stands, write=write,
        rows=review_view.rows_of(stands, definitions, language), names=review_view.names,
        deployed=review_view.deployed_of(stands, definitions, language), own=agreeing.department_of(caller),
        own_name=agreeing.own_name(caller),
        mine=draft is not None and agreeing.login_of(caller) in draft.logins.values(),
        may=caller.may("agree"), today=agreeing.today(here).isoformat(), people=_people(people),
        draft_changes=_draft_changes(request, definitions, draft),
        **_figures(request, here, month, whole=whole), **local_times(here),
    )  # fmt: skip


def _figures(request: Request, here: Nurture, month: Month, *, whole: bool) -> dict[str, Any]:
    if not whole:
        return {"sheet": None}
    known, language = here.store.current(), language_of(request)
    kept: Kept[Review] = request.app.state.reviews
    try:
        seen = kept.seen(
            (known.number, month.name, month.running), lambda: reviewed_between(here, month.since, month.until)
        )
    except Refusal as refused:
        return {"sheet": None, "refused": refused, "most": MOST}
    found = seen.value
    sheet = worded(found, known, language, most=_ROWS, over=not month.running)
    return {
        "sheet": sheet, "age": seen.age, "turns": review_view.in_turns(sheet), "plot_of": plot_of,
        "recommended": review_view.recommended(found),
        "figures_of_month": review_view.figures_of(found, language), "few": found.pace.state != "enough",
    }  # fmt: skip


def _to_write(connection: Connection, stands: Accords) -> ToWrite | None:
    """The lines for the newest agreement of the console that hot_lead.yaml does not tell yet."""
    found = stands.waits or stands.in_force
    if found is None or found.number is None or stands.deployed is None:
        return None
    text, agreed_on = agreements.deployed_text(connection), agreements.get(connection, found.number).text
    if text is None or agreed_on is None:
        return None
    waits = found is stands.waits
    return review_view.to_write(text, agreed_on if waits else text, found.agreed, deploys=waits)


def _wanted(connection: Connection, draft: Agreement | None) -> DefinitionChanged | None:
    """Why a draft cannot be confirmed any more; None where it can."""
    if draft is None:
        return None
    try:
        agreements.check_fresh(connection, draft)
    except DefinitionChanged as error:
        return error
    return None


def _draft_changes(request: Request, definitions: Definitions, draft: Agreement | None) -> tuple[FieldChange, ...]:
    """What a draft would change of the deployed definition."""
    if draft is None or draft.hot is None:
        return ()
    return differences(definitions.hot_lead, draft.hot, definitions, language_of(request))


def _people(several: list[users.User]) -> dict[str, list[str]]:
    roles = {"marketing": "marketer", "sales": "sales"}
    return {
        department: [each.name for each in several if each.active and each.role == role]
        for department, role in roles.items()
    }


def changed_between(request: Request, here: Nurture, error: DefinitionChanged) -> tuple[FieldChange, ...]:
    """What differs in the definition between the deployment that was looked at and the current one."""
    with reading(here.engine) as connection:
        old, new = (agreements.deployed_hot(connection, number) for number in (error.seen, error.current))
    return differences(old, new, here.store.current(), language_of(request))
