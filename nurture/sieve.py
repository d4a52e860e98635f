"""Takes a segment's condition apart, so that somebody can count what each part of it removes; refuses to count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nurture.conditions import All, AnyCondition, AnyOf, AttributeIs, InSegment, Not, parts
from nurture.definitions import Definitions, Segment
from nurture.judging import expanded


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a condition, `depth` levels below the whole, in `words`.

    `so_far` is what holds for a lead that has come through this part and all that is written before it; None inside of
    `any` and `not`, whose parts remove nobody by themselves. `whole`: it has no parts of its own.
    """

    depth: int
    words: str
    condition: AnyCondition
    so_far: AnyCondition | None
    whole: bool


def sieve(segment: Segment, definitions: Definitions) -> tuple[Part, ...]:
    """The parts of what a segment asks, in the order written; those of a segment it names stand below that name."""
    return tuple(_parts(segment.when, definitions, 0, (), (), in_order=True))


def _parts(
    condition: AnyCondition,
    definitions: Definitions,
    depth: int,
    before: tuple[AnyCondition, ...],
    through: tuple[str, ...],
    *,
    in_order: bool,
) -> Iterator[Part]:
    below, words = _below(condition, definitions, through)
    so_far = All(all=(*before, condition)) if in_order else None
    yield Part(depth, words, condition, so_far, not below)
    stays_in_order = in_order and isinstance(condition, All | InSegment)
    inner = (*through, condition.segment) if isinstance(condition, InSegment) else through
    for place, each in enumerate(below):
        passed = (*before, *below[:place])
        yield from _parts(each, definitions, depth + 1, passed, inner, in_order=stays_in_order)


def _below(
    condition: AnyCondition, definitions: Definitions, through: tuple[str, ...]
) -> tuple[tuple[AnyCondition, ...], str]:
    """The parts of a condition, and the words that stand above them; no parts: the words say it all."""
    match condition:
        case All():
            return condition.all, "all of"
        case AnyOf():
            return condition.any, "any of"
        case Not() if len(condition.not_) > 1 or isinstance(condition.not_[0], All | AnyOf | InSegment):
            return condition.not_, "none of"
        case InSegment(segment=name) if name in definitions.segments and name not in through:
            return (definitions.segments[name].when,), str(condition)
        case _:
            return (), str(condition)


def attributes_of(condition: AnyCondition, definitions: Definitions) -> tuple[str, ...]:
    """The attributes that a condition asks about, also through segments, each once, in the order written."""
    asked = (part.attribute for part in parts(expanded(condition, definitions)) if isinstance(part, AttributeIs))
    return tuple(dict.fromkeys(asked))


def entered_from(segment: str, definitions: Definitions) -> tuple[str, ...]:
    """The scenarios into which a segment leads."""
    return tuple(name for name, scenario in definitions.scenarios.items() if scenario.enter.segment == segment)
