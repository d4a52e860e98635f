"""What goes wrong at the webhook and beside it: every line of it refused alone, cleaned, or taken as it should be."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from sqlalchemy import insert, select

from adapters.database.engine import reading, writing
from adapters.database.schema import events, leads, sends, suppressions
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from adapters.mail.webhook import SIGNATURE_HEADER, TIMESTAMP_HEADER
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app

OLD, NEW, STRANGE = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
SEND = "l1/seminar_to_demo/1/newsletter/1"


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """As the settings have it."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, spki)).decode()


def door(process: Process, *keys: ec.EllipticCurvePrivateKey) -> httpx.AsyncClient:
    """The webhook of a process that knows these keys."""
    settings = Settings(api_key=SecretStr(KEY), public_url=HOST, sendgrid_webhook_keys=tuple(map(public, keys)))
    return client_of(make_app(settings, process.engine, store=process.store, clock=process.clock), None)


async def post(client: httpx.AsyncClient, body: bytes | list[Any], key: ec.EllipticCurvePrivateKey) -> httpx.Response:
    """Post a signed body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(datetime.now(UTC).timestamp()))
    signature = base64.b64encode(key.sign(stamp.encode() + raw, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: stamp}
    return await client.post("/webhooks/sendgrid", content=raw, headers=headers)


def item(kind: str = "open", *, ago: timedelta = timedelta(hours=1), **said: Any) -> dict[str, Any]:
    """One event of the lead's mail."""
    at = int((datetime.now(UTC) - ago).timestamp())
    return {"event": kind, "email": "l1@example.co.jp", "timestamp": at, "nurture_send": SEND, **said}


@pytest.fixture
def mailed(process: Process) -> Process:
    """A lead with a mail that went three days ago."""
    sent = datetime.now(UTC) - timedelta(days=3)
    with writing(process.engine) as conn:
        conn.execute(
            insert(leads).values(id="l1", email="l1@example.co.jp", language="ja", attributes={}, created_at=sent)
        )
        conn.execute(
            insert(sends).values(
                key=SEND, lead="l1", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", deployment=1, state="accepted", attempted_at=sent, accepted_at=sent,
                cancelled_issue=0,
            )
        )  # fmt: skip
    return process


def times(process: Process) -> list[datetime]:
    """When the stored events happened."""
    with reading(process.engine) as conn:
        return list(conn.execute(select(events.c.at).order_by(events.c.at)).scalars())


async def test_rule_9_the_old_and_the_new_key_are_both_good_while_they_are_changed(mailed: Process) -> None:
    """Two keys at once; once the old one is taken out, it is refused and nothing of it is stored."""
    both, after = door(mailed, OLD, NEW), door(mailed, NEW)
    assert (await post(both, [item(sg_event_id="1")], OLD)).status_code == 200
    assert (await post(both, [item(sg_event_id="2", ago=timedelta(hours=2))], NEW)).status_code == 200
    assert (await post(both, [item(sg_event_id="3")], STRANGE)).status_code == 401
    assert (await post(after, [item(sg_event_id="4")], OLD)).status_code == 401
    assert len(times(mailed)) == 2


@pytest.mark.parametrize("hours", [1, 23, 25, 60])
async def test_rule_9_an_event_of_a_day_ago_and_later_is_taken_and_judged_by_its_time(
    mailed: Process, hours: int
) -> None:
    """A provider tries for 24 hours and more: it counts when it happened, not when it came."""
    told = item(ago=timedelta(hours=hours))
    assert (await post(door(mailed, NEW), [told], NEW)).json()["accepted"] == 1
    (at,) = times(mailed)
    assert at == datetime.fromtimestamp(told["timestamp"], UTC)


@pytest.mark.parametrize(
    "bad",
    [
        {"timestamp": 0}, {"timestamp": -1}, {"timestamp": 4102444800}, {"timestamp": 1e300}, {"timestamp": "soon"},
        {"timestamp": None}, {"timestamp": True}, {"event": "exploded"}, {"event": None}, {"event": {"x": 1}},
        {"nurture_send": 5}, {"email": ["a"]}, {"sg_event_id": {"x": []}},
    ],
)  # fmt: skip
async def test_rule_9_a_poisoned_item_is_refused_alone_with_its_reason(mailed: Process, bad: dict[str, Any]) -> None:
    """1970, 2100, no time, no type, types of another kind: named by its place, counted, and its neighbours are kept."""
    batch = [item(sg_event_id="1"), {**item(sg_event_id="2"), **bad}, item("delivered", sg_event_id="3")]
    answer = await post(door(mailed, NEW), batch, NEW)
    told = answer.json()
    assert (answer.status_code, told["accepted"]) == (200, 2)
    ((index, reason),) = [(each["index"], each["reason"]) for each in told["rejected"]]
    assert (index, bool(reason)) == (1, True)
    shown = (await mailed.client.get("/metrics")).text
    assert 'nurture_webhook_events_total{result="rejected"}' in shown


