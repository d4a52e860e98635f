"""A workflow that was terminated, or whose store was set back: the lead goes on from where it stood, nothing twice."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, tell
from tests.e2e.test_first_path import SCENARIO, lead
from tests.e2e.whole import Whole, patiently


async def test_a_terminated_lead_goes_on_with_its_next_entry(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """From its stored state: same step, same visit, same deadline, and no mail goes twice."""
    nurture = whole()
    nurture.start()
    assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
    assert nurture.post("/api/leads", lead("lead_1")).status_code == 201
    nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["lead_1"]})
    nurture.post(f"/api/inbox/{nurture.mail('lead_1@example.com')['id']}/open", {})
    before = nurture.lead("lead_1", status="waiting", step="second")
    nurture.mail("lead_1@example.com", 2)

    await (await handle(nurture, "lead_1")).terminate("a mistake")
    event = {"id": "e1", "lead": "lead_1", "type": "signed_up", "subject": "something_else"}
    assert nurture.post("/events", {"events": [event]}).status_code == 202
    after = nurture.lead("lead_1", status="waiting", step="second", seq=before["seq"] + 1)
    assert (after["visit"], after["deadline"]) == (before["visit"], before["deadline"])
    assert [mail["subject"] for mail in nurture.mails("lead_1@example.com")] == ["mail_a", "mail_b"]

    event |= {"id": "e2", "subject": "seminar"}
    assert nurture.post("/events", {"events": [event]}).status_code == 202
    nurture.lead("lead_1", status="with_sales")


async def test_what_a_person_asked_for_outlives_the_termination(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """A lead that was made to leave gets no further mail; one that was paused stays paused."""
    nurture = whole()
    nurture.start()
    assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
    for name, update in (("left", "leave"), ("paused", "pause")):
        assert nurture.post("/api/leads", lead(name)).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "invite", "leads": [name]})
        mail = nurture.mail(f"{name}@example.com")
        nurture.lead(name, status="waiting")
        workflow = await handle(nurture, name)
        await workflow.execute_update(update, {"reason": "asked by phone"})
        await workflow.terminate("a mistake")
        nurture.post(f"/api/inbox/{mail['id']}/open", {})

    def applied(name: str) -> bool:
        now = nurture.lead(name)
        return bool(now["seq"] == now["stored_seq"] and "opened" in lines(nurture, name, "what"))

    for name, status in (("left", "idle"), ("paused", "paused")):
        patiently(partial(applied, name))
        assert nurture.lead(name)["status"] == status
        assert [mail["subject"] for mail in nurture.mails(f"{name}@example.com")] == ["mail_a"]
    assert lines(nurture, "left", "what", "subject").count(("finished", "left")) == 1


@pytest.mark.embedded
async def test_a_temporal_store_that_was_set_back_heals_itself(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """Its file is put back to what it was before a mail, an open and a `leave`: no lead walks them again."""
    nurture = whole()
    nurture.start()
    assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
    for name in ("left", "opened", "waits"):
        assert nurture.post("/api/leads", lead(name)).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "invite", "leads": [name]})
        nurture.mail(f"{name}@example.com")
        nurture.lead(name, status="waiting")
    with (
        contextlib.closing(sqlite3.connect(nurture.home / "temporal.db")) as now,
        contextlib.closing(sqlite3.connect(tmp_path / "before.db")) as before,
    ):
        now.backup(before)
    await (await handle(nurture, "left")).execute_update("leave", {"reason": "asked by phone"})
    nurture.post(f"/api/inbox/{nurture.mail('opened@example.com')['id']}/open", {})
    nurture.mail("opened@example.com", 2)
    second = nurture.lead("opened", status="waiting", step="second")

    assert nurture.stop() == 0
    for file in nurture.home.glob("temporal.db*"):
        file.unlink()
    shutil.copy(tmp_path / "before.db", nurture.home / "temporal.db")
    nurture.start()
    for name in ("left", "opened", "waits"):
        tell(nurture, name, "later", "visited", "/pricing")
        nurture.post(f"/api/inbox/{nurture.mail(f'{name}@example.com')['id']}/open", {})
    nurture.mail("waits@example.com", 2)
    assert nurture.lead("left")["status"] == "idle"
    third = nurture.lead("opened", status="waiting", step="second")
    assert (third["visit"], third["deadline"]) == (second["visit"], second["deadline"])
    assert {name: len(nurture.mails(f"{name}@example.com")) for name in ("left", "opened")} == {"left": 1, "opened": 2}
    for name in ("left", "opened"):
        told = lines(nurture, name, "what", "step", "visit")
        assert not [
            line for line in set(told) if line[0] in ("arrived", "accepted", "reaction") and told.count(line) > 1
        ]
