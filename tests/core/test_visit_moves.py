"""How a lead gets from step to step besides waiting: leaves, `anywhere`, `set`, `notify`, `enroll`, queues."""

from __future__ import annotations

import pytest

from nurture.commands import EnrollLead, NotifyPerson
from nurture.conditions import as_written
from nurture.updates import Retry
from nurture.visit import HOPS
from tests.core.stage import START, Lead, define, later, update

QUIET = """
scenario: quiet
topic: news
leave: [{when: {attribute: relation, is: customer}, finish: not_a_prospect}]
anywhere:
  - {when: {requested: demo}, go: demo}
  - {when: {any: [{requested: any}, clicked]}, go: talk}
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 5d}
    then: [{when: opened, go: second}, {otherwise: second}]
  second: {wait: 5d, then: over}
  demo: {wait: 9d, then: over}
  talk: {wait: 9d, then: over}
  over: {finish: over}
"""


def started(text: str = QUIET) -> Lead:
    """A lead in the first step."""
    lead = Lead(text)
    lead.enrol()
    return lead


# --- leaves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "suppresses", "leaves"),
    [
        ("unsubscribed", "all", True),
        ("unsubscribed", "news", True),
        ("unsubscribed", "seminars", False),
        ("spam_reported", "all", True),
        ("bounced", "all", True),
        ("bounced", None, False),
    ],
)
def test_what_forbids_the_mail_of_a_scenario_ends_it(type: str, suppresses: str | None, leaves: bool) -> None:
    """A global unsubscribe, one of the topic, a spam report and a hard bounce leave; another topic's does not."""
    lead = started()
    lead.tell(lead.event(type, mail=lead.mails[0], suppresses=suppresses))
    assert (lead.ends == [type]) == leaves


def test_a_leave_is_heard_in_the_middle_of_a_wait() -> None:
    """A profile that says customer ends a wait of days at once."""
    lead = started()
    lead.tell(lead.profile(at=later("1d"), relation="customer"))
    assert lead.ends == ["not_a_prospect"]
    assert lead.reason("finished") == "relation is customer"


def test_a_leave_that_holds_already_ends_the_enrolment_before_its_first_step() -> None:
    """A customer enrolled by hand gets no mail."""
    lead = Lead(QUIET, attributes={"relation": "customer"})
    lead.enrol()
    assert lead.mails == []
    assert lead.ends == ["not_a_prospect"]
    assert lead.story == ["entered", "finished not_a_prospect"]


def test_a_leave_by_time_alone_is_judged_at_the_deadline() -> None:
    """`not did within` becomes true while the lead waits; the deadline sees it, before `until` and `then`."""
    lead = started(
        QUIET.replace("{attribute: relation, is: customer}", "{not: {did: any, within: 4d}}").replace(
            "finish: not_a_prospect", "finish: cold"
        )
    )
    assert lead.ends == ["cold"], "nothing was ever done"
    lead = Lead(lead.book.at(1))
    lead.tell(lead.profile(), lead.event("visited"), lead.enrolment())
    lead.until("5d")
    assert lead.ends == ["cold"]
    assert "timeout" not in lead.story


def test_a_leave_goes_before_anywhere_and_that_before_the_step() -> None:
    """One entry that fits all three ends the enrolment; one that fits two jumps."""
    text = QUIET.replace("{attribute: relation, is: customer}", "{requested: demo}")
    lead = started(text)
    lead.tell(lead.event("requested", "demo"))
    assert lead.ends == ["not_a_prospect"]
    lead = started(text.replace("until: [opened]", "until: [{requested: any}]"))
    lead.tell(lead.event("requested", "brochure"))
    assert lead.where()[1] == "talk"


# --- anywhere -------------------------------------------------------------------------------------------------------


def test_anywhere_takes_the_first_written_that_holds() -> None:
    """A demo request fits both; it goes where the first one points."""
    lead = started()
    lead.tell(lead.event("requested", "demo"))
    assert lead.where() == ("waiting", "demo", 1)
    assert lead.story[-2:] == ["anywhere demo", "arrived"]


