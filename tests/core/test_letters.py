"""A letter of a lead: its scenario stops and sales is told, unless the scenario says itself what then."""

from __future__ import annotations

import pytest

from nurture.commands import MakeHandoff, NotifyPerson, TaskDone
from nurture.definitions import Definitions
from nurture.entries import Happening
from nurture.updates import Pause, Resume
from tests.core.stage import SALES, SENDER, Lead, define, later, update

WALK = """
scenario: walk
language: ja
topic: news
start: mail
steps:
  mail: {send: m_a, wait: {until: [opened], timeout: 9d}, then: [{when: opened, go: next}, {otherwise: quiet}]}
  next: {send: m_b, wait: 9d, then: to_sales}
  to_sales: {handoff: {queue: other}, then: quiet}
  quiet: {finish: quiet}
"""
SECOND = WALK.replace("scenario: walk", "scenario: second").replace("m_a", "m_c")
SCORE = (
    "behaviours: [{item: reply, when: {replied: any}, points: 50}, {item: page, when: {visited: any}, points: 45}]\n"
)
HOT = "agreed: {date: 2026-11-01, by: [marketing, sales]}\nany: [{score: total, at_least: 50}]\nqueue: other\n"


def letter(lead: Lead, at: str = "1h", mail: int | None = 0) -> Happening:
    """A person writes back to one of the mails."""
    told = lead.event("replied", mail=lead.mails[mail] if mail is not None else None, at=later(at))
    return told.model_copy(update={"written": True})


def handoffs(lead: Lead) -> list[MakeHandoff]:
    """The tasks that were asked for."""
    return [task for task in lead.tasks if isinstance(task, MakeHandoff)]


def test_a_letter_ends_the_scenario_and_sales_is_told_of_it() -> None:
    """Even where the step waits for an open, which an answer proves: the next mail would talk past a person."""
    lead = Lead(define(WALK))
    lead.enrol()
    lead.tell(letter(lead))
    assert (lead.ends, lead.where()) == (["replied"], ("with_sales", None, None))
    (task,) = handoffs(lead)
    assert (task.handoff, task.queue, task.reasons) == ("lead_1/reply/1", "inside", ("replied: m_a",))
    assert lead.templates == ["m_a"]
    assert lead.reason("finished") == "replied: m_a"


def test_the_mere_news_of_an_answer_is_the_open_of_its_mail_and_ends_nothing() -> None:
    """A provider that tells no words: nobody could read anything."""
    lead = Lead(define(WALK))
    lead.enrol()
    lead.tell(lead.event("replied", mail=lead.mails[0], at=later("1h")))
    assert (lead.where(), handoffs(lead)) == (("waiting", "next", 1), [])


def test_what_is_queued_waits_until_sales_has_closed_the_task() -> None:
    """Nobody gets another scenario's mail while a rep writes to him."""
    lead = Lead(define(WALK, SECOND))
    lead.enrol()
    lead.enrol("second")
    lead.tell(letter(lead))
    assert (lead.where(), lead.templates) == (("with_sales", None, None), ["m_a"])
    lead.tell(lead.outcome("lost", at=later("3d")))
    assert lead.templates == ["m_a", "m_c"]


@pytest.mark.parametrize(
    "written",
    [
        "anywhere: [{when: {replied: any}, go: to_sales}]\nstart: mail",
        "anywhere: [{when: replied, go: to_sales}]\nstart: mail",
        "anywhere: [{when: {did: {replied: any}}, go: to_sales}]\nstart: mail",
    ],
)
def test_a_scenario_that_names_the_answer_keeps_control(written: str) -> None:
    """Its own edge is taken, and there is no task but its own."""
    lead = Lead(define(WALK.replace("start: mail", written)))
    lead.enrol()
    lead.tell(letter(lead))
    assert (lead.ends, lead.where()) == ([], ("with_sales", "to_sales", 1))
    (task,) = handoffs(lead)
    assert (task.queue, task.reasons) == ("other", ("walk: to_sales",))


def test_a_step_that_waits_for_the_answer_keeps_control_of_it() -> None:
    """But not of an answer to an older mail, which the bare `replied` does not mean."""
    text = WALK.replace("next: {send: m_b, wait: 9d, then: to_sales}",
                        "next: {send: m_b, wait: {until: [replied], timeout: 9d},"
                        " then: [{when: replied, go: quiet}, {otherwise: quiet}]}")  # fmt: skip
    lead = Lead(define(text, checked=False))
    lead.enrol()
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("1h")))
    lead.tell(letter(lead, "2h", mail=1))
    assert (lead.ends, handoffs(lead)) == (["quiet"], [])
    other = Lead(define(text, checked=False))
    other.enrol()
    other.tell(other.event("opened", mail=other.mails[0], at=later("1h")))
    other.tell(letter(other, "2h", mail=0))
    assert (other.ends, len(handoffs(other))) == (["replied"], 1)


