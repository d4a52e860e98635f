"""What a lead's path depends on: entries in the order of their times, never on how they were delivered."""

from __future__ import annotations

from itertools import permutations

import pytest

from nurture.alarms import alarm
from nurture.entries import AnyEntry, Happening
from nurture.errors import MissingDeployment
from nurture.facts import Facts, gathered
from nurture.sheet import wants_facts
from nurture.state import State
from nurture.walk import FactsRead, advance, next_seq_missing
from tests.core.stage import START, Lead, define, later

INVITE = """
scenario: invite
topic: news
leave: [{when: {attribute: relation, is: customer}, finish: not_a_prospect}]
anywhere: [{when: {requested: demo}, go: to_sales}]
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 5d}
    then: [{when: opened, go: second}, {otherwise: reminder}]
  second:
    send: mail_b
    wait: {until: [{signed_up: seminar}], timeout: 7d}
    then: [{when: {signed_up: seminar}, go: to_sales}, {when: opened, go: reminder}, {otherwise: lost}]
  reminder:
    send: mail_c
    wait: {until: [{opened: any}], timeout: 3d}
    then: [{when: {opened: any}, finish: woken}, {otherwise: lost}]
  to_sales: {handoff: {queue: inside}, then: done}
  lost: {finish: lost}
  done: {finish: handed_over}
"""


def waiting() -> Lead:
    """A lead whose first mail was accepted at the start."""
    lead = Lead(INVITE)
    lead.enrol()
    return lead


def test_a_lead_walks_do_wait_then() -> None:
    """Each step does one thing, waits, and the reaction chooses the next; the path ends with a word."""
    lead = waiting()
    assert lead.where() == ("waiting", "first", 1)
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("1h")))
    assert lead.where() == ("waiting", "second", 1)
    lead.tell(lead.event("signed_up", "seminar", at=later("2h")))
    assert lead.where() == ("with_sales", "to_sales", 1)
    lead.tell(lead.outcome("won", at=later("3d")))
    assert lead.where() == ("idle", None, None)
    assert lead.templates == ["mail_a", "mail_b"]
    assert lead.ends == ["handed_over"]


def test_silence_takes_the_otherwise_at_the_deadline() -> None:
    """Without an event the deadline decides, and the next wait counts from the next mail's acceptance."""
    lead = waiting()
    lead.until("5d")
    assert lead.where() == ("waiting", "reminder", 1)
    assert lead.deadline == later("8d")
    lead.until("8d")
    assert lead.ends == ["lost"]
    assert [line.at for line in lead.lines if line.what == "timeout"] == [later("5d"), later("8d")]


def test_an_event_with_the_time_of_the_deadline_wins_over_the_timer() -> None:
    """Time ≤ deadline and there when the timer fires: the event ends the wait, although now is past the deadline."""
    lead = waiting()
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("5d")), now=later("6d"))
    assert lead.where()[1] == "second"
    assert "timeout" not in lead.story


def test_an_event_after_the_deadline_loses_to_the_timer_of_the_same_delivery() -> None:
    """A worker that slept over the deadline decides the timeout first; the later open is of an older mail."""
    lead = waiting()
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("121h")), now=later("6d"))
    assert [line.at for line in lead.lines if line.what == "timeout"] == [later("5d")]
    assert lead.story.count("reaction reminder") == 1


def test_a_stored_event_read_at_the_deadline_is_not_lost() -> None:
    """An acknowledged event Temporal has not seen is read before the timer decides, and counts by its time."""
    lead = waiting()
    seen_late = lead.event("opened", mail=lead.mails[0], at=later("119h"))
    lead.tell(seen_late, now=later("5d"))
    assert lead.where()[1] == "second"


def test_a_late_event_is_kept_marked_and_runs_no_second_branch() -> None:
    """Older than the decision at the deadline: counted in the fact sheet, marked late, and the lead stays."""
    text = INVITE.replace("{opened: any}, finish: woken", "{did: {opened: any}}, finish: woken")
    lead = Lead(text)
    lead.enrol()
    lead.until("5d")
    late = lead.event("opened", mail=lead.mails[0], at=later("4d"))
    lead.tell(late, now=later("6d"))
    assert lead.where() == ("waiting", "reminder", 1)
    assert lead.late == [late.id]
    assert lead.state.facts.instants["opened: any"] == (later("4d"),)
    lead.until("8d")
    assert lead.ends == ["woken"], "a condition on any time sees it at the next decision"


def test_a_late_event_leaves_and_jumps_all_the_same() -> None:
    """`anywhere` and the built-in leaves are judged for every entry that is not before the enrolment."""
    lead = waiting()
    lead.until("5d")
    lead.tell(lead.event("requested", "demo", at=later("4d")), now=later("6d"))
    assert lead.where()[1] == "to_sales"
    lead = waiting()
    lead.until("5d")
    late = lead.event("unsubscribed", at=later("4d"), suppresses="news")
    lead.tell(late, now=later("6d"))
    assert lead.ends == ["unsubscribed"]
    assert lead.late == [late.id]


