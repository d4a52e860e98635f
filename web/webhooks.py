"""The route at which the mail provider tells what became of mails; refuses everything without its signature."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from adapters.database.engine import writing
from adapters.database.mail_events import MailAnswer, accept_mail
from adapters.mail.provider import webhook_keys
from adapters.mail.webhook import SIGNATURE_HEADER, TIMESTAMP_HEADER, Batch, MalformedWebhook, parse, verify
from web.context import Here, Nurture
from web.counting import MAIL_EVENTS, REFUSED
from web.intake import PATIENCE, take
from web.problems import Refusal

router = APIRouter(tags=["webhooks"])

_log = structlog.get_logger()


_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
}


@router.post(
    "/webhooks/sendgrid",
    summary="Mail events, signed by the provider",
    openapi_extra={"requestBody": _BODY},
    responses={
        401: {"description": "The signature does not fit"},
        503: {"description": "Too much at once, or the database is busy; nothing was kept, see Retry-After"},
    },
)
async def sendgrid(request: Request, here: Here) -> Response:
    """Event Webhook: verified on the raw body; stored in one transaction before the answer."""
    signature, timestamp = request.headers.get(SIGNATURE_HEADER), request.headers.get(TIMESTAMP_HEADER)
    if not signature or not timestamp:  # before its body is waited for
        raise _unsigned(0, signed=False)
    batch, answer = await take(request, "/webhooks/sendgrid", _take, here, signature, timestamp)
    MAIL_EVENTS.labels("accepted").inc(answer.accepted)
    MAIL_EVENTS.labels("duplicate").inc(answer.duplicates)
    MAIL_EVENTS.labels("ignored").inc(answer.ignored + batch.foreign)
    MAIL_EVENTS.labels("rejected").inc(len(batch.rejected))
    told = {
        "accepted": answer.accepted,
        "duplicates": answer.duplicates,
        "foreign": batch.foreign,
        "rejected": [{"index": each.index, "reason": each.reason} for each in batch.rejected],
    }
    return JSONResponse(told)


def _unsigned(length: int, *, signed: bool) -> Refusal:
    REFUSED.labels("signature").inc()
    _log.warning("webhook_signature_refused", bytes=length, signed=signed)
    return Refusal(
        401,
        "the signature of the webhook does not fit",
        where=f"header {SIGNATURE_HEADER}",
        do="put the provider's public key into NURTURE_SENDGRID_WEBHOOK_KEYS",
    )


def _take(here: Nurture, signature: str | None, timestamp: str | None, body: bytes) -> tuple[Batch, MailAnswer]:
    if not verify(body, signature, timestamp, webhook_keys(here.settings, here.engine)):
        raise _unsigned(len(body), signed=True)
    try:
        batch = parse(body, now=here.clock.now())
    except MalformedWebhook as error:
        REFUSED.labels("malformed").inc()
        _log.warning("webhook_malformed", bytes=len(body), reason=error.what)
        raise
    for each in batch.rejected:
        _log.warning("webhook_item_rejected", index=each.index, reason=each.reason)
    if not batch.events:
        return batch, MailAnswer()
    sender = here.store.current().sender
    with writing(here.engine, PATIENCE) as connection:
        answer = accept_mail(connection, batch.events, here.clock.now(), sender)
    for stop in answer.stops:  # committed: whoever is told can look it up
        tell = _log.error if stop.state == "stopped" and stop.until is None else _log.warning
        do = "see `nurture mail stops` and docs/delivery.md"
        tell(f"mail_{stop.state}", scope=stop.scope, name=stop.name, reason=stop.reason, do=do)
    return batch, answer
