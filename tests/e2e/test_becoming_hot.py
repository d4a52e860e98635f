"""A lead becomes hot on a real server: one task each, by events or by a deployment that was told to hand over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import write_folder
from tests.e2e.shared import lines, person, running, tell
from tests.e2e.whole import NewWhole, Whole, patiently

WALK = """\
scenario: walk
language: en
topic: newsletter
on_hot: to_sales
start: first
steps:
  first:
    send: mail_a
    wait: {until: [{requested: demo}], timeout: 90d}
    then: bye
  to_sales: {handoff: {queue: inside, note: be quick}, then: bye}
  bye: {finish: over}
"""
SCORE = """\
behaviours:
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 60, fades: {half_life: 30d}}
  - {item: whitepaper, when: {downloaded: any}, points: 8, repeat: each_subject, cap: 24}
"""
HOT = "{any: [{score: total, at_least: %d}], queue: other, cool_down: 30d}\n"
SALES = """\
reps: [{rep: rep_1, name: Rep One, email: rep1@example.com, capacity: 1000}]
queues: {inside: {reps: [rep_1]}, other: {reps: [rep_1]}}
"""


def folder(at: Path, threshold: int) -> Path:
    """Definitions under which so many points make a lead hot."""
    return write_folder(at, WALK, score=SCORE, hot_lead=HOT % threshold, sales=SALES)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this file is kept."""
    return tmp_path_factory.mktemp("hot")


@pytest.fixture(scope="module")
def nurture(home: Path, new_whole: NewWhole) -> Iterator[Whole]:
    """Fifty points make hot."""
    with running(home / "home", new_whole) as made:
        assert made.run("deploy", str(folder(home / "scenarios", 50))).returncode == 0
        yield made


def tasks(nurture: Whole, lead: str) -> list[dict[str, object]]:
    """Every task of a lead."""
    return [task for task in nurture.all("/api/handoffs?limit=200") if task["lead"] == lead]


def visits(nurture: Whole, lead: str, count: int, *, first: int = 1) -> None:
    """So many looks at the prices, told one by one."""
    for number in range(first, first + count):
        tell(nurture, lead, f"visit {number}", "visited", "/pricing")


def test_the_event_that_makes_a_lead_hot_sends_it_to_sales(nurture: Whole) -> None:
    """In a scenario it takes the step; the task says why and with what score, and the API shows the same points."""
    assert nurture.post("/api/leads", person("walker")).status_code == 201
    nurture.post("/api/enrollments", {"scenario": "walk", "leads": ["walker"]})
    nurture.lead("walker", status="waiting")
    visits(nurture, "walker", 3)
    assert nurture.lead("walker", hot=False, status="waiting")["score"]["items"] == pytest.approx(
        {"pricing": 45, "whitepaper": 0}, abs=0.01
    )
    tell(nurture, "walker", "paper", "downloaded", "guide")
    found = nurture.lead("walker", status="with_sales", step="to_sales", hot=True)
    assert found["score"]["total"] == pytest.approx(53, abs=0.01)
    (task,) = tasks(nurture, "walker")
    assert task["reasons"] == ["walk: to_sales", "hot: score total at least 50"]
    assert task["score"]["total"] == pytest.approx(53, abs=0.01)  # type: ignore[index]
    assert ("hot", "score") in lines(nurture, "walker", "what", "kind")
    told = [line for line in nurture.all("/api/leads/walker/timeline") if line["what"] == "points"]
    assert [(line["subject"], line["reason"]) for line in told] == [
        ("pricing", "pricing +15; total 15"), ("pricing", "pricing +15; total 30"),
        ("pricing", "pricing +15; total 45"), ("whitepaper", "whitepaper +8; total 53"),
    ]  # fmt: skip


def test_a_lead_outside_a_scenario_gets_one_task_of_the_definition(nurture: Whole) -> None:
    """However many events come at once, and again after it is hot."""
    assert nurture.post("/api/leads", person("stranger")).status_code == 201
    visits(nurture, "stranger", 4)
    nurture.lead("stranger", status="with_sales", hot=True)
    visits(nurture, "stranger", 4, first=5)
    nurture.lead("stranger", status="with_sales")
    (task,) = tasks(nurture, "stranger")
    assert (task["queue"], task["reasons"]) == ("other", ["hot: score total at least 50"])
    assert nurture.post(f"/api/handoffs/{task['id']}/close", {"rep": "rep_1", "outcome": "won"}).status_code == 200
    assert nurture.lead("stranger", status="idle")["hot"] is True


def test_a_deployment_lists_whom_it_makes_hot_and_hands_over_when_told(nurture: Whole, home: Path) -> None:
    """The plan counts them, the deployment marks them, and only `--hand-over` makes tasks: one for each."""
    for name in ("in_walk", "outside", "quiet"):
        assert nurture.post("/api/leads", person(name)).status_code == 201
    nurture.post("/api/enrollments", {"scenario": "walk", "leads": ["in_walk"]})
    nurture.lead("in_walk", status="waiting")
    for name in ("in_walk", "outside"):
        visits(nurture, name, 2)
        nurture.lead(name, hot=False)
    lower = str(folder(home / "scenarios", 20))
    planned = nurture.run("deploy", lower, "--plan")
    assert "plan: 2 lead(s) would become hot; none would be handed over without --hand-over" in planned.stdout
    done = nurture.run("deploy", lower)
    assert "2 lead(s) become hot by it, not handed over" in done.stdout
    assert "in_walk outside" in done.stdout
    for name, status in (("in_walk", "waiting"), ("outside", "idle")):
        nurture.lead(name, hot=True, status=status)
        assert tasks(nurture, name) == []
    assert "2 lead(s) are hot already and with nobody" in nurture.run("deploy", lower, "--plan").stdout
    released = nurture.run("deploy", lower, "--hand-over")
    assert "2 lead(s) that were hot already and with nobody are handed over" in released.stdout
    for name, step in (("in_walk", "to_sales"), ("outside", None)):
        nurture.lead(name, status="with_sales", step=step)
        assert len(tasks(nurture, name)) == 1
    assert "handed over" not in nurture.run("deploy", lower, "--hand-over").stdout
    assert nurture.lead("quiet")["hot"] is False
    patiently(lambda: all(len(tasks(nurture, name)) == 1 for name in ("in_walk", "outside")))
