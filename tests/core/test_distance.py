"""How far a lead is from a condition: what is missing in points, events, phase and attributes, part by part."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from nurture.conditions import AnyCondition, Condition
from nurture.distance import Distance, Measuring
from nurture.facts import gathered
from nurture.judging import Situation, judge
from nurture.qualification import Qualification, wanted
from tests.core.stage import START, define

DAY = timedelta(days=1)
SCENARIO = """
scenario: nothing
language: ja
start: end
steps:
  end: {finish: over}
"""
SCORE = """
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 15}
  - {item: manager, when: {attribute: title, is: manager}, points: 10}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 30d}}
  - {item: paper, when: {downloaded: any}, points: 8, repeat: each_subject, cap: 24}
  - {item: rude, when: {requested: removal}, points: -20}
"""
MAP = """
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {did: {visited: /pricing}}}
  - {phase: decision, reached_when: {did: {requested: demo}, within: 20d}}
"""
BIG = "big: {when: {all: [{attribute: employees, at_least: 100}, {attribute: title, is: manager}]}}"
ATTRIBUTES = """
employees: {type: number, axis: demographic}
title: {type: text, axis: demographic}
"""
DEFINITIONS = define(SCENARIO, score=SCORE, journey_map=MAP, segments=BIG, attributes=ATTRIBUTES)
Did = tuple[float, str, str]
"""So many days before START, a type and a subject."""


def distance(asked: dict[str, Any], *did: Did, phase: str | None = None, **attributes: Any) -> Distance:
    """How far a lead that did these, and is this, is from a condition."""
    return measured(TypeAdapter(Condition).validate_python(asked), *did, phase=phase, **attributes)[0]


def measured(
    condition: AnyCondition, *did: Did, phase: str | None = None, **attributes: Any
) -> tuple[Distance, Situation]:
    """The distance, and the situation it was measured in."""
    told = sorted((START - days * DAY, kind, subject) for days, kind, subject in did)
    everything = TypeAdapter(Condition).validate_python({"score": "total", "at_least": 0})
    facts = gathered(
        wanted(DEFINITIONS, [condition, everything]), [(kind, subject, None, at) for at, kind, subject in told]
    )
    ready = Qualification(DEFINITIONS)
    now = Situation(START, attributes, facts, {}, measure=ready.measure)
    now.phase = phase or ready.furthest(now)
    return Measuring(DEFINITIONS, now).of(condition), now


def gains(found: Distance) -> dict[str, tuple[float, float]]:
    """By item, what it would give by once more, and at most."""
    return {each.item: (round(each.points, 2), round(each.most, 2)) for each in found.could}


def test_points_that_are_missing_are_counted_with_what_could_still_give_them() -> None:
    """65 of 120. Prices have room for 15 by their cap, papers for 24; the demo is done, the title is not known."""
    found = distance(
        {"score": "total", "at_least": 120}, (1, "requested", "demo"), (0, "visited", "/pricing"), employees=50
    )
    assert not found.met
    assert (found.has, found.needs) == (65, 120)
    assert found.lacks == "55 point(s) more: it is 65 of 120; at most 49 can still come"
    assert gains(found) == {"pricing": (15, 15), "manager": (10, 10), "paper": (8, 24)}
    (manager,) = (each for each in found.could if each.item == "manager")
    assert ("title not known" in manager.how, manager.unknown) == (True, ("title",))


def test_a_filled_cap_gives_back_only_what_has_faded() -> None:
    """Two looks at the prices a half-life ago are worth 15: one more takes the place of one with 7.5."""
    found = distance({"score": "pricing", "at_least": 30}, (30, "visited", "/pricing"), (30, "visited", "/pricing"))
    assert found.has == pytest.approx(15)
    assert gains(found) == {"pricing": (7.5, 15)}
    fresh = distance({"score": "pricing", "at_least": 31}, (0, "visited", "/pricing"), (0, "visited", "/pricing"))
    assert fresh.could == ()
    assert fresh.lacks == "1 point(s) more: it is 30 of 31; at most 0 can still come"


def test_a_score_that_is_too_high_says_so() -> None:
    """Nothing could give what has to go."""
    found = distance({"score": "behaviours", "at_most": 40}, (1, "requested", "demo"))
    assert (found.met, found.lacks, found.could) == (False, "it is 50", ())


def test_events_are_counted_within_their_span() -> None:
    """One of two within 30 days; the one of last year does not count, and where none is left the last one is named."""
    twice = {"did": {"attended": "seminar"}, "within": "30d", "at_least": 2}
    found = distance(twice, (3, "attended", "seminar/a"), (300, "attended", "seminar/b"))
    assert (found.has, found.needs, found.lacks) == (1, 2, "1 more: it is 1 of 2")
    assert distance(twice, (45, "attended", "seminar/a")).lacks == "2 more: it is 0 of 2; the last was 45 day(s) ago"
    assert distance(twice, (1, "attended", "seminar/a"), (2, "attended", "seminar/a")).met


def test_a_phase_says_where_the_lead_is_and_what_leads_on() -> None:
    """In comparison; decision wants a request within 20 days, and the last was 30 days ago."""
    found = distance({"phase": "decision"}, (1, "visited", "/pricing"), (30, "requested", "demo"))
    assert (found.has, found.needs, found.lacks) == ("comparison", "decision", "it is in comparison")
    (way,) = found.parts
    assert way.lacks == "1 more: it is 0 of 1; the last was 30 day(s) ago"
    later = distance({"phase": "comparison"}, phase="decision")
    assert (later.lacks, later.parts) == ("it is in decision", ())
    either = distance({"phase": {"at_least": "comparison"}})
    assert [each.what for each in either.parts] == ["did visited: /pricing", "did requested: demo within 20d"]


def test_an_attribute_that_is_not_known_is_told_from_one_that_differs() -> None:
    """Asking the lead helps with the one and not with the other."""
    asked = {"attribute": "employees", "at_least": 100}
    assert distance(asked).lacks == "employees is not known"
    assert distance(asked, employees=50).lacks == "employees is 50"
    assert distance(asked, employees=100).lacks == ""


def test_a_segment_is_opened_up() -> None:
    """Its own parts say what is missing."""
    found = distance({"segment": "big"}, employees=120)
    assert (found.met, found.lacks) == (False, "")
    (inside,) = found.parts
    assert [(each.met, each.lacks) for each in inside.parts] == [(True, ""), (False, "title is not known")]


def test_what_must_not_hold_stands_at_single_conditions() -> None:
    """`not` of several wants every one of them to be false; within it `any` becomes `all`."""
    found = distance({"not": [{"attribute": "title", "is": "rival"}, {"did": {"requested": "removal"}}]}, title="rival")
    assert (found.kind, found.met) == ("all", False)
    assert [(each.what, each.met, each.lacks) for each in found.parts] == [
        ("not title is rival", False, "title is rival"),
        ("not did requested: removal", True, ""),
    ]
    inner = {"not": {"all": [{"did": {"requested": "demo"}}, {"attribute": "employees", "known": True}]}}
    assert (distance(inner).kind, distance(inner).met) == ("any", True)


LEAVES = st.sampled_from([
    {"score": "total", "at_least": 40}, {"score": "behaviours", "at_most": 20}, {"did": {"visited": "/pricing"}},
    {"did": {"requested": "any"}, "within": "10d"}, {"attribute": "employees", "at_least": 100}, {"segment": "big"},
    {"phase": "comparison"}, {"phase": {"at_least": "comparison"}}, {"hot": False},
])  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda several: {"all": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda several: {"any": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda several: {"not": several}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=6,
)
DEEDS = st.lists(
    st.tuples(st.floats(0, 60), st.sampled_from(["visited", "requested"]), st.sampled_from(["/pricing", "demo"])),
    max_size=4,
)


def leaves(found: Distance) -> list[Distance]:
    """The single conditions of a tree."""
    together = found.kind in ("all", "any")
    return [leaf for part in found.parts for leaf in leaves(part)] if together else [found]


@settings(max_examples=200)
@given(CONDITIONS, DEEDS, st.sampled_from([{}, {"employees": 50}, {"employees": 120, "title": "manager"}]))
def test_the_tree_says_of_every_condition_what_the_judge_says(
    asked: dict[str, Any], did: list[Did], attributes: dict[str, Any]
) -> None:
    """However conditions are nested, and whatever `not` stands before: and what is not met says what it lacks."""
    condition = TypeAdapter(Condition).validate_python(asked)
    found, now = measured(condition, *did, **attributes)
    assert found.met == judge(condition, DEFINITIONS, "nowhere")(now)
    assert all(each.met or each.lacks or each.parts for each in leaves(found))
    assert not any(each.met and each.lacks for each in leaves(found))


@settings(max_examples=100)
@given(DEEDS, st.sampled_from(["pricing", "paper", "demo"]))
def test_what_an_item_could_give_is_given_when_it_happens(did: list[Did], item: str) -> None:
    """The promise is kept: one more event brings exactly that many points, and no number of them more than at most."""
    condition = TypeAdapter(Condition).validate_python({"score": item, "at_least": 1000})
    found, before = measured(condition, *did)
    event = {"pricing": ("visited", "/pricing/x"), "paper": ("downloaded", "x{}"), "demo": ("requested", "demo")}[item]
    again = tuple((0.0, event[0], event[1].format(number)) for number in range(4))
    after, much = measured(condition, *did, again[0])[0], measured(condition, *did, *again)[0]
    for gain in found.could:
        assert after.has - found.has == pytest.approx(gain.points)
        assert much.has - found.has == pytest.approx(gain.most)
    if not found.could:
        assert after.has == pytest.approx(found.has, abs=0.05)
    assert isinstance(before.now, datetime)
