"""What a mail provider posts: signed batches of events as SendGrid writes them; refuses to know who takes them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.mail.outbox import Signer, body_of
from adapters.mail.port import SEND_KEY_ARGUMENT
from tests.bench.stage import PATIENCE

PATH = "/webhooks/sendgrid"


@dataclass(frozen=True, slots=True)
class Signed:
    """One request, ready to be posted: nothing of making it is measured."""

    body: bytes
    headers: Mapping[str, str]
    events: int


def event_of(lead: str, kind: str, timestamp: int, **more: Any) -> dict[str, Any]:
    """An event of the first mail of a lead of `Bench.waiting`, at unix seconds."""
    return {
        SEND_KEY_ARGUMENT: f"{lead}/waiting/1/first/1",
        "email": f"{lead}@example.com",
        "timestamp": timestamp,
        "smtp-id": f"<{secrets.token_urlsafe(16)}@example.com>",
        "category": ["nurture"],
        "event": kind,
        "ip": "192.0.2.1",
        "useragent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "sg_event_id": secrets.token_urlsafe(36),
        "sg_message_id": f"{secrets.token_urlsafe(16)}.recvd-5f9c8d7b6-abcde-1-66F0A1B2-2.0",
        **more,
    }


def signed(signer: Signer, events: Sequence[Mapping[str, Any]]) -> Signed:
    """One batch."""
    body = body_of(events)
    return Signed(body, signer.headers(body), len(events))


async def post(web: httpx.AsyncClient, request: Signed) -> None:
    """Hand it in; raises where it is not acknowledged, or not every event of it was new."""
    answer = await web.post(PATH, content=request.body, headers=dict(request.headers))
    if answer.raise_for_status().json()["accepted"] != request.events:
        raise SystemExit(f"{request.events} events were told, and the answer was {answer.text}")


def client_of(url: str) -> httpx.AsyncClient:
    """A client without any key: the signature is all that counts."""
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE.total_seconds())
