"""Shows the leads as a page: found, narrowed, with where each stands and until when; refuses to move any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from adapters.database import leads
from adapters.database.engine import reading
from adapters.database.lead_dossier import counts
from adapters.database.scores import with_scores
from nurture.definitions import Definitions
from web.console.lead_tables import STATUSES
from web.console.lead_words import LeadWords
from web.console.times import local_times
from web.context import Here, Nurture
from web.kept import Kept, Seen
from web.pages import Cursor
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/leads", include_in_schema=False, dependencies=[READER])

ON_A_PAGE = 50
Word = Annotated[str, Query(max_length=400)]
Hot = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter; `number` is how many leads it has, where that is cheap to know."""

    value: str
    word: str
    chosen: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead of the list, in words. `waits` are conditions of which each ends the wait."""

    id: str
    url: str
    name: str
    company: str
    email: str
    status: str
    state: str
    scenario: str
    step: str
    waits: tuple[str, ...]
    deadline: datetime | None
    phase: str
    hot: bool
    total: float | None


@router.get("")
def leads_page(
    request: Request,
    here: Here,
    status: Word = "",
    scenario: Word = "",
    step: Word = "",
    hot: Hot = "",
    cursor: Cursor = None,
) -> Response:
    """All leads, or those that fit, by id. What is searched for is posted: names do not belong in addresses."""
    return _page(request, here, _narrowed("", status, scenario, step, hot), cursor)


@router.post("")
def find_leads(
    request: Request,
    here: Here,
    q: Annotated[str, Form(max_length=400)] = "",
    status: Annotated[str, Form(max_length=400)] = "",
    scenario: Annotated[str, Form(max_length=400)] = "",
    step: Annotated[str, Form(max_length=400)] = "",
    hot: Annotated[str, Form(max_length=10)] = "",
    cursor: Annotated[str | None, Form(max_length=1000)] = None,
) -> Response:
    """The leads with this in id, address, name or company; without it, on to the address of what is narrowed to."""
    wanted = _narrowed(q, status, scenario, step, hot)
    if not wanted["q"]:
        return RedirectResponse(_url(_said(wanted)), status_code=303)
    return _page(request, here, wanted, cursor or None)


def _narrowed(q: str, status: str, scenario: str, step: str, hot: str) -> dict[str, str]:
    return {
        "q": q.strip(), "status": status if status in STATUSES else "", "scenario": scenario.strip(),
        "step": step.strip(), "hot": "1" if hot == "1" else "",
    }  # fmt: skip


def _said(wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if value}


def _page(request: Request, here: Nurture, wanted: Mapping[str, str], cursor: str | None) -> Response:
    definitions, language = here.store.current(), language_of(request)
    with reading(here.engine) as connection:
        found, following = leads.page(
            connection, ON_A_PAGE, cursor, status=wanted["status"] or None, scenario=wanted["scenario"] or None,
            step=wanted["step"] or None, q=wanted["q"] or None, hot=bool(wanted["hot"]),
        )  # fmt: skip
        found = with_scores(connection, found, definitions, here.clock.now())
    counted = _numbers(request, here)
    numbers, words, kept = counted.value, LeadWords(definitions, language), _said(wanted)
    return render(
        request, "console/leads.html", rows=[row_of(each, words) for each in found], wanted=wanted, kept=kept,
        whole=sum(numbers.values()), statuses=_statuses(numbers, wanted["status"], words),
        scenarios=_scenarios(definitions, wanted["scenario"]),
        steps=_steps(definitions, wanted["scenario"], wanted["step"]), newest=_url(kept) if cursor else None,
        age=counted.age, cursor=following, following=_url({**kept, "cursor": following}) if following else None,
        **local_times(here),
    )  # fmt: skip


def numbers() -> Kept[dict[str, int]]:
    """Where a process keeps the numbers beside the filters: leads are many, and the page comes often."""
    return Kept(seconds=10)


def _numbers(request: Request, here: Nurture) -> Seen[dict[str, int]]:
    """How many leads have each status; what was counted before, while it is counted anew."""

    def look() -> dict[str, int]:
        with reading(here.engine) as connection:
            return counts(connection)

    kept: Kept[dict[str, int]] = request.app.state.lead_numbers
    return kept.seen("all", look)


def row_of(lead: Mapping[str, Any], words: LeadWords) -> LeadRow:
    """A lead as the API shows it, in words."""
    deadline, score = lead["deadline"], lead["score"]
    return LeadRow(
        id=lead["id"],
        url=url_of(lead["id"]),
        name=lead["name"] or "",
        company=str(lead["attributes"].get("company") or ""),
        email=lead["email"] or "",
        status=lead["status"],
        state=words.one_of(STATUSES, lead["status"]),
        scenario=words.scenario(lead["scenario"]),
        step=lead["step"] or "",
        waits=tuple(words.conditions(lead["waiting_for"])),
        deadline=datetime.fromisoformat(deadline) if deadline else None,
        phase=words.phase(lead["phase"]),
        hot=lead["hot"],
        total=score["total"] if score is not None else None,
    )


def url_of(lead: str) -> str:
    """The page of a lead."""
    return f"/leads/{quote(lead, safe='')}"


def _url(query: Mapping[str, str]) -> str:
    return f"/leads?{urlencode(query)}" if query else "/leads"


def _statuses(numbers: Mapping[str, int], chosen: str, words: LeadWords) -> list[Choice]:
    # a lead that was merged keeps the status of one that was erased, and is no lead of its own
    return [
        Choice(name, words.one_of(STATUSES, name), name == chosen, None if name == "erased" else numbers.get(name, 0))
        for name in STATUSES
    ]


def _scenarios(definitions: Definitions, chosen: str) -> list[Choice]:
    found = [Choice(name, each.title or name, name == chosen) for name, each in definitions.scenarios.items()]
    return _with(found, chosen)


def _steps(definitions: Definitions, scenario: str, chosen: str) -> list[Choice]:
    """Those of the scenario; without one there is nothing to choose from, and what was asked for stays."""
    known = definitions.scenarios.get(scenario)
    return _with([Choice(name, name, name == chosen) for name in (known.steps if known is not None else ())], chosen)


def _with(found: Sequence[Choice], chosen: str) -> list[Choice]:
    """What an older deployment has is asked for by its name, too."""
    if not chosen or any(each.chosen for each in found):
        return list(found)
    return [*found, Choice(chosen, chosen, chosen=True)]
