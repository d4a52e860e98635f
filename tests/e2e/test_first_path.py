"""One lead through the whole product: CLI, API, worker, Temporal, sink, signed webhooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import write_folder
from tests.e2e.whole import Whole, patiently

SCENARIO = """\
scenario: invite
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 5d}
    then:
      - {when: opened, go: second}
      - {otherwise: bye}
  second:
    send: mail_b
    max_visits: 3
    when_exhausted: bye
    wait: {until: [clicked, {signed_up: seminar}], timeout: 5d}
    then:
      - {when: {signed_up: seminar}, go: to_sales}
      - {when: clicked, go: third}
      - {otherwise: bye}
  third:
    send: mail_c
    wait: {until: [{signed_up: seminar}], timeout: 5d}
    then:
      - {when: {signed_up: seminar}, go: to_sales}
      - {otherwise: second}
  to_sales:
    handoff: {queue: inside}
    then:
      - {when: {outcome: returned}, go: second}
      - {otherwise: done}
  bye: {finish: exhausted}
  done: {finish: handed_over}
"""


def lead(name: str) -> dict[str, object]:
    """A lead that agreed to the newsletter."""
    consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
    return {"id": name, "email": f"{name}@example.com", "name": "見本 太郎 🎉", "consent": consent}


def test_a_lead_walks_forward_back_and_to_sales(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """From a deployed folder to a closed task, and the timeline tells all of it."""
    nurture = whole()
    nurture.start()
    folder = write_folder(tmp_path / "scenarios", SCENARIO)
    deployed = nurture.run("deploy", str(folder))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert nurture.post("/api/leads", lead("lead_1")).status_code == 201
    answer = nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["lead_1", "nobody"]})
    assert answer.status_code == 202
    assert answer.json()["enrolled"] == ["lead_1"]
    assert answer.json()["refused"] == [{"lead": "nobody", "reason": "unknown_lead"}]

    mail = nurture.mail("lead_1@example.com")
    assert mail["subject"] == "mail_a"
    assert "List-Unsubscribe" in mail["headers"]
    assert nurture.lead("lead_1", status="waiting", step="first")["waiting_for"] == ["opened"]
    nurture.post(f"/api/inbox/{mail['id']}/open", {})
    second = nurture.mail("lead_1@example.com", 2)
    assert second["subject"] == "mail_b"
    nurture.lead("lead_1", status="waiting", step="second")
    answer = nurture.post("/events", {"events": [
        {"id": "e1", "lead": "lead_1", "type": "signed_up", "subject": "seminar"},
        {"id": "e1", "lead": "lead_1", "type": "signed_up", "subject": "seminar"},
        {"id": "e2", "lead": "lead_1", "type": "singed_up", "subject": "seminar"},
    ]})  # fmt: skip
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (1, 1)
    assert "signed_up" in answer.json()["rejected"][0]["reason"]
    nurture.lead("lead_1", status="with_sales", step="to_sales")
    (task,) = patiently(lambda: list(nurture.all("/api/handoffs?state=open")))
    assert nurture.post(f"/api/handoffs/{task['id']}/accept", {"rep": "rep_1"}).status_code == 200
    returned = nurture.post(f"/api/handoffs/{task['id']}/return", {"rep": "rep_1", "reason": "too early"})
    assert returned.status_code == 200
    nurture.lead("lead_1", status="waiting", step="second", visit=2)
    assert nurture.mail("lead_1@example.com", 3)["subject"] == "mail_b"

    told = [line["what"] for line in nurture.all("/api/leads/lead_1/timeline")]
    for what in ("entered", "accepted", "opened", "reaction", "signed_up"):
        assert what in told
    assert nurture.stop() == 0
