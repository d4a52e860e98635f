"""What leads did reaches them: once each, whatever the order, and whoever is away for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from temporalio.client import WorkflowUpdateFailedError

from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, person, running, tell
from tests.e2e.whole import NewWhole, Whole, patiently

MAIN = """\
scenario: main
language: en
topic: newsletter
priority: 50
start: first
steps:
  first:
    send: mail_a
    wait: {until: [{signed_up: seminar}], timeout: 30d}
    then:
      - {when: {signed_up: seminar}, go: second}
      - {otherwise: bye}
  second:
    send: mail_b
    wait: {until: [{attended: seminar}], timeout: 30d}
    then:
      - {when: {attended: seminar}, finish: attended}
      - {otherwise: bye}
  bye: {finish: over}
"""
SIMPLE = """\
scenario: {name}
language: en
start: only
{more}
steps:
  only:
    wait: {{until: [{{requested: {name}}}], timeout: 30d}}
    then: bye
  bye: {{finish: over}}
"""
GREETING = """\
scenario: greeting
language: en
topic: newsletter
start: only
steps:
  only:
    send: mail_c
    wait: {until: [opened], timeout: 30d}
    then: bye
  bye: {finish: over}
"""


def simple(name: str, **more: str) -> str:
    """A scenario of one wait."""
    return SIMPLE.format(name=name, more="\n".join(f"{key}: {value}" for key, value in more.items()))


FILES = {
    "greeting": GREETING,
    "by_event": simple("by_event", enter="{event: {downloaded: guide}}"),
    "by_segment": simple("by_segment", enter="{segment: large}"),
    "urgent": simple("urgent", when_busy="replace", priority="90"),
    "modest": simple("modest", when_busy="replace", priority="10"),
    "shy": simple("shy", when_busy="skip"),
    "attributes": "employees: {type: number, axis: demographic}\n",
    "segments": "large: {title: Large, when: {attribute: employees, at_least: 1000}}\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of definitions; tests that change it deploy it again."""
    return write_folder(tmp_path_factory.mktemp("delivery") / "scenarios", MAIN, **FILES)


@pytest.fixture(scope="module")
def nurture(folder: Path, new_whole: NewWhole) -> Iterator[Whole]:
    """A whole with the folder deployed."""
    with running(folder.parent / "home", new_whole) as whole:
        deploy(whole, folder)
        yield whole


