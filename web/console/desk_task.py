"""The page of one task: why this lead, why now, and all that helps to begin the talk; refuses to change anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from adapters.database import desk, lead_mails, notices, preferences, replies
from adapters.database.desk import DeskTask
from adapters.database.engine import reading
from adapters.database.handoffs import UnknownHandoff
from nurture.briefing import brief
from nurture.definitions import Definitions
from nurture.wording.conditions import Words
from web.console import desk_view, lead_tables
from web.console.desk_seat import Seat, seat_of
from web.console.desk_typed import Typed
from web.console.lead_words import LeadWords
from web.context import Here, Nurture
from web.problems import Refusal
from web.security import Reader
from web.session import render

router = APIRouter(prefix="/desk", include_in_schema=False)

Said = Literal["accepted", "returned", "closed", "snoozed", "assigned"]
_PATH, _MAILS, _LETTERS, _OTHERS = 30, 30, 10, 10


@dataclass(frozen=True, slots=True)
class NotDone:
    """What was asked for in vain: as it was typed, and why not, in words."""

    typed: Typed
    why: str


@router.get("/{handoff:path}")
def show_task(
    request: Request, here: Here, caller: Reader, handoff: str,
    rep: Annotated[str, Query(max_length=100)] = "", said: Annotated[Said | None, Query()] = None,
) -> Response:  # fmt: skip
    """Everything about one task."""
    return task_page(request, here, seat_of(request, here, caller, rep), handoff, said=said)


def task_page(
    request: Request, here: Nurture, seat: Seat, handoff: str, *, said: str | None = None,
    not_done: NotDone | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The page; with `not_done`, what was typed stands in its form. Raises Refusal, 404."""
    with reading(here.engine) as connection:
        found = _one(connection, handoff)
        known = _known(connection, found, seat)
    return render(
        request, "console/desk_task.html", status=status, seat=seat, eyes=seat.eyes, said=said,
        not_done=not_done, row=desk_view.row(found, seat.eyes, seat.definitions), task=found.task,
        w=LeadWords(seat.definitions, seat.eyes.language), tables=lead_tables, **known,
    )  # fmt: skip


def row_of(here: Nurture, seat: Seat, handoff: str) -> desk_view.Row:
    """The row of a task as it is now. Raises Refusal, 404."""
    with reading(here.engine) as connection:
        return desk_view.row(_one(connection, handoff), seat.eyes, seat.definitions)


def _one(conn: Connection, handoff: str) -> DeskTask:
    try:
        return desk.one(conn, handoff)
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.handoff", do="look at /desk") from error


def _known(conn: Connection, found: DeskTask, seat: Seat) -> dict[str, Any]:
    """What is known of the lead; of one that was erased, nothing."""
    eyes, definitions, lead = seat.eyes, seat.definitions, found.task.lead
    history = desk.history(conn, found)
    if found.erased:
        return {"briefing": None, "history": history}
    person = desk.person(conn, lead)
    grounds = notices.grounds(conn, found.task, found.scenario)
    sender = definitions.sender
    wording = preferences.Wording.of(sender, eyes.language) if sender is not None else None
    company = found.task.company or found.company
    others = desk.of_company(conn, company, lead, _OTHERS) if company else []
    return {
        "history": history,
        "briefing": brief(grounds, definitions, eyes.language, eyes.zone),
        "person": person,
        "attributes": _attributes(person, definitions, Words(definitions, eyes.language)) if person is not None else [],
        "topics": preferences.preferences(conn, lead, wording) if wording is not None else [],
        "agreed": desk.agreed(conn, lead),
        "trail": desk.path(conn, lead, _PATH),
        "mails": lead_mails.newest(conn, lead, _MAILS)[0],
        "letters": [
            {**each, "at": datetime.fromisoformat(each["at"])} for each in replies.page(conn, lead, _LETTERS)[0]
        ],
        "others": [desk_view.row(each, eyes, definitions) for each in others],
    }


def _attributes(person: desk.Callee, definitions: Definitions, words: Words) -> list[tuple[str, str, str]]:
    """What is known of the person, as (name, label, value), in the order of attributes.yaml."""
    given = person.attributes
    there = [name for name in definitions.attributes if given.get(name) not in (None, [])]
    return [(name, words.attribute(name), words.value(name, given[name])) for name in there]
