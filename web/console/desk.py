"""The pages on which sales sees its tasks, and the team who has which; refuses to change any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database import desk
from adapters.database.engine import reading
from adapters.database.loads import team
from nurture.assigning import Load, assign
from nurture.definitions import Definitions
from nurture.working_hours import at_work, next_change
from web.console import desk_view
from web.console.desk_seat import Seat, seat_of
from web.context import Here
from web.pages import Cursor, following_url
from web.security import Reader
from web.session import render

router = APIRouter(prefix="/desk", include_in_schema=False)

Word = Annotated[str, Query(max_length=100)]
Said = Literal["accepted", "returned", "closed", "snoozed", "assigned"]
_ON_A_PAGE = 100
_CLOSED = timedelta(days=30)
_MOST_CLOSED = 50


@router.get("")
def desk_page(
    request: Request, here: Here, caller: Reader, rep: Word = "", cursor: Cursor = None,
    said: Annotated[Said | None, Query()] = None,
) -> Response:  # fmt: skip
    """My tasks; whoever is no rep sees those of all, or of the one they choose."""
    seat = seat_of(request, here, caller, rep)
    eyes = seat.eyes
    if seat.homeless:
        return render(request, "console/desk.html", seat=seat, eyes=eyes, sections=(), said=None, count=0, waiting=0)
    with reading(here.engine) as connection:
        held, following = desk.held(connection, eyes.rep, _ON_A_PAGE, cursor)
        closed = desk.closed(connection, eyes.rep, eyes.now - _CLOSED, _MOST_CLOSED)
        waiting = sum(desk.waiting_in_queues(connection).values())
    shown = [desk_view.row(each, eyes, seat.definitions) for each in held]
    done = [desk_view.row(each, eyes, seat.definitions) for each in closed]
    return render(
        request, "console/desk.html", seat=seat, eyes=eyes, said=said, count=len(shown), waiting=waiting,
        sections=desk_view.sections(shown, done, eyes), older=following_url(request, following, limit=_ON_A_PAGE),
        most_closed=_MOST_CLOSED,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colleague:
    """One rep as the team sees them; `until`: when they begin or stop to work next."""

    rep: str
    name: str
    queues: str
    active: bool
    open: int
    accepted: int
    snoozed: int
    capacity: int
    overdue: int
    works: bool
    until: datetime | None

    @property
    def room(self) -> int:
        return self.capacity - self.open - self.accepted


@router.get("/team")
def team_page(
    request: Request, here: Here, caller: Reader, queue: Word = "", cursor: Cursor = None,
    said: Annotated[Said | None, Query()] = None,
) -> Response:  # fmt: skip
    """Who has what and is at work, and what waits for a rep, with why."""
    seat = seat_of(request, here, caller)
    eyes, definitions = seat.eyes, seat.definitions
    rules = definitions.sales.queues if definitions.sales is not None else {}
    timed = [name for name, each in rules.items() if each.accept_within is not None]
    with reading(here.engine) as connection:
        held, overdue = team(connection), desk.overdue_of_reps(connection, eyes.now, timed)
        waits = desk.waiting_in_queues(connection)
        tasks, following = desk.waiting(connection, queue or None, _ON_A_PAGE, cursor)
    people = _team(definitions, held, overdue, eyes.now, queue)
    loads = {rep: Load(each["open"] + each["accepted"]) for rep, each in held.items()}
    rows = [desk_view.row(each, eyes, definitions) for each in tasks]
    languages = {each.task.id: each.task.language for each in tasks}
    why = {key: _why(*key, seat, loads) for key in {(each.queue, languages[each.id]) for each in rows}}
    return render(
        request, "console/desk_team.html", seat=seat, eyes=eyes, people=people, waits=waits, rows=rows, queue=queue,
        said=said, queues=list(rules), why={each.id: why[each.queue, languages[each.id]] for each in rows},
        older=following_url(request, following, limit=_ON_A_PAGE),
    )  # fmt: skip


def _team(
    definitions: Definitions, held: dict[str, dict[str, int]], overdue: dict[str, int], now: datetime, queue: str
) -> list[Colleague]:
    sales, found = definitions.sales, []
    for rep in sales.reps if sales is not None else ():
        queues = [name for name, each in (sales.queues if sales else {}).items() if rep.rep in each.reps]
        if queue and queue not in queues:
            continue
        mine = held.get(rep.rep, {})
        found.append(
            Colleague(
                rep.rep, rep.name, ", ".join(queues), rep.active, mine.get("open", 0), mine.get("accepted", 0),
                mine.get("snoozed", 0), rep.capacity, overdue.get(rep.rep, 0),
                rep.active and at_work(rep, now, definitions),
                next_change(rep, now, definitions) if rep.active else None,
            )
        )  # fmt: skip
    return found


def _why(queue: str, language: str | None, seat: Seat, loads: dict[str, Load]) -> str:
    """What a task of this queue and language waits for as things stand."""
    say, sales = seat.eyes.say, seat.definitions.sales
    if sales is None or queue not in sales.queues:
        return say("この受け持ちは sales.yaml にありません", "sales.yaml has no such queue any more")
    match assign(queue, seat.definitions, loads, seat.eyes.now, language=language).waits_for:
        case "capacity":
            return say("空きのある担当がいません", "nobody has room")
        case "hours":
            return say("勤務中の担当がいません", "nobody is at work")
        case "rep":
            return say("有効な担当がいません", "nobody of the queue is active")
        case None:
            return say("まもなく担当に渡ります", "is about to be given out")
