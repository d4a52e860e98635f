"""What becomes of a step's mail: handed out once, held back, refused, too late, proved by its own events."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from nurture.alarms import alarm_at
from nurture.updates import LeaveScenario
from nurture.walk import Input
from tests.core.stage import OFFICE_HOURS, START, Lead, define, later, update

ONE = """
scenario: one
topic: news
start: a
steps:
  a:
    skip: {when: {did: {attended: seminar}}, go: skipped}
    send: mail_a
    wait: {until: [opened, {signed_up: seminar}], timeout: 5d}
    then: [{when: opened, finish: opened}, {when: {signed_up: seminar}, finish: signed_up}, {otherwise: silent}]
  silent: {finish: silent}
  skipped: {finish: skipped}
"""


def sending() -> Lead:
    """A lead whose mail was handed to the provider and not answered yet."""
    lead = Lead(ONE)
    lead.enrol(answered=False)
    assert lead.where() == ("sending", "a", 1)
    return lead


def test_a_mail_carries_the_key_of_its_visit() -> None:
    """`<lead>/<scenario>/<enrolment no>/<step>/<visit>`; the slot is the instant the gate judges."""
    mail = sending().mails[0]
    assert mail.key == "lead_1/one/1/a/1"
    assert (mail.template, mail.language, mail.topic, mail.slot) == ("mail_a", "ja", "news", START)


def test_the_timeout_runs_from_the_acceptance() -> None:
    """A mail held for two days by the provider gives its reader the whole five days."""
    lead = sending()
    lead.give(lead.sent("accepted", at=later("2d")), now=later("2d"))
    assert lead.deadline == later("7d")


def test_an_unknown_outcome_counts_from_the_attempt() -> None:
    """The answer was lost after the request was written: the lead goes on, nothing is sent again."""
    lead = sending()
    lead.give(lead.sent("unknown", at=later("1h")), now=later("2h"))
    assert lead.deadline == later("121h")
    assert len(lead.mails) == 1


def test_an_open_during_the_send_counts_when_the_wait_starts() -> None:
    """An event of this very mail that overtakes the answer proves it has gone: nothing moves until the answer."""
    lead = sending()
    lead.give(lead.event("opened", mail=lead.mails[0], at=later("1m")))
    assert lead.where() == ("sending", "a", 1)
    assert lead.cancelled == []
    lead.give(lead.sent("accepted", at=later("1m")))
    assert lead.ends == ["opened"]


def test_the_answer_and_an_event_of_the_mail_in_one_advance_go_in_the_order_of_time() -> None:
    """Whether they come together or one by one, in either order, the lead ends the same way."""
    ends = []
    for together in (True, False):
        for first in (0, 1):
            lead = sending()
            both: list[Input] = [
                lead.event("opened", mail=lead.mails[0], at=later("2m")),
                lead.sent("accepted", at=later("1m")),
            ]
            both = [both[first], both[1 - first]]
            if together:
                lead.give(*both, now=later("3m"))
            else:
                lead.give(both[0], now=later("3m"))
                lead.give(both[1], now=later("3m"))
            ends.append((lead.ends, lead.cancelled))
    assert ends == [(["opened"], [])] * 4


def test_a_met_until_cancels_a_send_that_has_not_begun() -> None:
    """The lead signed up before its invitation went: it goes on, and the send must not begin any more."""
    lead = sending()
    mail = lead.mails[0]
    lead.give(lead.event("signed_up", "seminar", at=later("1m")))
    assert lead.ends == ["signed_up"]
    assert lead.cancelled == [(mail.key, mail.issue)]
    assert lead.reason("send_not_needed") == "no longer needed"


def test_a_mail_known_to_have_gone_is_not_cancelled_by_what_came_with_its_answer() -> None:
    """The acceptance and an older sign-up arrive together: no bogus "not needed", and the sign-up counts."""
    lead = sending()
    signed = lead.event("signed_up", "seminar", at=later("1m"))
    lead.give(signed, lead.sent("accepted", at=later("2m")), now=later("3m"))
    assert lead.ends == ["signed_up"]
    assert lead.cancelled == []


def test_an_answer_and_entries_in_one_advance_are_taken_in_the_order_of_time() -> None:
    """A step without a wait reacts at the acceptance: to the sign-up before it, not to the one after it."""
    text = ONE.replace("    wait: {until: [opened, {signed_up: seminar}], timeout: 5d}\n", "")
    for at, end in (("1m", "signed_up"), ("3m", "silent")):
        lead = Lead(text)
        lead.enrol(answered=False)
        signed = lead.event("signed_up", "seminar", at=later(at))
        lead.give(lead.sent("accepted", at=later("2m")), signed, now=later("4m"))
        assert lead.ends == [end]


def test_a_leave_while_the_send_is_issued_forbids_it_and_the_later_answer_moves_nothing() -> None:
    """CancelledSend is in the record; if the mail had begun, its acceptance only counts for the cap."""
    lead = sending()
    mail = lead.mails[0]
    lead.give(lead.event("unsubscribed", suppresses="all", at=later("1m")))
    assert lead.ends == ["unsubscribed"]
    assert lead.cancelled == [(mail.key, mail.issue)]
    before = lead.where()
    done = lead.give(lead.sent("accepted", mail, at=later("2m")), now=later("2m"))
    assert lead.where() == before
    assert done.commands == ()
    assert lead.state.sent == (later("2m"),)


def test_skip_is_judged_on_arrival_and_counts_as_a_visit() -> None:
    """Who attended already gets no invitation; the skip edge passes no wait."""
    lead = Lead(ONE)
    lead.tell(lead.profile(), lead.event("attended", "seminar/1"), lead.enrolment())
    assert lead.mails == []
    assert lead.ends == ["skipped"]
    assert lead.lines[1].what == "skipped"
    assert lead.lines[1].visit == 1


def test_skip_is_judged_again_while_the_send_waits_and_when_it_is_handed_out() -> None:
    """A deferred invitation is not sent to somebody who attends meanwhile."""
    lead = Lead(ONE, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    assert lead.where() == ("sending", "a", 1)
    assert lead.mails == []
    lead.tell(lead.event("attended", "seminar", at=later("13h")))
    assert lead.ends == ["skipped"]


def test_skip_by_time_alone_is_seen_at_the_hand_out() -> None:
    """A `not did within` that becomes true overnight is judged when the send is handed out."""
    text = ONE.replace("{when: {did: {attended: seminar}}", "{when: {not: {did: any, within: 6h}}")
    lead = Lead(text, sender=OFFICE_HOURS)
    lead.tell(lead.profile(), lead.event("visited", at=later("11h")), lead.enrolment(at=later("12h")))
    assert lead.where() == ("sending", "a", 1)
    lead.until("3d")
    assert lead.mails == []
    assert lead.ends == ["skipped"]


def test_a_leave_by_time_alone_is_seen_at_the_hand_out() -> None:
    """No send begins where a `leave` holds at the moment of handing it out."""
    lead = Lead(
        "leave: [{when: {not: {did: any, within: 6h}}, finish: cold}]" + ONE,
        sender=OFFICE_HOURS,
    )
    lead.tell(lead.profile(), lead.event("visited", at=later("11h")), lead.enrolment(at=later("12h")))
    lead.until("3d")
    assert lead.mails == []
    assert lead.ends == ["cold"]


# --- which mail -----------------------------------------------------------------------------------------------------

AGAIN = """
scenario: again
topic: news
start: a
steps:
  a:
    send: [mail_1, mail_2, mail_3]
    max_visits: 4
    when_exhausted: sleep
    wait: {until: [opened], timeout: 1d}
    then: [{when: opened, finish: opened}, {otherwise: a}]
  sleep: {finish: exhausted}
