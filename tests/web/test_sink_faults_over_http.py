"""The switches of the sink's faults: only for ops, with every mistake named, and not there with a real provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.mail.faults import read_fault
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app
from web.fault_words import faults_in_words
from web.sink_faults import NAMES

ROUTE = "/api/sink/faults"


async def test_faults_are_switched_on_listed_and_off(process: Process) -> None:
    """None is on by itself; one of a name takes the place of the one before."""
    client = process.client
    assert (await client.get(ROUTE)).json() == {"items": []}
    first = await client.post(ROUTE, json={"fault": "rate_limit", "rate": 0.5, "reset_after": 3})
    assert first.status_code == 201
    again = await client.post(ROUTE, json={"fault": "rate_limit", "count": 4})
    assert (again.json()["reset_after"], again.json()["left"], again.json()["struck"]) == (5.0, 4, 0)
    await client.post(ROUTE, json={"fault": "late", "hours": 6})
    assert [each["fault"] for each in (await client.get(ROUTE)).json()["items"]] == ["late", "rate_limit"]
    assert (await client.delete(f"{ROUTE}/late")).json() == {"off": 1}
    assert (await client.delete(ROUTE)).json() == {"off": 1}
    assert (await client.get(ROUTE)).json() == {"items": []}


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({"fault": "rate_limits"}, 404, "rate_limit"),
        ({"fault": "stall", "seconds": 0}, 422, "seconds"),
        ({"fault": "failure", "status": 418}, 422, "status"),
        ({"fault": "drop", "rate": 2}, 422, "rate"),
        ({"fault": "late", "count": 3}, 422, "count"),
        ({"fault": "drop", "often": True}, 422, "often"),
        ([], 404, "fault"),
    ],
)
async def test_a_mistake_is_named_and_switches_nothing(process: Process, said: Any, status: int, told: str) -> None:
    """With what is wrong and where."""
    answer = await process.client.post(ROUTE, json=said)
    assert answer.status_code == status, answer.text
    assert told in str(answer.json())
    assert (await process.client.get(ROUTE)).json() == {"items": []}


async def test_there_are_no_faults_where_mail_is_real(process: Process, tmp_path: Path) -> None:
    """Nor is there a sink."""
    settings = Settings(
        home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST, mail="sendgrid",
        sendgrid_api_key=SecretStr("SG.x"),
    )  # fmt: skip
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    assert (await client_of(app, KEY).post(ROUTE, json={"fault": "drop"})).status_code in (404, 405)


async def test_the_inbox_says_that_faults_are_on(process: Process) -> None:
    """Which, how often they struck, and how to switch them off, in both languages; nothing while none is on."""
    client = process.client
    assert ROUTE not in (await client.get("/inbox")).text
    await client.post(ROUTE, json={"fault": "rate_limit", "rate": 0.5, "count": 3})
    await client.post(ROUTE, json={"fault": "late", "hours": 6})
    english, japanese = [(await client.get(f"/inbox?lang={language}")).text for language in ("en", "ja")]
    for page in (english, japanese):
        assert f"-X DELETE {HOST}{ROUTE}" in page
    assert "Faults of the sink are switched on" in english
    assert 'events are told 6 hours late <span class="soft">(struck 0 time(s))' in english
    assert 'too many (429) <span class="soft">(struck 0 time(s), at a rate of 50%, 3 left)' in english
    assert "メール受けの不調を起こしています" in japanese
    assert "イベントを 6 時間遅れで知らせる" in japanese
    assert "これまでに 0 回、割合 50%、残り 3 回" in japanese
    await client.delete(ROUTE)
    assert ROUTE not in (await client.get("/inbox")).text


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_said_in_words(name: str, language: str) -> None:
    """With the values it has by itself; nothing is left open."""
    (said,) = faults_in_words([{**read_fault({"fault": name}).model_dump(), "struck": 2, "left": 0}], language)
    assert said.name == name
    assert said.does
    assert "{" not in said.does
    assert said.does.isascii() == (language == "en")
