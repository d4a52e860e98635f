"""What time alone changes: a lead leaves by its silence, and one whose workflow was terminated wakes up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, person, running, tell
from tests.e2e.whole import Whole, patiently

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


def left(nurture: Whole, lead: str, word: str) -> bool:
    """True once the lead's enrolment has ended with a word."""
    return ("finished", word) in lines(nurture, lead, "what", "subject")


async def test_a_lead_leaves_by_time_alone(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Five days after its newest event the night's tick lets it leave, with the condition as the reason."""
    with running(tmp_path / "home", free_port, speed=SPEED) as nurture:
        assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
        assert nurture.post("/api/leads", person("a")).status_code == 201
        tell(nurture, "a", "1", "visited", "/")
        nurture.post("/api/enrollments", {"scenario": "quiet", "leads": ["a"]})
        nurture.lead("a", status="waiting")
        patiently(lambda: left(nurture, "a", "silent"))
        assert ("finished", "not did any within 5d") in lines(nurture, "a", "what", "reason")


async def test_a_terminated_lead_wakes_up_in_a_night_after_its_deadline(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Nothing comes in for it any more: its next entry is the tick, once nobody decided its deadline for 15 s."""
    with running(tmp_path / "home", free_port, speed=SPEED) as nurture:
        assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SHORT))).returncode == 0
        assert nurture.post("/api/leads", person("a")).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "short", "leads": ["a"]})
        nurture.lead("a", status="waiting")
        await (await handle(nurture, "a")).terminate("a mistake")
        patiently(lambda: left(nurture, "a", "over"))
