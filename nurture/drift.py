"""Says whether time alone can make a condition begin to hold; refuses to say for whom, or when.

Nothing happens, and an event leaves a window or its points fade: `did … within` ends by that, its opposite begins. Who
judges a past day needs this to leave out the instants at which nothing can have begun.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nurture.conditions import All, AnyCondition, AnyOf, Did, InPhase, IsHot, Not, ScoreIs, parts
from nurture.definitions import AttributeItem, BehaviourItem, Definitions
from nurture.judging import expanded
from nurture.scoring import ATTRIBUTES, BEHAVIOURS, TOTAL


class Drift(NamedTuple):
    """What time alone may do to a condition: make it begin to hold, or cease to."""

    begins: bool = False
    ceases: bool = False

    def __or__(self, other: Drift) -> Drift:
        return Drift(self.begins or other.begins, self.ceases or other.ceases)

    @property
    def opposite(self) -> Drift:
        return Drift(self.ceases, self.begins)


STILL, BOTH_WAYS = Drift(), Drift(begins=True, ceases=True)


def drift(condition: AnyCondition, definitions: Definitions, *, windows: bool = True) -> Drift:
    """What time may do to a condition. Without `windows`, what fading does and windows do not."""
    match condition:
        case Did(within=span):
            return Drift(ceases=windows and span is not None)
        case ScoreIs():
            rises, falls = _points(condition.score, definitions, windows=windows)
            low = Drift(rises, falls) if condition.at_least is not None else STILL
            return low | (Drift(falls, rises) if condition.at_most is not None else STILL)
        case InPhase():
            return _phase(condition, definitions, windows=windows)
        case IsHot():
            return BOTH_WAYS  # the latch is set and cleared by judgements, of which each night has one
        case Not(not_=several):
            return _together(several, definitions, windows=windows).opposite
        case All(all=several) | AnyOf(any=several):
            return _together(several, definitions, windows=windows)
        case _:
            return STILL


def _together(several: Iterable[AnyCondition], definitions: Definitions, *, windows: bool) -> Drift:
    found = STILL
    for each in several:
        found |= drift(each, definitions, windows=windows)
    return found


def _points(name: str, definitions: Definitions, *, windows: bool) -> Drift:
    """Whether a score may rise (`begins`) or fall (`ceases`) by time."""
    found = STILL
    model = definitions.score
    items: list[AttributeItem | BehaviourItem] = [*model.attributes, *model.behaviours]
    for item in items:
        of = ATTRIBUTES if isinstance(item, AttributeItem) else BEHAVIOURS
        if name not in (TOTAL, of, item.item):
            continue
        if isinstance(item, BehaviourItem) and item.fades is not None:
            found |= Drift(begins=item.points < 0, ceases=item.points > 0)
        asked = parts(expanded(item.when, definitions))
        if windows and any(isinstance(part, Did) and part.within is not None for part in asked):
            found |= BOTH_WAYS
    return found


def _phase(condition: InPhase, definitions: Definitions, *, windows: bool) -> Drift:
    """A lead is in the furthest phase it has reached: a later one that ends may bring it back to this one."""
    if definitions.journey_map is None or condition.name not in definitions.phases:
        return STILL
    later = definitions.journey_map.phases[definitions.phases.index(condition.name) :]
    reached = [expanded(each.reached_when, definitions) for each in later if each.reached_when is not None]
    found = _together(reached, definitions, windows=windows)
    return found if not isinstance(condition.phase, str) else found | found.opposite