def deploy(nurture: Whole, folder: Path) -> None:
    """Deploy a folder."""
    done = nurture.run("deploy", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr


def add(nurture: Whole, lead: str, **more: Any) -> None:
    """A new lead."""
    assert nurture.post("/api/leads", person(lead, **more)).status_code == 201


def enrol(nurture: Whole, lead: str, scenario: str = "main") -> Any:
    """What became of a wish to enrol one lead."""
    answer = nurture.post("/api/enrollments", {"scenario": scenario, "leads": [lead]})
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_events_told_twice_and_out_of_order_count_once(nurture: Whole) -> None:
    """The attendance comes before the sign-up and everything comes thrice: one path, one line for each event."""
    add(nurture, "twice")
    assert enrol(nurture, "twice")["enrolled"] == ["twice"]
    nurture.mail("twice@example.com")
    nurture.lead("twice", status="waiting", step="first")
    now = datetime.now(UTC)
    for _ in range(3):
        tell(nurture, "twice", "visit", "visited", "/pricing", at=(now - timedelta(minutes=1)).isoformat())
        tell(nurture, "twice", "sign-up", "signed_up", "seminar", at=now.isoformat())
    nurture.mail("twice@example.com", 2)
    nurture.lead("twice", status="waiting", step="second")
    assert tell(nurture, "twice", "sign-up", "signed_up", "seminar")["duplicates"] == 1
    assert tell(nurture, "twice", "came", "attended", "seminar")["accepted"] == 1
    nurture.lead("twice", status="idle")
    what = lines(nurture, "twice", "what")
    assert [what.count(each) for each in ("visited", "signed_up", "attended", "entered", "finished")] == [1] * 5
    assert len(nurture.mails("twice@example.com")) == 2


def test_an_event_before_the_enrolment_moves_nothing_later(nurture: Whole) -> None:
    """It is kept and on the timeline; a wait that begins afterwards still waits."""
    add(nurture, "early")
    tell(nurture, "early", "sign-up", "signed_up", "seminar")
    nurture.lead("early", status="idle", seq=2)
    enrol(nurture, "early")
    nurture.lead("early", status="waiting", step="first")
    assert "signed_up" in lines(nurture, "early", "what")


def test_an_event_of_an_unknown_lead_is_parked_and_applied_when_it_appears(nurture: Whole) -> None:
    """By id and by address; whoever does something that opens a scenario walks it as soon as it is known."""
    tell(nurture, "stranger", "one", "downloaded", "guide")
    answer = nurture.post(
        "/events",
        {"events": [{"id": "by-address", "lead": {"email": "stranger@example.com"}, "type": "visited"}]},
    )
    assert answer.json()["accepted"] == 1
    waiting = {each["id"] for each in nurture.all("/api/events?parked=true")}
    assert {"stranger/one", "by-address"} <= waiting
    add(nurture, "stranger")
    nurture.lead("stranger", status="waiting", scenario="by_event")
    assert not {"stranger/one", "by-address"} & {each["id"] for each in nurture.all("/api/events?parked=true")}
    assert {"downloaded", "visited"} <= set(lines(nurture, "stranger", "what"))


def test_an_event_acknowledged_while_temporal_is_killed_is_applied(nurture: Whole) -> None:
    """The acknowledgement does not wait for Temporal, and what was acknowledged is not lost."""
    add(nurture, "away")
    enrol(nurture, "away")
    nurture.lead("away", status="waiting", step="first")
    nurture.kill("temporal")
    assert tell(nurture, "away", "sign-up", "signed_up", "seminar")["accepted"] == 1
    nurture.mail("away@example.com", 2)
    nurture.lead("away", status="waiting", step="second")
    patiently(lambda: nurture.get("/health/ready"), seconds=60)


def test_an_event_and_a_segment_enrol_by_themselves(nurture: Whole) -> None:
    """`enter: {event}` when it happens, `enter: {segment}` when a lead newly fits; each once."""
    add(nurture, "self")
    tell(nurture, "self", "one", "downloaded", "guide")
    nurture.lead("self", status="waiting", scenario="by_event")
    tell(nurture, "self", "done", "requested", "by_event")
    nurture.lead("self", status="idle")
    assert nurture.post("/api/leads", {"id": "self", "attributes": {"employees": 5000}}).status_code == 200
    nurture.lead("self", status="waiting", scenario="by_segment")
    assert nurture.post("/api/leads", {"id": "self", "attributes": {"employees": 6000}}).status_code == 200
    tell(nurture, "self", "again", "downloaded", "guide")
    patiently(lambda: ("enrolment_refused", "entered_before") in lines(nurture, "self", "what", "reason"))
    nurture.lead("self", status="waiting", scenario="by_segment")


def test_a_second_scenario_queues_replaces_or_is_skipped(nurture: Whole) -> None:
    """As its `when_busy` says; a replacement of lower priority waits, and every end is on the timeline."""
    add(nurture, "busy")
    assert enrol(nurture, "busy", "by_event")["enrolled"] == ["busy"]
    nurture.lead("busy", status="waiting", scenario="by_event")
    assert enrol(nurture, "busy", "by_segment")["queued"] == ["busy"]
    assert enrol(nurture, "busy", "modest")["queued"] == ["busy"]
    assert enrol(nurture, "busy", "shy")["refused"] == [{"lead": "busy", "reason": "busy"}]
    nurture.lead("busy", status="waiting", scenario="by_event")
    assert enrol(nurture, "busy", "urgent")["enrolled"] == ["busy"]
    nurture.lead("busy", status="waiting", scenario="urgent")
    tell(nurture, "busy", "urgent", "requested", "urgent")
    nurture.lead("busy", status="waiting", scenario="by_segment")
    tell(nurture, "busy", "by_segment", "requested", "by_segment")
    nurture.lead("busy", status="waiting", scenario="modest")
    tell(nurture, "busy", "modest", "requested", "modest")
    nurture.lead("busy", status="idle")
    ends = [line[1:] for line in lines(nurture, "busy", "what", "scenario", "subject") if line[0] == "finished"]
    assert ends == [("by_event", "replaced"), ("urgent", "over"), ("by_segment", "over"), ("modest", "over")]


async def test_ops_pause_move_and_end_a_lead(nurture: Whole) -> None:
    """Through Temporal alone; the API shows it at once, the timeline keeps who asked for what and why."""
    add(nurture, "ops")
    enrol(nurture, "ops")
    before = nurture.lead("ops", status="waiting", step="first")
    workflow = await handle(nurture, "ops")
    await workflow.execute_update("pause", {"reason": "legal asks"})
    nurture.lead("ops", status="paused")
    tell(nurture, "ops", "sign-up", "signed_up", "seminar")
    nurture.lead("ops", status="paused", step="first")
    assert len(nurture.mails("ops@example.com")) == 1
    await workflow.execute_update("resume", {"reason": "settled"})
    nurture.lead("ops", status="waiting", step="second")
    nurture.mail("ops@example.com", 2)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await workflow.execute_update("go_to", {"step": "frist", "reason": "typing error"})
    assert "known: first, second" in str(refused.value.cause)
    await workflow.execute_update("go_to", {"step": "first", "reason": "once more"})
    after = nurture.lead("ops", status="waiting", step="first", visit=2)
    assert after["deadline"] > before["deadline"]
    explained = await workflow.query("explain")
    assert (explained["step"], explained["visit"], explained["status"]) == ("first", 2, "waiting")
    await workflow.execute_update("leave", {"reason": "a customer now"})
    nurture.lead("ops", status="idle", scenario=None)
    asked = [line[1:] for line in lines(nurture, "ops", "kind", "what", "reason") if line[0] == "ops"]
    assert asked == [("paused", "legal asks"), ("resumed", "settled"), ("go_to", "once more")]
    assert ("finished", "left", "a customer now") in lines(nurture, "ops", "what", "subject", "reason")


async def test_a_deploy_that_mends_a_template_unblocks_a_lead(nurture: Whole, folder: Path) -> None:
    """Blocked says why; the mended text goes out under the same visit. `retry` without mending blocks again."""
    template = folder / "templates" / "mail_c.en.md"
    sound = template.read_text()
    template.write_text("---\nsubject: hello\n---\nYou have {{ lead.attributes.employees }} people.\n")
    deploy(nurture, folder)
    add(nurture, "blocked")
    enrol(nurture, "blocked", "greeting")
    workflow_blocked = nurture.lead("blocked", status="blocked", step="only")
    assert workflow_blocked["visit"] == 1
    workflow = await handle(nurture, "blocked")
    assert "employees" in (await workflow.query("explain"))["why"]
    await workflow.execute_update("retry", {"reason": "perhaps now"})
    patiently(lambda: lines(nurture, "blocked", "what").count("blocked") == 2)
    nurture.lead("blocked", status="blocked", step="only")
    assert nurture.mails("blocked@example.com") == []
    template.write_text(sound)
    deploy(nurture, folder)
    assert nurture.mail("blocked@example.com")["subject"] == "mail_c"
    nurture.lead("blocked", status="waiting", step="only", visit=1)


def test_a_running_lead_keeps_its_steps_while_texts_are_current(nurture: Whole, folder: Path) -> None:
    """After a deploy with other steps and another text: the old path, the new words; who enters now walks the new."""
    add(nurture, "pinned")
    enrol(nurture, "pinned")
    number = nurture.lead("pinned", status="waiting", step="first")["deployment"]
    scenario, template = folder / "scenario.yaml", folder / "templates" / "mail_b.en.md"
    steps, text = scenario.read_text(), template.read_text()
    turned = steps.replace("{when: {signed_up: seminar}, go: second}", "{when: {signed_up: seminar}, go: bye}")
    scenario.write_text(turned.replace("- {otherwise: bye}", "- {otherwise: second}", 1))
    template.write_text(text.replace("subject: mail_b", "subject: better words"))
    try:
        deploy(nurture, folder)
        tell(nurture, "pinned", "sign-up", "signed_up", "seminar")
        assert nurture.mail("pinned@example.com", 2)["subject"] == "better words"
        assert nurture.lead("pinned", status="waiting", step="second")["deployment"] == number
        add(nurture, "newer")
        enrol(nurture, "newer")
        assert nurture.lead("newer", status="waiting", step="first")["deployment"] > number
        tell(nurture, "newer", "sign-up", "signed_up", "seminar")
        nurture.lead("newer", status="idle")
    finally:
        scenario.write_text(steps)
        template.write_text(text)
        deploy(nurture, folder)


def test_a_one_click_unsubscribe_ends_the_enrolment_and_nothing_more_is_sent(nurture: Whole) -> None:
    """In the middle of a wait, without a key; what would have moved the lead moves it no more."""
    add(nurture, "leaver")
    enrol(nurture, "leaver")
    mail = nurture.mail("leaver@example.com")
    nurture.lead("leaver", status="waiting", step="first")
    link = str(mail["headers"]["List-Unsubscribe"]).strip("<>")
    done = httpx.post(
        f"{nurture.web}{urlsplit(link).path}", data={"List-Unsubscribe": "One-Click"}, timeout=15, trust_env=False
    )
    assert done.status_code == 200
    nurture.lead("leaver", status="idle", scenario=None)
    tell(nurture, "leaver", "sign-up", "signed_up", "seminar")
    seen = nurture.lead("leaver")
    nurture.lead("leaver", status="idle", seq=seen["stored_seq"])
    assert len(nurture.mails("leaver@example.com")) == 1
    assert ("finished", "unsubscribed") in lines(nurture, "leaver", "what", "subject")
    assert enrol(nurture, "leaver", "greeting")["enrolled"] == ["leaver"]
    nurture.lead("leaver", status="idle")
    assert ("finished", "unreachable") in lines(nurture, "leaver", "what", "subject")
    assert len(nurture.mails("leaver@example.com")) == 1
