"""What happens though nothing comes in: a lead leaves by its silence, and what was terminated is started again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus

from nurture.protocol import handoff_workflow_id, lead_workflow_id
from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, person, running, tell, temporal
from tests.e2e.whole import NewWhole, Whole, patiently

SPEED = 43_200
SCENARIO = """\
scenario: quiet
language: en
leave:
  - {when: {not: [{did: any, within: 5d}]}, finish: silent}
start: only
steps:
  only:
    wait: {until: [{requested: demo}], timeout: 3000d}
    then: bye
  bye: {finish: over}
"""
SHORT = """\
scenario: short
language: en
start: only
steps:
  only:
    wait: {until: [{requested: demo}], timeout: 4d}
    then: bye
  bye: {finish: over}
"""
TELLS = """\
scenario: tells
language: en
start: only
steps:
  only:
    notify: {to: inside, text: somebody came}
    then: bye
  bye: {finish: over}
"""
SELLS = """\
scenario: sells
language: en
start: only
steps:
  only:
    handoff: {queue: inside}
    then: bye
  bye: {finish: over}
"""
NOBODY_LISTENS = {"NURTURE_NOTIFY_URL": "http://127.0.0.1:9/hook"}


def left(nurture: Whole, lead: str, word: str) -> bool:
    """True once the lead's enrolment has ended with a word."""
    return ("finished", word) in lines(nurture, lead, "what", "subject")


async def test_a_lead_leaves_by_time_alone(tmp_path: Path, new_whole: NewWhole) -> None:
    """Five days after its newest event the night's tick lets it leave, with the condition as the reason."""
    with running(tmp_path / "home", new_whole, speed=SPEED) as nurture:
        assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
        assert nurture.post("/api/leads", person("a")).status_code == 201
        tell(nurture, "a", "1", "visited", "/")
        nurture.post("/api/enrollments", {"scenario": "quiet", "leads": ["a"]})
        nurture.lead("a", status="waiting")
        patiently(lambda: left(nurture, "a", "silent"))
        assert ("finished", "not did any within 5d") in lines(nurture, "a", "what", "reason")


async def test_what_was_terminated_is_started_again_by_itself(tmp_path: Path, new_whole: NewWhole) -> None:
    """Nothing comes in for any of them: a lead that waits, one that is paused, one that tells somebody, and a task."""
    with running(tmp_path / "home", new_whole, speed=SPEED, environment=NOBODY_LISTENS) as nurture:
        folder = write_folder(tmp_path / "scenarios", SHORT)
        (folder / "tells.yaml").write_text(TELLS, encoding="utf-8")
        (folder / "sells.yaml").write_text(SELLS, encoding="utf-8")
        assert nurture.run("deploy", str(folder)).returncode == 0
        for name in ("waits", "paused", "tells", "sells"):
            assert nurture.post("/api/leads", person(name)).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "sells", "leads": ["sells"]})
        nurture.post("/api/enrollments", {"scenario": "tells", "leads": ["tells"]})
        nurture.post("/api/enrollments", {"scenario": "short", "leads": ["waits", "paused"]})
        nurture.lead("tells", status="sending")
        for name in ("waits", "paused"):
            nurture.lead(name, status="waiting")
        await (await handle(nurture, "paused")).execute_update("pause", {"reason": "legal asks"})
        nurture.lead("sells", status="with_sales")
        task = handoff_workflow_id(nurture.get("/api/handoffs")["items"][0]["id"])
        client = await temporal(nurture)
        ended = [*(lead_workflow_id(name) for name in ("waits", "paused", "tells")), task]
        for workflow in ended:
            await client.get_workflow_handle(workflow).terminate("a mistake")

        async def runs(workflow: str) -> bool:
            described = await client.get_workflow_handle(workflow).describe()
            return described.status is WorkflowExecutionStatus.RUNNING

        for workflow in ended[1:]:
            assert await eventually(partial(runs, workflow))
        patiently(lambda: left(nurture, "waits", "over"))
        assert nurture.lead("paused")["status"] == "paused"
        await (await handle(nurture, "paused")).execute_update("resume", {"reason": "settled"})
        patiently(lambda: left(nurture, "paused", "over"))


async def eventually(look: Callable[[], Awaitable[bool]]) -> bool:
    """True once `look` says so; False after 30 s."""
    for _ in range(300):
        if await look():
            return True
        await asyncio.sleep(0.1)
    return False
