"""The demo, as a newcomer runs it: leads come in, get mails and react; stopped and started again, it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.whole import Whole, patiently


@pytest.mark.timeout(600)
def test_the_demo_goes_on_where_it_was(whole: Callable[..., Whole]) -> None:
    """Sample leads enter through real HTTP and go back a step; neither a test mail nor a restart stops the play.

    Some become hot by their score, some by their phase with what they did, some by coming to the end of the scenario.
    """
    nurture = whole(speed=43200)
    nurture.start("demo")
    assert nurture.get("/health/ready")["speed"] == 43200

    def went_back() -> list[dict[str, Any]]:
        return [lead for lead in nurture.all("/api/leads?step=newsletter_again&limit=200") if lead["visit"]]

    patiently(went_back, seconds=120)
    test_mail = nurture.run("send-test", "newsletter_01", "--to", "me@example.com", "--lead", "lead_001")
    assert test_mail.returncode == 0, test_mail.stderr
    before = nurture.get("/health/ready")["now"]
    leads, mails = count(nurture, "/api/leads"), count(nurture, "/api/inbox")
    assert leads > 0
    assert mails > 0
    assert nurture.stop() == 0

    nurture.start("demo")
    assert nurture.get("/health/ready")["now"] >= before
    assert count(nurture, "/api/leads") >= leads
    patiently(lambda: count(nurture, "/api/inbox") > mails, seconds=60)
    patiently(lambda: ways_to_sales(nurture) >= {"score", "phase", "step"}, seconds=300)
    a_person_sees_to_their_tasks(nurture)
    assert "deployment 1 is current" in (nurture.home / "up.log").read_text().rsplit("clock goes on", 1)[1]
    assert nurture.stop() == 0


def a_person_sees_to_their_tasks(nurture: Whole) -> None:
    """Tasks wait for whoever follows the sales link; what became of them is in the report at once."""
    mine = list(nurture.all("/api/handoffs?state=open&rep=rep_1&limit=200"))
    assert len(mine) >= 4
    assert all(each["reasons"] for each in mine)
    before = nurture.get("/api/report/hot?since=365d&by=rep")["results"]["all"]
    task = next(each for each in mine if each["lead"].startswith("lead_"))
    assert nurture.post(f"/api/handoffs/{task['id']}/accept", {"rep": "rep_1"}).status_code == 200
    closing = {"rep": "rep_1", "outcome": "won", "amount": 1_200_000}
    assert nurture.post(f"/api/handoffs/{task['id']}/close", closing).status_code == 200
    after = nurture.get("/api/report/hot?since=365d&by=rep")["results"]["all"]
    assert after["won"] > before["won"]
    assert after["amount"] >= before["amount"] + 1_200_000


def count(nurture: Whole, path: str) -> int:
    """How many items a list has."""
    return len(list(nurture.all(f"{path}?limit=200")))


def ways_to_sales(nurture: Whole) -> set[str]:
    """How those who are with sales came there, by the reasons that their tasks give."""
    found: set[str] = set()
    for task in nurture.all("/api/handoffs?limit=200"):
        if task["lead"].startswith("deal_"):
            continue  # of the weeks before
        by_definition = [reason for reason in task["reasons"] if reason.startswith("hot: ")]
        found |= {word for word in ("score", "phase") for reason in by_definition if word in reason}
        if not by_definition:
            assert task["reasons"], task
            found.add("step")
    return found
