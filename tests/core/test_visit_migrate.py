"""A lead that is moved to another deployment's graph: no arrival, nothing sent, the facts of its visit kept."""

from __future__ import annotations

from nurture.updates import Migrate, Request
from tests.core.stage import Lead, define, later

OLD = """
scenario: drip
language: ja
topic: news
start: a
steps:
  a:
    send: m_a
    wait: {until: [opened], timeout: 5d}
    then:
      - {when: opened, go: b}
      - {otherwise: c}
  b: {wait: 9d, then: c}
  c: {finish: over}
"""
NEW = OLD.replace("  a:\n", "  first:\n").replace("start: a", "start: first").replace("timeout: 5d", "timeout: 7d")
SHORT = OLD.replace("timeout: 5d", "timeout: 2d")
OTHER = OLD.replace("send: m_a", "handoff: {queue: inside}").replace("    wait: {until: [opened], timeout: 5d}\n", "")
OTHER = OTHER.replace("{when: opened, go: b}", "{when: {outcome: won}, go: b}")


def walking(new: str) -> Lead:
    """A lead that waits at `a` of deployment 1, with another deployment current."""
    lead = Lead(OLD)
    lead.enrol()
    lead.tell(lead.deployed(define(new, number=2), at=later("1h")))
    return lead


def moved(lead: Lead, step: str, *, at: str = "1d", deployment: int = 2) -> None:
    """A person moves it."""
    lead.tell(Request(f"move {at}", Migrate(deployment=deployment, step=step)), now=later(at))


def test_a_migrated_lead_keeps_its_visit_and_gets_no_mail() -> None:
    """Same visit, no arrival, one mail in all; its enrolment is noted to be in the new deployment."""
    lead = walking(NEW)
    moved(lead, "first")
    assert lead.where() == ("waiting", "first", 1)
    assert lead.templates == ["m_a"]
    assert [line for line in lead.story if line.startswith("arrived")] == ["arrived"]
    assert lead.reason("migrated") == "from deployment 1 to 2"
    change = lead.records[-1].enrolments[-1]
    assert (change.state, change.deployment) == ("moved", 2)


def test_the_time_that_has_passed_counts_against_the_new_timeout() -> None:
    """Seven days from the acceptance instead of five; with two days it is over at once."""
    longer, shorter = walking(NEW), walking(SHORT)
    moved(longer, "first", at="3d")
    assert longer.deadline == later("7d")
    moved(shorter, "a", at="3d")
    assert shorter.ends == ["over"]


def test_an_unchanged_timeout_keeps_the_deadline() -> None:
    """Also over a pause, whose time stood still."""
    lead = walking(NEW.replace("timeout: 7d", "timeout: 5d"))
    before = lead.deadline
    moved(lead, "first")
    assert lead.deadline == before


def test_the_mail_of_the_visit_is_still_its_own_under_the_new_name() -> None:
    """Its open, told under the old send key, ends the wait."""
    lead = walking(NEW)
    moved(lead, "first")
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("2d")))
    assert lead.where()[1] == "b"


def test_an_open_before_the_migration_is_not_forgotten() -> None:
    """The facts of the visit come along; paused, so that nothing has reacted yet."""
    lead = walking(NEW)
    key = lead.state.run.seen if lead.state.run else {}
    assert key == {}
    moved(lead, "first")
    moved(lead, "a", at="2d", deployment=1)
    assert lead.where() == ("waiting", "a", 1)
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("3d")))
    assert lead.where()[1] == "b"


def test_a_step_that_is_not_there_or_does_something_else_is_refused() -> None:
    """The lead stays where it is, and the timeline says why."""
    lead = walking(NEW)
    moved(lead, "nowhere")
    assert lead.where() == ("waiting", "a", 1)
    assert "no step 'nowhere'" in (lead.reason("not_migrated") or "")
    held = Lead(OLD)
    held.enrol(answered=False)
    held.give(held.deployed(define(OTHER, number=2), at=later("1h")))
    held.give(Request("move", Migrate(deployment=2, step="a")), now=later("2h"))
    assert "'a' is about to send" in (held.reason("not_migrated") or "")
    nobody = Lead(OLD)
    nobody.tell(nobody.profile())
    nobody.give(Request("move", Migrate(deployment=1, step="a")))
    assert nobody.reason("not_migrated") == "the lead is in no scenario"


def test_a_mail_on_its_way_is_answered_under_its_old_name() -> None:
    """The step was renamed while its mail was with the provider: the answer begins its wait, nothing goes again."""
    lead = Lead(OLD)
    lead.enrol(answered=False)
    lead.give(lead.deployed(define(NEW, number=2), at=later("1h")))
    lead.give(Request("move", Migrate(deployment=2, step="first")), now=later("2h"))
    assert lead.where() == ("sending", "first", 1)
    lead.tell(lead.sent("accepted"))
    assert lead.where() == ("waiting", "first", 1)
    assert lead.templates == ["m_a"]


def test_nobody_is_moved_to_a_step_that_ends_or_hands_over() -> None:
    """That would be an arrival: `go_to` is for it. The lead waits on, and the timeline says why."""
    lead = walking(NEW)
    moved(lead, "c")
    assert lead.where() == ("waiting", "a", 1)
    assert "would finish at once" in (lead.reason("not_migrated") or "")