def test_an_event_from_before_the_enrolment_moves_nothing() -> None:
    """It is kept and counted, but neither `anywhere` nor a leave is judged for it."""
    lead = Lead(INVITE)
    lead.enrol(at=later("1d"))
    early = lead.event("requested", "demo", at=START)
    lead.tell(early)
    assert lead.where() == ("waiting", "first", 1)
    assert lead.late == [early.id]


def test_an_event_older_than_the_end_of_the_scenario_is_late() -> None:
    """Nothing runs any more, and the event is still marked: a decision was taken without it."""
    lead = waiting()
    lead.until("8d")
    late = lead.event("opened", mail=lead.mails[0], at=later("4d"))
    lead.tell(late)
    assert lead.late == [late.id]
    after = lead.event("visited", "/pricing")
    lead.tell(after)
    assert lead.late == [late.id]


def test_one_delivery_may_cross_several_steps_and_mails_for_none_it_passed() -> None:
    """The step passed leaves a line `passed`, sends nothing and is no visit; only the last is carried out."""
    lead = waiting()
    signed = lead.event("signed_up", "seminar", at=later("2h"))  # numbered first, happened last
    opened = lead.event("opened", mail=lead.mails[0], at=later("1h"))
    lead.tell(signed, opened)
    assert lead.where()[1] == "to_sales"
    assert lead.templates == ["mail_a"]
    passed = next(line for line in lead.lines if line.what == "passed")
    assert passed.step == "second"
    assert lead.state.run is not None
    assert lead.state.run.visits.get("second", 0) == 0


def test_a_reaction_of_a_passed_step_sees_what_came_after_the_lead_reached_it() -> None:
    """The event after the arrival counts for the step, although its mail never went; one before it does not."""
    lead = waiting()
    opened = lead.event("opened", mail=lead.mails[0], at=later("2h"))
    signed = lead.event("signed_up", "seminar", at=later("1h"))
    lead.tell(opened, signed)
    assert lead.where() == ("waiting", "second", 1)
    assert lead.templates == ["mail_a", "mail_b"]


def test_a_long_sleep_takes_each_timeout_at_its_own_deadline() -> None:
    """A worker that was away for weeks walks on as if the steps without action had been walked in time."""
    lead = Lead("""
scenario: s
start: a
steps:
  a: {wait: 3d, then: b}
  b: {wait: {until: [{visited: any}], timeout: 3d}, then: [{when: {visited: any}, finish: came}, {otherwise: c}]}
  c: {wait: 30d, then: d}
  d: {finish: over}
""")
    lead.enrol()
    visit = lead.event("visited", "/pricing", at=later("4d"))
    lead.tell(visit, now=later("20d"))
    assert lead.ends == ["came"]
    ended = next(line for line in lead.lines if line.what == "finished")
    assert ended.at == later("4d")


def batch(lead: Lead) -> list[Happening]:
    """Events of several kinds, two of them at one instant."""
    mail = lead.mails[0]
    return [
        lead.event("visited", "/pricing", at=later("1h")),
        lead.event("opened", mail=mail, at=later("3h")),
        lead.event("clicked", mail=mail, at=later("3h")),
        lead.event("signed_up", "seminar", at=later("2h")),
    ]


def test_the_order_inside_a_delivery_never_matters() -> None:
    """Every permutation of a batch gives the same state, the same lines and the same commands."""
    outcomes = set()
    for order in permutations(range(4)):
        lead = waiting()
        told = batch(lead)
        done = lead.give(*(told[index] for index in order))
        outcomes.add(repr((done.state, done.record, done.commands)))
    assert len(outcomes) == 1


def test_entries_of_one_instant_go_by_their_number() -> None:
    """The open was numbered before the sign-up, so the sign-up is one of the next step; however they are delivered."""
    for first in (0, 1):
        lead = waiting()
        opened = lead.event("opened", mail=lead.mails[0], at=later("1h"))
        signed = lead.event("signed_up", "seminar", at=later("1h"))
        both = [opened, signed]
        lead.tell(both[first], both[1 - first])
        assert lead.where()[1] == "to_sales"


def test_repeats_never_matter() -> None:
    """An entry already applied is dropped, alone or in a batch; an event twice in one batch counts once."""
    lead, other = waiting(), waiting()
    told, same = batch(lead), batch(other)
    lead.tell(*told)
    other.tell(*same, *same)
    for each in same:
        assert other.give(each).record is None
    other.give(*same)
    assert other.state == lead.state
    assert other.records == lead.records


def test_ties_go_to_the_order_written() -> None:
    """Where two reactions hold at one instant, the first one written is taken."""
    lead = waiting()
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("1h")))
    second = lead.mails[1]
    lead.tell(lead.event("opened", mail=second, at=later("2h")), lead.event("signed_up", "seminar", at=later("2h")))
    assert lead.where()[1] == "to_sales"


