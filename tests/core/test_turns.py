"""Enrolments that wait for their turn: what forbids their mail ends them as it ends the running one."""

from __future__ import annotations

import pytest

from nurture.turns import FORBIDS
from nurture.updates import Pause, Resume
from tests.core.stage import Lead, define, later, update

NEWS = """
scenario: news
language: ja
topic: news
start: mail
steps:
  mail: {send: m_a, wait: 9d, then: done}
  done: {finish: done}
"""
SEMINARS = NEWS.replace("scenario: news", "scenario: seminars").replace("topic: news", "topic: seminars")
SILENT = "scenario: silent\nstart: a\nsteps:\n  a: {wait: 1d, then: b}\n  b: {finish: silent}\n"


def waiting(*queued: str) -> Lead:
    """A lead that walks `silent`, with these queued behind it."""
    lead = Lead(define(SILENT, NEWS, SEMINARS))
    lead.enrol("silent")
    for name in queued:
        lead.tell(lead.enrolment(name))
    return lead


def queue(lead: Lead) -> list[str]:
    """Who waits."""
    return [each.scenario for each in lead.state.queue]


@pytest.mark.parametrize(
    ("type", "suppresses", "left", "ends"),
    [
        ("unsubscribed", "news", ["seminars"], ["unsubscribed"]),
        ("unsubscribed", "seminars", ["news"], ["unsubscribed"]),
        ("unsubscribed", "all", [], ["unsubscribed"] * 3),
        ("bounced", "all", [], ["bounced"] * 3),
        ("bounced", None, ["news", "seminars"], []),
    ],
)
def test_what_forbids_the_mail_of_a_queued_enrolment_ends_it(
    type: str, suppresses: str | None, left: list[str], ends: list[str]
) -> None:
    """It never begins, and the timeline says why; who waits for another topic's mail goes on waiting."""
    lead = waiting("news", "seminars")
    lead.tell(lead.event(type, suppresses=suppresses, at=later("1h")))
    assert (queue(lead), lead.ends) == (left, ends)
    dropped = [line for line in lead.lines if line.what == "not_begun"]
    assert all(line.reason == f"{type}: no further mail may be sent" for line in dropped)
    assert {line.scenario for line in dropped} == {"news", "seminars"} - set(left)
    lead.until("3d")
    assert lead.templates == (["m_a"] if left else [])
    assert "send_refused" not in lead.story


def test_a_queued_enrolment_does_not_begin_by_the_very_event_that_forbids_it() -> None:
    """Running and queued are of one topic: the first is left, and the second does not take its place for a moment."""
    again = NEWS.replace("scenario: news", "scenario: again")
    lead = Lead(define(NEWS, again))
    lead.enrol("news")
    lead.tell(lead.enrolment("again"))
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("1h")))
    assert (lead.where()[0], sorted(each.enrolment for record in lead.records for each in record.enrolments
                                    if each.state == "ended")) == ("idle", [1, 2])  # fmt: skip
    assert [line.what for line in lead.lines].count("entered") == 1


def test_an_enrolment_that_was_asked_for_after_the_event_waits_on() -> None:
    """The event is told late; whoever asked since knew of it, and the gate judges the mail when it is its turn."""
    lead = Lead(define(SILENT, NEWS))
    lead.enrol("silent")
    lead.tell(lead.enrolment("news", at=later("2h")))
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("1h")))
    assert queue(lead) == ["news"]


def test_a_pause_holds_it_back_until_the_lead_goes_on() -> None:
    """Nothing is judged meanwhile, and nothing that is forbidden begins after."""
    lead = waiting("news")
    lead.tell(update(Pause))
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("1h")))
    assert queue(lead) == ["news"]
    lead.tell(update(Resume), now=later("2h"))
    assert (queue(lead), lead.ends) == ([], ["unsubscribed"])


def test_a_lead_whose_task_sales_has_drops_it_too() -> None:
    """It is in no scenario, and what waits for the closing of the task would begin without a consent."""
    hands_over = SILENT.replace("{wait: 1d, then: b}", "{handoff: {queue: inside}, then: b}")
    lead = Lead(define(hands_over, NEWS))
    lead.enrol("silent")
    lead.tell(lead.enrolment("news"))
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("1h")))
    lead.tell(lead.outcome("lost", at=later("1d")))
    assert (lead.where()[0], lead.templates, lead.ends) == ("idle", [], ["unsubscribed", "silent"])


def test_a_history_of_an_older_engine_repeats_what_it_did() -> None:
    """The enrolment begins, and its mail is refused at the gate."""
    lead = waiting("news")
    lead.state.engine = FORBIDS - 1
    lead.tell(lead.event("unsubscribed", suppresses="news", at=later("1h")))
    assert (queue(lead), lead.ends) == (["news"], [])