def test_a_lead_that_sales_has_stays_there_and_its_queue_is_told_once_more() -> None:
    """The task takes the reason; a task that was told of long ago is told of again."""
    lead = Lead(define(WALK.replace("start: mail", "start: to_sales"), checked=False))
    lead.enrol()
    lead.tell(letter(lead, mail=None))
    assert (lead.ends, lead.where()) == ([], ("with_sales", "to_sales", 1))
    assert [(task.handoff, task.reasons) for task in handoffs(lead)] == [
        ("lead_1/walk/1/to_sales/1", ("walk: to_sales",)),
        ("lead_1/walk/1/to_sales/1", ("replied",)),
    ]
    (word,) = [task for task in lead.tasks if isinstance(task, NotifyPerson)]
    assert (word.to, word.text) == ("inside", "replied")


def test_a_letter_while_the_task_of_another_is_being_made_is_told_when_it_is_there() -> None:
    """Two letters at once make one task; the second reason joins it."""
    lead = Lead(define(WALK))
    lead.enrol()
    lead.give(letter(lead))
    lead.give(letter(lead, "2h", mail=None))
    (task,) = handoffs(lead)
    lead.tell(lead.answer(task))
    assert [(each.handoff, each.reasons) for each in handoffs(lead)] == [
        (task.handoff, ("replied: m_a",)),
        (task.handoff, ("replied",)),
    ]


def test_a_letter_of_a_lead_in_no_scenario_reaches_sales_too() -> None:
    """Half a year after the last mail somebody answers."""
    lead = Lead(define(WALK))
    lead.tell(lead.profile(), letter(lead, mail=None))
    (task,) = handoffs(lead)
    assert (task.queue, task.scenario) == ("inside", "")


def folder(sales: str = "", hot: str = HOT) -> Definitions:
    """With a score that a letter fills."""
    return define(WALK, score=SCORE, hot_lead=hot, sales=SALES + sales)


def test_a_letter_that_makes_a_lead_hot_makes_one_task_with_both_reasons() -> None:
    """One crossing, one handoff."""
    lead = Lead(folder())
    lead.enrol()
    lead.tell(letter(lead))
    (task,) = handoffs(lead)
    assert (task.handoff, task.reasons) == ("lead_1/hot/1", ("hot: score total at least 50", "replied: m_a"))
    assert lead.ends == ["hot"]


@pytest.mark.parametrize(("sales", "queue"), [("", "other"), ("letters: inside\n", "inside")])
def test_letters_go_to_the_queue_named_for_them_else_to_that_of_hot_leads(sales: str, queue: str) -> None:
    """`letters` in sales.yaml."""
    lead = Lead(folder(sales, HOT.replace("50}", "90}")))
    lead.enrol()
    lead.tell(letter(lead))
    assert [task.queue for task in handoffs(lead)] == [queue]


def test_a_letter_of_a_paused_lead_is_handed_over_when_it_goes_on() -> None:
    """A person stopped everything; nothing is forgotten meanwhile."""
    lead = Lead(define(WALK))
    lead.enrol()
    lead.tell(update(Pause))
    lead.tell(letter(lead))
    assert handoffs(lead) == []
    lead.tell(update(Resume))
    assert (lead.ends, [task.reasons for task in handoffs(lead)]) == (["replied"], [("replied: m_a",)])


def test_a_letter_cancels_the_mail_that_waits_for_its_window() -> None:
    """Nothing that was deferred goes after it."""
    office = 'window: {days: [mon], from: "09:00", to: "18:00"}\n'
    lead = Lead(define(WALK, sender=SENDER + office))
    lead.enrol()
    lead.tell(lead.event("opened", mail=lead.mails[0], at=later("12h")))
    assert lead.where()[:2] == ("sending", "next")
    lead.tell(letter(lead, "13h"))
    lead.until("20d")
    assert (lead.templates, lead.ends) == (["m_a"], ["replied"])
    assert "send_not_needed" in lead.story


@pytest.mark.parametrize("engine", [3, 4])
def test_nobody_is_told_of_a_letter_whose_writer_is_erased_in_the_same_moment(engine: int) -> None:
    """Letter and erasure in one batch; a history of an older engine repeats what it did, and the task is refused."""
    lead = Lead(define(WALK))
    lead.state.engine = engine
    lead.enrol()
    lead.tell(letter(lead), lead.erasure(at=later("2h")), now=later("3h"))
    assert len(handoffs(lead)) == (1 if engine == 3 else 0)
    assert lead.where() == ("erased", None, None)


# --- a letter that comes while its task is being closed -----------------------------------------------------------


