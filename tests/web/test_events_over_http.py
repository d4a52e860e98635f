"""Events over HTTP: what is taken, what is refused, and what waits for its lead."""

from __future__ import annotations

import httpx
import pytest

from tests.web.process import Process

LEAD = {"id": "l1", "email": "l1@example.co.jp"}


def event(number: int = 1, **changes: object) -> dict[str, object]:
    """One good event."""
    return {"id": f"e{number}", "lead": "l1", "type": "visited", "subject": "/pricing", **changes}


async def test_good_events_are_kept_and_bad_ones_answered_with_their_reason(client: httpx.AsyncClient) -> None:
    """202; the rest of the batch does not suffer from a bad event, and near names are offered."""
    await client.post("/api/leads", json=LEAD)
    body = {"events": [event(), event(2, type="visitid"), event(3, lead={"email": "L1@example.co.jp"}), {"id": "e4"}]}
    answer = await client.post("/events", json=body)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["duplicates"]) == (2, 0)
    assert [each["index"] for each in told["rejected"]] == [1, 3]
    assert "visited" in told["rejected"][0]["reason"]


async def test_the_same_id_counts_once(client: httpx.AsyncClient) -> None:
    """In one batch and in a later one."""
    await client.post("/api/leads", json=LEAD)
    first = (await client.post("/events", json={"events": [event(), event()]})).json()
    again = await client.post("/events", json={"events": [event()]})
    assert (first["accepted"], first["duplicates"]) == (1, 1)
    assert again.status_code == 202
    assert again.json()["duplicates"] == 1


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"events": 1}', b'{"events": []}', b'{"events": [{"id": "e1"}]}', b"\xff"]
)
async def test_a_batch_without_a_good_event_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    """As problem+json that says what to send."""
    answer = await client.post("/events", content=body)
    assert answer.status_code == 422
    assert answer.json()["what"]
    assert answer.json()["do"]


async def test_more_than_a_thousand_events_are_413(client: httpx.AsyncClient) -> None:
    """And none of them is kept."""
    answer = await client.post("/events", json={"events": [event(number) for number in range(1001)]})
    assert answer.status_code == 413
    assert (await client.get("/api/events?parked=true")).json()["items"] == []


async def test_more_than_five_megabytes_are_413(client: httpx.AsyncClient) -> None:
    """Whether the length is told before or only found while reading."""

    async def pieces() -> object:
        for _ in range(6):
            yield b"x" * 1024 * 1024

    assert (await client.post("/events", content=b"x" * (5 * 1024 * 1024 + 1))).status_code == 413
    answer = await client.post("/events", content=pieces())  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_event_of_an_unknown_lead_waits_for_it(client: httpx.AsyncClient) -> None:
    """It is listed as parked, and no more once the lead is there."""
    await client.post("/events", json={"events": [event(lead={"email": "l1@example.co.jp"})]})
    parked = (await client.get("/api/events?parked=true")).json()["items"]
    assert [(each["id"], each["lead"]) for each in parked] == [("e1", {"email": "l1@example.co.jp"})]
    await client.post("/api/leads", json=LEAD)
    assert (await client.get("/api/events?parked=true")).json() == {"items": [], "next": None}


async def test_a_lead_with_an_event_on_its_way_is_waited_for(process: Process) -> None:
    """An acknowledged event without a number counts as not applied yet."""
    await process.client.post("/api/leads", json=LEAD)
    before = process.clock.now()
    await process.client.post("/events", json={"events": [event()]})
    await process.client.get("/api/leads/l1?wait=0.3")
    assert (process.clock.now() - before).total_seconds() >= 0.3
