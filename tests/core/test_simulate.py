"""The simulator: the same core without mail, database or Temporal."""

from __future__ import annotations

import pytest

from nurture.audience import Audience
from nurture.errors import UnknownName
from nurture.simulate import SimulatedEvent, SimulatedLead, walk_many, walk_one
from tests.core.stage import OFFICE_HOURS, START, Lead, define, later

TEXT = """
scenario: invite
topic: news
anywhere: [{when: {requested: demo}, go: to_sales}]
start: a
steps:
  a: {send: mail_a, wait: {until: [opened], timeout: 5d}, then: [{when: opened, go: b}, {otherwise: again}]}
  again:
    send: [mail_b, mail_c]
    max_visits: 2
    when_exhausted: sleep
    wait: {until: [{opened: any}], timeout: 3d}
    then: [{when: {opened: any}, go: b}, {otherwise: again}]
  b:
    wait: {until: [{signed_up: seminar}], timeout: 7d}
    then: [{when: {signed_up: seminar}, go: to_sales}, {otherwise: sleep}]
  to_sales: {handoff: {queue: inside}, then: [{when: {outcome: returned}, go: again}, {otherwise: done}]}
  sleep: {finish: exhausted}
  done: {finish: handed_over}
"""
PEOPLE = Audience.model_validate({
    "default": {
        "delivered": 0.99, "opened": {"rate": 0.5, "after": {"from": "1h", "to": "2d"}},
        "unsubscribed": {"rate": 0.05, "after": {"from": "1m", "to": "1h"}},
        "events": [{"event": {"signed_up": "seminar"}, "rate": 0.4, "after": {"from": "1h", "to": "4d"}}],
    },
    "any_time": [{"event": {"requested": "demo"}, "rate_per_30d": 0.1}],
    "sales": {"returned": 0.3, "won": 0.3, "after": {"from": "1d", "to": "5d"}},
})  # fmt: skip


def test_the_path_of_silence() -> None:
    """Without events a lead gets every mail at its slot and ends where silence leads."""
    path = walk_one(define(TEXT, sender=OFFICE_HOURS), "invite", SimulatedLead(), [], START)
    assert [(mail.template, mail.visit, mail.at) for mail in path.mails] == [
        ("mail_a", 1, START),
        ("mail_b", 1, later("167h")),
        ("mail_c", 2, later("239h")),
    ]
    assert (path.end, path.step) == ("exhausted", "sleep")
    assert path.until == later("311h")


def test_events_are_given_to_the_newest_mail_of_their_template() -> None:
    """An open by template is the open of that mail; one of a mail never sent is only an event."""
    events = [
        SimulatedEvent(later("1h"), "opened", "mail_a"),
        SimulatedEvent(later("2d"), "signed_up", "seminar"),
        SimulatedEvent(later("3d"), "clicked", "mail_zzz"),
    ]
    path = walk_one(define(TEXT), "invite", SimulatedLead(), events, START)
    assert [mail.template for mail in path.mails] == ["mail_a"]
    assert (path.end, path.step) == (None, "to_sales"), "sales has the lead"
    assert [line.what for line in path.lines if line.kind == "decision"][-2:] == ["reaction", "arrived"]


def test_a_forecast_and_the_real_run_cannot_disagree() -> None:
    """The lines of a simulated path are those of the same lead driven entry by entry."""
    events = [("opened", "mail_a", "1h"), ("requested", "demo", "30h")]
    path = walk_one(
        define(TEXT),
        "invite",
        SimulatedLead(id="lead_1"),
        [SimulatedEvent(later(at), k, s) for k, s, at in events],
        START,
    )
    lead = Lead(TEXT)
    lead.enrol()
    for kind, subject, at in events:
        lead.tell(lead.event(kind, subject, at=later(at), mail=lead.mails[0] if subject == "mail_a" else None))
    assert list(path.lines) == lead.lines


def test_an_unknown_scenario_is_named_with_near_ones() -> None:
    """Both walks say what is meant."""
    with pytest.raises(UnknownName, match="did you mean 'invite'"):
        walk_one(define(TEXT), "invit", SimulatedLead(), [], START)
    with pytest.raises(UnknownName):
        walk_many(define(TEXT), "invit", PEOPLE, 1, seed=1, now=START)


def test_the_same_seed_gives_the_same_forecast_and_another_one_another() -> None:
    """A forecast can be repeated and compared."""
    definitions = define(TEXT, sender=OFFICE_HOURS)
    one, same, other = (walk_many(definitions, "invite", PEOPLE, 200, seed=seed, now=START) for seed in (5, 5, 6))
    assert one == same
    assert one != other


def test_a_forecast_counts_every_lead_once_and_every_visit() -> None:
    """Each lead ends in exactly one place, everybody visits the first step, no mail without a visit."""
    told: list[int] = []
    found = walk_many(define(TEXT), "invite", PEOPLE, 300, seed=1, now=START, progress=told.append)
    assert found.leads == 300 == sum(found.ends.values()) == sum(map(len, found.days.values()))
    assert sum(found.last_steps.values()) == 300
    assert found.visits["a"] == 300 == found.mails["mail_a"]
    assert found.visits["sleep"] == found.ends["exhausted"]
    assert found.visits["done"] == found.ends["handed_over"]
    assert found.visits["again"] >= found.mails["mail_b"] + found.mails["mail_c"]
    assert all(days == sorted(days) for days in found.days.values())
    assert (told[0], told[-1]) == (0, 300)


def test_who_still_walks_at_the_end_of_the_days_is_counted_where_he_stands() -> None:
    """`step:<name>`: an expired patience, not an end; sales that never answers keeps its lead."""
    found = walk_many(define(TEXT), "invite", PEOPLE, 100, seed=1, now=START, days=3)
    assert found.ends["exhausted"] == 0
    assert found.ends["step:a"] > 0
    found = walk_many(define(TEXT), "invite", PEOPLE.model_copy(update={"sales": None}), 100, seed=1, now=START)
    assert found.ends["step:to_sales"] > 0
