"""The route at which the mail provider hands in what leads write back; refuses everything without its secret.

Inbound Parse is not signed: the last part of the address is a key with the role `inbound`. What can never be used is
answered 2xx, since a 4xx would only be lost without a word; a database that is away, 5xx, which the provider tries
again for 72 hours.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from adapters.database import api_keys
from adapters.database.engine import reading, writing
from adapters.database.replies import Taken, take
from adapters.mail.inbound import Inbound, MalformedInbound, read
from nurture.roles import Role
from web.context import Here, Nurture
from web.counting import REPLIES
from web.problems import Refusal
from web.rates import address_of, rates_of

router = APIRouter(tags=["webhooks"])

_log = structlog.get_logger()
_ROLE: Role = "inbound"

_BODY = {"required": True, "content": {"multipart/form-data": {"schema": {"type": "object"}}}}


@router.post(
    "/webhooks/inbound/{secret}",
    summary="Mails that leads write back, as SendGrid's Inbound Parse posts them",
    openapi_extra={"requestBody": _BODY},
    responses={401: {"description": "The secret is none of ours"}, 413: {"description": "More than 30 MB"}},
)
async def inbound(request: Request, here: Here, secret: str) -> Response:
    """Parsed fields or the raw mail; stored with all that follows in one transaction before the answer."""
    if not await run_in_threadpool(_may, here, secret):
        rates_of(request).take("posts", address_of(request))  # secrets are not to be guessed
        REPLIES.labels("refused").inc()
        raise Refusal(
            401,
            "nobody hands in mail at this address",
            where="the last part of the path",
            do="make a secret with `nurture keys add --role inbound --name sendgrid`",
        )
    body = await request.body()  # only now: who has no secret fills no memory
    try:
        mail = await run_in_threadpool(read, body, request.headers.get("content-type", ""))
    except MalformedInbound as error:
        REPLIES.labels("malformed").inc()
        _log.warning("inbound_malformed", bytes=len(body), reason=error.what)
        return JSONResponse({"taken": "malformed", "reason": error.what})
    taken = await run_in_threadpool(take_in, here, mail)
    return JSONResponse({"taken": taken.became})


def take_in(here: Nurture, mail: Inbound) -> Taken:
    """Take one mail in, count it, and say so in the log without a name."""
    with writing(here.engine) as connection:
        taken = take(connection, mail, here.clock.now())
    REPLIES.labels(taken.became).inc()
    _log.info("reply_taken", became=taken.became, lead=taken.lead)
    return taken


def _may(here: Nurture, secret: str) -> bool:
    with reading(here.engine) as connection:
        found = api_keys.known(connection, secret)
    return found is not None and found.role == _ROLE  # no other key, not even an admin's, belongs into an address