def test_anywhere_is_not_heard_where_it_points_at_the_current_step() -> None:
    """A second demo request does not begin the wait anew; the next `anywhere` is judged instead."""
    lead = started()
    lead.tell(lead.event("requested", "demo"))
    lead.tell(lead.event("requested", "brochure", at=later("1d")))
    assert lead.where() == ("waiting", "talk", 1)
    lead.tell(lead.event("requested", "brochure", at=later("2d")))
    assert lead.deadline == later("10d")


def test_a_bare_mail_event_in_anywhere_means_the_mail_of_this_visit() -> None:
    """A click on the mail of this visit jumps, a click on another mail does not."""
    text = QUIET.replace("then: [{when: opened, go: second}, {otherwise: second}]", "then: third").replace(
        "  second: {wait: 5d, then: over}",
        "  third: {send: mail_b, wait: 5d, then: second}\n  second: {wait: 5d, then: over}",
    )
    lead = started(text.replace("until: [opened]", "until: [{visited: any}]"))
    lead.tell(lead.event("visited", at=later("1h")))
    lead.tell(lead.event("clicked", mail=lead.mails[0], at=later("2h")))
    assert lead.where() == ("waiting", "third", 1)
    lead.tell(lead.event("clicked", mail=lead.mails[1], at=later("3h")))
    assert lead.where() == ("waiting", "talk", 1)


def test_anywhere_is_judged_for_each_entry_only() -> None:
    """A condition on facts does not pull a lead back at every arrival: each jump needs a new entry."""
    lead = started(QUIET.replace("{requested: demo}", "{did: {requested: demo}}"))
    lead.tell(lead.event("requested", "demo"))
    lead.until("9d")
    assert lead.ends == ["over"]


# --- until and conditions on facts ----------------------------------------------------------------------------------


def test_until_is_judged_when_the_wait_starts() -> None:
    """Somebody who did it long ago does not wait."""
    lead = Lead(QUIET.replace("until: [opened]", "until: [{did: {visited: any}}]").replace("send: mail_a\n    ", ""))
    lead.tell(lead.profile(), lead.event("visited", "/a"), lead.enrolment())
    assert lead.where() == ("waiting", "second", 1)


def test_until_is_judged_at_every_entry_also_a_profile_or_a_tick() -> None:
    """An attribute ends the wait when it comes; what time alone makes true is seen at the nightly tick."""
    lead = started(QUIET.replace("until: [opened]", "until: [{attribute: employees, at_least: 5}]"))
    lead.tell(lead.profile(at=later("1d"), employees=4))
    assert lead.where()[1] == "first"
    lead.tell(lead.profile(at=later("2d"), employees=5))
    assert lead.where()[1] == "second"
    lead = started(QUIET.replace("until: [opened]", "until: [{not: {did: any, within: 2d}}]"))
    assert lead.where()[1] == "second"
    lead = Lead(lead.book.at(1))
    lead.tell(lead.profile(), lead.event("visited"), lead.enrolment())
    lead.tell(lead.tick(later("1d")))
    assert lead.where()[1] == "first"
    lead.tell(lead.tick(later("3d")))
    assert lead.where()[1] == "second"


def test_until_is_judged_at_the_deadline_too() -> None:
    """What time alone made true by then is the reason, not the timeout."""
    lead = Lead(QUIET.replace("until: [opened]", "until: [{not: {did: any, within: 5d}}]"))
    lead.tell(lead.profile(), lead.event("visited"), lead.enrolment(at=later("1m")))
    lead.until("6d")
    assert lead.where()[1] == "second"
    assert "timeout" not in lead.story


def test_a_bare_event_in_until_means_one_since_this_visit_began() -> None:
    """What was done before the visit does not end it; `did` would."""
    text = QUIET.replace("until: [opened]", "until: [{visited: any}]")
    lead = Lead(text)
    lead.tell(lead.profile(), lead.event("visited", "/a"), lead.enrolment())
    assert lead.where() == ("waiting", "first", 1)


# --- actions besides mail -------------------------------------------------------------------------------------------

ACTIONS = """
scenario: acts
start: mark
steps:
  mark: {set: {attribute: tags, to: [known, vip]}, then: tell}
  tell: {notify: {to: inside, text: 見てください}, wait: {until: [{visited: any}], timeout: 1d}, then: more}
  more: {enroll: {scenario: other}, then: [{when: {attribute: tags, contains: vip}, finish: vip}, {otherwise: plain}]}
  plain: {finish: plain}
"""
OTHER = """
scenario: other
start: a
steps:
  a: {wait: 1d, then: b}
  b: {finish: other}
"""


