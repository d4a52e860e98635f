"""Agreements over HTTP: by people in a browser and by programs with keys, under the same rules as on the page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.database import api_keys, deployments
from adapters.database.engine import writing
from adapters.scenario_folder import read_folder
from tests.web.people import browser_of, person, token_in
from tests.web.process import Process

PATH = "/api/agreements"


def holder(process: Process, name: str, role: str) -> httpx.AsyncClient:
    """A program with a new key of this role."""
    with writing(process.engine) as connection:
        return process.anybody(api_keys.add(connection, name, role, datetime.now(UTC)))


@pytest.fixture
def marketing(process: Process) -> httpx.AsyncClient:
    """A program that speaks for marketing."""
    return holder(process, "planner", "marketer")


@pytest.fixture
def sales(process: Process) -> httpx.AsyncClient:
    """A program that speaks for sales."""
    return holder(process, "crm_bridge", "sales")


async def test_one_proposes_and_the_other_confirms(marketing: httpx.AsyncClient, sales: httpx.AsyncClient) -> None:
    """With the definition it is about; in force only then."""
    before = (await sales.get(PATH)).json()
    assert (before["items"], before["next"], before["waits"]) == ([], None, None)
    assert before["in_force"] == {
        "id": None, "date": "2026-11-01", "by": ["marketing", "sales"], "since": 1, "note": None,
    }  # fmt: skip
    body = {"deployment": 1, "marketing": "佐藤", "sales": "鈴木", "date": "2026-11-20", "note": "来月から"}
    made = await marketing.post(PATH, json=body)
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/1")
    found = made.json()
    assert (found["state"], found["waits_for"], found["in_force"]) == ("proposed", "sales", False)
    assert (found["by"], found["threshold"]) == ({"marketing": "佐藤", "sales": "鈴木"}, 120)
    assert "score: total" in found["definition"]
    own = await marketing.post(f"{PATH}/1/confirm", json={"name": "佐藤"})
    assert (own.status_code, own.json()["why"]) == (409, "same_person")
    unnamed = await sales.post(f"{PATH}/1/confirm", json={})
    assert (unnamed.status_code, unnamed.json()["where"]) == (422, "body.name")
    done = (await sales.post(f"{PATH}/1/confirm", json={"name": "鈴木"})).json()
    assert (done["state"], done["by"]["sales"], done["in_force"]) == ("agreed", "鈴木", True)
    assert (await sales.get(PATH)).json()["in_force"]["by"] == ["佐藤", "鈴木"]
    assert (await sales.get(f"{PATH}/1")).json() == done
    again = await sales.post(f"{PATH}/1/withdraw", json={})
    assert (again.status_code, again.json()["why"]) == (409, "ended")


async def test_a_definition_that_was_deployed_meanwhile_is_told(process: Process, marketing: httpx.AsyncClient) -> None:
    """409 with both deployments; another threshold waits for its own."""
    files = dict(read_folder(Path("scenarios")))
    files["hot_lead.yaml"] = files["hot_lead.yaml"].replace("at_least: 120", "at_least: 100")
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        deployments.deploy(connection, files, [], by="tests", now=now, real_now=now)
    stale = await marketing.post(PATH, json={"deployment": 1, "marketing": "佐藤"})
    assert (stale.status_code, stale.json()["seen"], stale.json()["current"]) == (409, 1, 2)
    boss = process.client
    overtaken = await marketing.post(PATH, json={"deployment": 2, "marketing": "佐藤", "sales": "鈴木"})
    files["score.yaml"] = files["score.yaml"].replace("points: 50", "points: 40")
    with writing(process.engine) as connection:
        deployments.deploy(connection, files, [], by="tests", now=now, real_now=now)
    late = await boss.post(f"{overtaken.headers['location']}/confirm", json={"name": "田中"})
    assert (late.status_code, late.json()["where"]) == (409, "path.agreement")
    assert ("the points of score.yaml" in late.json()["what"], "withdraw it" in late.json()["do"]) == (True, True)
    assert (await boss.post(f"{overtaken.headers['location']}/withdraw", json={})).status_code == 200
    made = await boss.post(PATH, json={"deployment": 3, "total": 90, "marketing": "佐藤", "sales": "鈴木"})
    assert (made.status_code, made.json()["state"], made.json()["threshold"]) == (201, "agreed", 90)
    found = (await boss.get(PATH)).json()
    assert (found["in_force"], found["waits"]) == (None, 2)


async def test_nobody_is_named_who_did_not_confirm(process: Process, marketing: httpx.AsyncClient) -> None:
    """An admin says who confirms; that somebody was expected is no word of theirs."""
    await marketing.post(PATH, json={"deployment": 1, "marketing": "佐藤", "sales": "鈴木"})
    refused = await process.client.post(f"{PATH}/1/confirm", json={})
    assert (refused.status_code, refused.json()["where"]) == (422, "body.name")
    assert (await marketing.get(f"{PATH}/1")).json()["state"] == "proposed"
    done = await process.client.post(f"{PATH}/1/confirm", json={"name": "田中"})
    assert (done.json()["state"], done.json()["by"]["sales"]) == ("agreed", "田中")


async def test_what_is_missing_is_named_by_the_key_of_the_body(process: Process, sales: httpx.AsyncClient) -> None:
    """That of the department which proposes, and of the body which was sent."""
    refused = await sales.post(PATH, json={"deployment": 1})
    assert (refused.status_code, refused.json()["where"]) == (422, "body.sales")
    nobody = await process.client.post(PATH, json={"deployment": 1})
    assert (nobody.status_code, nobody.json()["where"]) == (422, "body.marketing")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"deployment": 1}, "body.marketing"),
        ({"marketing": "佐藤"}, "body.note"),
        ({"marketing": "佐藤", "total": 90, "note": "x"}, "body.total"),
        ({"marketing": "佐藤", "note": "x", "date": "2099-01-01"}, "body.date"),
        ({"marketing": "佐藤", "note": "x", "date": "today"}, "body.date"),
        ({"marketing": "佐藤", "deployment": 1, "total": 120}, "hot_lead.yaml"),
        ({"marketing": "佐藤", "deployment": 0}, "body.deployment"),
        ({"marketing": "名" * 101, "note": "x"}, "body.marketing"),
        ({"marketing": "佐藤", "note": "x", "threshold": 9}, "body.threshold"),
    ],
)
async def test_what_is_no_agreement_keeps_nothing(
    marketing: httpx.AsyncClient, body: dict[str, object], where: str
) -> None:
    """With the place, and what to do."""
    refused = await marketing.post(PATH, json=body)
    assert (refused.status_code, refused.json()["where"]) == (422, where)
    assert refused.json()["do"]
    assert (await marketing.get(PATH)).json()["items"] == []


async def test_a_person_agrees_under_the_own_name_with_the_token_of_the_session(process: Process) -> None:
    """Without it nothing is taken; one number is asked for at a time."""
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    assert (await browser.post(PATH, json={"deployment": 1})).status_code == 403
    browser.headers["X-CSRF-Token"] = token_in((await browser.get("/account")).text)
    made = await browser.post(PATH, json={"deployment": 1})
    assert (made.status_code, made.json()["by"]["marketing"]) == (201, "hanako の名前")
    second = await browser.post(PATH, json={"deployment": 1})
    assert (second.status_code, second.json()["why"]) == (409, "open")
    gone = await browser.post(f"{PATH}/1/withdraw", json={"reason": "やり直し"})
    assert (gone.json()["state"], gone.json()["reason"]) == ("withdrawn", "やり直し")
    assert (await browser.get(f"{PATH}/7")).status_code == 404
    page = (await browser.get(PATH, params={"limit": 1})).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == ([1], None)
