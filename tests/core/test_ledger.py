"""What an entry does to the score stands on the timeline, once, with the items and the new total."""

from __future__ import annotations

from datetime import timedelta

from nurture.facts import gathered, named_types
from nurture.membership import Membership
from nurture.qualification import hot_condition
from nurture.records import Line
from nurture.sheet import wants_facts
from nurture.state import State
from nurture.updates import Pause
from nurture.walk import FactsRead
from tests.core.stage import Lead, define, later, update

WALK = """
scenario: walk
language: ja
topic: news
start: wait
steps:
  wait: {wait: 90d, then: over}
  over: {finish: over}
"""
SCORE = """
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 15}
  - {item: rival, when: {attribute: relation, is: customer}, points: -50}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 30d}}
  - {item: interest, when: {any: [{visited: /pricing}, {requested: any}]}, points: 5}
"""


def scored(lead: Lead) -> list[Line]:
    """The lines about points."""
    return [line for line in lead.lines if line.what == "points"]


def said(lead: Lead) -> list[tuple[str | None, str | None]]:
    """Their subjects and reasons."""
    return [(line.subject, line.reason) for line in scored(lead)]


def test_each_entry_that_changes_the_score_leaves_one_line() -> None:
    """With every item it touched and the new total; kind `score`, the number of the entry, its time."""
    lead = Lead(define(WALK, score=SCORE))
    lead.tell(lead.profile(employees=120))
    lead.tell(lead.event("requested", "demo", at=later("1d")))
    lead.tell(lead.event("requested", "demo", at=later("2d")))  # both items count once
    lead.tell(lead.event("downloaded", "paper", at=later("3d")))  # no item counts it
    assert said(lead) == [("large", "large +15; total 15"), (None, "demo +50, interest +5; total 70")]
    first, second = scored(lead)
    assert (first.kind, first.seq, second.seq, second.at) == ("score", 1, 2, later("1d"))


def test_what_counts_against_a_lead_is_told_too() -> None:
    """A profile that says less, or something worse."""
    lead = Lead(define(WALK, score=SCORE))
    lead.tell(lead.profile(employees=120))
    lead.tell(lead.profile(employees=50, relation="customer"))
    lead.tell(lead.profile(employees=50, relation="customer", region="west"))
    assert said(lead)[1:] == [(None, "large -15, rival -50; total -50")]


def test_a_filled_cap_gives_what_has_faded_and_then_nothing() -> None:
    """The third look takes the place of one that was worth half; the fourth, at once, changes nothing."""
    lead = Lead(define(WALK, score=SCORE))
    lead.tell(lead.profile(), lead.event("visited", "/pricing"), lead.event("visited", "/pricing"))
    lead.tell(lead.event("visited", "/pricing", at=later("30d")))
    lead.tell(lead.event("visited", "/pricing", at=later("30d") + timedelta(minutes=1)))
    lead.tell(lead.event("visited", "/pricing", at=later("30d") + timedelta(minutes=2)))
    assert [reason for _, reason in said(lead)] == [
        "pricing +15, interest +5; total 20", "pricing +15; total 35", "pricing +7.5; total 27.5",
        "pricing +7.5; total 35",
    ]  # fmt: skip


def test_points_are_told_while_a_person_has_paused_the_lead() -> None:
    """Events score meanwhile; what follows from them waits."""
    lead = Lead(define(WALK, score=SCORE))
    lead.enrol()
    lead.tell(update(Pause))
    lead.tell(lead.event("requested", "demo", at=later("1d")))
    assert said(lead) == [(None, "demo +50, interest +5; total 55")]


def test_events_that_were_taken_back_take_their_points_along() -> None:
    """The correction says which items lose what; an event beside it in the same delivery is told for itself."""
    lead = Lead(define(WALK, score=SCORE))
    machine, real = lead.event("requested", "demo", at=later("1d")), lead.event("visited", "/pricing", at=later("2d"))
    lead.tell(lead.profile(), machine, real)
    inputs = (lead.event("visited", "/pricing", at=later("3d")), lead.corrected(machine, at=later("3d")))
    asked = wants_facts(lead.book, lead.state, inputs)
    assert asked is not None
    left = gathered(asked, [(real.type, real.subject, None, real.at)])
    lead.tell(FactsRead(left), *inputs)
    assert [reason for _, reason in said(lead)[-2:]] == [
        "pricing +15; total 34.7", "taken back: demo -50; total 34.7",
    ]  # fmt: skip


