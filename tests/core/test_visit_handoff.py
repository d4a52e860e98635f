"""What a handoff does to its lead: it lasts until the task closes, one task at a time, and nothing mails meanwhile."""

from __future__ import annotations

import pytest

from nurture.alarms import alarm
from nurture.commands import MakeHandoff
from nurture.conditions import Outcome
from nurture.updates import GoTo
from tests.core.stage import Lead, define, later, update

SALES = """
scenario: sales
topic: news
leave: [{when: {attribute: relation, is: customer}, finish: customer}]
anywhere: [{when: {requested: any}, go: to_sales}, {when: {visited: /other}, go: also_sales}]
start: first
steps:
  first: {send: mail_a, wait: 9d, then: to_sales}
  to_sales:
    handoff: {queue: inside, note: 至急}
    then:
      - {when: {outcome: returned}, go: again}
      - {when: {outcome: [won, lost]}, finish: closed}
      - {otherwise: done}
  also_sales: {handoff: {queue: other}, then: [{when: {outcome: won}, finish: won}, {otherwise: done}]}
  again: {send: mail_b, wait: 9d, then: done}
  done: {finish: handed_over}
"""
OTHER = "scenario: other\nstart: a\nsteps:\n  a: {wait: 1d, then: b}\n  b: {finish: other}\n"


def with_sales(*more: str) -> Lead:
    """A lead whose task is made."""
    lead = Lead(SALES, *more)
    lead.enrol("sales")
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    assert lead.where() == ("with_sales", "to_sales", 1)
    return lead


def test_a_handoff_step_makes_one_task_with_its_reason() -> None:
    """Its id is the key of the visit; queue and note are those of the step."""
    (task,) = with_sales().tasks
    assert isinstance(task, MakeHandoff)
    assert (task.handoff, task.queue, task.note) == ("lead_1/sales/1/to_sales/1", "inside", "至急")
    assert task.reasons == ("sales: to_sales",)


@pytest.mark.parametrize(
    ("word", "end", "step"),
    [
        ("won", ["closed"], None),
        ("lost", ["closed"], None),
        ("expired", ["handed_over"], None),
        ("returned", [], "again"),
    ],
)
def test_the_outcome_chooses_the_reaction_once(word: Outcome, end: list[str], step: str | None) -> None:
    """`outcome` takes a word or a list; what no edge names takes `otherwise`; a second closing moves nothing."""
    lead = with_sales()
    task = lead.state.handoff
    lead.tell(lead.outcome(word, at=later("3d")))
    assert lead.ends == end
    assert lead.where()[1] == step
    lead.tell(lead.outcome("won", handoff=task, at=later("4d")))
    assert lead.ends == end
    assert lead.where()[1] == step


def test_with_sales_nothing_moves_the_lead_but_the_outcome() -> None:
    """No timer runs, no mail goes, `anywhere` is not heard; events are counted."""
    lead = with_sales()
    assert alarm(lead.book, lead.state) is None
    lead.tell(lead.event("visited", "/other", at=later("2h")), lead.event("requested", "demo", at=later("3h")))
    assert lead.where() == ("with_sales", "to_sales", 1)
    assert len(lead.tasks) == 1
    assert lead.templates == ["mail_a"]


def test_anywhere_is_not_heard_in_a_handoff_step_that_the_same_delivery_reached() -> None:
    """The step is reached by the first event; the second of the batch does not pull the lead out of it."""
    lead = Lead(SALES)
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")), lead.event("visited", "/other", at=later("2h")))
    assert lead.where() == ("with_sales", "to_sales", 1)


def test_leaving_while_with_sales_leaves_the_task_and_its_outcome_moves_nobody() -> None:
    """The enrolment ends with a note; enrolments wait until the task closes; then the next begins."""
    lead = with_sales(OTHER)
    lead.tell(lead.enrolment("other", at=later("2h")))
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("3h")))
    assert lead.ends == ["unsubscribed"]
    assert "task_stays" in lead.story
    assert lead.where() == ("with_sales", None, None)
    lead.tell(lead.outcome("returned", at=later("5d")))
    assert lead.ends == ["unsubscribed"]
    assert lead.where() == ("waiting", "a", 1)
    assert lead.deadline == later("6d")


