"""The moment a lead becomes hot: one crossing, one handoff, wherever the lead stands."""

from __future__ import annotations

import pytest

from nurture.commands import MakeHandoff
from nurture.definitions import Definitions
from nurture.facts import gathered
from nurture.sheet import wants_facts
from nurture.updates import GoTo, Pause, Resume
from nurture.walk import FactsRead
from tests.core.stage import Lead, define, later, update

WALK = """
scenario: nurture
language: ja
topic: news
on_hot: to_sales
leave:
  - {when: {attribute: relation, is: customer}, finish: bought}
anywhere:
  - {when: {requested: consultation}, go: to_sales}
start: mail
steps:
  mail:
    send: m_a
    wait: {until: [{visited: /pricing}], timeout: 30d}
    then:
      - {when: {all: [{visited: /pricing}, {phase: {at_least: decision}}]}, go: decided}
      - {when: {score: total, at_least: 30}, go: warm}
      - {otherwise: quiet}
  warm: {wait: 30d, then: quiet}
  decided: {wait: 30d, then: quiet}
  to_sales: {handoff: {queue: inside}, then: over}
  quiet: {finish: quiet}
  over: {finish: over}
"""
SCORE = """
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 20}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 30d}}
  - {item: consultation, when: {requested: consultation}, points: 60}
"""
HOT = """
agreed: {date: 2026-11-01, by: [marketing, sales]}
any:
  - {score: total, at_least: 60}
  - all: [{phase: {at_least: decision}}, {did: {attended: seminar}}]
not: [{attribute: relation, is: customer}]
queue: other
cool_down: 30d
"""
MAP = """
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {did: {visited: /pricing}}}
  - {phase: decision, reached_when: {did: {requested: any}, within: 20d}}
"""


def folder(walk: str = WALK, *, number: int = 1, hot: str = HOT, score: str = SCORE) -> Definitions:
    """A scenario under a hot lead definition."""
    return define(walk, number=number, hot_lead=hot, score=score, journey_map=MAP)


def handoffs(lead: Lead) -> list[MakeHandoff]:
    """The tasks that were asked for."""
    return [task for task in lead.tasks if isinstance(task, MakeHandoff)]


def test_a_crossing_inside_a_scenario_takes_the_step_it_names() -> None:
    """50 and 15 are 65: the lead jumps out of its wait to sales, with the rule as a reason, and mails stop."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1d")))
    assert lead.where() == ("waiting", "mail", 1)
    lead.tell(lead.event("visited", "/pricing", at=later("2d")))
    assert lead.where() == ("with_sales", "to_sales", 1)
    (task,) = handoffs(lead)
    assert (task.queue, task.reasons) == ("inside", ("nurture: to_sales", "hot: score total at least 60"))
    assert lead.state.hot
    assert [what for what in lead.story if what.startswith(("hot", "on_hot"))] == ["hot", "on_hot to_sales"]


def test_a_crossing_outside_a_scenario_makes_a_task_for_the_queue_of_the_definition() -> None:
    """Once: what comes later changes nothing while it is open, and an enrolment waits for its outcome."""
    lead = Lead(folder())
    lead.tell(lead.profile(employees=100), lead.event("requested", "demo", at=later("1h")))
    assert lead.where()[0] == "with_sales"
    (task,) = handoffs(lead)
    assert (task.handoff, task.queue, task.scenario) == ("lead_1/hot/1", "other", "")
    lead.tell(lead.event("visited", "/pricing", at=later("2h")))
    lead.tell(lead.enrolment(at=later("3h")))
    assert len(handoffs(lead)) == 1
    assert lead.where()[0] == "with_sales"
    lead.tell(lead.outcome("lost", at=later("4d")))
    assert lead.where() == ("waiting", "mail", 1)


def test_a_scenario_that_names_no_step_ends_with_hot() -> None:
    """The task is the definition's; a queued scenario waits for its outcome."""
    lead = Lead(folder(WALK.replace("on_hot: to_sales\n", "")))
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")), lead.event("visited", "/pricing", at=later("2h")))
    assert lead.ends == ["hot"]
    assert lead.where() == ("with_sales", None, None)
    assert [task.queue for task in handoffs(lead)] == ["other"]