def test_other_points_of_a_new_deployment_are_told_as_its_doing() -> None:
    """The same deeds are worth something else from then on."""
    lead = Lead(define(WALK, score=SCORE))
    lead.tell(lead.profile(), lead.event("requested", "demo", at=later("1d")))
    lead.tell(lead.deployed(define(WALK, number=2, score=SCORE.replace("points: 50}", "points: 40}")), at=later("2d")))
    lead.tell(lead.deployed(define(WALK, number=3, score=SCORE.replace("points: 50}", "points: 40}")), at=later("3d")))
    assert said(lead)[1:] == [("demo", "by deployment 2: demo -10; total 45")]


def test_an_older_engine_keeps_what_it_kept() -> None:
    """Where no condition asks for a score its sheet lacks the events: no half of the truth is told."""
    lead = Lead(define(WALK, score=SCORE))
    lead.state = State(lead="lead_1", engine=2)
    lead.tell(lead.profile(employees=120), lead.event("requested", "demo", at=later("1d")))
    assert said(lead) == []
    assert lead.state.facts.keeps == {}


def test_corrections_that_come_together_are_told_once() -> None:
    """Two batches of a webhook named them while no worker was there: the sheet is made anew once, for both."""
    lead = Lead(define(WALK, score=SCORE))
    demo, visit = lead.event("requested", "demo", at=later("1d")), lead.event("visited", "/pricing", at=later("2d"))
    lead.tell(lead.profile(), demo, visit)
    corrections = (lead.corrected(demo, at=later("2d")), lead.corrected(visit, at=later("2d")))
    asked = wants_facts(lead.book, lead.state, corrections)
    assert asked is not None
    lead.tell(FactsRead(gathered(asked, [])), *corrections)
    assert [reason for _, reason in said(lead)[2:]] == ["taken back: demo -50, pricing -15, interest -5; total 0"]


def test_what_comes_with_a_merged_lead_is_told_as_such() -> None:
    """A correction that takes nothing back: the sheet holds more than before. The crossing is the lead's own then."""
    lead = Lead(define(WALK, score=SCORE))
    own = lead.event("visited", "/pricing", at=later("1d"))
    lead.tell(lead.profile(), own)
    correction = lead.corrected(at=later("2d"))
    asked = wants_facts(lead.book, lead.state, [correction])
    assert asked is not None
    came = [("requested", "demo", None, later("1d")), (own.type, own.subject, None, own.at)]
    lead.tell(FactsRead(gathered(asked, came)), correction)
    (told,) = [str(reason) for _, reason in said(lead) if str(reason).startswith("merged: ")]
    assert "demo +50" in told
    assert "pricing" not in told, "what it knew itself is not told again"


def test_an_item_may_ask_what_the_lead_ever_did() -> None:
    """Beside what it is, and beside the event that it counts; nothing else has to ask for that event."""
    items = """
attributes:
  - {item: came, when: {did: {attended: seminar}}, points: 15}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: both, when: {all: [{visited: /pricing}, {did: {attended: seminar}}]}, points: 10}
"""
    hot = "any: [{score: total, at_least: 75}]\nqueue: inside\n"
    definitions = define(WALK, score=items, hot_lead=hot)
    lead = Lead(definitions)
    events = [
        lead.event(kind, subject, at=later(f"{day}d"))
        for day, kind, subject in ((1, "attended", "seminar"), (2, "visited", "/pricing"), (3, "requested", "demo"))
    ]
    for each in events:
        lead.tell(each)
    assert [reason for _, reason in said(lead)] == ["came +15; total 15", "both +10; total 25", "demo +50; total 75"]
    assert lead.state.hot
    did = [(each.type, each.subject, None, each.at) for each in events]
    assert definitions.hot_lead is not None
    asked = Membership.of(hot_condition(definitions.hot_lead), definitions)
    assert asked.fits({}, gathered(asked.wanted, did), later("3d"))
    assert {str(each) for each in asked.dids} >= {"did attended: seminar", "did requested: demo"}
    assert {"attended", "visited", "requested"} <= named_types(definitions)