"""


def test_the_nth_visit_sends_the_nth_mail_and_the_last_one_thereafter() -> None:
    """Four arrivals are visits; the fifth takes `when_exhausted` without action or count."""
    lead = Lead(AGAIN)
    lead.enrol()
    lead.until("10d")
    assert lead.templates == ["mail_1", "mail_2", "mail_3", "mail_3"]
    assert [mail.visit for mail in lead.mails] == [1, 2, 3, 4]
    assert lead.ends == ["exhausted"]
    assert lead.reason("exhausted") == "4 visits"


def test_a_bare_open_means_the_mail_of_this_visit() -> None:
    """An open of an older mail, which comes during a later visit, does not end its wait."""
    lead = Lead(AGAIN)
    lead.enrol()
    lead.until("1d")
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("25h")))
    assert lead.where() == ("waiting", "a", 2)
    lead.tell(lead.event("opened", mail=lead.mails[1], at=later("26h")))
    assert lead.ends == ["opened"]


@pytest.mark.parametrize(
    ("awaited", "ended"), [("{opened: any}", True), ("{opened: mail_1}", True), ("{opened: mail_2}", False)]
)
def test_an_open_with_a_template_means_any_mail_of_it_since_the_visit_began(awaited: str, ended: bool) -> None:
    """`{opened: T}` is any mail of template T, `{opened: any}` any mail: also one of an earlier visit."""
    text = AGAIN.replace("[opened]", f"[{awaited}]").replace("when: opened", f"when: {awaited}")
    lead = Lead(text)
    lead.enrol()
    lead.until("1d")
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("25h")))
    assert (lead.ends == ["opened"]) == ended


def test_an_open_that_comes_before_the_visit_began_is_not_of_this_visit() -> None:
    """`{opened: any}` looks back to the beginning of the visit, not further."""
    text = AGAIN.replace("[opened]", "[{opened: any}]").replace("when: opened", "when: {opened: any}")
    lead = Lead(text)
    lead.enrol()
    lead.until("1d")
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("23h")))
    assert lead.where() == ("waiting", "a", 2)
    assert lead.late == ["opened 3"]


@pytest.mark.parametrize("kind", ["clicked", "replied"])
def test_a_click_or_reply_counts_as_the_open_of_its_mail(kind: str) -> None:
    """`opened` is also true when that very mail was clicked or replied to by a person."""
    lead = Lead(AGAIN)
    lead.enrol()
    lead.tell(lead.event(kind, mail=lead.mails[0], at=later("1h")))
    assert lead.ends == ["opened"]


def test_a_delivery_is_no_open() -> None:
    """Only people open; `delivered` proves that the mail has gone and nothing else."""
    lead = Lead(AGAIN)
    lead.enrol()
    lead.tell(lead.event("delivered", mail=lead.mails[0], at=later("1h")))
    assert lead.where() == ("waiting", "a", 1)


# --- splits ---------------------------------------------------------------------------------------------------------

SPLIT = """
scenario: split
topic: news
start: a
steps:
  a: {send: {split: {mail_a: 50, none: 20, mail_b: 30}}, wait: 1d, then: [{split: {left: 40, right: 60}}]}
  left: {finish: left}
  right: {finish: right}
