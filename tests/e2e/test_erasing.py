"""A person is forgotten: in the database, in Temporal and at the mail provider, whatever is killed meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from adapters.database.engine import open_database, reading
from adapters.database.schema import metadata
from nurture import protocol
from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, tell, temporal
from tests.e2e.test_first_path import SCENARIO
from tests.e2e.whole import KEY, Whole, patiently
from tests.mail.fake_provider import FakeProvider, Fault, event_of

ADDRESS, NAME, COMPANY = "taro.suzuki@example.com", "鈴木 太郎", "鈴木商店"
MARKS = (ADDRESS, "鈴木", "suzuki")
ATTRIBUTES = "company: {type: text, axis: demographic}\n"
FORMS = """\
signup:
  event: {signed_up: newsletter}
  fields: {email: required, name: optional}
  topic: newsletter
  language: en
  consent: {version: en_1, text: I agree to the newsletter.}
"""


def person(id: str = "lead_1", address: str = ADDRESS) -> dict[str, Any]:
    """Somebody whose name stands in each place where a name can stand."""
    consent = {"topics": ["newsletter"], "basis": "business_card", "source": "fair 2026"}
    return {"id": id, "email": address, "name": NAME, "attributes": {"company": COMPANY}, "consent": consent}


def erase(nurture: Whole, lead: str) -> httpx.Response:
    """DELETE the lead."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.delete(f"{nurture.web}/api/leads/{lead}", headers=headers, timeout=15, trust_env=False)


def rows_with(nurture: Whole, *marks: str) -> list[str]:
    """Every row of every table that holds one of these texts."""
    engine = open_database(nurture.database_url)
    with reading(engine) as conn:
        found = [
            f"{table.name}: {row!r}"
            for table in metadata.sorted_tables
            if table.name != "deployments"
            for row in conn.execute(select(table))
            for text in [json.dumps([repr(each) for each in row], ensure_ascii=False)]
            if any(mark in text for mark in marks)
        ]
    engine.dispose()
    return found


def state_of(nurture: Whole, lead: str, *states: str) -> Any:
    """How far the erasure is, once it is in one of these states."""

    def look() -> Any:
        found = nurture.get(f"/api/leads/{lead}/erasure")
        return found if found["state"] in states else None

    return patiently(look, seconds=90)


async def test_a_lead_that_is_erased_in_the_middle_of_a_wait_is_nowhere(
    whole: Callable[..., Whole], tmp_path: Path
) -> None:
    """Its enrolment ends, its tables are empty of it, its history is gone, its mails too; the worker is killed once."""
    nurture = whole()
    nurture.start()
    folder = write_folder(tmp_path / "scenarios", SCENARIO, attributes=ATTRIBUTES, forms=FORMS)
    assert nurture.run("deploy", str(folder)).returncode == 0
    assert nurture.post("/api/leads", person()).status_code == 201
    assert nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["lead_1"]}).json()["enrolled"]
    nurture.post(f"/api/inbox/{nurture.mail(ADDRESS)['id']}/open", {})
    tell(nurture, "lead_1", "suzuki-1", "visited", "/suzuki", properties={"name": NAME})
    nurture.lead("lead_1", status="waiting", step="second")
    nurture.mail(ADDRESS, 2)
    assert rows_with(nurture, *MARKS)
    exported = nurture.get("/api/leads/lead_1/export")
    assert exported["profile"]["name"] == NAME
    assert [each["subject"] for each in exported["sends"]] == ["mail_a", "mail_b"]

    nurture.kill("worker")
    assert erase(nurture, "lead_1").status_code == 202
    assert erase(nurture, "lead_1").status_code == 202
    done = state_of(nurture, "lead_1", "consents_kept")
    assert (done["provider"], bool(done["consents_until"])) == ("accepted", True)
    assert nurture.get("/api/leads/lead_1")["status"] == "erased"
    assert rows_with(nurture, *MARKS) == []
    assert nurture.mails(ADDRESS) == []
    assert [line["what"] for line in nurture.all("/api/leads/lead_1/timeline")] == ["erased"]

    client = await temporal(nurture)
    gone = f"WorkflowId = '{protocol.lead_workflow_id('lead_1')}'"
    assert [each.run_id async for each in client.list_workflows(gone)] == []
    history = await client.get_workflow_handle(protocol.erasure_workflow_id("lead_1")).fetch_history()
    assert not [mark for mark in MARKS if mark in history.to_json()]

    # nobody but the person itself brings the address back
    assert nurture.post("/api/leads", person("lead_2")).status_code == 422
    event = {"id": "e9", "lead": {"email": ADDRESS}, "type": "visited", "subject": "/"}
    assert nurture.post("/events", {"events": [event]}).status_code == 422
    assert rows_with(nurture, *MARKS) == []
    assert nurture.post("/forms/signup", {"email": ADDRESS, "name": NAME}).status_code == 202
    (again,) = nurture.get(f"/api/leads?q={ADDRESS}")["items"]
    assert nurture.post("/api/enrollments", {"scenario": "invite", "leads": [again["id"]]}).json()["enrolled"]
    assert nurture.mail(ADDRESS)["subject"] == "mail_a"


