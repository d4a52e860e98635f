"""How a segment's condition is taken apart, and along which axes it cuts."""

from __future__ import annotations

from nurture.axes import axes_of
from nurture.definitions import Attribute, Definitions, Segment
from nurture.sieve import attributes_of, sieve

DEFINITIONS = Definitions(
    attributes={
        "size": Attribute(type="number", axis="demographic"),
        "region": Attribute(type="text", axis="geographic"),
        "values": Attribute(type="list", axis="psychographic"),
    },
    segments={
        "big": Segment.model_validate({"when": {"all": [{"attribute": "size", "at_least": 50}, {"did": "any"}]}}),
        "near": Segment.model_validate({
            "when": {"all": [
                {"segment": "big"},
                {"any": [{"attribute": "region", "is": "東京都"}, {"attribute": "values", "contains": "実績"}]},
                {"not": {"attribute": "size", "at_least": 900}},
            ]},
        }),
        "itself": Segment.model_validate({"when": {"segment": "itself"}}),
    },
)  # fmt: skip


def test_every_part_stands_below_the_one_it_belongs_to() -> None:
    """Names of segments with what they ask below them; a single `not` is one line."""
    assert [(part.depth, part.words) for part in sieve(DEFINITIONS.segments["near"], DEFINITIONS)] == [
        (0, "all of"),
        (1, "in segment big"),
        (2, "all of"),
        (3, "size at_least 50"),
        (3, "did any"),
        (1, "any of"),
        (2, "region is 東京都"),
        (2, "values contains 実績"),
        (1, "not size at_least 900"),
    ]


def test_what_a_lead_came_through_is_what_stands_above() -> None:
    """In the order written, also inside a segment; the parts of an `any` have no order."""
    parts = sieve(DEFINITIONS.segments["near"], DEFINITIONS)
    passed = {part.words: str(part.so_far) for part in parts if part.so_far is not None}
    assert passed["did any"] == "(size at_least 50 and did any)"
    assert passed["not size at_least 900"] == (
        "(in segment big and (region is 東京都 or values contains 実績) and not size at_least 900)"
    )
    assert "region is 東京都" not in passed


def test_axes_are_those_of_the_attributes_and_of_what_leads_did() -> None:
    """In the order in which people name them, also through segments; a segment of itself has none."""
    assert axes_of(DEFINITIONS.segments["near"].when, DEFINITIONS) == (
        "demographic", "geographic", "psychographic", "behavioural",
    )  # fmt: skip
    assert attributes_of(DEFINITIONS.segments["near"].when, DEFINITIONS) == ("size", "region", "values")
    assert axes_of(DEFINITIONS.segments["itself"].when, DEFINITIONS) == ()
    assert [part.words for part in sieve(DEFINITIONS.segments["itself"], DEFINITIONS)] == ["in segment itself"] * 2
