"""The built-in mail provider as HTTP: the routes SendGrid has, and the thread that tells its events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.mail.disorder import TIDY, Disorder
from adapters.mail.faults import Drop, Faults, Slow, Stall
from adapters.mail.outbox import Outbox
from adapters.mail.sendgrid import DEADLINE_HEADER
from adapters.mail.sink import NEVER_TELLS, Sink, SinkAnswer
from web.context import Here, Nurture

router = APIRouter(prefix="/sink", tags=["sink"], include_in_schema=False)
"""To be included only where the sink is the mail provider. Its own bearer key guards it."""


class HangsUp:
    """Around the whole app: lets the sink close a connection in the place of an answer, as networks do.

    No server of ours has a word for that, so the connection is taken from uvicorn's own object behind `send`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope["nurture.hang_up"] = transport.abort
        await self._app(scope, receive, send)


@asynccontextmanager
async def running_outbox(app: FastAPI, nurture: Nurture, disorder: Disorder | None = None) -> AsyncIterator[Outbox]:
    """Post the sink's events to this web process's own webhook for as long as the app runs.

    As untidily as the sink's faults say, or always by a disorder of one's own.
    """
    outbox = await run_in_threadpool(
        Outbox,
        nurture.engine,
        f"{nurture.settings.web_url}/webhooks/sendgrid",
        disorder=disorder or TIDY,
        faults=faults_of(app, nurture) if disorder is None else None,
        speed=lambda: nurture.clock.epoch.speed,
    )
    app.state.outbox = outbox
    outbox.start()
    try:
        yield outbox
    finally:
        await run_in_threadpool(outbox.stop)


def faults_of(app: Any, nurture: Nurture) -> Faults:
    """The sink's faults, as all of this web process sees them."""
    found = getattr(app.state, "faults", None)
    if not isinstance(found, Faults):
        found = app.state.faults = Faults(nurture.engine)
    return found


def waker(request: Request) -> Callable[[], None]:
    """What makes the outbox look for new events at once; nothing where it runs in another process."""
    outbox = getattr(request.app.state, "outbox", None)
    return outbox.wake if isinstance(outbox, Outbox) else lambda: None


@router.post("/v3/mail/send")
async def send(request: Request, here: Here) -> Response:
    """Take a mail as SendGrid does."""
    body = await request.body()
    authorization, deadline = request.headers.get("authorization"), request.headers.get(DEADLINE_HEADER)
    answer, fault = await run_in_threadpool(
        _sink(request, here).send, body, authorization, deadline, faults_of(request.app, here)
    )
    if isinstance(fault, Slow | Stall):
        await asyncio.sleep(fault.seconds)
    if isinstance(fault, Stall | Drop):
        request.scope["nurture.hang_up"]()
    return _response(answer)


@router.post("/v3/recipients/erasejob")
async def erase(request: Request, here: Here) -> Response:
    """Forget addresses as SendGrid does."""
    body = await request.body()
    return _response(await run_in_threadpool(_sink(request, here).erase, body, request.headers.get("authorization")))


@router.get("/v3/messages")
def messages(request: Request, here: Here, query: Annotated[str, Query()] = "") -> Response:
    """The mails with one send key, as SendGrid's activity feed lists them."""
    if faults_of(request.app, here).strikes("no_lookup") is not None:
        return _response(NEVER_TELLS)
    return _response(_sink(request, here).messages(query, request.headers.get("authorization")))


def _sink(request: Request, here: Nurture) -> Sink:
    return Sink(here.engine, here.clock, waker(request))


def _response(answer: SinkAnswer) -> Response:
    headers = dict(answer.headers)
    if answer.message_id:
        headers["X-Message-Id"] = answer.message_id
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    return JSONResponse(dict(answer.body), status_code=answer.status, headers=headers)