STANDING = """\
scenario: invite
language: en
topic: newsletter
start: first
anywhere: [{when: {requested: demo}, go: to_sales}]
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 3650d}
    then: [{when: opened, go: second}, {otherwise: bye}]
  second:
    send: mail_c
    wait: {until: [opened], timeout: 3650d}
    then: [{otherwise: bye}]
  to_sales: {handoff: {queue: inside}, then: [{otherwise: bye}]}
  bye: {finish: over}
"""
BLOCKING = "---\nsubject: mail_c\npreheader: c\n---\n{{ lead.attributes.company }}: [more]({{ link('/c') }})\n"


async def test_wherever_a_lead_stands_nothing_is_left_once_the_month_is_over(
    whole: Callable[..., Whole], tmp_path: Path
) -> None:
    """Paused, blocked, with sales, waiting, its mail held, or never begun; and a provider that is down at first."""
    with FakeProvider() as provider:
        environment = {
            "NURTURE_MAIL": "sendgrid",
            "NURTURE_SENDGRID_HOST": provider.host,
            "NURTURE_SENDGRID_WEBHOOK_KEYS": provider.public_key,
        }
        nurture = whole(speed=500_000, environment=environment)  # a month lasts five seconds
        nurture.start()
        folder = write_folder(tmp_path / "scenarios", STANDING, attributes=ATTRIBUTES)
        (folder / "templates" / "mail_c.en.md").write_text(BLOCKING, encoding="utf-8")
        assert nurture.run("deploy", str(folder)).returncode == 0
        names = ("waits", "paused", "blocked", "sold", "held", "never")
        for name in names:
            lead = person(name, f"{name}.suzuki@example.com")
            del lead["attributes"]
            assert nurture.post("/api/leads", lead).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["waits", "paused", "blocked", "sold"]})
        for name in ("waits", "paused", "blocked", "sold"):
            nurture.lead(name, status="waiting", step="first")
        await (await handle(nurture, "paused")).execute_update("pause", {"reason": f"{NAME} asked"})
        key = "blocked/invite/1/first/1"
        opened = event_of(key, "open", email="blocked.suzuki@example.com", timestamp=int(time.time()))
        provider.tell([opened], webhook=f"{nurture.web}/webhooks/sendgrid")
        nurture.lead("blocked", status="blocked")
        tell(nurture, "sold", "d", "requested", "demo")
        nurture.lead("sold", status="with_sales")
        (task,) = patiently(lambda: list(nurture.all("/api/handoffs?state=open")))
        provider.fail_next(*[Fault(status=503)] * 30)
        nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["held"]})
        nurture.lead("held", status="sending")

        for name in names:
            assert erase(nurture, name).status_code == 202
        provider.faults.clear()
        provider.fail_next(Fault(status=503), Fault(kind="drop"))
        for name in names:
            done = state_of(nurture, name, "done")
            assert done["provider"] == "accepted", (name, done)
        assert {each.partition(".")[0] for each in provider.erased} == set(names)
        assert provider.keys()["held/invite/1/first/1"] == 0
        (closed,) = [each for each in nurture.all("/api/handoffs") if each["id"] == task["id"]]
        assert (closed["state"], closed["reasons"]) == ("expired", [])
        assert rows_with(nurture, *MARKS) == []
        assert rows_with(nurture, "fair 2026") == []
        assert nurture.run("leads", "show", "waits").returncode == 0
        client = await temporal(nurture)
        left = [each.id async for each in client.list_workflows("WorkflowType = 'Lead'")]
        assert left == []
        failed = "ExecutionStatus = 'Failed' OR ExecutionStatus = 'Terminated'"
        assert [each.id async for each in client.list_workflows(failed)] == []