def test_a_gap_is_refused_and_told() -> None:
    """Entries that leave a gap are not applied: the driver is told to read the stored ones."""
    lead = waiting()
    _, second = lead.event("visited"), lead.event("visited")
    assert next_seq_missing(lead.state, [second])
    with pytest.raises(ValueError, match="leave a gap above 2"):
        advance(lead.book, lead.state, [second], lead.now)
    assert not next_seq_missing(lead.state, [])


def test_a_deployment_that_is_not_loaded_is_named() -> None:
    """The driver tries again until the worker has refreshed; nothing of the lead is changed by it."""
    lead = waiting()
    entry = lead.event("visited").model_copy(update={"deployment": 9})
    before = lead.state.copy()
    with pytest.raises(MissingDeployment, match="deployment 9"):
        advance(lead.book, lead.state, [entry], lead.now)
    assert lead.state == before


def test_nothing_new_writes_no_record() -> None:
    """A timer that rang too early changes nothing, so nothing is written."""
    lead = waiting()
    done = lead.give(now=later("1d"))
    assert done.record is None
    assert done.commands == ()


def test_an_idle_lead_completes_after_thirty_days_without_an_entry() -> None:
    """The days count from when the last entry came in, not from when it says it happened."""
    lead = waiting()
    lead.until("8d")
    bell = alarm(lead.book, lead.state)
    assert bell is not None
    assert bell.retire
    assert bell.at == later("38d")
    lead.until("20d")
    lead.tell(lead.event("visited", at=START))
    bell = alarm(lead.book, lead.state)
    assert bell is not None
    assert bell.at == later("50d")


def test_the_timer_says_what_it_waits_for() -> None:
    """Ops read it in the Temporal UI."""
    lead = waiting()
    lead.tell(lead.event("opened", mail=lead.mails[0]))
    bell = alarm(lead.book, lead.state)
    assert bell is not None
    assert bell.summary == "wait for signed_up: seminar: second, 7d"


def test_a_new_deployment_that_asks_more_wants_a_fresh_fact_sheet() -> None:
    """What was not kept is read once from the stored events; what was kept is not asked for again."""
    lead = waiting()
    lead.tell(lead.event("visited", "/pricing"))
    asks = INVITE.replace("{attribute: relation, is: customer}", "{did: {visited: /pricing}, at_least: 2}")
    deployed = lead.deployed(define(INVITE, asks.replace("scenario: invite", "scenario: next"), number=2))
    wanted = wants_facts(lead.book, lead.state, [deployed])
    assert wanted == {"visited: /pricing": 2}
    read = gathered(wanted, [("visited", "/pricing", None, START)])
    lead.give(FactsRead(read), deployed)
    assert lead.state.facts.instants == {"visited: /pricing": (START,)}
    assert lead.state.deployment == 2
    again = lead.deployed(define(INVITE, number=3))
    assert wants_facts(lead.book, lead.state, [again]) is None


def test_a_queued_enrolment_keeps_the_facts_its_pinned_graph_asks_for() -> None:
    """A deploy that drops a condition does not drop what an enrolment pinned to the old graph will ask."""
    asks = """
scenario: next
start: a
steps:
  a: {wait: 1d, then: [{when: {did: {visited: /pricing}}, finish: interested}, {otherwise: b}]}
  b: {finish: quiet}
"""
    lead = Lead(define(INVITE, asks))
    lead.enrol("invite")
    lead.tell(lead.enrolment("next"), lead.event("visited", "/pricing"))
    lead.tell(lead.deployed(define(INVITE, number=2)))
    lead.until("30d")
    assert lead.ends == ["lost", "interested"]


def test_entries_of_several_deployments_in_one_delivery_are_each_judged_under_their_own() -> None:
    """The number travels with the entry; facts are kept for the newest of them."""
    jump = INVITE.replace("relation, is: customer", "employees, at_least: 5")
    lead = Lead(INVITE.replace("{attribute: relation, is: customer}", "{segment: customers}"))
    lead.enrol()
    first = lead.deployed(define(INVITE, number=2, segments="customers: {when: {attribute: employees, known: true}}\n"))
    second = lead.deployed(define(jump, number=3))
    profile = lead.profile(employees=3)
    lead.tell(first, second, profile)
    assert lead.state.deployment == 3
    assert lead.where() == ("waiting", "first", 1), "deployment 3 has the old segment again"


def test_a_fact_sheet_read_anew_replaces_the_old_one() -> None:
    """After a correction or a merge the driver hands in another sheet; entries of the same delivery come on top."""
    lead = waiting()
    sheet = Facts(keeps={"visited: any": 5})
    lead.give(FactsRead(sheet), lead.event("visited", "/a"))
    assert lead.state.facts.times("visited: any", None) == 1
    assert sheet.instants == {}


def test_the_state_of_a_new_lead_is_idle() -> None:
    """Before its first entry a lead waits for nothing and needs no timer."""
    lead = Lead(INVITE)
    assert lead.where() == ("idle", None, None)
    assert alarm(lead.book, State(lead="other")) is None
    told: list[AnyEntry] = [lead.profile()]
    lead.tell(*told)
    assert lead.where() == ("idle", None, None)
