"""Two leads that walk turn out to be one person: through the whole product, with real workflows and mails."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
from temporalio.client import WorkflowExecutionStatus

from nurture.protocol import lead_workflow_id
from tests.e2e.conftest import write_folder
from tests.e2e.shared import lines, person, running, tell, temporal
from tests.e2e.whole import NewWhole, patiently

SCENARIO = """\
scenario: letters
language: en
topic: newsletter
on_hot: ignore
start: first
steps:
  first:
    send: mail_a
    wait: {until: [{requested: demo}], timeout: 3000d}
    then:
      - {when: {requested: demo}, go: second}
      - {otherwise: bye}
  second: {send: mail_b, wait: {until: [{requested: call}], timeout: 3000d}, then: bye}
  bye: {finish: over}
"""
SCORE = """\
behaviours:
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 60}
"""
HOT = "any:\n  - {score: total, at_least: 40}\nqueue: inside\n"


async def test_one_workflow_goes_on_and_the_other_leaves(tmp_path: Path, new_whole: NewWhole) -> None:
    """Its points are the sum and make it hot; an event by the old id moves it on; the old mail's link shuts it."""
    with running(tmp_path / "home", new_whole) as nurture:
        folder = write_folder(tmp_path / "scenarios", SCENARIO, score=SCORE, hot_lead=HOT)
        assert nurture.run("deploy", str(folder)).returncode == 0
        for name in ("a", "b"):
            assert nurture.post("/api/leads", person(name)).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "letters", "leads": ["a", "b"]})
        old, new = (nurture.lead(name, status="waiting") for name in ("b", "a"))
        mail = nurture.mail(old["email"])
        for number, name in enumerate(("a", "b", "b")):
            tell(nurture, name, str(number), "visited", "/pricing")
        patiently(lambda: nurture.get("/api/leads/b?wait=5")["score"]["total"] == 30)

        planned = nurture.run("leads", "merge", "a", "b", "--plan")
        assert "nothing was changed" in planned.stdout, planned.stderr
        assert nurture.get("/api/leads/b")["id"] == "b"
        done = nurture.post("/api/leads/a/merge", {"lead": "b"})
        assert (done.status_code, done.json()["ended"]) == (200, ["letters"]), done.text
        assert done.json()["score"] == {"before": 15, "after": 45}

        found = nurture.lead("b", step="first", status="waiting", hot=True)
        assert (found["id"], found["emails"]) == ("a", [new["email"], old["email"]])
        assert ("score", "points", "merged: pricing +30; total 45") in lines(nurture, "a", "kind", "what", "reason")
        patiently(lambda: ("finished", "merged") in lines(nurture, "a", "what", "subject"))
        client = await temporal(nurture)
        for name in ("a", "b"):
            described = await client.get_workflow_handle(lead_workflow_id(name)).describe()
            assert described.status is WorkflowExecutionStatus.RUNNING, "the other ends once it was idle for long"

        tell(nurture, "b", "moves-on", "requested", "demo")
        nurture.lead("a", step="second", status="waiting")
        assert nurture.mail(new["email"], 2)["subject"] == "mail_b"
        await asyncio.sleep(1)
        assert len(nurture.mails(old["email"])) == 1, "nothing more goes to the other"
        (link,) = set(re.findall(r"http://[^\s\"<>]+/u/[\w-]+", mail["text"]))
        async with httpx.AsyncClient(trust_env=False) as anybody:
            assert (await anybody.post(link)).status_code == 200
        patiently(lambda: nurture.get("/api/leads/a?wait=5")["scenario"] is None)
        assert ("finished", "unsubscribed") in lines(nurture, "a", "what", "subject")
