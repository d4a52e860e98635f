"""Scenarios over HTTP: what is deployed, as a picture, and what leads do in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from adapters.database import api_keys, timeline
from adapters.database.engine import writing
from adapters.database.schema import leads
from nurture.records import Line
from tests.web.process import Process

DEMO = "/api/scenarios/seminar_to_demo"


async def walked(process: Process) -> None:
    """Two leads that entered, one of them ten days ago; one has opened and stands at the invitation."""
    now = datetime.now(UTC)
    for number, days in enumerate((10, 0)):
        assert (await process.client.post("/api/leads", json={"id": f"lead_{number}"})).status_code == 201
        at = now - timedelta(days=days, minutes=5)
        told: list[tuple[str, str | None, str | None, str | None]] = [
            ("entered", None, None, None),
            ("arrived", "newsletter", None, None),
        ]
        if number == 0:
            told += [("reaction", "newsletter", "seminar_invite", "opened"), ("arrived", "seminar_invite", None, None)]
        with writing(process.engine) as conn:
            timeline.add(
                conn,
                f"lead_{number}",
                *(
                    Line(
                        at=at, kind="decision", what=what, subject=subject, scenario="seminar_to_demo", step=step,
                        visit=1, reason=reason, seq=2,
                    )
                    for what, step, subject, reason in told
                ),
            )  # fmt: skip
            step = "seminar_invite" if number == 0 else "newsletter"
            conn.execute(
                update(leads).where(leads.c.id == f"lead_{number}").values(scenario="seminar_to_demo", step=step)
            )


async def test_scenarios_are_listed_a_page_at_a_time(client: httpx.AsyncClient) -> None:
    """By name, with how many are in each."""
    first = (await client.get("/api/scenarios", params={"limit": 1})).json()
    (one,) = first["items"]
    assert (one["walking"], one["queued"], one["ended"]) == (0, 0, 0)
    assert one["steps"] > 1
    names = [one["scenario"]]
    following = first["next"]
    while following is not None:
        page = (await client.get(following)).json()
        names += [each["scenario"] for each in page["items"]]
        following = page["next"]
    assert names == sorted(names)
    assert "seminar_to_demo" in names


async def test_a_scenario_shows_who_came_by_and_who_stands_where(process: Process) -> None:
    """Over all time, or since a time ago; standing is always now."""
    await walked(process)
    shown = (await process.client.get(DEMO)).json()
    assert (shown["entered"], shown["standing"], shown["elsewhere"]) == (2, 2, 0)
    boxes = {each["box"]: each for each in shown["boxes"]}
    assert (boxes["step:newsletter"]["visits"], boxes["step:newsletter"]["standing"]) == (2, 1)
    (opened,) = [
        each
        for each in shown["arrows"]
        if (each["source"], each["target"]) == ("step:newsletter", "step:seminar_invite")
    ]
    assert (opened["taken"]["hits"], opened["taken"]["of"]) == (1, 1)
    lately = (await process.client.get(DEMO, params={"since": "7d"})).json()
    assert (lately["entered"], lately["standing"]) == (1, 2)


async def test_the_picture_carries_the_counts_and_leads_to_the_leads(process: Process) -> None:
    """As SVG; without counts it is the plain one."""
    await walked(process)
    answer = await process.client.get(f"{DEMO}/picture.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "のべ 2 回" in answer.text
    assert "/api/leads?scenario=seminar_to_demo&amp;step=newsletter" in answer.text
    assert "のべ" not in (await process.client.get(f"{DEMO}/picture.svg", params={"counts": "false"})).text


@pytest.mark.parametrize("since", ["soon", "5bd", "0d", "-3d"])
async def test_a_wrong_span_says_what_to_write(client: httpx.AsyncClient, since: str) -> None:
    """As for every report."""
    answer = await client.get(DEMO, params={"since": since})
    assert answer.status_code == 422
    assert answer.json()["where"] == "query.since"


@pytest.mark.parametrize("path", ["", "/picture.svg"])
async def test_an_unknown_scenario_is_404_with_near_names(client: httpx.AsyncClient, path: str) -> None:
    """As for every other name."""
    answer = await client.get(f"/api/scenarios/seminar_to_dem{path}")
    assert answer.status_code == 404
    assert "seminar_to_demo" in answer.json()["do"]


@pytest.mark.parametrize(("role", "status"), [("marketer", 200), ("sales", 200), ("ops", 200), ("intake", 403)])
async def test_whoever_may_read_may_read_scenarios(process: Process, role: Any, status: int) -> None:
    """Counts of leads are nobody's business without a key."""
    with writing(process.engine) as conn:
        key = api_keys.add(conn, role, role, datetime.now(UTC))
    for path in ("/api/scenarios", DEMO, f"{DEMO}/picture.svg"):
        assert (await process.anybody(key).get(path)).status_code == status
        assert (await process.anybody().get(path)).status_code == 401
