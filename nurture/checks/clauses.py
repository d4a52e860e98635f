"""Splits a condition into its alternatives: lists of single questions of which all must be answered as wanted.

Segments and phases are replaced by what they mean. Where something cannot be told, it is taken to be possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from nurture.checks.reach import Literal
from nurture.conditions import (
    All,
    AnyCondition,
    AnyOf,
    Happened,
    InPhase,
    InSegment,
    IsHot,
    Not,
    OutcomeIs,
)
from nurture.definitions import Definitions

MAX_ALTERNATIVES = 200
"""A definition with more is taken to be in reach."""

Clause = tuple[Literal, ...]


def split(
    condition: AnyCondition, definitions: Definitions, *, wanted: bool = True, within: tuple[str, ...] = ()
) -> list[Clause] | None:
    """The alternatives in which `condition` is (or, not wanted, is not) true; None where there are too many."""
    match condition:
        case All(all=inner):
            parts = [split(part, definitions, wanted=wanted, within=within) for part in inner]
            return every(parts) if wanted else either(parts)
        case AnyOf(any=inner):
            parts = [split(part, definitions, wanted=wanted, within=within) for part in inner]
            return either(parts) if wanted else every(parts)
        case Not(not_=inner):
            parts = [split(part, definitions, wanted=not wanted, within=within) for part in inner]
            return every(parts) if wanted else either(parts)
        case InSegment(segment=name):
            segment = definitions.segments.get(name)
            if segment is None or name in within:
                return [()]
            return split(segment.when, definitions, wanted=wanted, within=(*within, name))
        case InPhase():
            return _phase(condition, definitions, within) if wanted else [()]
        case OutcomeIs():
            return [] if wanted else [()]
        case Happened() | IsHot():
            return [()]
        case _:
            return [(Literal(condition, wanted),)]


def _phase(condition: InPhase, definitions: Definitions, within: tuple[str, ...]) -> list[Clause] | None:
    """A phase is reached where its `reached_when` holds, `at_least` also where that of a later one does."""
    order = definitions.phases
    if condition.name not in order or "phase" in within or definitions.journey_map is None:
        return [()]
    first = order.index(condition.name)
    last = first + 1 if isinstance(condition.phase, str) else len(order)
    reached = [phase.reached_when for phase in definitions.journey_map.phases[first:last]]
    alternatives: list[list[Clause] | None] = [
        [()] if when is None else split(when, definitions, within=(*within, "phase")) for when in reached
    ]
    return either(alternatives)


def every(parts: Iterable[list[Clause] | None]) -> list[Clause] | None:
    """The alternatives in which all of several conditions are met; None where there are too many."""
    listed = list(parts)
    size = 1
    for part in listed:
        size *= MAX_ALTERNATIVES if part is None else len(part)
    if size > MAX_ALTERNATIVES or any(part is None for part in listed):
        return None
    return [
        tuple(literal for clause in chosen for literal in clause)
        for chosen in product(*(part or [] for part in listed))
    ]


def either(parts: Iterable[list[Clause] | None]) -> list[Clause] | None:
    """The alternatives in which one of several conditions is met; None where there are too many."""
    together: list[Clause] = []
    for part in parts:
        if part is None:
            return None
        together += part
    return together if len(together) <= MAX_ALTERNATIVES else None
