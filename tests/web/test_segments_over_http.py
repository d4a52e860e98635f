"""Segments over HTTP: what they ask, who is in them, and who may look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from adapters.database import api_keys
from adapters.database.engine import writing
from tests.web.process import Process

MIDSIZE = "/api/segments/midsize_infrastructure"
FITS = {"employees": 80, "industry": "telecom"}


async def filled(client: httpx.AsyncClient) -> None:
    """Five leads that fit, and two that do not."""
    for number in range(5):
        said = {
            "id": f"in_{number}",
            "email": f"{number}@example.jp",
            "attributes": {"employees": 80, "industry": "telecom"},
        }
        assert (await client.post("/api/leads", json=said)).status_code == 201
    for name, attributes in (("small", {"employees": 8, "industry": "telecom"}), ("unknown", {})):
        assert (await client.post("/api/leads", json={"id": name, "attributes": attributes})).status_code == 201


async def test_segments_are_listed_with_what_they_ask(client: httpx.AsyncClient) -> None:
    """By name, a page at a time; axes and the scenarios that they lead into."""
    first = (await client.get("/api/segments", params={"limit": 1})).json()
    assert [each["segment"] for each in first["items"]] == ["dormant"]
    second = (await client.get(first["next"])).json()
    (midsize,) = second["items"]
    assert second["next"] is None
    assert midsize["axes"] == ["demographic", "geographic"]
    assert midsize["scenarios"] == ["seminar_to_demo"]
    assert midsize["when"]["all"][0] == {"attribute": "employees", "at_least": 50, "at_most": 100}


async def test_its_leads_come_in_pages_with_their_number(client: httpx.AsyncClient) -> None:
    """Each lead once, without its address; only the first page is counted."""
    await filled(client)
    shown = (await client.get(MIDSIZE, params={"limit": 2})).json()
    assert (shown["leads"], shown["total"], shown["title"]) == (
        5,
        7,
        "中堅インフラ企業(通信・放送・ライフライン、50〜100 名)",
    )
    assert shown["items"][0] == {"id": "in_0", "attributes": {"employees": 80, "industry": "telecom"}}
    found: list[str] = []
    while True:
        found += [each["id"] for each in shown["items"]]
        if shown["next"] is None:
            break
        shown = (await client.get(shown["next"])).json()
        assert shown["leads"] is None
    assert found == [f"in_{number}" for number in range(5)]


async def test_an_unknown_segment_is_404_with_near_names(client: httpx.AsyncClient) -> None:
    """As for every other name."""
    answer = await client.get("/api/segments/dormnt")
    assert answer.status_code == 404
    assert "dormant" in answer.json()["do"]


@pytest.mark.parametrize(("role", "status"), [("marketer", 200), ("sales", 200), ("ops", 200), ("intake", 403)])
async def test_whoever_may_read_leads_may_read_segments(process: Process, role: Any, status: int) -> None:
    """A key for handing in events reads nothing; without a key nobody does."""
    with writing(process.engine) as conn:
        key = api_keys.add(conn, role, role, datetime.now(UTC))
    for path in ("/api/segments", MIDSIZE):
        assert (await process.anybody(key).get(path)).status_code == status
        assert (await process.anybody().get(path)).status_code == 401