def test_a_further_step_joins_the_open_task_as_one_more_reason() -> None:
    """A lead has at most one open handoff: the second step waits for the same task."""
    lead = with_sales()
    lead.tell(update(GoTo, step="also_sales"), now=later("2h"))
    first, second = lead.tasks
    assert isinstance(first, MakeHandoff)
    assert isinstance(second, MakeHandoff)
    assert first.handoff == second.handoff
    assert second.reasons == ("sales: also_sales",)
    assert lead.where() == ("with_sales", "also_sales", 1)
    lead.tell(lead.outcome("won", at=later("1d")))
    assert lead.ends == ["won"]


def test_a_task_that_cannot_be_made_blocks_and_is_made_after_a_deploy() -> None:
    """An unknown queue: the step says why, the next deploy tries again under the same id."""
    lead = Lead(SALES)
    lead.enrol(answered=False)
    lead.give(lead.sent("accepted"))
    lead.give(lead.event("requested", "demo", at=later("1h")))
    lead.give(lead.answer(lead.tasks[0], error="no queue 'inside'"))
    assert lead.where() == ("blocked", "to_sales", 1)
    assert lead.state.handoff is None
    lead.tell(lead.deployed(define(SALES, number=2), at=later("2h")))
    assert lead.where() == ("with_sales", "to_sales", 1)
    assert [each.handoff for each in lead.tasks if isinstance(each, MakeHandoff)] == ["lead_1/sales/1/to_sales/1"] * 2


def test_a_task_that_cannot_be_made_after_the_lead_left_frees_the_queue() -> None:
    """There is no task whose outcome could come: the next enrolment begins, and the line says what failed."""
    lead = Lead(SALES, OTHER)
    lead.enrol("sales", answered=False)
    lead.give(lead.sent("accepted"))
    lead.give(lead.event("requested", "demo", at=later("1h")))
    lead.give(lead.enrolment("other"))
    lead.give(lead.event("unsubscribed", suppresses="news", at=later("2h")))
    assert lead.where() == ("with_sales", None, None)
    lead.give(lead.answer(lead.tasks[0], error="no queue 'inside'"))
    assert lead.where() == ("waiting", "a", 1)
    assert lead.reason("handoff_failed") == "no queue 'inside'"


def test_joining_that_fails_keeps_the_task_that_is_open() -> None:
    """The second queue does not exist: the step is blocked, and the first task still closes and moves the lead."""
    lead = with_sales()
    lead.give(update(GoTo, step="also_sales"), now=later("2h"))
    lead.give(lead.answer(lead.tasks[1], error="no queue 'other'"))
    assert lead.where() == ("blocked", "also_sales", 1)
    lead.tell(lead.outcome("won", at=later("1d")))
    assert lead.ends == ["won"]


def test_a_lead_with_an_open_task_never_completes_as_idle() -> None:
    """Its workflow waits for the outcome, for as long as sales takes."""
    lead = with_sales()
    lead.tell(lead.profile(relation="customer"))
    assert lead.ends == ["customer"]
    assert alarm(lead.book, lead.state) is None
    lead.tell(lead.outcome("lost", at=later("90d")))
    bell = alarm(lead.book, lead.state)
    assert bell is not None
    assert bell.retire


def test_the_outcome_is_false_outside_the_reactions_of_its_step() -> None:
    """A `leave` that names an outcome is never judged true, not even while the task closes."""
    lead = Lead(define(SALES.replace("{attribute: relation, is: customer}", "{outcome: won}"), checked=False))
    lead.enrol()
    lead.tell(lead.event("requested", "demo", at=later("1h")))
    lead.tell(lead.outcome("returned", at=later("2h")))
    assert lead.where()[1] == "again"
    lead.until("30d")
    assert lead.ends == ["handed_over"]