def joining(text: str = WALK) -> tuple[Lead, MakeHandoff]:
    """A lead that sales has, and the order to let a second letter join the task."""
    lead = Lead(define(text, SECOND))
    lead.enrol("walk")
    lead.tell(lead.enrolment("second"))
    lead.tell(letter(lead))
    done = lead.give(letter(lead, "2h", mail=None))
    (join,) = [each for each in done.commands if isinstance(each, MakeHandoff)]
    assert join.letters == join.reasons == ("replied",)
    return lead, join


def too_late(lead: Lead, join: MakeHandoff, error: str | None = None) -> TaskDone:
    """The answer of an activity that found the task closed."""
    return TaskDone(key=join.handoff, at=lead.now, error=error, too_late=True, letters=join.letters)


@pytest.mark.parametrize("closing_is_heard_first", [True, False])
def test_a_letter_that_came_while_its_task_was_closed_gets_a_task_of_its_own(*, closing_is_heard_first: bool) -> None:
    """Whichever the lead hears of first: sales is told, nothing queued begins, and the timeline says what it was."""
    lead, join = joining()
    closed = lead.outcome("lost", at=later("3h"))
    late = too_late(lead, join)
    if closing_is_heard_first:
        lead.tell(closed, late)
    else:
        lead.tell(late)
        lead.tell(closed)
    tasks = handoffs(lead)
    assert [each.handoff for each in tasks][-1] != join.handoff
    assert (tasks[-1].reasons, tasks[-1].queue) == (("replied",), "inside")
    assert lead.where() == ("with_sales", None, None)
    assert lead.reason("letter_came_late") == (
        "replied: a letter came; the task was closed meanwhile, so sales gets another one"
    )
    assert "handoff_failed" not in lead.story
    assert lead.templates == ["m_a"]
    lead.tell(lead.outcome("lost", at=later("3d")))
    assert lead.templates == ["m_a", "m_c"]


def test_a_letter_that_came_late_is_asked_for_once_until_the_closing_is_heard_of() -> None:
    """The task that is closed is not asked again and again."""
    lead, join = joining()
    before = len(handoffs(lead))
    lead.tell(too_late(lead, join))
    lead.tell(lead.event("visited", "/pricing", at=later("3h")))
    assert (len(handoffs(lead)), lead.state.unread) == (before, ("replied",))


def test_a_letter_that_came_late_stops_the_mail_that_the_outcome_would_lead_to() -> None:
    """Sales returned the lead without having read the letter: its scenario ends as by a letter that comes then."""
    goes_on = WALK.replace(
        "to_sales: {handoff: {queue: other}, then: quiet}",
        "to_sales: {handoff: {queue: other}, then: back}\n  back: {send: m_z, wait: 1d, then: quiet}",
    )
    lead = Lead(define(goes_on.replace("start: mail", "start: to_sales"), checked=False))
    lead.enrol()
    done = lead.give(letter(lead, mail=None))
    (join,) = [each for each in done.commands if isinstance(each, MakeHandoff)]
    lead.tell(too_late(lead, join))
    lead.tell(lead.outcome("returned", at=later("2h")))
    assert (lead.templates, lead.ends, lead.where()[0]) == ([], ["replied"], "with_sales")
    assert handoffs(lead)[-1].reasons == ("replied",)


def test_a_letter_that_came_late_leaves_what_is_queued_untouched_where_the_outcome_ends_the_scenario() -> None:
    """The queued one begins when sales is done with the letter too, and not to be ended by it in the same moment."""
    lead = Lead(define(WALK.replace("start: mail", "start: to_sales"), SECOND, checked=False))
    lead.enrol("walk")
    lead.tell(lead.enrolment("second"))
    done = lead.give(letter(lead, mail=None))
    (join,) = [each for each in done.commands if isinstance(each, MakeHandoff)]
    lead.tell(too_late(lead, join))
    lead.tell(lead.outcome("lost", at=later("2h")))
    assert (lead.ends, [each.scenario for each in lead.state.queue]) == (["quiet"], ["second"])
    assert (lead.where(), handoffs(lead)[-1].reasons) == (("with_sales", None, None), ("replied",))
    lead.tell(lead.outcome("lost", at=later("3d")))
    assert lead.templates == ["m_c"]


def test_other_reasons_that_came_late_are_named_beside_the_letter() -> None:
    """A crossing waits for a person as before; only the letter gets a task."""
    lead, join = joining()
    lead.tell(lead.outcome("lost", at=later("3h")), too_late(lead, join, error="closed: hot: score came too late"))
    assert lead.reason("handoff_failed") == "closed: hot: score came too late"
    assert handoffs(lead)[-1].reasons == ("replied",)


def test_an_erasure_forgets_the_letter_that_came_late() -> None:
    """Nobody is to call this person."""
    lead, join = joining()
    lead.tell(too_late(lead, join))
    before = len(handoffs(lead))
    lead.tell(lead.erasure(at=later("3h")))
    assert (lead.state.unread, len(handoffs(lead))) == ((), before)
