"""The routes at which sales sees its tasks, takes, puts off, passes on, gives back and closes them.

A person of sales acts as their own rep and nobody else, whatever the body says; a key names the rep. Refuses to make
any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection

from adapters.database import audit, giving, handoffs
from adapters.database.engine import reading, writing
from adapters.database.handoffs import Handoff, HandoffTaken, UnknownHandoff
from adapters.database.pages import DEFAULT_LIMIT
from nurture.definitions import Sales
from nurture.errors import UnknownName
from web.bodies import Said
from web.context import Here, Nurture
from web.own_rep import acting_as, is_rep
from web.pages import Cursor, Limit, Page, page
from web.problems import Refusal
from web.security import READER, Seller

router = APIRouter(prefix="/api/handoffs", tags=["handoffs"])

Word = Annotated[str, Field(min_length=1, max_length=100)]
Rep = Annotated[Word | None, Field(description="Who does it; a person of sales may leave it out: it is their own rep.")]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


_TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "Somebody else has it, or it is closed"}}


class Accept(Said):
    """Who takes the task."""

    rep: Rep = None


class Return(Said):
    """Who gives the lead back, and why."""

    rep: Rep = None
    reason: Reason


class Close(Said):
    """What came of the task; `amount` in whole units of the company's currency."""

    rep: Rep = None
    outcome: Literal["won", "lost"]
    amount: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    reason: Reason | None = None


class Snooze(Said):
    """Who puts the task off, and until when: RFC 3339, in the future, at most 90 days ahead."""

    rep: Rep = None
    until: AwareDatetime
    reason: Reason | None = None


class Assign(Said):
    """Who is to have the task, by whose word, and why."""

    rep: Word
    by: Rep = None
    reason: Reason