def test_a_scenario_may_ignore_that_a_lead_is_hot() -> None:
    """It is marked and walks on; no task."""
    lead = Lead(folder(WALK.replace("on_hot: to_sales", "on_hot: ignore")))
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lead.tell(lead.event("visited", "/pricing", at=later("2h")))
    assert (lead.state.hot, handoffs(lead)) == (True, [])
    assert lead.where() == ("waiting", "decided", 1)


def test_rules_that_fire_together_make_one_handoff() -> None:
    """`anywhere` and the definition at once: one task, both reasons."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    (task,) = handoffs(lead)
    assert task.reasons == ("nurture: to_sales", "hot: score total at least 60")
    assert "on_hot to_sales" not in lead.story


def test_a_lead_that_sales_has_already_gets_one_more_reason() -> None:
    """The open task is joined once it exists, not made again."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")))
    lead.enrol()
    lead.give(lead.event("requested", "consultation", at=later("1h")))
    lead.give(lead.event("visited", "/pricing", at=later("2h")), lead.event("visited", "/pricing", at=later("3h")))
    (task,) = handoffs(lead)
    lead.tell(lead.answer(task))
    assert [(each.handoff, each.reasons) for each in handoffs(lead)] == [
        (task.handoff, ("nurture: to_sales",)),
        (task.handoff, ("hot: score total at least 80",)),
    ]
    assert lead.where() == ("with_sales", "to_sales", 1)


def test_the_latch_holds_until_the_definition_is_no_longer_met_and_the_cool_down_is_over() -> None:
    """No longer met during the cool-down it stays hot; after it a tick clears the latch, and it may cross again."""
    lead = Lead(folder())
    lead.tell(lead.profile(employees=100))
    visits = [lead.event("visited", "/pricing", at=later(span)) for span in ("1h", "2h")]
    lead.tell(*visits, lead.event("attended", "seminar", at=later("3h")))
    assert not lead.state.hot
    lead.tell(lead.event("requested", "quote", at=later("4h")))
    assert lead.state.hot
    lead.tell(lead.outcome("returned", at=later("5d")))
    lead.tell(lead.tick(later("25d")))
    assert lead.state.hot
    lead.tell(lead.tick(later("36d")))
    assert not lead.state.hot
    assert lead.reason("not_hot") == "the definition is no longer met"
    lead.tell(lead.event("requested", "quote", at=later("37d")))
    assert [task.handoff for task in handoffs(lead)] == ["lead_1/hot/1", "lead_1/hot/2"]


def test_a_crossing_within_the_cool_down_is_held_back_and_said_once() -> None:
    """Sales closed its task; soon after it fits the definition, and crosses when the time is over."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")))
    lead.enrol()
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    lead.tell(lead.outcome("lost", at=later("1d")))
    for span in ("2d", "3d", "4d"):
        lead.tell(lead.event("visited", "/pricing", at=later(span)))
    assert (lead.state.hot, len(handoffs(lead)), lead.story.count("hot_held_back")) == (False, 1, 1)
    lead.tell(lead.event("visited", "/pricing", at=later("32d")), lead.event("visited", "/pricing", at=later("33d")))
    assert (lead.state.hot, len(handoffs(lead))) == (True, 2)


def test_what_excludes_a_lead_keeps_it_cold() -> None:
    """A customer is never hot; the enrolment leaves, and nobody is called."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(lead.profile(relation="customer", employees=100, at=later("1h")))
    lead.tell(lead.event("requested", "demo", at=later("2h")))
    assert (lead.ends, lead.state.hot, handoffs(lead)) == (["bought"], False, [])


