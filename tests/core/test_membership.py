"""Who fits a segment, judged without a walk: by attributes and by what a lead did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from nurture.conditions import AnyCondition, Condition
from nurture.definitions import Definitions, Scenario, Segment
from nurture.facts import gathered
from nurture.judging import expanded
from nurture.membership import Membership, way_in, ways_in
from tests.core.stage import START

CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(Condition)
DAY = timedelta(days=1)


def segment(when: Any) -> Segment:
    """A segment as people write it."""
    return Segment.model_validate({"when": when})


SEGMENTS = {
    "big": segment({"attribute": "employees", "at_least": 100}),
    "active": segment({"did": "any", "within": "30d"}),
    "big_and_active": segment({"all": [{"segment": "big"}, {"segment": "active"}]}),
    "dormant": segment({"not": {"did": "any", "within": "180d"}}),
    "chases_itself": segment({"any": [{"segment": "chases_itself"}, {"attribute": "x", "known": True}]}),
}
DEFINITIONS = Definitions(segments=SEGMENTS)


def fits(written: Any, attributes: dict[str, Any], *did: tuple[str, str, int]) -> bool:
    """Judge a condition for a lead that did these so many days before START."""
    asked = Membership.of(CONDITION.validate_python(written), DEFINITIONS)
    events = sorted((START - days * DAY, kind, subject) for kind, subject, days in did)
    facts = gathered(asked.wanted, [(kind, subject, None, at) for at, kind, subject in events])
    return asked.fits(attributes, facts, START)


def test_a_segment_inside_a_segment_is_judged_with_everything_it_asks() -> None:
    """Attributes of one and events of the other, two names deep."""
    assert fits({"segment": "big_and_active"}, {"employees": 100}, ("attended", "seminar", 29))
    assert not fits({"segment": "big_and_active"}, {"employees": 99}, ("attended", "seminar", 29))
    assert not fits({"segment": "big_and_active"}, {"employees": 100}, ("attended", "seminar", 31))


@pytest.mark.parametrize(
    ("did", "expected"),
    [
        ((), True),
        ((("visited", "/", 181),), True),
        ((("visited", "/", 181), ("visited", "/", 179)), False),
        ((("delivered", "newsletter_01", 1),), True),
    ],
)
def test_dormant_is_whoever_did_nothing_for_long(did: tuple[tuple[str, str, int], ...], expected: bool) -> None:
    """A mail that arrives is nothing a person did."""
    assert fits({"segment": "dormant"}, {}, *did) is expected


def test_a_segment_that_names_itself_or_nothing_ends() -> None:
    """The check refuses both; what slipped through is never true by itself and never hangs."""
    assert fits({"segment": "chases_itself"}, {"x": 1})
    assert not fits({"segment": "chases_itself"}, {})
    assert not fits({"segment": "nobody"}, {"x": 1})


def test_the_way_into_a_scenario_is_what_its_segment_asks() -> None:
    """Two deployments lead in the same way if the expanded conditions are equal, whatever the segment is called."""
    walked = {"start": "a", "steps": {"a": {"finish": "over"}}}
    by_segment = Scenario.model_validate({"scenario": "one", "enter": {"segment": "big_and_active"}, **walked})
    by_event = Scenario.model_validate({"scenario": "two", "enter": {"event": {"signed_up": "trial"}}, **walked})
    both = Definitions(segments=SEGMENTS, scenarios={"one": by_segment, "two": by_event})
    asked = way_in(both, "one")
    assert asked is not None
    assert [str(did) for did in asked.dids] == ["did any within 30d"]
    assert set(ways_in(both)) == {"one"}
    written = CONDITION.validate_python({"all": [{"attribute": "employees", "at_least": 100}, {"segment": "active"}]})
    assert asked.asked == expanded(written, both)
