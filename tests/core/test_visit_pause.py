"""What a person's updates do to a lead: pause and resume, leave, go_to, retry."""

from __future__ import annotations

from nurture.alarms import alarm
from nurture.updates import GoTo, LeaveScenario, Pause, Resume, Retry
from tests.core.stage import OFFICE_HOURS, START, Lead, define, later, update

TWO = """
scenario: two
topic: news
leave: [{when: {attribute: relation, is: customer}, finish: customer}]
anywhere: [{when: {requested: demo}, go: to_sales}]
start: a
steps:
  a: {send: mail_a, wait: {until: [opened], timeout: 5d}, then: [{when: opened, go: b}, {otherwise: silent}]}
  b: {wait: {until: [{visited: any}], timeout: 2d}, then: [{when: {visited: any}, finish: came}, {otherwise: silent}]}
  to_sales: {handoff: {queue: inside}, then: [{when: {outcome: won}, finish: won}, {otherwise: silent}]}
  silent: {finish: silent}
"""


def started() -> Lead:
    """A lead that waits for an open until the fifth day."""
    lead = Lead(TWO)
    lead.enrol()
    return lead


def pause(lead: Lead, at: str) -> None:
    """A person stops the lead."""
    lead.tell(update(Pause), now=later(at))


def resume(lead: Lead, at: str) -> None:
    """A person lets it go on."""
    lead.tell(update(Resume), now=later(at))


def test_the_remaining_time_is_frozen() -> None:
    """Paused for ten days on the second: three days are left, and three days are left after."""
    lead = started()
    pause(lead, "2d")
    assert lead.where() == ("paused", "a", 1)
    assert lead.records[-1].position.why == "a person asks"
    assert alarm(lead.book, lead.state) is None
    lead.give(now=later("11d"))
    assert lead.where() == ("paused", "a", 1)
    resume(lead, "12d")
    assert lead.deadline == later("15d")


def test_events_of_the_pause_are_counted_at_once_and_judged_on_resume() -> None:
    """The open that came meanwhile ends the wait when the lead goes on, at its own time."""
    lead = started()
    pause(lead, "1d")
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("2d")))
    assert lead.where() == ("paused", "a", 1)
    resume(lead, "10d")
    assert lead.where() == ("waiting", "b", 1)
    assert lead.state.run is not None
    assert lead.state.run.since == later("2d")


def test_a_wait_that_begins_with_an_event_of_the_pause_has_its_whole_time() -> None:
    """The lead's time stood still: two days from the resume, not from the event."""
    lead = started()
    pause(lead, "1d")
    opened = lead.event("opened", mail=lead.mails[0], at=later("2d"))
    came = lead.event("visited", "/a", at=later("6d"))
    lead.tell(opened)
    resume(lead, "10d")
    assert lead.deadline == later("12d")
    lead = started()
    pause(lead, "1d")
    lead.tell(opened, came)
    resume(lead, "10d")
    assert lead.ends == ["came"]


def test_events_of_the_pause_are_judged_in_the_order_of_their_times() -> None:
    """Delivered the other way round, one by one, they mean the same: the visit came before the open."""
    lead = started()
    pause(lead, "1d")
    opened = lead.event("opened", mail=lead.mails[0], at=later("6d"))
    came = lead.event("visited", "/a", at=later("2d"))
    lead.tell(opened)
    lead.tell(came)
    resume(lead, "10d")
    assert lead.where() == ("waiting", "b", 1)


def test_a_timeout_due_before_the_pause_is_decided_before_it() -> None:
    """The pause comes in the same advance as a deadline that has passed: the deadline was first."""
    lead = started()
    pause(lead, "5d")
    assert lead.ends == ["silent"]
    assert lead.where() == ("paused", None, None)


def test_a_send_that_is_held_by_a_pause_is_issued_again() -> None:
    """It must not begin while paused; on resume the same mail is handed out under a new issue."""
    lead = Lead(TWO)
    lead.enrol(answered=False)
    lead.give(update(Pause), now=later("1m"))
    assert lead.cancelled == [("lead_1/two/1/a/1", 1)]
    lead.give(lead.sent("cancelled"))
    assert lead.where() == ("paused", "a", 1)
    lead.give(update(Resume), now=later("1d"))
    assert [(mail.key, mail.issue) for mail in lead.mails] == [("lead_1/two/1/a/1", 1), ("lead_1/two/1/a/1", 2)]
    lead.give(lead.sent("accepted"))
    assert lead.where() == ("waiting", "a", 1)