def test_a_deployment_that_makes_a_lead_hot_hands_nobody_over() -> None:
    """It is marked, with the reason; the next event of the lead does not hand it over, either."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lower = folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 40"))
    lead.tell(lead.deployed(lower, at=later("2h")))
    lead.tell(lead.event("visited", "/", at=later("3h")))
    assert (lead.state.hot, handoffs(lead)) == (True, [])
    assert lead.where() == ("waiting", "mail", 1)
    assert lead.reason("hot") == "score total at least 40: by deployment 2, not handed over"


def test_a_lead_that_hears_of_a_deployment_with_its_next_event_is_marked_by_the_deployment() -> None:
    """Nobody told it before: the event comes under the new number, and is not what made it hot."""
    lead = Lead(folder())
    lead.tell(lead.profile(), lead.event("requested", "demo", at=later("1h")))
    lead.book.add(folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 40")))
    lead.deployment = 2
    lead.tell(lead.event("visited", "/", at=later("3h")))
    assert (lead.state.hot, handoffs(lead)) == (True, [])


@pytest.mark.parametrize("at_once", [True, False])
def test_a_person_releases_what_a_deployment_made_hot(at_once: bool) -> None:
    """With the deployment itself, or later; a second time changes nothing."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lower = folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 40"))
    lead.tell(lead.deployed(lower, at=later("2h"), hand_over=at_once))
    if not at_once:
        lead.tell(lead.deployed(lower, at=later("3h"), hand_over=True))
    assert lead.where() == ("with_sales", "to_sales", 1)
    lead.tell(lead.deployed(lower, at=later("4h"), hand_over=True))
    assert len(handoffs(lead)) == 1


def test_a_paused_lead_becomes_hot_when_it_goes_on() -> None:
    """Nothing is handed over meanwhile; what came is judged by its time."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(update(Pause))
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    assert (lead.state.hot, handoffs(lead)) == (False, [])
    lead.tell(update(Resume), now=later("2h"))
    assert len(handoffs(lead)) == 1


def test_a_phase_never_goes_back_inside_an_enrolment() -> None:
    """A request puts it into `decision`; 21 days later the window is empty, and it stays there until it leaves."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 150")))
    lead.enrol()
    assert lead.state.phase == "research"
    lead.tell(lead.event("requested", "quote", at=later("1d")))
    assert lead.state.phase == "decision"
    lead.tell(lead.tick(later("25d")))
    assert lead.state.phase == "decision"
    lead.until("40d")
    assert lead.ends == ["quiet"]
    lead.tell(lead.tick(later("41d")))
    assert lead.state.phase == "research"
    assert [what for what in lead.story if what.startswith("phase")] == [
        "phase research", "phase decision", "phase research",
    ]  # fmt: skip


def test_reactions_may_ask_for_score_and_phase() -> None:
    """Two visits are 30 points; a visit in `decision` goes the other way."""
    warm = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 150")), attributes={"employees": 100})
    warm.enrol()
    warm.tell(warm.event("visited", "/pricing", at=later("1h")))
    assert warm.where() == ("waiting", "warm", 1)
    decided = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 150")))
    decided.enrol()
    decided.tell(decided.event("requested", "quote", at=later("1h")))
    decided.tell(decided.event("visited", "/pricing", at=later("2h")))
    assert decided.where() == ("waiting", "decided", 1)


def test_a_lead_that_was_begun_by_an_older_engine_takes_no_crossing() -> None:
    """Its recorded history must replay; it takes the newer engine when it is continued."""
    lead = Lead(folder())
    lead.state.engine = 1
    lead.tell(lead.profile(employees=100), lead.event("requested", "demo", at=later("1h")))
    assert (lead.state.hot, lead.state.phase, handoffs(lead)) == (False, None, [])


def test_a_crossing_that_is_passed_in_the_same_delivery_still_has_its_task() -> None:
    """It jumped to sales, and a later event of the batch ended the enrolment: the definition's queue gets the task."""
    lead = Lead(folder())
    lead.enrol()
    batch = [
        lead.event("requested", "demo", at=later("1h")),
        lead.event("visited", "/pricing", at=later("2h")),
        lead.event("unsubscribed", at=later("3h"), suppresses="news"),
    ]
    lead.tell(*batch)
    assert lead.ends == ["unsubscribed"]
    assert [(task.queue, task.reasons) for task in handoffs(lead)] == [("other", ("hot: score total at least 60",))]
    assert lead.where() == ("with_sales", None, None)


