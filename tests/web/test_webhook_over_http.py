"""The provider's webhook: only what is signed is taken, and one bad item spoils no other."""

from __future__ import annotations

import base64
import json
import time

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from sqlalchemy import func, select

from adapters.database.engine import reading
from adapters.database.schema import events
from adapters.mail.webhook import SIGNATURE_HEADER, TIMESTAMP_HEADER
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
NOW = int(time.time())
BOUNCE = {"event": "bounce", "email": "l1@example.co.jp", "timestamp": NOW, "sg_event_id": "b1", "reason": "unknown"}


def signed(body: bytes) -> dict[str, str]:
    """The headers that the provider would send."""
    stamp = str(NOW)
    signature = PRIVATE.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {SIGNATURE_HEADER: base64.b64encode(signature).decode(), TIMESTAMP_HEADER: stamp}


@pytest.fixture
def provider(process: Process) -> httpx.AsyncClient:
    """A client without an API key, at a process that knows the provider's public key."""
    settings = Settings(api_key=SecretStr(KEY), public_url=HOST, sendgrid_webhook_keys=(PUBLIC,))
    return client_of(make_app(settings, process.engine, store=process.store, clock=process.clock), None)


async def post(client: httpx.AsyncClient, items: object, **headers: str) -> httpx.Response:
    """Post a batch with a good signature, unless other headers are given."""
    body = json.dumps(items).encode()
    return await client.post("/webhooks/sendgrid", content=body, headers=headers or signed(body))


def stored(process: Process) -> int:
    """How many events there are."""
    with reading(process.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(events)).scalar_one())


async def test_a_signed_batch_is_stored_without_a_key(provider: httpx.AsyncClient, process: Process) -> None:
    """The signature is enough; the same batch again counts once."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    assert (await post(provider, [BOUNCE])).status_code == 200
    again = await post(provider, [BOUNCE])
    assert again.status_code == 200
    assert again.json()["duplicates"] == 1
    assert stored(process) == 1


async def test_a_bad_signature_is_401_and_stores_nothing(provider: httpx.AsyncClient, process: Process) -> None:
    """None at all, one of another body, and one that is no base64."""
    other = signed(b"[]")
    for headers in ({"x": "y"}, other, {**other, SIGNATURE_HEADER: "?"}):
        assert (await post(provider, [BOUNCE], **headers)).status_code == 401
    assert stored(process) == 0


async def test_a_signed_body_that_is_no_batch_is_422(provider: httpx.AsyncClient) -> None:
    """It says what to send."""
    answer = await post(provider, "text")
    assert answer.status_code == 422
    assert "array" in answer.json()["do"]


async def test_one_bad_item_spoils_no_other(provider: httpx.AsyncClient, process: Process) -> None:
    """The good item is kept; the bad one is named by its place."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    answer = await post(provider, [{"event": "exploded", "nurture_send": "k"}, BOUNCE])
    assert answer.status_code == 200
    assert [each["index"] for each in answer.json()["rejected"]] == [0]
    assert stored(process) == 1
