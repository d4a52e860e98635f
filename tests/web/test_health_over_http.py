"""Probes and the start page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from adapters.database import pulse
from adapters.database.engine import writing
from adapters.database.schema import mail_stops
from adapters.settings import Settings
from tests.web.process import KEY, Process, client_of
from web.app import make_app
from web.session import standings


@asynccontextmanager
async def answering() -> AsyncIterator[str]:
    """Where something listens, as Temporal would."""
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def test_ready_says_what_is_missing(process: Process) -> None:
    """503 while nobody listens where Temporal should be; the clock is shown all the same."""
    answer = await process.anybody().get("/health/ready")
    assert answer.status_code == 503
    body = answer.json()
    assert body["checks"]["database"] == "ok"
    assert "does not answer" in body["checks"]["temporal"]
    assert body["checks"]["deployment"] == 1
    assert body["speed"] == 1
    assert datetime.fromisoformat(body["now"]).tzinfo is not None


async def test_ready_when_everything_answers(process: Process) -> None:
    """200, with the number of the deployment."""
    async with answering() as temporal:
        settings = Settings(api_key=SecretStr(KEY), external_temporal=temporal)
        app = make_app(settings, process.engine, store=process.store, clock=process.clock)
        answer = await client_of(app, None).get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["checks"] == {"database": "ok", "temporal": "ok", "deployment": 1}


@pytest.mark.parametrize(("ago", "works"), [(1, True), (4, True), (6, False), (90, False)])
async def test_a_worker_that_stands_still_is_noticed_and_makes_web_not_unready(
    process: Process, ago: int, works: bool
) -> None:
    """It lives, and takes nothing: what comes in is kept, and whoever asks is told what to do."""
    with writing(process.engine) as connection:
        for minutes in (ago + 100, ago):  # the newest counts
            pulse.beat(connection, datetime.now(UTC) - timedelta(minutes=minutes))
    async with answering() as temporal:
        settings = Settings(api_key=SecretStr(KEY), external_temporal=temporal)
        app = make_app(settings, process.engine, store=process.store, clock=process.clock)
        answer = await client_of(app, None).get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    worker = answer.json()["checks"]["worker"]
    if works:
        assert worker == "ok"
        return
    assert set(worker) == {"what", "where", "do"}
    assert f"for {ago} minutes" in worker["what"]


async def test_without_temporal_no_worker_is_accused(process: Process) -> None:
    """It could not take anything; what is to be mended is said already."""
    with writing(process.engine) as connection:
        pulse.beat(connection, datetime.now(UTC) - timedelta(hours=1))
    answer = await process.anybody().get("/health/ready")
    assert answer.status_code == 503
    assert "worker" not in answer.json()["checks"]


async def test_live_needs_nothing(empty: Process) -> None:
    """200 whatever else is missing."""
    assert (await empty.anybody().get("/health/live")).status_code == 200


async def test_the_start_page_says_what_to_do_next(empty: Process) -> None:
    """Without a deployment: deploy. The page is in the reader's language."""
    page = await empty.client.get("/", headers={"Accept-Language": "ja"})
    assert "nurture deploy" in page.text
    assert "次にすること" in page.text


async def test_the_start_page_counts_leads_by_status_and_step(process: Process) -> None:
    """With leads: how many stand where."""
    assert "nurture leads import" in (await process.client.get("/", headers={"Accept-Language": "en"})).text
    await process.client.post("/api/leads", json={"id": "l1"})
    process.app.state.standings = standings()  # they are kept for two seconds
    page = await process.client.get("/", headers={"Accept-Language": "en"})
    assert 'href="/leads?status=idle"' in page.text


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    """OpenAPI names every route of the contract, and the page shows them."""
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    assert {
        "/webhooks/sendgrid", "/events", "/api/leads", "/api/leads/{lead}", "/api/leads/{lead}/timeline",
        "/api/enrollments", "/api/handoffs", "/health/ready", "/metrics", "/api/events",
    } <= set(paths)  # fmt: skip
    page = (await client.get("/api/docs")).text
    assert "POST /api/enrollments" in page
    assert "POST /events" in page


async def test_many_ask_at_once(process: Process) -> None:
    """Two hundred posts at the same time are all answered and all kept."""
    async with client_of(process.app, KEY) as client:
        answers = await asyncio.gather(*(client.post("/api/leads", json={"id": f"l{number}"}) for number in range(200)))
    assert {answer.status_code for answer in answers} == {201}


async def test_a_stop_that_a_person_must_end_is_named_and_makes_nothing_unready(process: Process) -> None:
    """Probes go on; who looks sees which mail is stopped."""
    with writing(process.engine) as conn:
        for scope, name, until in (("scenario", "seminar_to_demo", None), ("domain", "example.com", datetime.now(UTC))):
            conn.execute(
                insert(mail_stops).values(
                    scope=scope, name=name, state="stopped", since=datetime.now(UTC), until=until, times=0, reason="x"
                )
            )
    checks = (await client_of(process.app, None).get("/health/ready")).json()["checks"]
    assert checks["mail"] == "stopped: seminar_to_demo; see `nurture mail stops`"