def test_a_send_that_had_begun_when_the_pause_came_is_not_issued_again() -> None:
    """Its acceptance is taken on resume, and the wait has its whole time from there."""
    lead = Lead(TWO)
    lead.enrol(answered=False)
    lead.give(update(Pause), now=later("1m"))
    lead.give(lead.sent("accepted", at=later("2m")), now=later("2m"))
    lead.give(update(Resume), now=later("3d"))
    assert len(lead.mails) == 1
    assert lead.where() == ("waiting", "a", 1)
    assert lead.deadline == later("8d")


def test_a_mail_proved_by_its_event_is_not_held_by_a_pause() -> None:
    """It has gone; only its answer is still on its way."""
    lead = Lead(TWO)
    lead.enrol(answered=False)
    lead.give(lead.event("delivered", mail=lead.mails[0], at=later("1m")))
    lead.give(update(Pause), now=later("2m"))
    assert lead.cancelled == []


def test_a_deferred_send_waits_out_the_pause() -> None:
    """Its window opens while the lead is paused: nothing goes until it is resumed, and then in the window."""
    lead = Lead(TWO, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    pause(lead, "13h")
    lead.give(now=later("24h"))
    assert lead.mails == []
    resume(lead, "36h")
    assert lead.mails == []
    assert lead.deadline == later("47h")
    lead.until("47h")
    assert lead.templates == ["mail_a"]


def test_within_is_frozen_too() -> None:
    """Four hours to send, of which one had passed: three are left after the pause, and a new arrival has four."""
    text = """
scenario: within
topic: news
start: a
steps:
  a: {wait: {until: [{visited: any}], timeout: 9d}, then: b}
  b: {send: {template: mail_a, within: 4h}, wait: 5d, then: late}
  late: {finish: too_late}
"""
    lead = Lead(text)
    lead.enrol()
    lead.give(lead.event("visited", at=later("1d")))
    lead.give(lead.sent("deferred", at=later("26h")))
    pause(lead, "25h")
    resume(lead, "60h")
    assert lead.state.run is not None
    assert lead.state.run.give_up == later("63h")
    lead = Lead(text)
    lead.enrol()
    pause(lead, "1h")
    lead.tell(lead.event("visited", at=later("2h")))
    resume(lead, "60h")
    assert lead.templates == ["mail_a"]
    assert lead.state.run is not None
    assert lead.state.run.give_up == later("64h")


def test_a_deadline_by_a_date_stays_where_the_date_is() -> None:
    """A trial ends when it ends; an event before it, judged on resume, still wins over it."""
    text = TWO.replace("timeout: 5d", "by: {attribute: trial_ends}")
    text = text.replace("{when: opened, go: b}, {otherwise: silent}", "{when: opened, finish: came}, {otherwise: b}")
    for at, ends, step in (("3d", ["came"], None), ("5d", [], "b")):
        lead = Lead(text)
        lead.tell(lead.profile(trial_ends="2026-11-06"), lead.enrolment())
        assert lead.deadline == later("86h")
        pause(lead, "1d")
        lead.tell(lead.event("opened", mail=lead.mails[0], at=later(at)))
        resume(lead, "10d")
        assert (lead.ends, lead.where()[1]) == (ends, step)


def test_a_profile_of_the_pause_is_judged_on_resume() -> None:
    """Who became a customer meanwhile leaves, before any mail goes."""
    lead = Lead(TWO, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    pause(lead, "13h")
    lead.tell(lead.profile(relation="customer", at=later("14h")))
    assert lead.where() == ("paused", "a", 1)
    resume(lead, "24h")
    assert lead.mails == []
    assert lead.ends == ["customer"]


def test_an_outcome_of_the_pause_moves_the_lead_on_resume() -> None:
    """Nothing is handed over or moved while a person holds the lead."""
    lead = started()
    lead.tell(lead.event("requested", "demo"))
    pause(lead, "1d")
    lead.tell(lead.outcome("won", at=later("2d")))
    assert lead.where() == ("paused", "to_sales", 1)
    resume(lead, "3d")
    assert lead.ends == ["won"]


def test_nothing_is_handed_over_while_paused() -> None:
    """The event that leads to sales makes its task on resume."""
    lead = started()
    pause(lead, "1d")
    lead.tell(lead.event("requested", "demo", at=later("2d")))
    assert lead.tasks == []
    resume(lead, "3d")
    assert len(lead.tasks) == 1


def test_an_enrolment_waits_for_the_resume() -> None:
    """A paused lead without scenario enters none."""
    lead = Lead(TWO)
    lead.tell(lead.profile())
    pause(lead, "1d")
    lead.tell(lead.enrolment())
    assert lead.where() == ("paused", None, None)
    assert lead.mails == []
    resume(lead, "2d")
    assert lead.where() == ("waiting", "a", 1)


def test_a_blocked_lead_that_is_paused_is_retried_on_resume() -> None:
    """A deploy comes while it is paused: nothing is sent until it goes on, and no second arrival is counted."""
    lead = Lead(TWO)
    lead.enrol(answered=False)
    lead.give(lead.sent("blocked", reason="no template"))
    pause(lead, "1h")
    lead.give(lead.deployed(define(TWO, number=2), at=later("2h")))
    assert len(lead.mails) == 1
    resume(lead, "3h")
    assert len(lead.mails) == 2
    assert lead.state.run is not None
    assert lead.state.run.visits == {"a": 1}


def test_pause_and_resume_twice_change_nothing_more() -> None:
    """The driver refuses them; the core is indifferent."""
    lead = started()
    pause(lead, "1d")
    pause(lead, "2d")
    resume(lead, "3d")
    resume(lead, "4d")
    assert lead.deadline == later("7d")
    assert [line.what for line in lead.lines if line.kind == "ops"] == ["paused", "resumed"]


def test_a_person_lets_a_lead_leave() -> None:
    """The enrolment ends with the word `left` and the reason; the next queued one begins, unless it is paused."""
    lead = started()
    lead.tell(lead.enrolment())
    pause(lead, "1d")
    lead.tell(update(LeaveScenario, "asked by phone"), now=later("2d"))
    assert lead.ends == ["left"]
    assert lead.reason("finished") == "asked by phone"
    assert lead.where() == ("paused", None, None)
    resume(lead, "3d")
    assert lead.where() == ("waiting", "a", 1)


def test_go_to_is_an_arrival_and_so_a_visit() -> None:
    """Going to the step where the lead stands sends its second mail and begins its wait anew."""
    lead = started()
    lead.tell(update(GoTo, step="a"), now=later("1d"))
    assert lead.where() == ("waiting", "a", 2)
    assert lead.deadline == later("6d")
    assert [mail.key for mail in lead.mails] == ["lead_1/two/1/a/1", "lead_1/two/1/a/2"]


def test_go_to_where_no_step_is_moves_nothing_and_says_so() -> None:
    """The driver refuses it; if the lead left meanwhile, the timeline has a line."""
    lead = started()
    before = lead.where()
    lead.tell(update(GoTo, step="nowhere"))
    assert lead.where() == before
    assert "not_moved nowhere" in lead.story
    pause(lead, "1d")
    lead.tell(update(GoTo, step="b"), now=later("2d"))
    assert lead.where() == ("paused", "a", 1)


def test_a_deadline_due_when_a_person_moves_the_lead_is_decided_first() -> None:
    """The update came after it: the lead is moved from where it stood by then."""
    lead = Lead(TWO.replace("{otherwise: silent}]}\n  b", "{otherwise: b}]}\n  b"))
    lead.enrol()
    lead.tell(update(GoTo, step="a"), now=later("6d"))
    assert lead.story.count("timeout") == 1
    assert lead.where() == ("waiting", "a", 2)


def test_retry_of_a_lead_that_is_not_blocked_changes_nothing() -> None:
    """Neither a second mail nor another visit."""
    lead = started()
    done = lead.give(update(Retry), now=START)
    assert done.record is None
    assert done.commands == ()