def test_a_step_that_is_skipped_hands_over_nobody() -> None:
    """`skip` is the marketer's word against handing over: the timeline has it, and no other task is made."""
    skipped = WALK.replace("to_sales: {handoff", "to_sales: {skip: {when: {did: {attended: fair}}, go: quiet}, handoff")
    lead = Lead(folder(skipped))
    lead.enrol()
    lead.tell(lead.event("attended", "fair", at=later("1h")), lead.event("requested", "demo", at=later("2h")))
    lead.tell(lead.event("visited", "/pricing", at=later("3h")))
    assert (lead.state.hot, handoffs(lead), lead.ends) == (True, [], ["quiet"])
    assert "skipped quiet" in lead.story


def test_a_task_that_cannot_be_made_waits_for_somebody_to_say_so() -> None:
    """Its queue is gone: nothing waits for it, the timeline has the reason, and a deployment hands over when told."""
    lead = Lead(folder())
    lead.give(lead.profile(employees=100), lead.event("requested", "demo", at=later("1h")))
    lead.give(lead.answer(lead.tasks[-1], error="no queue 'other'"))
    assert lead.where() == ("idle", None, None)
    assert lead.reason("handoff_failed") == "no queue 'other'"
    lead.tell(lead.deployed(folder(number=2), at=later("2h"), hand_over=True))
    assert lead.where() == ("with_sales", None, None)
    assert [task.handoff for task in handoffs(lead)] == ["lead_1/hot/1", "lead_1/hot/2"]


def test_a_deployment_marks_a_lead_in_its_cool_down_and_nothing_hands_it_over_later() -> None:
    """The time that is over afterwards is no crossing: only a person releases what a deployment made hot."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")))
    lead.enrol()
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    lead.tell(lead.outcome("lost", at=later("3d")))
    lower = folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 50"))
    lead.tell(lead.deployed(lower, at=later("10d")))
    assert lead.state.hot_unsold == ("score total at least 50",)
    lead.tell(lead.tick(later("40d")))
    assert len(handoffs(lead)) == 1
    lead.tell(lead.deployed(lower, at=later("41d"), hand_over=True))
    assert len(handoffs(lead)) == 2


def test_an_event_told_late_does_not_clear_the_latch() -> None:
    """It is judged at the newest instant judged so far: the lead does not become hot a second time."""
    lead = Lead(folder(hot=HOT.replace("cool_down: 30d", "cool_down: 1d")))
    lead.tell(lead.profile(), lead.event("requested", "demo", at=later("1d")))
    lower = folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 40"))
    lead.tell(lead.deployed(lower, at=later("2d")))
    lead.tell(lead.event("visited", "/", at=later("12h")), now=later("4d"))
    assert (lead.state.hot, lead.state.hot_unsold) == (True, ("score total at least 40",))
    lead.tell(lead.event("visited", "/", at=later("5d")))
    assert handoffs(lead) == []


def test_what_a_step_writes_may_make_a_lead_hot() -> None:
    """50 points by an event and 20 by `set`: the crossing is seen in the same advance."""
    writes = WALK.replace("  warm: {wait: 30d, then: quiet}\n", "  warm: {wait: 1d, then: big}\n"
                          "  big: {set: {attribute: employees, to: 100}, wait: 30d, then: quiet}\n")  # fmt: skip
    lead = Lead(folder(writes))
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lead.tell(update(GoTo, step="big"), now=later("2h"))
    assert lead.where() == ("with_sales", "to_sales", 1)
    assert lead.state.hot


def test_a_reason_that_comes_after_its_task_was_closed_waits_for_a_person() -> None:
    """Sales closed it while the reason was on its way: the timeline says so, and a release makes a task of its own."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")))
    lead.enrol()
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    done = lead.give(
        lead.event("visited", "/pricing", at=later("2h")), lead.event("visited", "/pricing", at=later("3h"))
    )
    (join,) = done.commands
    lead.tell(lead.outcome("lost", at=later("4h")))
    late = lead.answer(join, error="closed: lost").model_copy(update={"too_late": True})
    lead.tell(late)
    assert (lead.state.hot, lead.state.hot_unsold) == (True, ("closed: lost",))
    lead.tell(lead.deployed(folder(number=2), at=later("5h"), hand_over=True))
    assert len({task.handoff for task in handoffs(lead)}) == 2