"""


def side(split: dict[str, int], *words: str) -> str:
    """The formula of the design, written a second time."""
    number = int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:8], "big") % 100
    bound = 0
    for name, per_cent in split.items():
        bound += per_cent
        if number < bound:
            return name
    raise AssertionError


def test_a_split_is_the_hash_of_scenario_step_lead_and_place() -> None:
    """Stable for a lead, independent between `send` and `then`; the hold-out side sends nothing and waits."""
    seen = set()
    for number in range(200):
        name = f"lead_{number}"
        lead = Lead(SPLIT, id=name)
        lead.enrol()
        mail = side({"mail_a": 50, "none": 20, "mail_b": 30}, "split", "a", name, "send")
        assert lead.templates == ([] if mail == "none" else [mail])
        assert ("held_out" in lead.story) == (mail == "none")
        assert lead.where() == ("waiting", "a", 1)
        assert lead.deadline == later("1d")
        lead.until("1d")
        end = side({"left": 40, "right": 60}, "split", "a", name, "then")
        assert lead.ends == [end]
        seen.add((mail, end))
    assert len(seen) == 6


# --- refused, late, held --------------------------------------------------------------------------------------------


def test_a_refused_mail_finishes_unreachable() -> None:
    """No consent, suppressed or an invalid address: the lead cannot be reached, and the reason is told."""
    lead = sending()
    lead.give(lead.sent("refused", reason="no consent for news"))
    assert lead.ends == ["unreachable"]
    assert lead.reason("send_refused") == "no consent for news"


def test_a_refused_mail_takes_when_refused_where_it_is_written() -> None:
    """The scenario has another way for those who cannot be mailed."""
    lead = Lead(ONE.replace("    send: mail_a", "    send: mail_a\n    when_refused: silent"))
    lead.enrol(answered=False)
    lead.give(lead.sent("refused", reason="suppressed: bounced"))
    assert lead.ends == ["silent"]


def test_a_gate_that_defers_sets_a_new_slot() -> None:
    """The cap was reached by a mail the lead does not know of: the send comes again at the gate's next try."""
    lead = sending()
    lead.give(lead.sent("deferred", at=later("6h"), reason="the cap is reached"), now=later("1m"))
    assert lead.where() == ("sending", "a", 1)
    assert lead.deadline == later("6h")
    lead.give(now=later("6h"))
    assert [mail.issue for mail in lead.mails] == [1, 2]
    assert lead.mails[0].key == lead.mails[1].key
    lead.give(lead.sent("accepted", lead.mails[0], at=later("6h")))
    assert lead.where() == ("sending", "a", 1), "only the newest issue is awaited"


