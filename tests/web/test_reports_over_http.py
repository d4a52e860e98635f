"""The 4R of a segment and the journey map over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import insert

from adapters.database.engine import writing
from adapters.database.schema import handoffs
from tests.web.process import Process
from web import reports

REPORT = "/api/segments/midsize_infrastructure/report"


async def test_a_segment_is_reported_on_with_its_figures(process: Process) -> None:
    """Two leads, one that fits and was won, and one that does not: the figures, too few for a verdict."""
    for name, employees in (("l1", 80), ("l2", 20)):
        body = {"id": name, "attributes": {"employees": employees, "industry": "telecom", "region": "関東"}}
        assert (await process.client.post("/api/leads", json=body)).status_code == 201
    with writing(process.engine) as connection:
        now = datetime.now(UTC)
        row = {"id": "h", "lead": "l1", "queue": "inside_sales", "state": "won", "made_at": now, "closed_at": now}
        connection.execute(insert(handoffs).values(**row))
    found = (await process.client.get(REPORT, params={"floor": 1})).json()
    assert (found["leads"], found["won"], found["name"]) == (2, 1, "midsize_infrastructure")
    assert found["axes"] == ["demographic", "geographic"]
    assert (found["rank"]["verdict"], found["rank"]["inside"]["hits"], found["rank"]["lift"]) == ("too_few", 1, 1.0)
    assert (found["realistic"]["verdict"], found["realistic"]["months"]) == ("good", [1])
    assert [each["share"]["hits"] for each in found["response"]["parts"]] == [2, 2, 2]


async def test_the_journey_map_is_shown_with_the_steps_that_serve_it(client: httpx.AsyncClient) -> None:
    """As it is written, and its check of nobody."""
    found = (await client.get("/api/journey")).json()
    assert [phase["phase"] for phase in found["phases"]] == ["research", "comparison", "decision"]
    assert found["phases"][1]["steps"] == ["seminar_to_demo/seminar_invite", "trial_onboarding/welcome"]
    assert (found["qualifying"], found["phases"][2]["actions"][0]) == ({"from": "comparison"}, {"requested": "demo"})
    check = (await client.get("/api/journey/check")).json()
    assert (check["leads"], check["phases"][0]["actions"][0]["reality"]) == (0, "too_few")


async def test_what_is_not_there_is_a_problem(empty: Process, process: Process) -> None:
    """An unknown segment with near names; no map before anything is deployed; no key."""
    answer = await process.client.get("/api/segments/midsize/report")
    assert (answer.status_code, "midsize_infrastructure" in answer.json()["do"]) == (404, True)
    assert (await process.anybody().get(REPORT)).status_code == 401


async def test_without_a_map_there_is_none_to_show(empty: Process) -> None:
    """404 with what to do."""
    for path in ("/api/journey", "/api/journey/check"):
        answer = await empty.client.get(path)
        assert (answer.status_code, answer.json()["where"]) == (404, "journey_map.yaml")


async def test_too_many_leads_are_left_to_the_command_line(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than are read for an answer: 409, and the command that takes any number."""
    monkeypatch.setattr(reports, "MOST", 1)
    for name in ("l1", "l2"):
        for path in (REPORT, "/api/journey/check"):
            assert (await client.get(path)).status_code == 200
        await client.post("/api/leads", json={"id": name})
    answer = await client.get(REPORT)
    assert (answer.status_code, "nurture segments report" in answer.json()["do"]) == (409, True)
    assert (await client.get("/api/journey/check")).status_code == 409
