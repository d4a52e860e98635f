"""What Prometheus reads from the web process: each request and event moves its own figure, and nobody is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from adapters.database import pulse
from adapters.database.engine import writing
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from tests.web.test_webhook_over_http import BOUNCE, PUBLIC, post
from web import metrics
from web.app import make_app

Samples = dict[str, float]


@pytest.fixture(autouse=True)
def looks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered between two looks at the database."""
    monkeypatch.setattr(metrics, "REMEMBERED", -1.0)


async def samples(process: Process) -> Samples:
    """Every sample by its name with its labels, as `name{label=value}`."""
    answer = await process.anybody().get("/metrics")
    assert answer.status_code == 200
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def moved(before: Samples, after: Samples, name: str) -> Samples:
    """What changed of one family between two looks: the counters are those of the whole test process."""
    grown = {key: value - before.get(key, 0) for key, value in after.items() if key.partition("{")[0] == name}
    return {key.partition("{")[2].removesuffix("}"): value for key, value in grown.items() if value}


async def test_events_are_counted_by_what_became_of_them(process: Process) -> None:
    """One is new, one is known, one is wrong."""
    await process.client.post("/api/leads", json={"id": "l1"})
    before = await samples(process)
    event = {"id": "e1", "lead": "l1", "type": "visited"}
    await process.client.post("/events", json={"events": [event, event, {**event, "id": "e2", "type": "visitd"}]})
    after = await samples(process)
    gone = moved(before, after, "nurture_events_received_total")
    assert gone == {"result=accepted": 1, "result=duplicate": 1, "result=rejected": 1}


async def test_what_waits_for_the_relay_is_shown_with_its_age(process: Process) -> None:
    """An event of a lead waits to be numbered; one of nobody is parked."""
    await process.client.post("/api/leads", json={"id": "l1"})
    events = [{"id": "e1", "lead": "l1", "type": "visited"}, {"id": "e2", "lead": "nobody", "type": "visited"}]
    await process.client.post("/events", json={"events": events})
    seen = await samples(process)
    assert (seen["nurture_relay_backlog_events"], seen["nurture_events_parked"]) == (1, 1)
    assert 0 < seen["nurture_relay_lag_seconds"] < 60
    assert seen["nurture_leads{status=idle}"] == 1


async def test_how_long_ago_a_worker_took_anything_is_shown_once_one_has(process: Process) -> None:
    """In real time; a database that no worker has seen shows nothing."""
    assert "nurture_worker_silent_seconds" not in await samples(process)
    with writing(process.engine) as connection:
        pulse.beat(connection, datetime.now(UTC) - timedelta(minutes=7))
    assert 420 <= (await samples(process))["nurture_worker_silent_seconds"] < 480


async def test_webhook_items_are_counted_by_what_became_of_them(process: Process) -> None:
    """One that is new, the same again, one that cannot be read and one that is not about our mail."""
    settings = Settings(api_key=SecretStr(KEY), public_url=HOST, sendgrid_webhook_keys=(PUBLIC,))
    provider = client_of(make_app(settings, process.engine, store=process.store, clock=process.clock), None)
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.co.jp"})
    before = await samples(process)
    assert (await post(provider, [BOUNCE, BOUNCE, "nonsense"])).status_code == 200
    assert (await post(provider, [BOUNCE], signature="none")).status_code == 401
    after = await samples(process)
    items = {"result=accepted": 1, "result=duplicate": 1, "result=rejected": 1}
    assert moved(before, after, "nurture_webhook_events_total") == items
    assert moved(before, after, "nurture_webhook_refused_total") == {"reason=signature": 1}


async def test_requests_are_counted_by_the_route_that_took_them(process: Process) -> None:
    """The path of a lead is not shown, and what no route takes is one line, whatever was asked for."""
    before = await samples(process)
    await process.client.get("/api/leads/l1")
    await process.client.get("/api/leads/l2")
    await process.client.get("/wp-admin.php")
    await process.client.request("BREW", "/coffee")
    after = await samples(process)
    gone = moved(before, after, "nurture_http_requests_total")
    assert gone.pop("method=GET,route=/metrics,status=200") == 1
    assert gone == {
        "method=GET,route=/api/leads/{lead},status=404": 2,
        "method=GET,route=none,status=404": 1,
        "method=other,route=none,status=404": 1,
    }
    timed = moved(before, after, "nurture_http_request_seconds_count")
    assert timed["method=GET,route=/api/leads/{lead}"] == 2


async def test_a_request_that_fails_is_counted_as_an_error(process: Process) -> None:
    """A route that raises has answered nothing when it is counted."""

    async def broken() -> None:
        raise RuntimeError("on purpose")

    process.app.add_api_route("/broken", broken)
    before = await samples(process)
    assert (await process.client.get("/broken")).status_code == 500
    gone = moved(before, await samples(process), "nurture_http_requests_total")
    assert gone["method=GET,route=/broken,status=500"] == 1


async def test_the_speed_of_the_clock_and_the_version_are_shown(process: Process) -> None:
    """At speed 1 nurture's clock is the real one."""
    seen = await samples(process)
    assert seen["nurture_clock_speed"] == 1
    assert seen["nurture_deployment"] == 1
    assert any(key.startswith("nurture_build_info{version=") for key in seen)


async def test_the_queues_of_sales_are_there_before_their_first_task(process: Process) -> None:
    """Nought is shown for every queue of the current deployment, so that an alert has something to look at."""
    seen = await samples(process)
    assert seen["nurture_handoffs{queue=inside_sales,state=open}"] == 0
    assert seen["nurture_handoffs_untold{queue=inside_sales}"] == 0


async def test_a_database_that_is_away_is_shown_and_nothing_is_guessed(process: Process) -> None:
    """The counters of the process are there all the same; figures of the database are absent, not nought."""
    with process.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE holds RENAME TO gone")
    try:
        seen = await samples(process)
    finally:
        with process.engine.begin() as conn:
            conn.exec_driver_sql("ALTER TABLE gone RENAME TO holds")
    assert seen["nurture_database_up"] == 0
    assert "nurture_events_parked" not in seen
    assert "nurture_events_received_total{result=accepted}" in seen
    assert (await samples(process))["nurture_database_up"] == 1


async def test_many_who_ask_share_one_look(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is shown again for a moment, whatever happened meanwhile."""
    monkeypatch.setattr(metrics, "REMEMBERED", 1000.0)
    assert (await samples(process))["nurture_events_parked"] == 0
    await process.client.post("/events", json={"events": [{"id": "e1", "lead": "nobody", "type": "visited"}]})
    assert (await samples(process))["nurture_events_parked"] == 0
    monkeypatch.setattr(metrics, "REMEMBERED", -1.0)
    assert (await samples(process))["nurture_events_parked"] == 1


async def test_metrics_name_nobody(process: Process) -> None:
    """No id, name or address of a lead is in it, though each was in a path or a body."""
    body = {"id": "himitsu_7", "email": "kakushi@example.co.jp", "name": "見本花子"}
    await process.client.post("/api/leads", json=body)
    await process.client.get("/api/leads/himitsu_7")
    await process.client.get("/api/leads?cursor=himitsu_7")
    text = (await process.anybody().get("/metrics")).text
    assert not [word for word in ("himitsu", "kakushi", "見本", "@") if word in text]
