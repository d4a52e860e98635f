"""The route at which a team sees who has how many tasks and who is at work; refuses to change anything."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from adapters.database.engine import reading
from adapters.database.loads import team
from adapters.database.pages import shown
from nurture.working_hours import at_work, next_change
from web.context import Here
from web.security import READER

router = APIRouter(prefix="/api/reps", tags=["handoffs"])


class RepNow(BaseModel):
    """One rep of sales.yaml at this moment.

    `open`, `accepted`, `snoozed`: tasks not closed yet, of all queues, and how many of them are put off. `room`: how
    many more they can take; negative beyond capacity. `next_change`: when they stop or begin to work; null: never.
    """

    rep: str
    name: str
    queues: list[str]
    active: bool
    capacity: int
    open: int
    accepted: int
    snoozed: int
    room: int
    languages: list[str]
    at_work: bool
    next_change: str | None


class Reps(BaseModel):
    """The whole team; empty without sales.yaml."""

    items: list[RepNow]


@router.get("", summary="The reps, what they have, and who is at work", dependencies=[READER])
def list_reps(here: Here) -> Reps:
    """In the order of sales.yaml; of reps who are not active, too, while they are written there."""
    definitions, now = here.store.current(), here.clock.now()
    if definitions.sales is None:
        return Reps(items=[])
    with reading(here.engine) as connection:
        held = team(connection)
    items = []
    for rep in definitions.sales.reps:
        mine = held.get(rep.rep, {})
        items.append(
            RepNow(
                rep=rep.rep,
                name=rep.name,
                queues=[name for name, queue in definitions.sales.queues.items() if rep.rep in queue.reps],
                active=rep.active,
                capacity=rep.capacity,
                open=mine.get("open", 0),
                accepted=mine.get("accepted", 0),
                snoozed=mine.get("snoozed", 0),
                room=rep.capacity - mine.get("open", 0) - mine.get("accepted", 0),
                languages=list(rep.languages),
                at_work=rep.active and at_work(rep, now, definitions),
                next_change=shown(next_change(rep, now, definitions)) if rep.active else None,
            )
        )
    return Reps(items=items)
