"""Says along which axes of segmentation a condition looks at a lead; refuses to say whether they are enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from nurture.conditions import AnyCondition, AttributeIs, Did, InPhase, IsHot, ScoreIs, parts
from nurture.definitions import Axis, Definitions
from nurture.judging import expanded
from nurture.scoring import ATTRIBUTES, BEHAVIOURS, TOTAL

AXES: tuple[Axis, ...] = get_args(Axis)
"""Demographic, geographic, psychographic, behavioural, in this order."""


def axes_of(condition: AnyCondition, definitions: Definitions) -> tuple[Axis, ...]:
    """The axes that a condition combines, also through segments, score and phases; what a lead did is behavioural."""
    found = set(_axes(condition, definitions))
    return tuple(axis for axis in AXES if axis in found)


def _axes(condition: AnyCondition, definitions: Definitions) -> Iterator[Axis]:
    for part in parts(expanded(condition, definitions)):
        match part:
            case AttributeIs(attribute=name) if name in definitions.attributes:
                yield definitions.attributes[name].axis
            case Did() | InPhase() | IsHot():
                yield "behavioural"
            case ScoreIs():
                yield from _of_score(part, definitions)


def _of_score(asked: ScoreIs, definitions: Definitions) -> Iterator[Axis]:
    """An item of attributes looks where its condition looks; everything else of a score is behaviour."""
    for item in definitions.score.attributes:
        if asked.score in (TOTAL, ATTRIBUTES, item.item) and not _asks_score(item.when):
            yield from _axes(item.when, definitions)
    for each in definitions.score.behaviours:
        if asked.score in (TOTAL, BEHAVIOURS, each.item):
            yield "behavioural"


def _asks_score(condition: AnyCondition) -> bool:
    return any(isinstance(part, ScoreIs) for part in parts(condition))
