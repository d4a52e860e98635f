"""The built-in mail provider as HTTP: the routes SendGrid has, and the thread that tells its events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from adapters.mail.outbox import TIDY, Disorder, Outbox
from adapters.mail.sendgrid import DEADLINE_HEADER
from adapters.mail.sink import Sink, SinkAnswer
from web.context import Here, Nurture

router = APIRouter(prefix="/sink", tags=["sink"], include_in_schema=False)
"""To be included only where the sink is the mail provider. Its own bearer key guards it."""


@asynccontextmanager
async def running_outbox(app: FastAPI, nurture: Nurture, disorder: Disorder = TIDY) -> AsyncIterator[Outbox]:
    """Post the sink's events to this web process's own webhook for as long as the app runs."""
    outbox = await run_in_threadpool(
        Outbox, nurture.engine, f"{nurture.settings.web_url}/webhooks/sendgrid", disorder=disorder
    )
    app.state.outbox = outbox
    outbox.start()
    try:
        yield outbox
    finally:
        await run_in_threadpool(outbox.stop)


def waker(request: Request) -> Callable[[], None]:
    """What makes the outbox look for new events at once; nothing where it runs in another process."""
    outbox = getattr(request.app.state, "outbox", None)
    return outbox.wake if isinstance(outbox, Outbox) else lambda: None


@router.post("/v3/mail/send")
async def send(request: Request, here: Here) -> Response:
    """Take a mail as SendGrid does."""
    body = await request.body()
    authorization, deadline = request.headers.get("authorization"), request.headers.get(DEADLINE_HEADER)
    return _response(await run_in_threadpool(_sink(request, here).send, body, authorization, deadline))


@router.post("/v3/recipients/erasejob")
async def erase(request: Request, here: Here) -> Response:
    """Forget addresses as SendGrid does."""
    body = await request.body()
    return _response(await run_in_threadpool(_sink(request, here).erase, body, request.headers.get("authorization")))


@router.get("/v3/messages")
def messages(request: Request, here: Here, query: Annotated[str, Query()] = "") -> Response:
    """The mails with one send key, as SendGrid's activity feed lists them."""
    return _response(_sink(request, here).messages(query, request.headers.get("authorization")))


def _sink(request: Request, here: Nurture) -> Sink:
    return Sink(here.engine, here.clock, waker(request))


def _response(answer: SinkAnswer) -> Response:
    headers = {"X-Message-Id": answer.message_id} if answer.message_id else {}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    return JSONResponse(dict(answer.body), status_code=answer.status, headers=headers)