@pytest.mark.parametrize("path", ["/webhooks/sendgrid", "/events"])
async def test_rule_9_ten_megabytes_are_413(mailed: Process, path: str) -> None:
    """Told by its length or only found out while it comes; nothing is stored."""
    body = b"[" + b" " * (10 * 2**20) + b"]"

    async def pieces() -> Any:
        for start in range(0, len(body), 2**16):
            yield body[start : start + 2**16]

    signed = {SIGNATURE_HEADER: "c2lnbmVk", TIMESTAMP_HEADER: "1"}  # else nobody waits for its body
    assert (await mailed.client.post(path, content=body, headers=signed)).status_code == 413
    assert (await mailed.client.post(path, content=pieces(), headers=signed)).status_code == 413
    assert times(mailed) == []


@pytest.mark.parametrize("body", [b'[{"event": "open", "ema', b"", b"[1, 2", b"\xff\xfe", b"[" * 100_000])
async def test_rule_9_a_body_that_breaks_off_is_422_and_says_what_to_send(mailed: Process, body: bytes) -> None:
    """Signed or not, at both doors."""
    for answer in (await post(door(mailed, NEW), body, NEW), await mailed.client.post("/events", content=body)):
        assert answer.status_code == 422
        assert answer.json()["do"]
    assert times(mailed) == []


async def test_rule_3_thousands_of_duplicates_under_new_ids_count_once(mailed: Process) -> None:
    """30 things that happened, told 4,500 times in five batches, each time under another id."""
    many = [
        item(("open", "click", "delivered")[n % 3], ago=timedelta(minutes=n), url=f"https://example.com/{n}")
        for n in range(30)
    ]
    client, accepted = door(mailed, NEW), 0
    for batch in range(5):
        told = [{**each, "sg_event_id": f"{batch}-{again}-{n}"} for again in range(30) for n, each in enumerate(many)]
        answer = (await post(client, told, NEW)).json()
        accepted += answer["accepted"]
        assert answer["accepted"] + answer["duplicates"] == 900
    assert accepted == len(times(mailed)) == 30


async def test_rule_9_an_address_in_another_script_is_cleaned_or_refused_with_the_reason(process: Process) -> None:
    """The domain has a spelling in ASCII; what stands before the @ has none."""
    refused = await process.client.post("/api/leads", json={"id": "l1", "email": "用户@例え.jp"})
    assert refused.status_code == 422
    assert "before the @" in refused.json()["what"]
    for number, address in enumerate(("taro@例え.jp", "ＨＡＮＡＫＯ＠Example.co.jp")):
        cleaned = await process.client.post("/api/leads", json={"id": f"m{number}", "email": address})
        assert cleaned.status_code == 201
    with reading(process.engine) as conn:
        assert conn.execute(select(leads.c.email).order_by(leads.c.id)).scalars().all() == [
            "taro@xn--r8jz45g.jp", "hanako@example.co.jp",
        ]  # fmt: skip
    told = {"events": [{"id": "e1", "lead": {"email": "taro@例え.jp"}, "type": "visited", "subject": "/x"}]}
    assert (await process.client.post("/events", json=told)).json()["accepted"] == 1
    assert (await process.client.get("/api/events?parked=true")).json()["items"] == []


async def test_rule_8_a_scanner_that_follows_every_unsubscribe_link_takes_nobody_off(mailed: Process) -> None:
    """Each of three leads' links, followed as scanners do: GET and HEAD, again and again; only a POST acts."""
    tokens, scanner = UnsubscribeTokens.of(mailed.engine), mailed.anybody()
    for number in range(3):
        path = f"/u/{tokens.token(Subscription('l1', 'newsletter', f'l1/seminar_to_demo/1/newsletter/{number}'))}"
        for ask in (scanner.get, scanner.head, scanner.get):
            answer = await ask(path, headers={"User-Agent": "scanner"}, follow_redirects=True)
            assert answer.status_code in (200, 405)
    with reading(mailed.engine) as conn:
        assert conn.execute(select(suppressions.c.id)).all() == []
        assert conn.execute(select(events.c.id)).all() == []
