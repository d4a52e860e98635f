"""A workflow that somebody terminated: the lead goes on with its next entry, and no mail is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from temporalio.client import Client

from tests.e2e.conftest import write_folder
from tests.e2e.test_first_path import SCENARIO, lead
from tests.e2e.whole import Whole


async def test_a_terminated_lead_goes_on_with_its_next_entry(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """The stored entries are walked anew: same step, same visit, the ledger keeps every mail from going twice."""
    nurture = whole()
    nurture.start()
    assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
    assert nurture.post("/api/leads", lead("lead_1")).status_code == 201
    nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["lead_1"]})
    nurture.post(f"/api/inbox/{nurture.mail('lead_1@example.com')['id']}/open", {})
    before = nurture.lead("lead_1", status="waiting", step="second")
    nurture.mail("lead_1@example.com", 2)

    client = await Client.connect(f"127.0.0.1:{nurture.ports[1]}")
    await client.get_workflow_handle("lead/lead_1").terminate("a mistake")
    event = {"id": "e1", "lead": "lead_1", "type": "signed_up", "subject": "something_else"}
    assert nurture.post("/events", {"events": [event]}).status_code == 202
    after = nurture.lead("lead_1", status="waiting", step="second", seq=before["seq"] + 1)
    assert (after["visit"], after["deadline"]) == (before["visit"], before["deadline"])
    assert [mail["subject"] for mail in nurture.mails("lead_1@example.com")] == ["mail_a", "mail_b"]

    event |= {"id": "e2", "subject": "seminar"}
    assert nurture.post("/events", {"events": [event]}).status_code == 202
    nurture.lead("lead_1", status="with_sales")
