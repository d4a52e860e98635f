"""How often one may ask: by key, by client address, and what is never refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from adapters.database import api_keys
from adapters.database.engine import writing
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from tests.web.test_web_process import answer_of
from web.app import make_app


@pytest.fixture
def slow(process: Process, tmp_path: Path) -> Process:
    """A web process that lets a key ask three times a minute, an address twice, and post once."""
    settings = Settings(
        home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST,
        rate_key="3/minute", rate_public="2/minute", rate_posts="1/minute",
    )  # fmt: skip
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    return Process(app, process.engine, process.store, process.clock, client_of(app, KEY))


def at(process: Process, address: str, key: str | None = None) -> httpx.AsyncClient:
    """A client at an address."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(app=process.app, client=(address, 1), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers)


async def statuses(client: httpx.AsyncClient, path: str, times: int, method: str = "GET") -> list[int]:
    """What the same request is answered, time after time."""
    return [(await client.request(method, path)).status_code for _ in range(times)]


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(slow: Process) -> None:
    """429 as a problem, with the seconds; another key is not held back, wherever both come from."""
    assert await statuses(slow.client, "/api/leads", 3) == [200] * 3
    answer = await slow.client.get("/api/leads")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert {"what", "where", "do"} <= set(answer.json())
    assert "3 per 1 minute" in answer.json()["what"]
    with writing(slow.engine) as connection:
        other = api_keys.add(connection, "other", "marketer", datetime.now(UTC))
    assert await statuses(slow.anybody(other), "/api/leads", 3) == [200] * 3


async def test_a_refused_request_does_nothing(slow: Process) -> None:
    """The events of a request that came too soon are not kept; they are sent again."""
    await statuses(slow.client, "/api/leads", 3)
    event = {"id": "e1", "lead": "l1", "type": "visited"}
    assert (await slow.client.post("/events", json={"events": [event]})).status_code == 429
    with writing(slow.engine) as connection:
        other = api_keys.add(connection, "other", "admin", datetime.now(UTC))
    assert (await slow.anybody(other).get("/api/events?parked=true")).json()["items"] == []


@pytest.mark.parametrize("path", ["/forms/seminar", "/login", "/c/nonsense", "/u/nonsense", "/thanks"])
async def test_what_anybody_may_ask_is_counted_by_address(slow: Process, path: str) -> None:
    """One address, or one household's network of IPv6 addresses, does not shut the door for the others."""
    for address, neighbour, other in (
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::9", "2001:db8:1:3::3"),
        ("::ffff:192.0.2.9", "192.0.2.9", "192.0.2.10"),
    ):
        answered = await statuses(at(slow, address), path, 2)
        assert 429 not in answered
        assert await statuses(at(slow, neighbour), path, 1) == [429]
        assert await statuses(at(slow, other), path, 1) == answered[:1]


async def test_forms_and_logins_are_posted_more_seldom_than_looked_at(slow: Process) -> None:
    """So a form is no way to fill the database, nor the login a place to guess."""
    for path, address in (("/forms/seminar", "192.0.2.1"), ("/login", "192.0.2.2")):
        visitor = at(slow, address)
        assert (await visitor.post(path, data={"email": "a@example.com", "key": "x"})).status_code in (303, 403)
        assert (await visitor.post(path, data={"email": "a@example.com", "key": "x"})).status_code == 429


async def test_wrong_keys_are_counted_too(slow: Process) -> None:
    """401, and then 429 for that address; a good key from there is still good."""
    assert await statuses(at(slow, "192.0.2.1", "wrong"), "/api/leads", 1) == [401]
    assert await statuses(at(slow, "192.0.2.1", "another"), "/api/leads", 1) == [429]
    assert await statuses(at(slow, "192.0.2.1", KEY), "/api/leads", 1) == [200]


async def test_whoever_has_a_link_of_ours_may_always_unsubscribe(slow: Process) -> None:
    """The servers of a mail program pass on the clicks of many people; only links that are not ours are counted."""
    await slow.client.post("/api/leads", json={"id": "l1", "email": "l1@example.com"})
    tokens = UnsubscribeTokens.of(slow.engine)
    paths = [tokens.url("", Subscription("l1", "newsletter", f"l1/s/1/a/{number}")) for number in range(5)]
    provider = at(slow, "192.0.2.1")
    assert [(await provider.post(path)).status_code for path in paths] == [200] * 5


async def test_the_webhook_and_the_probes_are_not_counted(slow: Process) -> None:
    """The provider is known by its signature; probes come often."""
    client = at(slow, "192.0.2.1")
    assert set(await statuses(client, "/webhooks/sendgrid", 5, "POST")) == {401}
    assert set(await statuses(client, "/health/live", 5)) == {200}


@pytest.mark.parametrize(("proxies", "third"), [("127.0.0.1", 200), ("203.0.113.0/24", 429)])
def test_only_a_trusted_proxy_says_whose_request_it_is(
    tmp_path: Path, free_port: Callable[[], int], proxies: str, third: int
) -> None:
    """Over the network: behind a trusted one each client is counted for itself; nobody else can pose as others."""
    port = free_port()
    environment = {
        **os.environ, "NURTURE_HOME": str(tmp_path), "NURTURE_WEB": f"127.0.0.1:{port}",
        "NURTURE_RATE_PUBLIC": "2/minute", "NURTURE_TRUSTED_PROXIES": proxies,
    }  # fmt: skip
    running = subprocess.Popen([sys.executable, "-m", "cli.main", "web"], env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            answer_of(client, "/health/live")
            seen = [
                client.get("/login", headers={"X-Forwarded-For": f"198.51.100.9, 192.0.2.{number}"}).status_code
                for number in (1, 2, 3)
            ]
    finally:
        running.kill()
        running.wait()
    assert seen == [200, 200, third]
