"""What came of a task is told by other programs: signed, or at a secret address; each answer counts once."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.database import api_keys, audit, handoffs
from adapters.database.engine import reading, writing
from adapters.sales_channels import signing
from adapters.settings import Settings
from nurture.commands import MakeHandoff
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app

TASK = "l1/seminar_to_demo/1/to_sales/1"
SECRETS = tuple(f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2))
WON = {"id": "deal-1", "handoff": TASK, "outcome": "won", "rep": "rep1@example.co.jp", "amount": 1200000}


@pytest.fixture
async def client(process: Process, tmp_path: Path) -> httpx.AsyncClient:
    """A client without a key, of a process with two secrets and one open task."""
    settings = Settings(
        home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST,
        sales_secrets=tuple(SecretStr(each) for each in SECRETS),
    )  # fmt: skip
    await process.client.post("/api/leads", json={"id": "l1"})
    command = MakeHandoff(
        lead="l1", handoff=TASK, queue="inside_sales", note=None, reasons=("requested: demo",),
        scenario="seminar_to_demo", enrolment=1, step="to_sales", visit=1, at=process.clock.now(), deployment=1,
    )  # fmt: skip
    with writing(process.engine) as connection:
        handoffs.make(connection, command, process.store.current())
    return client_of(make_app(settings, process.engine, store=process.store, clock=process.clock), None)


async def post(client: httpx.AsyncClient, said: Any, *, secret: str = SECRETS[0], age: float = 0) -> httpx.Response:
    """Send it signed, as it was `age` seconds ago."""
    body = json.dumps(said).encode()
    at = datetime.now(UTC) - timedelta(seconds=age)
    headers = {"Content-Type": "application/json", **signing.headers([secret], "msg", at, body)}
    return await client.post("/webhooks/sales", content=body, headers=headers)


def noted(process: Process) -> list[audit.Change]:
    """What the audit says of the task."""
    with reading(process.engine) as connection:
        return audit.rows(connection, 10, None, subject=TASK)[0]


async def test_a_deal_that_is_won_closes_the_task_once(client: httpx.AsyncClient, process: Process) -> None:
    """By the rep's address; the same id again changes nothing, another one comes too late."""
    first = await post(client, WON)
    assert (first.status_code, first.json()["became"]) == (200, "taken")
    assert (first.json()["task"]["state"], first.json()["task"]["rep"]) == ("won", "rep_1")
    again = await post(client, WON, secret=SECRETS[1])
    assert (again.status_code, again.json()["became"]) == (200, "duplicate")
    assert (await process.client.get("/api/leads/l1")).json()["stored_seq"] == 2
    late = await post(client, {**WON, "id": "deal-2", "outcome": "lost"})
    assert (late.status_code, late.json()["state"]) == (409, "won")


async def test_another_answer_under_the_same_id_is_refused(client: httpx.AsyncClient) -> None:
    """A CRM that uses the deal's id for everything hears of it, instead of losing what came of the task."""
    accepted = {"id": "deal-1", "handoff": TASK, "outcome": "accepted", "rep": "rep_1"}
    assert (await post(client, accepted)).json()["became"] == "taken"
    for other in (WON, {**accepted, "handoff": "another"}):
        answer = await post(client, other)
        assert (answer.status_code, answer.json()["where"]) == (409, "body.id")
        assert "said 'accepted' of" in answer.json()["title"] + answer.json().get("detail", "")
        assert answer.json()["do"].startswith("use an id for each answer")
    assert (await post(client, accepted)).json()["became"] == "duplicate"
    assert (await post(client, {**WON, "id": "deal-1-won"})).json()["task"]["state"] == "won"


@pytest.mark.parametrize("outcome", ["accepted", "returned", "won", "lost"])
async def test_every_outcome_is_taken(client: httpx.AsyncClient, process: Process, outcome: str) -> None:
    """With a rep by name, and the reason that `returned` wants; auditors see who said it, and once."""
    said = {"id": "1", "handoff": TASK, "outcome": outcome, "rep": "rep_1", "reason": "時期尚早"}
    for became in ("taken", "duplicate"):
        answer = await post(client, said)
        assert (answer.status_code, answer.json()["task"]["state"]) == (200, outcome)
        assert answer.json()["became"] == became
    did = {"accepted": "accept_task", "returned": "return_task"}.get(outcome, "close_task")
    assert [(each.by, each.via, each.did, each.subject, each.reason) for each in noted(process)] == [
        ("sales webhook", "key", did, TASK, "時期尚早")
    ]


async def test_nobody_else_is_believed(client: httpx.AsyncClient) -> None:
    """No signature, that of a third secret, an old one, another body."""
    stranger = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    assert (await client.post("/webhooks/sales", json=WON)).status_code == 401
    assert (await post(client, WON, secret=stranger)).status_code == 401
    assert (await post(client, WON, age=301)).status_code == 401
    assert (await post(client, WON, age=-310)).status_code == 401
    headers = signing.headers(SECRETS, "msg", datetime.now(UTC), b"{}")
    assert (await client.post("/webhooks/sales", content=json.dumps(WON), headers=headers)).status_code == 401
    assert (await post(client, WON, age=290)).status_code == 200


async def test_without_secrets_nothing_is_taken_as_signed(process: Process) -> None:
    """An empty list is not a key that fits everything."""
    assert (await post(client_of(process.app, None), WON)).status_code == 401


async def test_a_tool_that_cannot_sign_has_an_address_of_its_own(client: httpx.AsyncClient, process: Process) -> None:
    """That of a key with the role `crm`, and no other; not even an admin's belongs into an address."""
    with writing(process.engine) as connection:
        secret = api_keys.add(connection, "hubspot", "crm", datetime.now(UTC))
        other = api_keys.add(connection, "boss", "admin", datetime.now(UTC))
    for wrong in (other, KEY, "guessed"):
        assert (await client.post(f"/webhooks/sales/{wrong}", json=WON)).status_code == 401
    answer = await client.post(f"/webhooks/sales/{secret}", json=WON)
    assert (answer.status_code, answer.json()["task"]["state"]) == (200, "won")
    assert (await client.get("/api/handoffs", headers={"Authorization": f"Bearer {secret}"})).status_code == 403
    (change,) = noted(process)
    assert (change.by, change.via, change.role, change.did) == ("hubspot", "key", "crm", "close_task")
    assert secret not in str(change)


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"handoff": "none"}, 404, "body.handoff"),
        ({"rep": "rep_9"}, 422, "body.rep"),
        ({"outcome": "expired"}, 422, "body.outcome"),
        ({"outcome": "returned"}, 422, "body"),
        ({"amount": -1}, 422, "body.amount"),
        ({"amount": 1.5}, 422, "body.amount"),
        ({"id": ""}, 422, "body.id"),
        ({"odd": 1}, 422, "body.odd"),
    ],
)
async def test_what_is_wrong_is_said(
    client: httpx.AsyncClient, changed: dict[str, Any], status: int, where: str
) -> None:
    """What, where and what to do; nothing of it is kept, so the same id is good once it is mended."""
    answer = await post(client, {**WON, **changed})
    assert (answer.status_code, answer.json()["where"]) == (status, where)
    assert answer.json()["do"]
    assert (await post(client, WON)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"\xff", b'"x"', b'{"id": "1", "id": "2"}'])
async def test_a_body_that_is_no_object_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    """Signed by somebody who should know better."""
    headers = signing.headers(SECRETS, "msg", datetime.now(UTC), body)
    assert (await client.post("/webhooks/sales", content=body, headers=headers)).status_code == 422
