"""The routes that show leads, where they stand and what happened, and that keep what is known of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from adapters.database import audit, disclosure, erasures, lead_mails, leads, replies, timeline
from adapters.database.engine import reading, settle_log, writing
from adapters.database.leads import LeadUpsert
from adapters.database.merges import goes_on
from adapters.database.merging import carry_out
from adapters.database.numbering import has_unfiled
from adapters.database.pages import DEFAULT_LIMIT
from adapters.database.scores import with_scores
from adapters.database.sequence import UnknownLead
from nurture.errors import UnknownName
from web.context import Here, Nurture
from web.pages import Cursor, Limit, Page, page
from web.problems import Refusal
from web.security import READER, WRITER, Reader, Writer

router = APIRouter(prefix="/api/leads", tags=["leads"])

_LONGEST_WAIT = 30.0
_LOOK_EVERY = 0.05
Status = Literal["idle", "waiting", "sending", "blocked", "paused", "with_sales", "erased"]
Word = Annotated[str | None, Query(max_length=400)]


@router.get("", summary="Leads, by id", dependencies=[READER])
def list_leads(
    request: Request,
    here: Here,
    status: Annotated[Status | None, Query()] = None,
    scenario: Word = None,
    step: Word = None,
    q: Annotated[str | None, Query(max_length=400, description="A part of id, address, name or company.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page:
    """All leads, or those of a status, scenario or step."""
    with reading(here.engine) as connection:
        items, following = leads.page(connection, limit, cursor, status=status, scenario=scenario, step=step, q=q)
        items = with_scores(connection, items, here.store.current(), here.clock.now())
    return page(request, items, following, limit=limit)


@router.post(
    "",
    summary="Create or change a lead",
    dependencies=[WRITER],
    responses={200: {"description": "Changed"}, 201: {"description": "Created"}},
)
def upsert(here: Here, body: LeadUpsert) -> Response:
    """Found by `id`, else by `email`; what is absent stays, `null` clears. Answers with the lead."""
    try:
        now = here.clock.now()
        with writing(here.engine) as connection:
            done = leads.upsert(connection, body, store=here.store, now=now)
            if done.changed:  # programs repeat themselves
                audit.note(connection, "change_lead", done.lead, at=now)
            else:
                audit.nothing_changed()
            shown = leads.view(connection, done.lead)
        shown = _scored(here, shown) if shown is not None else None
    except UnknownName as error:
        # a name inside the body is a wrong body, not an absent page
        raise Refusal(
            422, error.what, where=error.where or "body", do=error.do, details={"near": list(error.near)}
        ) from error
    return JSONResponse(shown, status_code=201 if done.created else 200)


class Merge(BaseModel):
    """Which lead is the same person; `plan`: only say what would come of it."""

    model_config = ConfigDict(extra="forbid")

    lead: Annotated[str, Field(min_length=1, max_length=200)]
    plan: bool = False


@router.post("/{lead}/merge", summary="Two leads are one person: let this one be both")
def merge(here: Here, lead: str, body: Merge, caller: Writer) -> dict[str, Any]:
    """This one keeps its id and its place; the other leaves its scenarios, and its id resolves to this one.

    There is no way back. 404 for an unknown lead, 422 where something open would be lost.
    """
    try:
        done = carry_out(
            here.engine, lead, body.lead, store=here.store, now=here.clock.now(), by=caller.name, plan=body.plan
        )
    except UnknownLead as error:
        raise unknown_lead(error.lead) from error
    return done.shown()


@router.get("/{lead}/timeline", summary="Everything that happened to a lead, in order", dependencies=[READER])
def show_timeline(request: Request, here: Here, lead: str, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page:
    """Events and decisions with their reasons."""
    with reading(here.engine) as connection:
        if leads.view(connection, lead) is None:
            raise unknown_lead(lead)
        items, following = timeline.page(connection, lead, limit, cursor)
    return page(request, items, following, limit=limit)


@router.get("/{lead}/export", summary="Everything stored about a person", dependencies=[WRITER])
def export_lead(here: Here, lead: str) -> dict[str, Any]:
    """For a person who asks what is known of them: in words, with what their score comes from."""
    with reading(here.engine) as connection:
        if leads.view(connection, lead) is None:
            raise unknown_lead(lead)
        return disclosure.of(connection, lead, here.store, here.clock.now())


@router.get("/{lead}/erasure", summary="How far an erasure is")
def show_erasure(here: Here, lead: str, caller: Reader) -> dict[str, Any]:
    """`state` is `running`, `consents_kept` (all else is gone, the law wants these a month longer) or `done`.

    Where the mail provider refused, whoever may erase also gets `addresses`: these are to be erased there by hand.
    """
    with reading(here.engine) as connection:
        erasure = erasures.of(connection, goes_on(connection, lead))
        if erasure is None:
            raise Refusal(404, f"nobody asked for lead {lead!r} to be erased", where="path.id", do="DELETE the lead")
        return _told(connection, erasure) if caller.may("write") else erasure.shown()


@router.delete(
    "/{lead}",
    status_code=202,
    summary="Let a person be forgotten",
    responses={409: {"description": "`provider=done`, and the provider has refused nothing"}},
)
def erase_lead(
    here: Here,
    lead: str,
    caller: Writer,
    provider: Annotated[
        Literal["done"] | None, Query(description="`done`: what the mail provider refused was erased there by hand.")
    ] = None,
) -> dict[str, Any]:
    """Holds at once: no mail goes any more. The rest follows by itself; asking again changes nothing.

    Where the mail provider refused, `addresses` are to be erased there by hand; `?provider=done` then forgets them.
    """
    now = here.clock.now()
    with writing(here.engine) as connection:
        try:
            if provider == "done":
                erasure = erasures.done_by_hand(connection, lead, by=caller.name, now=now)
            else:
                erasure = erasures.ask(connection, lead, by=caller.name, now=now, real_now=datetime.now(UTC))
        except UnknownLead as error:
            raise unknown_lead(lead) from error
        except erasures.NothingByHand as error:
            raise Refusal(409, error.what, where="query.provider", do=error.do) from error
        told = _told(connection, erasure)
    if provider == "done":
        settle_log(here.engine)
    return told


def _told(conn: Connection, erasure: erasures.Erasure) -> dict[str, Any]:
    """The erasure, with the addresses that ops have to erase at the mail provider, if there are any."""
    by_hand = erasures.addresses_of(conn, erasure.lead, while_it_is="refused")
    return {**erasure.shown(), **({"addresses": by_hand} if by_hand else {})}


@router.get("/{lead}/replies", summary="What a lead wrote back, newest first", dependencies=[READER])
def show_replies(request: Request, here: Here, lead: str, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page:
    """Each mail as it came: its own words, the whole text, what it was taken for and why; attachments are counted."""
    with reading(here.engine) as connection:
        if leads.view(connection, lead) is None:
            raise unknown_lead(lead)
        items, following = replies.page(connection, lead, limit, cursor)
    return page(request, items, following, limit=limit)


@router.get("/{lead}/mails", summary="The mails of a lead, and how far each got", dependencies=[READER])
def show_mails(request: Request, here: Here, lead: str, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page:
    """`{key, template, scenario, step, visit, at, state, reason}`, the oldest first.

    `state` is how far it got by all that is known, `clicked` above `opened` above `delivered`, whatever came first;
    what machines did does not count. One that has not gone is `held`, `in_flight`, `unknown`, `refused` or `cancelled`.
    """
    with reading(here.engine) as connection:
        if leads.view(connection, lead) is None:
            raise unknown_lead(lead)
        items, following = lead_mails.page(connection, lead, limit, cursor)
    return page(request, items, following, limit=limit)


@router.get("/{lead}", summary="Where a lead stands", dependencies=[READER])
async def show_lead(
    here: Here,
    lead: str,
    wait: Annotated[
        float, Query(ge=0, le=_LONGEST_WAIT, description="Seconds to wait until everything stored is applied.")
    ] = 0,
) -> dict[str, Any]:
    """`seq` is the newest number applied, `stored_seq` the newest one given; with `wait` they are mostly equal."""
    give_up = asyncio.get_running_loop().time() + wait
    while True:
        shown, all_numbered = await run_in_threadpool(_view, here, lead)
        left = give_up - asyncio.get_running_loop().time()
        # an acknowledged event has no number for a moment: whoever waits for it means it, too
        if left <= 0 or (all_numbered and shown["seq"] == shown["stored_seq"]):
            return await run_in_threadpool(_scored, here, shown)
        await asyncio.sleep(min(_LOOK_EVERY, left))


def _view(here: Nurture, lead: str) -> tuple[dict[str, Any], bool]:
    """The lead, and whether all its events have been numbered."""
    with reading(here.engine) as connection:
        shown = leads.view(connection, lead)
        if shown is None:
            raise unknown_lead(lead)
        return shown, not has_unfiled(connection, shown["id"])


def _scored(here: Nurture, shown: dict[str, Any]) -> dict[str, Any]:
    with reading(here.engine) as connection:
        return with_scores(connection, [shown], here.store.current(), here.clock.now())[0]


def unknown_lead(lead: str) -> Refusal:
    """What is answered where no lead has this id."""
    return Refusal(
        404, f"there is no lead {lead!r}", where="path.id", do="look it up with GET /api/leads?q=, or POST /api/leads"
    )