def test_points_of_a_machine_are_taken_back_and_make_nobody_hot() -> None:
    """The sheet is made anew without them: the branch that was taken stands, and a later event is no crossing."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")), attributes={"employees": 100})
    lead.enrol()
    clicks = [lead.event("visited", "/pricing", at=later("1h")), lead.event("visited", "/pricing", at=later("2h"))]
    lead.tell(*clicks)
    assert lead.where() == ("waiting", "warm", 1)
    correction = lead.corrected(*clicks, at=later("3h"))
    wanted = wants_facts(lead.book, lead.state, [correction])
    assert wanted == lead.state.facts.keeps
    lead.tell(FactsRead(gathered(wanted, [])), correction)
    assert lead.where() == ("waiting", "warm", 1)
    lead.tell(lead.event("requested", "demo", at=later("4h")))
    assert (lead.state.hot, handoffs(lead)) == (False, [])


def test_what_was_taken_back_before_it_was_heard_is_never_heard() -> None:
    """Both come in one delivery: no branch, no points."""
    lead = Lead(folder(score=SCORE.replace("points: 50", "points: 60")))
    lead.enrol()
    click = lead.event("requested", "demo", at=later("1h"))
    correction = lead.corrected(click, at=later("2h"))
    lead.tell(FactsRead(lead.state.facts), click, correction)
    assert (lead.state.hot, lead.state.phase, lead.where()) == (False, "research", ("waiting", "mail", 1))


def test_a_deployment_that_changes_nothing_about_it_swallows_no_crossing() -> None:
    """Held back in the cool-down, the lead hears of another deployment: when the time is over it still crosses."""
    lead = Lead(folder(hot=HOT.replace("at_least: 60", "at_least: 80")))
    lead.enrol()
    lead.tell(lead.event("requested", "consultation", at=later("1h")))
    lead.tell(lead.outcome("lost", at=later("1d")))
    lead.tell(lead.event("requested", "demo", at=later("2d")))
    assert lead.story.count("hot_held_back") == 1
    lead.deployment = 2
    lead.book.add(folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 79")))
    lead.tell(lead.tick(later("33d")))
    assert (lead.state.hot_unsold, len(handoffs(lead))) == ((), 2)


def test_nobody_is_released_where_no_definition_says_to_whom() -> None:
    """The definition was taken away: what waits goes on waiting, and no scenario ends for it."""
    lead = Lead(folder(WALK.replace("on_hot: to_sales\n", "")))
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lead.tell(lead.deployed(folder(number=2, hot=HOT.replace("at_least: 60", "at_least: 40")), at=later("2h")))
    without = define(WALK.replace("on_hot: to_sales\n", ""), number=3, score=SCORE, journey_map=MAP)
    lead.tell(lead.deployed(without, at=later("3h"), hand_over=True))
    assert (lead.where(), handoffs(lead)) == (("waiting", "mail", 1), [])
    again = folder(WALK.replace("on_hot: to_sales\n", ""), number=4, hot=HOT.replace("at_least: 60", "at_least: 40"))
    told = lead.deployed(again, at=later("4h"), hand_over=True)
    wanted = wants_facts(lead.book, lead.state, [told])
    assert wanted is not None
    lead.tell(FactsRead(gathered(wanted, [("requested", "demo", None, later("1h"))])), told)
    assert (len(handoffs(lead)), lead.ends) == (1, ["hot"])