WITHIN = """
scenario: within
topic: news
start: a
steps:
  a: {send: {template: mail_a, within: 4h}, wait: 5d, then: [{when: {visited: any}, finish: came}, {otherwise: late}]}
  late: {finish: too_late}
  other: {finish: other}
"""


def test_within_that_cannot_be_kept_takes_otherwise_at_once() -> None:
    """The next open window is too far: nobody waits for it."""
    lead = Lead(WITHIN.replace("  other: {finish: other}\n", ""), sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    assert lead.mails == []
    assert lead.ends == ["too_late"]
    assert lead.reason("send_too_late") == "the mail could not go within the time the step allows"


def test_within_that_cannot_be_kept_takes_when_refused_first() -> None:
    """Where `when_refused` is written, it is the way for a late mail too."""
    lead = Lead(WITHIN.replace("wait: 5d", "when_refused: other, wait: 5d"), sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    assert lead.ends == ["other"]


def test_a_send_that_is_held_beyond_within_must_not_begin_any_more() -> None:
    """At the end of `within` the driver is asked to cancel; a mail that had begun still gives its answer."""
    text = WITHIN.replace("  other: {finish: other}\n", "")
    for answer, ended in (("cancelled", ["too_late"]), ("accepted", [])):
        lead = Lead(text)
        lead.enrol(answered=False)
        assert alarm_at(lead.state) == later("4h")
        lead.give(now=later("4h"))
        assert lead.cancelled == [(lead.mails[0].key, 1)]
        assert alarm_at(lead.state) is None
        lead.give(lead.sent(answer))  # type: ignore[arg-type]
        assert lead.ends == ended


def test_a_mail_proved_by_its_event_is_not_dropped_when_within_ends() -> None:
    """An open of this mail came, its answer did not: it has gone in time."""
    lead = Lead(WITHIN.replace("  other: {finish: other}\n", ""))
    lead.enrol(answered=False)
    lead.give(lead.event("opened", mail=lead.mails[0], at=later("1h")))
    assert alarm_at(lead.state) is None
    lead.give(now=later("5h"))
    assert lead.cancelled == []


def test_a_blocked_mail_stands_still_and_is_tried_again_by_a_deploy() -> None:
    """A missing name is a fault of this step, never the end of the lead: the same visit is carried out again."""
    lead = sending()
    lead.give(lead.sent("blocked", reason="no template 'mail_a'"))
    assert lead.where() == ("blocked", "a", 1)
    assert lead.records[-1].position.why == "no template 'mail_a'"
    lead.give(lead.deployed(define(ONE, number=2)))
    assert lead.where() == ("sending", "a", 1)
    assert [mail.issue for mail in lead.mails] == [1, 2]
    assert lead.mails[1].deployment == 2
    assert lead.story.count("arrived") == 1, "no second arrival"
    lead.give(lead.sent("accepted"))
    assert lead.where() == ("waiting", "a", 1)


def test_a_blocked_mail_is_tried_again_when_the_profile_changes() -> None:
    """What was unset may be set now: nobody has to ask for a retry."""
    lead = sending()
    lead.give(lead.sent("blocked", reason="no value for lead.attributes.region"))
    lead.give(lead.profile(region="関東"))
    assert lead.where() == ("sending", "a", 1)
    assert [mail.issue for mail in lead.mails] == [1, 2]


def test_a_blocked_lead_still_hears_a_leave() -> None:
    """Blocked is no cage: what ends the enrolment ends it, and the mail will not go."""
    lead = sending()
    lead.give(lead.sent("blocked", reason="no template"))
    lead.give(lead.event("spam_reported", suppresses="all"))
    assert lead.ends == ["spam_reported"]


def test_a_deploy_moves_nobody() -> None:
    """A segment that now holds a lead which waits is judged at the next occasion, not by the deploy itself."""
    lead = Lead("leave: [{when: {segment: customers}, finish: customer}]" + ONE)
    lead.enrol()
    wider = define(ONE, number=2, segments="customers: {when: {attribute: employees, known: false}}\n")
    lead.tell(lead.deployed(wider))
    assert lead.where() == ("waiting", "a", 1)
    lead.tell(lead.event("visited", at=later("1h")))
    assert lead.ends == ["customer"]


def test_a_deferred_mail_follows_a_new_window() -> None:
    """sender.yaml is always current: a mended window is used for what waits already."""
    lead = Lead(ONE, sender=OFFICE_HOURS + "closed: [2026-11-01..2027-05-01]\n")
    lead.enrol(answered=False)
    assert lead.mails == []
    lead.give(lead.deployed(define(ONE, number=2, sender=OFFICE_HOURS), at=later("1h")))
    assert lead.templates == ["mail_a"]


def test_a_sender_that_never_opens_blocks_with_the_reason() -> None:
    """Nothing to wait for within the horizon: a person must mend it, so it is said."""
    lead = Lead(ONE, sender=OFFICE_HOURS + "closed: [2026-01-01..2030-01-01]\n")
    lead.enrol(answered=False)
    assert lead.where() == ("blocked", "a", 1)
    assert "mend sender.yaml" in str(lead.reason("blocked"))
    lead.give(lead.deployed(define(ONE, number=2), at=later("1h")))
    assert lead.templates == ["mail_a"]


def test_a_hand_out_later_than_the_tolerance_chooses_a_new_slot() -> None:
    """The worker was away when the window opened, and wakes when it is closed again: no mail at midnight."""
    lead = Lead(ONE, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    slot = lead.deadline
    assert slot == later("23h")
    lead.give(now=slot + timedelta(minutes=14))
    assert lead.mails[0].slot == slot
    lead = Lead(ONE, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    lead.give(now=later("36h"))
    assert lead.mails == []
    assert lead.deadline == later("47h")


def test_a_person_lets_a_lead_leave_while_its_mail_is_deferred() -> None:
    """Nothing was handed out, so nothing must be cancelled; the line says that it is not needed."""
    lead = Lead(ONE, sender=OFFICE_HOURS)
    lead.enrol(at=later("12h"))
    lead.give(update(LeaveScenario, "asked by phone"))
    assert lead.ends == ["left"]
    assert lead.cancelled == []
    assert lead.reason("send_not_needed") == "asked by phone"
