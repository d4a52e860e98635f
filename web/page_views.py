"""Takes in what the page snippet tells of the own site; refuses what other sites tell, and to ask who is there.

Anybody may ask, so it never says whether a browser is known. No client address and no cookie is kept.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.database import page_views
from adapters.database.engine import Busy, writing
from adapters.database.page_views import PageView
from adapters.mail.link_tokens import LinkTokens
from web.context import Here, Nurture
from web.counting import PAGE_VIEWS
from web.intake import PATIENCE
from web.page_view_in import PageViewIn, is_machine, read_page_view
from web.problems import Refusal

router = APIRouter(include_in_schema=False)

MOST_BYTES = 4096
AT_WORK = 4
"""So many page views are worked on at once: they share the threads with every other route."""
_SHAPE = 'send {"visitor", "id", "type", "subject"}, as /s.js does'

_log = structlog.get_logger()


@router.options("/v")
def may_tell(request: Request, here: Here) -> Response:
    """Whether pages of a site may tell: asked by browsers before a request that is not a plain one."""
    allowed = {"access-control-allow-methods": "POST", "access-control-allow-headers": "content-type"}
    return Response(status_code=204, headers={**_shared(_site(request, here)), **allowed})


@router.post("/v")
async def tell(request: Request, here: Here) -> Response:
    """One page view or download, or that a browser is to be forgotten. 204, whatever became of it.

    403 from a page of a site that is not listed, 413 above 4 KB, 422 where it cannot be read.
    """
    site = _site(request, here)
    said = read_page_view(_json(await _body(request)))
    if isinstance(said, str):
        PAGE_VIEWS.labels("rejected").inc()
        raise Refusal(422, said, where="body", do=_SHAPE, headers=_shared(site))
    if is_machine(request.headers.get("user-agent", "")) and not said.forget:
        PAGE_VIEWS.labels("machine").inc()
    else:
        await _in_turn(request, here, said, site)
    return Response(status_code=204, headers=_shared(site))


def _site(request: Request, here: Nurture) -> str:
    """The site whose page asks. A browser lets no page say another one."""
    site = request.headers.get("origin", "").lower()
    sample = here.settings.sample_site and site == str(request.base_url).rstrip("/")  # by any name of this machine
    if sample or site in here.settings.origins:
        return site
    PAGE_VIEWS.labels("foreign").inc()
    raise Refusal(
        403, "this site is not listed here", where="header Origin",
        do="list its origin, such as https://www.example.co.jp, in NURTURE_SITES and start again",
        headers={"Vary": "Origin"},
    )  # fmt: skip


def _shared(site: str) -> dict[str, str]:
    return {"access-control-allow-origin": site, "vary": "Origin", "cache-control": "no-store"}


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refusal(413, f"a page view is not longer than {MOST_BYTES} bytes", where="body", do=_SHAPE)
    return body


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "the body is not JSON", where="body", do=_SHAPE) from error


async def _in_turn(request: Request, here: Nurture, said: PageViewIn, site: str) -> None:
    """Keep it when it is its turn; who waits longer for one than for the database is counted as lost."""
    state = request.app.state
    if not hasattr(state, "page_view_turns"):
        state.page_view_turns = asyncio.Semaphore(AT_WORK)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await state.page_view_turns.acquire()
    except TimeoutError as error:
        _lost(error)
        return
    try:
        await run_in_threadpool(_keep, here, said, site)
    finally:
        state.page_view_turns.release()


def _keep(here: Nurture, said: PageViewIn, site: str) -> None:
    try:
        became = _kept(here, said, site)
    except (SQLAlchemyError, Busy) as error:
        _lost(error)
    else:
        PAGE_VIEWS.labels(became).inc()


def _lost(error: Exception) -> None:
    # the page cannot do anything about it, and its visitor is not to see an error: ops do
    _log.error("page_view_not_kept", reason=type(error).__name__, do="look at /health/ready: is the database well?")
    PAGE_VIEWS.labels("lost").inc()


def _kept(here: Nurture, said: PageViewIn, site: str) -> str:
    now = here.clock.now()
    came = LinkTokens.of(here.engine).read(said.token) if said.token else None
    definitions = here.store.current()
    sooner = definitions.sender.automatic_clicks.sooner_than.span if definitions.sender is not None else timedelta(0)
    with writing(here.engine, PATIENCE) as connection:
        if said.forget or said.type is None:
            page_views.forget(connection, said.visitor)
            return "forgotten"
        if came is not None and came.until >= now:
            page_views.come_by_mail(connection, said.visitor, came.send, now=now, not_before=sooner)
        view = PageView(said.visitor, said.id, said.type, said.subject, site)
        return page_views.take(connection, view, store=here.store, now=now)