def test_set_writes_the_attribute_at_once_and_tells_the_database() -> None:
    """Conditions of later steps see it; the record carries it."""
    lead = Lead(ACTIONS, OTHER)
    lead.enrol("acts", answered=False)
    assert lead.state.attributes["tags"] == ["known", "vip"]
    assert lead.records[0].attributes == {"tags": ["known", "vip"]}


def test_an_event_after_a_set_step_in_the_same_delivery_is_heard_by_the_step_behind_it() -> None:
    """`set` takes no time and asks nobody: what follows in the batch belongs to the next step."""
    lead = Lead("""
scenario: s
start: a
steps:
  a: {wait: {until: [{visited: any}], timeout: 5d}, then: b}
  b: {set: {attribute: employees, to: 7}, then: c}
  c: {wait: {until: [{visited: any}], timeout: 5d}, then: [{when: {visited: any}, finish: twice}, {otherwise: d}]}
  d: {finish: once}
""")
    lead.enrol()
    lead.tell(lead.event("visited", at=later("1h")), lead.event("visited", at=later("2h")))
    assert lead.ends == ["twice"]


def test_notify_and_enroll_go_on_when_they_are_done() -> None:
    """The person is told once, the other scenario asked for; then the lead goes on, its wait counted from then."""
    lead = Lead(ACTIONS, OTHER)
    lead.enrol("acts", answered=False)
    told = lead.tasks[0]
    assert isinstance(told, NotifyPerson)
    assert (told.to, told.text, told.key) == ("inside", "見てください", "lead_1/acts/1/tell/1")
    lead.give(lead.event("visited", at=later("1m")))
    assert lead.where() == ("sending", "tell", 1), "it is being told"
    lead.tell(lead.answer(told))
    assert isinstance(lead.tasks[1], EnrollLead)
    assert lead.tasks[1].scenario == "other"
    assert lead.ends == ["vip"]


def test_a_task_that_cannot_be_done_blocks_its_step_until_a_person_retries() -> None:
    """An unknown receiver is a fault of this step; `retry` carries it out again under the same key."""
    lead = Lead(ACTIONS, OTHER)
    lead.enrol("acts", answered=False)
    lead.give(lead.answer(lead.tasks[0], error="no channel"))
    assert lead.where() == ("blocked", "tell", 1)
    lead.give(lead.tick(later("1h")))
    assert lead.where() == ("blocked", "tell", 1)
    lead.give(update(Retry))
    assert lead.tasks[1].command == "notify_person"
    assert [each.key for each in lead.tasks if isinstance(each, NotifyPerson)] == ["lead_1/acts/1/tell/1"] * 2


# --- enrolments -----------------------------------------------------------------------------------------------------


def simple(name: str, priority: int) -> str:
    """A scenario that waits a day and finishes with its name."""
    steps = f"steps:\n  a: {{wait: 1d, then: b}}\n  b: {{finish: {name}}}\n"
    return f"scenario: {name}\npriority: {priority}\nstart: a\n{steps}"


def test_a_lead_walks_one_scenario_at_a_time_and_the_queue_has_an_order() -> None:
    """The front first, then the higher priority, then the earlier number."""
    lead = Lead(*(simple(name, priority) for name, priority in (("a", 50), ("b", 10), ("c", 90), ("d", 90), ("e", 1))))
    lead.enrol("a")
    for name in ("b", "d", "c"):
        lead.tell(lead.enrolment(name))
    lead.tell(lead.enrolment("e", front=True))
    assert [each.scenario for each in lead.state.queue] == ["e", "d", "c", "b"]
    lead.until("9d")
    assert lead.ends == ["a", "e", "d", "c", "b"]
    entered = [line.at for line in lead.lines if line.what == "entered"]
    assert entered == [START, later("1d"), later("2d"), later("3d"), later("4d")]


