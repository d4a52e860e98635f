"""The routes at which marketing and sales agree on the hot lead definition; refuses to change the definition.

One department proposes, the other confirms: only then it is agreed. What is in force follows from what is deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from adapters.database import agreements
from adapters.database.agreements import Agreement, AgreementRefused, DefinitionChanged, UnknownAgreement
from adapters.database.engine import reading
from adapters.database.pages import DEFAULT_LIMIT, shown
from nurture.accords import Accords
from nurture.threshold import threshold_of
from web import agreeing
from web.bodies import Said
from web.context import Here
from web.pages import Cursor, Limit, following_url
from web.problems import Refusal
from web.security import READER, Agreer

router = APIRouter(prefix="/api/agreements", tags=["agreements"])

Name = Annotated[str, Field(max_length=agreements.LONGEST_NAME)]
Note = Annotated[str, Field(max_length=agreements.LONGEST_NOTE)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "It has ended, another one is open, its proposer confirms it, or the definition has changed"}
}


class Propose(Said):
    """What is agreed on, and by whom.

    `deployment`: the one whose hot_lead.yaml was looked at; without it only the note is agreed on. `total`: another
    threshold than its own. `marketing` and `sales`: names; one's own is known of people who log in, the other says who
    is expected. Somebody with the role admin who names both agrees for both at once. `date`: today, where it is absent.
    """

    note: Note = ""
    date: Annotated[str, Field(max_length=10, description="The day, as 2026-11-01.")] | None = None
    marketing: Name | None = None
    sales: Name | None = None
    deployment: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    total: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Confirm(Said):
    """Who confirms; known of people of the department who log in. An admin and a program have to say it."""

    name: Name | None = None


class Withdraw(Said):
    """Why it is withdrawn."""

    reason: Note | None = None


class Parties(BaseModel):
    """A name for each department; of one that has not confirmed, whom it waits for."""

    marketing: str | None
    sales: str | None


class AgreementShown(BaseModel):
    """One agreement. `definition`: hot_lead.yaml as agreed on, null where only the note was; `threshold` is its own.

    `waits_for`: the department that has not confirmed yet. `in_force`: it is agreed, and what it is about is deployed.
    """

    id: int
    state: Literal["proposed", "agreed", "withdrawn"]
    date: str
    by: Parties
    waits_for: Literal["marketing", "sales"] | None
    note: str
    deployment: int | None
    definition: str | None
    threshold: float | None
    in_force: bool
    proposed_at: str
    ended_at: str | None
    reason: str | None


class InForce(BaseModel):
    """The agreement on the definition that is deployed. `id`: null where hot_lead.yaml itself says it.

    `since`: the deployment from which on it was in force.
    """

    id: int | None
    date: str
    by: list[str]
    since: int | None
    note: str | None


class Agreements(BaseModel):
    """One page of what was agreed here, the newest first, and what is in force. `waits`: agreed, and not deployed."""

    items: list[AgreementShown]
    next: str | None = None
    in_force: InForce | None
    waits: int | None


@router.get("", summary="What marketing and sales have agreed on", dependencies=[READER])
def list_agreements(request: Request, here: Here, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Agreements:
    """Made here or on the pages, the newest first; what only hot_lead.yaml tells, its deployments tell."""
    with reading(here.engine) as connection:
        found, following = agreements.page(connection, limit, cursor)
        stands = agreements.standing(connection)
    held = stands.in_force
    return Agreements(
        items=[_shown(each, stands) for each in found],
        next=following_url(request, following, limit=limit),
        in_force=InForce(
            id=held.number, date=held.agreed.date, by=list(held.agreed.by), since=held.since, note=held.note
        ) if held is not None else None,
        waits=stands.waits.number if stands.waits is not None else None,
    )  # fmt: skip


@router.post("", summary="Propose an agreement", status_code=201, responses=_REFUSED)
def propose_agreement(here: Here, caller: Agreer, body: Propose, response: Response) -> AgreementShown:
    """For one's own department, to be confirmed by the other; one at a time."""

    def propose() -> Agreement:
        return agreeing.propose(
            here, caller, marketing=body.marketing or "", sales=body.sales or "", day=body.date or "", note=body.note,
            seen=body.deployment, total=body.total,
        )  # fmt: skip

    made = _done(here, propose, "body.deployment")
    response.headers["Location"] = f"/api/agreements/{made.id}"
    return made


@router.get("/{agreement}", summary="One agreement", dependencies=[READER])
def show_agreement(here: Here, agreement: Number) -> AgreementShown:
    """With the definition it is about."""
    return _done(here, lambda: _found(here, agreement))


@router.post("/{agreement}/confirm", summary="Confirm an agreement", responses=_REFUSED)
def confirm_agreement(here: Here, caller: Agreer, agreement: Number, body: Confirm) -> AgreementShown:
    """For the other department, by another login than that which proposed it, except an admin's."""
    return _done(here, lambda: agreeing.confirm(here, caller, agreement, body.name or ""))


@router.post("/{agreement}/withdraw", summary="Withdraw a proposal", responses=_REFUSED)
def withdraw_agreement(here: Here, caller: Agreer, agreement: Number, body: Withdraw) -> AgreementShown:
    """By either department, as long as it is not confirmed."""
    return _done(here, lambda: agreeing.withdraw(here, caller, agreement, body.reason or ""))


def _found(here: Here, number: int) -> Agreement:
    with reading(here.engine) as connection:
        return agreements.get(connection, number)


def _done(here: Here, act: Callable[[], Agreement], looked_at: str = "path.agreement") -> AgreementShown:
    """What became of it. `looked_at`: where the definition is named that may have grown old."""
    try:
        found = act()
    except UnknownAgreement as error:
        raise Refusal(404, error.what, where="path.agreement", do=error.do) from error
    except DefinitionChanged as error:
        details = {"seen": error.seen, "current": error.current}
        raise Refusal(409, error.what, where=looked_at, do=error.do, details=details) from error
    except AgreementRefused as error:
        raise Refusal(409, error.what, where="the agreement", do=error.do, details={"why": error.why}) from error
    except agreeing.NotSaid as error:
        raise Refusal(422, error.what, where=f"body.{error.where}", do=error.do) from error
    with reading(here.engine) as connection:
        return _shown(found, agreements.standing(connection))


def _shown(found: Agreement, stands: Accords) -> AgreementShown:
    return AgreementShown(
        id=found.number, state=found.state, date=found.day,
        by=Parties(marketing=found.names.get("marketing"), sales=found.names.get("sales")), waits_for=found.open_for,
        note=found.note, deployment=found.deployment, definition=found.text, threshold=threshold_of(found.hot),
        in_force=stands.in_force is not None and stands.in_force.number == found.number,
        proposed_at=shown(found.proposed_at) or "", ended_at=shown(found.ended_at), reason=found.why,
    )  # fmt: skip
