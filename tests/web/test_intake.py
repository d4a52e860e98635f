"""Under pressure the intake turns requests away at once, whole, and takes them when they come again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine, func, select

from adapters.database.engine import open_database, reading, writing
from adapters.database.schema import events
from tests.web.process import Process
from tests.web.test_webhook_over_http import BOUNCE, post, provider, stored  # noqa: F401 - a fixture is used by its name
from web import intake

EVENT = {"events": [{"id": "e1", "lead": "l1", "type": "visited", "subject": "/pricing"}]}


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Another process holds what every write needs."""
    other = open_database(engine.url.render_as_string(hide_password=False))
    try:
        with writing(other) as conn:
            if conn.dialect.name == "postgresql":
                conn.exec_driver_sql("LOCK TABLE events, leads IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        other.dispose()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of four."""
    for module in ("web.events", "web.webhooks"):
        monkeypatch.setattr(f"{module}.PATIENCE", timedelta(seconds=0.5))


@pytest.mark.usefixtures("impatient")
async def test_rule_9_while_the_database_is_locked_both_doors_say_503_and_come_again(
    provider: httpx.AsyncClient,  # noqa: F811
    process: Process,
) -> None:
    """Soon, with Retry-After, and nothing is stored; told again it is taken, once."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    assert (await post(provider, [])).status_code == 200  # the first request makes the sink's key
    with locked(process.engine):
        began = time.monotonic()
        answers = [await post(provider, [BOUNCE]), await process.client.post("/events", json=EVENT)]
        assert time.monotonic() - began < 5
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert answer.headers["content-type"].startswith("application/problem+json")
    assert stored(process) == 0
    await asyncio.sleep(intake.REST + 0.1)
    assert (await post(provider, [BOUNCE])).json()["accepted"] == 1
    assert (await process.client.post("/events", json=EVENT)).json()["accepted"] == 1
    assert stored(process) == 2


@pytest.mark.usefixtures("impatient")
async def test_rule_9_a_crowd_before_a_locked_database_is_turned_away_in_one_go(process: Process) -> None:
    """A hundred at once: nobody waits for a hundred times the patience of one, and there is no 500."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    told = [{"events": [{"id": f"e{n}", "lead": "l1", "type": "visited"}]} for n in range(100)]
    with locked(process.engine):
        began = time.monotonic()
        answers = await asyncio.gather(*(process.client.post("/events", json=each) for each in told))
        assert time.monotonic() - began < 10
    assert {answer.status_code for answer in answers} == {503}
    with reading(process.engine) as conn:
        assert conn.execute(select(func.count()).select_from(events)).scalar_one() == 0


async def test_rule_3_a_crowd_before_a_healthy_database_is_taken_in_whole(process: Process) -> None:
    """More at once than are worked on: they wait for their turn, and all are acknowledged."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    told = [{"events": [{"id": f"e{n}", "lead": "l1", "type": "visited"}]} for n in range(5 * intake.AT_WORK)]
    answers = await asyncio.gather(*(process.client.post("/events", json=each) for each in told))
    assert {answer.status_code for answer in answers} == {202}
    assert stored(process) == len(told)


async def test_rule_9_more_than_can_wait_are_turned_away_at_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number in hand is bounded; who is turned away is counted for ops."""
    monkeypatch.setattr("web.intake.WAITING", 0)
    answer = await process.client.post("/events", json=EVENT)
    assert answer.status_code == 503
    assert "too many requests" in answer.json()["what"]
    shown = (await process.client.get("/metrics")).text
    assert 'nurture_intake_turned_away_total{reason="full",route="/events"}' in shown