def test_a_replacing_enrolment_takes_the_place_of_the_running_one() -> None:
    """The running one ends `replaced`, its mail is cancelled, and nothing queued goes before."""
    lead = Lead(QUIET, simple("urgent", 50), simple("high", 90))
    lead.enrol("quiet", answered=False)
    lead.give(lead.enrolment("high"))
    lead.give(lead.enrolment("urgent", replaces=True, at=later("1m")))
    assert lead.ends == ["replaced"]
    assert lead.cancelled == [(lead.mails[0].key, 1)]
    assert lead.state.run is not None
    assert lead.state.run.scenario == "urgent"
    assert lead.reason("finished") == "by urgent"


def test_an_enrolment_stays_pinned_to_its_deployment() -> None:
    """A later deploy changes the graph for those who enter later, never for who walks already."""
    lead = Lead(define(simple("a", 50)))
    lead.enrol()
    slower = simple("a", 50).replace("1d", "3d")
    lead.tell(lead.deployed(define(slower, number=2)))
    assert lead.deadline == later("1d")
    lead.until("1d")
    lead.tell(lead.enrolment("a"))
    assert lead.deadline == later("4d")


def test_a_queued_enrolment_is_entered_the_moment_the_other_ends() -> None:
    """Also where the end came in the middle of a delivery: events after it belong to the next scenario."""
    wait = "steps:\n  a: {wait: {until: [{visited: any}], timeout: 9d}, then: b}\n  b: {finish: %s}\n"
    lead = Lead("scenario: one\nstart: a\n" + wait % "one", "scenario: two\nstart: a\n" + wait % "two")
    lead.enrol("one")
    lead.tell(lead.enrolment("two"))
    lead.tell(lead.event("visited", at=later("1h")), lead.event("visited", at=later("2h")))
    assert lead.ends == ["one", "two"]


def test_many_scenarios_that_end_at_once_are_walked_without_deep_recursion() -> None:
    """A queue of hundreds of enrolments is worked off in one advance."""
    text = "scenario: s\nstart: a\nsteps:\n  a: {finish: done}\n"
    lead = Lead(text, simple("first", 50))
    lead.enrol("first")
    lead.give(*(lead.enrolment("s") for _ in range(600)))
    lead.until("1d")
    assert lead.ends == ["first"] + ["done"] * 600


# --- what is shown --------------------------------------------------------------------------------------------------


def test_the_position_says_what_is_waited_for_as_it_was_written() -> None:
    """`waiting_for` holds the conditions of `until`; outside a scenario all of it is null."""
    text = QUIET.replace("until: [opened]", "until: [opened, {did: {visited: /pricing}, within: 7d}]")
    lead = Lead(text)
    lead.enrol()
    shown = lead.records[-1].position
    assert shown.waiting_for == ("opened", {"did": {"visited": "/pricing"}, "within": "7d"})
    assert (shown.scenario, shown.step, shown.visit, shown.deployment) == ("quiet", "first", 1, 1)
    assert shown.deadline == later("5d")
    lead.until("5d")
    assert lead.records[-1].position.waiting_for == ()
    lead.until("30d")
    shown = lead.records[-1].position
    assert shown.status == "idle"
    assert (shown.scenario, shown.step, shown.visit, shown.waiting_for, shown.deadline) == (None,) * 5


def test_a_mail_on_its_way_shows_what_will_be_waited_for() -> None:
    """While the answer is awaited there is no deadline yet; the conditions are known."""
    lead = Lead(QUIET)
    lead.enrol(answered=False)
    shown = lead.records[-1].position
    assert (shown.status, shown.waiting_for, shown.deadline) == ("sending", ("opened",), None)
    assert as_written(lead.book.at(1).scenarios["quiet"].steps["first"].until[0]) == "opened"


# --- what no checked scenario does ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("a: {then: b}\n  b: {then: a}", f"{HOPS} moves without time passing"),
        ("a: {wait: 1d, then: [{when: {visited: any}, finish: x}]}", "no `otherwise`"),
        ("a: {wait: 1d, then: b}\n  b: {max_visits: 1, wait: 1d, then: b}", "no `when_exhausted`"),
    ],
)
def test_a_scenario_that_slipped_through_the_checks_blocks_with_a_reason(steps: str, says: str) -> None:
    """Never an endless loop, never a failed workflow, never a lead that stands still without a word."""
    lead = Lead(define(f"scenario: s\nstart: a\nsteps:\n  {steps}\n", checked=False))
    lead.enrol()
    lead.until("9d")
    assert lead.where()[0] == "blocked"
    assert says in str(lead.reason("blocked"))
