"""The routes at which sales sees its tasks, takes them, gives them back and closes them; refuses to make any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from adapters.database import audit, handoffs
from adapters.database.engine import reading, writing
from adapters.database.handoffs import Handoff, HandoffTaken, UnknownHandoff
from adapters.database.pages import DEFAULT_LIMIT
from nurture.errors import UnknownName
from web.bodies import Said
from web.context import Here, Nurture
from web.pages import Cursor, Limit, Page, page
from web.problems import Refusal
from web.security import READER, SELLER

router = APIRouter(prefix="/api/handoffs", tags=["handoffs"])

Word = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


_TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "Somebody else has it, or it is closed"}}


class Accept(Said):
    """Who takes the task."""

    rep: Word


class Return(Said):
    """Who gives the lead back, and why."""

    rep: Word
    reason: Reason


class Close(Said):
    """What came of the task; `amount` in whole units of the company's currency."""

    rep: Word
    outcome: Literal["won", "lost"]
    amount: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    reason: Reason | None = None


class Task(BaseModel):
    """One handoff. `due`: by then it should be accepted, or once accepted closed."""

    id: str
    lead: str
    rep: str | None
    queue: str
    reasons: list[str]
    score: Any = None
    state: Literal["open", "accepted", "won", "lost", "returned", "expired"]
    due: str | None


@router.get("", summary="Handoffs, the oldest first", dependencies=[READER])
def list_handoffs(
    request: Request,
    here: Here,
    state: Annotated[Literal["open", "accepted", "won", "lost", "returned", "expired"] | None, Query()] = None,
    rep: Annotated[str | None, Query(max_length=100)] = None,
    queue: Annotated[str | None, Query(max_length=100)] = None,
    lead: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page:
    """All tasks, or those of a state, rep, queue or lead."""
    with reading(here.engine) as connection:
        tasks, following = handoffs.page(connection, limit, cursor, state=state, rep=rep, queue=queue, lead=lead)
    return page(request, [task.shown() for task in tasks], following, limit=limit)


@router.post("/{handoff:path}/accept", summary="Take a handoff", dependencies=[SELLER], responses=_TAKEN)
def accept(here: Here, handoff: str, body: Accept) -> Task:
    """A second accept is 409 and says who has it."""
    return _changed(
        here,
        lambda connection: handoffs.accept(
            connection, handoff, body.rep, now=here.clock.now(), definitions=here.store.current()
        ),
    )


@router.post("/{handoff:path}/return", summary="Give a lead back to marketing", dependencies=[SELLER], responses=_TAKEN)
def give_back(here: Here, handoff: str, body: Return) -> Task:
    """The lead goes where its scenario says; needs no accept before."""
    audit.about(handoff, body.reason)
    return _changed(
        here,
        lambda connection: handoffs.return_(
            connection, handoff, body.rep, body.reason, now=here.clock.now(), definitions=here.store.current()
        ),
    )


@router.post("/{handoff:path}/close", summary="Close a handoff as won or lost", dependencies=[SELLER], responses=_TAKEN)
def close(here: Here, handoff: str, body: Close) -> Task:
    """Needs no accept before."""
    return _changed(
        here,
        lambda connection: handoffs.close(
            connection,
            handoff,
            body.rep,
            body.outcome,
            now=here.clock.now(),
            amount=body.amount,
            reason=body.reason,
            definitions=here.store.current(),
        ),
    )


@router.get("/{handoff:path}", summary="One handoff", dependencies=[READER])
def show(here: Here, handoff: str) -> Task:
    """One task."""
    try:
        with reading(here.engine) as connection:
            return Task.model_validate(handoffs.get(connection, handoff).shown())
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.id", do=error.do) from error


def _changed(here: Nurture, change: Callable[[Connection], Handoff]) -> Task:
    try:
        with writing(here.engine) as connection:
            return Task.model_validate(change(connection).shown())
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.id", do=error.do) from error
    except HandoffTaken as error:
        details = {"rep": error.rep, "state": error.state}
        raise Refusal(409, error.what, where="path.id", do=error.do, details=details) from error
    except UnknownName as error:
        raise Refusal(422, error.what, where="body.rep", do=error.do, details={"near": list(error.near)}) from error