class Task(BaseModel):
    """One handoff. `due`: by then it should be accepted, or once accepted closed.

    `waiting`: nobody has it yet, because nobody has room or is at work. `amount` is in `currency`.
    """

    id: str
    lead: str
    rep: str | None
    queue: str
    reasons: list[str]
    score: Any = None
    state: Literal["open", "accepted", "won", "lost", "returned", "expired"]
    due: str | None
    made_at: str
    accepted_at: str | None
    closed_at: str | None
    snoozed_until: str | None
    amount: int | None
    currency: str
    reason: str | None
    note: str | None
    company: str | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the list of tasks is narrowed to."""

    state: Annotated[Literal["open", "accepted", "won", "lost", "returned", "expired"] | None, Query()] = None
    rep: Annotated[str | None, Query(max_length=100)] = None
    queue: Annotated[str | None, Query(max_length=100)] = None
    lead: Annotated[str | None, Query(max_length=200)] = None
    due_before: Annotated[AwareDatetime | None, Query(description="Due before this instant, RFC 3339.")] = None
    waiting: Annotated[bool | None, Query(description="true: that nobody has yet; false: all others.")] = None


@router.get("", summary="Handoffs, the oldest first", dependencies=[READER])
def list_handoffs(
    request: Request,
    here: Here,
    to: Annotated[Narrowed, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page:
    """All tasks, or those of a state, rep, queue or lead, that are due soon, or that wait for a rep."""
    with reading(here.engine) as connection:
        tasks, following = handoffs.page(
            connection, limit, cursor, state=to.state, rep=to.rep, queue=to.queue, lead=to.lead, waiting=to.waiting,
            due_before=to.due_before,
        )  # fmt: skip
    return page(request, [task.shown_whole(_currency(here)) for task in tasks], following, limit=limit)


@router.post("/{handoff:path}/accept", summary="Take a handoff", responses=_TAKEN)
def accept(here: Here, caller: Seller, handoff: str, body: Accept) -> Task:
    """A second accept is 409 and says who has it."""
    rep = acting_as(caller, body.rep, where="body.rep")
    return _changed(
        here,
        lambda connection: handoffs.accept(
            connection, handoff, rep, now=here.clock.now(), definitions=here.store.current()
        ),
    )


@router.post("/{handoff:path}/return", summary="Give a lead back to marketing", responses=_TAKEN)
def give_back(here: Here, caller: Seller, handoff: str, body: Return) -> Task:
    """The lead goes where its scenario says; needs no accept before."""
    rep = acting_as(caller, body.rep, where="body.rep")
    audit.about(handoff, body.reason)
    return _changed(
        here,
        lambda connection: handoffs.return_(
            connection, handoff, rep, body.reason, now=here.clock.now(), definitions=here.store.current()
        ),
    )


@router.post("/{handoff:path}/close", summary="Close a handoff as won or lost", responses=_TAKEN)
def close(here: Here, caller: Seller, handoff: str, body: Close) -> Task:
    """Needs no accept before."""
    rep = acting_as(caller, body.rep, where="body.rep")
    audit.about(handoff, body.reason)
    return _changed(
        here,
        lambda connection: handoffs.close(
            connection,
            handoff,
            rep,
            body.outcome,
            now=here.clock.now(),
            amount=body.amount,
            reason=body.reason,
            definitions=here.store.current(),
        ),
    )


@router.post("/{handoff:path}/snooze", summary="Put a handoff off", responses=_TAKEN)
def snooze(here: Here, caller: Seller, handoff: str, body: Snooze) -> Task:
    """Until then nobody is reminded and nobody else gets it; then its rep is reminded. Only its rep may."""
    rep = acting_as(caller, body.rep, where="body.rep")
    audit.about(handoff, body.reason)
    return _changed(
        here,
        lambda connection: giving.snooze(
            connection,
            handoff,
            rep,
            body.until,
            body.reason,
            now=here.clock.now(),
            definitions=here.store.current(),
        ),
    )


@router.post("/{handoff:path}/assign", summary="Hand a task to another rep", responses=_TAKEN)
def assign(here: Here, caller: Seller, handoff: str, body: Assign) -> Task:
    """Whoever leads the team may go beyond capacity and hours; a person of sales only hands on what is their own.

    The rep has to accept it anew.
    """
    by = acting_as(caller, body.by, where="body.by")
    audit.about(handoff, body.reason)
    return _changed(
        here,
        lambda connection: giving.hand_to(
            connection,
            handoff,
            body.rep,
            by=by,
            holder=by if is_rep(caller) else None,
            reason=body.reason,
            now=here.clock.now(),
            definitions=here.store.current(),
        ),
    )


@router.get("/{handoff:path}", summary="One handoff", dependencies=[READER])
def show(here: Here, handoff: str) -> Task:
    """One task."""
    try:
        with reading(here.engine) as connection:
            return shown(here, handoffs.get(connection, handoff))
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.id", do=error.do) from error


def _changed(here: Nurture, change: Callable[[Connection], Handoff]) -> Task:
    try:
        with writing(here.engine) as connection:
            return shown(here, change(connection))
    except UnknownHandoff as error:
        raise Refusal(404, error.what, where="path.id", do=error.do) from error
    except HandoffTaken as error:
        details = {"rep": error.rep, "state": error.state}
        raise Refusal(409, error.what, where="path.id", do=error.do, details=details) from error
    except giving.SnoozeRefused as error:
        raise Refusal(422, error.what, where="body.until", do=error.do) from error
    except giving.RepInactive as error:
        raise Refusal(422, error.what, where="body.rep", do=error.do) from error
    except UnknownName as error:
        raise Refusal(422, error.what, where="body.rep", do=error.do, details={"near": list(error.near)}) from error


def shown(here: Nurture, task: Handoff) -> Task:
    """A task in the shape of the API."""
    return Task.model_validate(task.shown_whole(_currency(here)))


def _currency(here: Nurture) -> str:
    sales = here.store.current().sales
    return sales.currency if sales is not None else Sales.model_fields["currency"].default
