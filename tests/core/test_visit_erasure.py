"""What an erasure does to a lead, wherever it stands: everything ends, nothing is remembered, nothing follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nurture.facts import Facts
from nurture.state import State
from nurture.updates import GoTo, Pause
from tests.core.stage import OFFICE_HOURS, START, Lead, define, later, update

TWO = """
scenario: two
topic: news
anywhere: [{when: {requested: demo}, go: to_sales}]
start: a
steps:
  a: {send: mail_a, wait: {until: [opened], timeout: 5d}, then: [{when: opened, go: b}, {otherwise: silent}]}
  b: {wait: {until: [{visited: any}], timeout: 2d}, then: [{when: {visited: any}, finish: came}, {otherwise: silent}]}
  to_sales: {handoff: {queue: inside}, then: [{when: {outcome: won}, finish: won}, {otherwise: a}]}
  silent: {finish: silent}
"""
OTHER = "{scenario: other, topic: news, start: a, steps: {a: {send: mail_b, wait: 1d, then: [{otherwise: end}]}, end: {finish: end}}}"  # noqa: E501 - one line of YAML


def waiting() -> Lead:
    """A lead with a name among its attributes that waits for an open until the fifth day."""
    lead = Lead(define(TWO, OTHER), attributes={"employees": 80, "tags": ["suzuki"]}, time_zone="Asia/Tokyo")
    lead.enrol("two")
    return lead


def forgotten(lead: Lead) -> None:
    """Nothing is left but numbers."""
    assert lead.where() == ("erased", None, None)
    counted = {name: getattr(lead.state, name) for name in ("seq", "records", "issues", "deployment", "quiet_since")}
    kept = State(lead="lead_1", erased=True, finished="erased", **counted)
    kept.unanswered, kept.decided, kept.judged = lead.state.unanswered, lead.state.decided, lead.state.judged
    kept.language, kept.crossings = lead.state.language, lead.state.crossings
    assert lead.state == kept
    assert lead.state.facts == Facts()


def test_an_erasure_ends_a_wait_and_everything_that_was_queued() -> None:
    """Both enrolments end with the word `erased`; the one that waited for its turn never begins."""
    lead = waiting()
    lead.tell(lead.enrolment("other"))
    lead.tell(lead.erasure(), now=later("1d"))
    assert lead.ends == ["erased", "erased"]
    assert lead.templates == ["mail_a"]
    assert lead.story[-2:] == ["finished erased", "erased"]
    forgotten(lead)


def test_a_mail_that_has_not_begun_is_cancelled_and_one_on_its_way_still_answers() -> None:
    """The command is out: its issue must not begin any more; whatever its answer, nothing follows."""
    lead = Lead(define(TWO, OTHER))
    lead.enrol("two", answered=False)
    lead.give(lead.erasure(), now=later("1m"))
    assert lead.cancelled == [(lead.mails[0].key, lead.mails[0].issue)]
    assert [each.command for each in lead.state.unanswered] == ["send_mail"]
    lead.tell(lead.sent("accepted"), now=later("2m"))
    assert not lead.state.unanswered
    assert lead.where() == ("erased", None, None)
    assert lead.templates == ["mail_a"]


def test_a_mail_that_waits_for_its_window_never_goes() -> None:
    """Asked at night, erased at night: the morning brings nothing."""
    lead = Lead(define(TWO, sender=OFFICE_HOURS), now=later("12h"))
    lead.enrol("two")
    lead.tell(lead.erasure(), now=later("13h"))
    lead.until("30d")
    assert lead.templates == []


@pytest.mark.parametrize("before", ["paused", "blocked", "with_sales", "idle"])
def test_it_does_not_matter_where_the_lead_stands(before: str) -> None:
    """A pause does not hold an erasure back, and nothing that comes afterwards moves the lead."""
    lead = waiting()
    match before:
        case "paused":
            lead.tell(update(Pause), now=later("1d"))
        case "blocked":
            assert lead.state.run is not None
            lead.state = replace(lead.state, run=replace(lead.state.run, stage="blocked", why="a fault", deadline=None))
        case "with_sales":
            lead.tell(lead.event("requested", "demo"), now=later("1d"))
            assert lead.where()[0] == "with_sales"
        case _:
            lead.until("6d")
            assert lead.where()[0] == "idle"
    handoff, mails, tasks = lead.state.handoff, len(lead.mails), len(lead.tasks)
    lead.tell(lead.erasure(), now=later("7d"))
    forgotten(lead)
    lead.tell(lead.outcome("expired", handoff=handoff or "none"), now=later("8d"))
    lead.tell(lead.event("requested", "demo"), lead.profile(employees=5), lead.tick(), now=later("9d"))
    lead.tell(update(Pause), update(GoTo, step="a"), now=later("10d"))
    assert (lead.where()[0], lead.state.attributes, lead.state.facts) == ("erased", {}, Facts())
    assert (len(lead.mails), len(lead.tasks)) == (mails, tasks)


def test_what_is_delivered_together_with_an_erasure_moves_nothing() -> None:
    """The enrolment and the erasure reach the workflow at once: the lead arrives nowhere."""
    lead = Lead(define(TWO, OTHER))
    lead.tell(lead.profile(), lead.enrolment("two"), lead.erasure(), lead.enrolment("other", at=START))
    assert lead.templates == []
    assert lead.where() == ("erased", None, None)
