"""Why a lead scores and how far it is from hot, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from adapters.database.engine import writing
from adapters.database.schema import events
from tests.web.process import Process

LEAD = {"id": "l1", "attributes": {"employees": 120, "industry": "telecom"}}


def told(identity: str, type: str, subject: str, ago: timedelta = timedelta(0)) -> dict[str, str]:
    """An event of the lead."""
    at = (datetime.now(UTC) - ago).isoformat()
    return {"id": identity, "lead": "l1", "type": type, "subject": subject, "at": at}


async def tell(client: httpx.AsyncClient, *several: dict[str, str]) -> None:
    """Post them."""
    assert (await client.post("/events", json={"events": list(several)})).json()["accepted"] == len(several)


async def test_the_score_is_explained_by_item_and_event(client: httpx.AsyncClient) -> None:
    """The sums are those that the lead shows; each event says what it gave and what is left of it."""
    await client.post("/api/leads", json=LEAD)
    await tell(client, told("a", "visited", "/pricing", timedelta(days=30)), told("b", "visited", "/pricing"))
    found = (await client.get("/api/leads/l1/score")).json()
    items = {each["item"]: each for each in found["items"]}
    assert items["employees_100"] == {"item": "employees_100", "kind": "attribute", "points": 15, "events": []}
    fresh, old = items["pricing_page"]["events"]
    assert (fresh["type"], fresh["subject"], fresh["points"]) == ("visited", "/pricing", 15)
    assert (old["points"], old["faded"]) == (15, pytest.approx(7.5, abs=0.01))
    shown = (await client.get("/api/leads/l1")).json()["score"]
    assert found["total"] == pytest.approx(shown["total"], abs=0.001)
    assert {item: each["points"] for item, each in items.items()} == pytest.approx(shown["items"], abs=0.001)


async def test_a_past_score_is_given_as_known_then_and_as_known_now(process: Process) -> None:
    """A request that was a machine's counted until it was taken back."""
    client = process.client
    await client.post("/api/leads", json=LEAD)
    await tell(client, told("a", "requested", "demo"))
    day = datetime.now(UTC)
    with writing(process.engine) as conn:
        conn.execute(update(events).values(automatic=True, reversed_at=day + timedelta(seconds=1)))
    asked = {"at": day.isoformat()}
    totals = {
        known: (await client.get("/api/leads/l1/score", params={**asked, "known": known})).json()["total"]
        for known in ("then", "now")
    }
    assert totals == {"then": 75, "now": 25}


async def test_how_far_a_lead_is_from_hot_is_a_tree(client: httpx.AsyncClient) -> None:
    """What is missing of each rule, with what could give it; once one is met, it is the reason."""
    await client.post("/api/leads", json=LEAD)
    found = (await client.get("/api/leads/l1/hot")).json()
    assert (found["meets"], found["hot"], found["reasons"], found["phase"]) == (False, False, [], "research")
    rules = found["definition"]["parts"][0]["parts"]
    assert rules[0]["lacks"] == "95 point(s) more: it is 25 of 120"
    best = {"item": "demo_request", "how": "requested: demo", "points": 50, "most": 50, "unknown": []}
    assert rules[0]["could"][0] == best
    assert [part["met"] for part in rules[1]["parts"]] == [False, False]
    assert rules[2]["parts"][0]["lacks"] == "it is in research"
    await tell(client, told("a", "attended", "consultation"), told("b", "attended", "seminar/2026-12"))
    found = (await client.get("/api/leads/l1/hot")).json()
    assert found["meets"]
    assert "did attended: consultation" in found["reasons"][0]


@pytest.mark.parametrize("what", ["score", "hot"])
async def test_what_cannot_be_explained_says_why(process: Process, client: httpx.AsyncClient, what: str) -> None:
    """404 for an unknown lead, 422 for a date that is none, 401 without a key."""
    assert (await client.get(f"/api/leads/nobody/{what}")).status_code == 404
    await client.post("/api/leads", json=LEAD)
    for at in ("yesterday", "0001-01-01", "9999-12-31T23:59:59-12:00"):
        answer = await client.get(f"/api/leads/l1/{what}", params={"at": at})
        assert answer.status_code == 422
        assert answer.json()["where"] == "query.at"
    assert (await client.get(f"/api/leads/l1/{what}", params={"known": "later"})).status_code == 422
    assert (await process.anybody().get(f"/api/leads/l1/{what}")).status_code == 401
