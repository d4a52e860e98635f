"""Decides who fits a segment by what a lead is and did; refuses to know how either is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from nurture.conditions import All, AnyCondition, AnyOf, Did, InPhase, InSegment, IsHot, Not, ScoreIs, parts
from nurture.definitions import Definitions
from nurture.facts import Facts, keeps
from nurture.judging import Judge, Situation, judge


def expanded(condition: AnyCondition, definitions: Definitions, through: tuple[str, ...] = ()) -> AnyCondition:
    """The condition with every segment it names replaced by what the segment asks; one that is unknown stays a name."""

    def within(several: tuple[AnyCondition, ...]) -> tuple[AnyCondition, ...]:
        return tuple(expanded(each, definitions, through) for each in several)

    match condition:
        case InSegment(segment=name) if name in definitions.segments and name not in through:
            return expanded(definitions.segments[name].when, definitions, (*through, name))
        case All():
            return condition.model_copy(update={"all": within(condition.all)})
        case AnyOf():
            return condition.model_copy(update={"any": within(condition.any)})
        case Not():
            return condition.model_copy(update={"not_": within(condition.not_)})
        case _:
            return condition


def looks_back(condition: AnyCondition, definitions: Definitions) -> Iterator[Did]:
    """Every `did` that a condition asks about, also through segments."""
    return (part for part in parts(expanded(condition, definitions)) if isinstance(part, Did))


@dataclass(frozen=True)
class Membership:
    """A condition made ready to be judged for leads that are not being walked. `asked` names no segment any more."""

    asked: AnyCondition

    @classmethod
    def of(cls, condition: AnyCondition, definitions: Definitions) -> Membership:
        """The condition under these definitions."""
        return cls(expanded(condition, definitions))

    @cached_property
    def dids(self) -> tuple[Did, ...]:
        """What it asks of what a lead did; empty: attributes decide alone."""
        return tuple(part for part in parts(self.asked) if isinstance(part, Did))

    @cached_property
    def wanted(self) -> dict[str, int]:
        """What a fact sheet must keep for it."""
        return keeps([self.asked])

    @cached_property
    def unjudged(self) -> tuple[AnyCondition, ...]:
        """What it asks of score, phase or the hot latch, which are not judged yet."""
        return tuple(part for part in parts(self.asked) if isinstance(part, ScoreIs | InPhase | IsHot))

    def fits(self, attributes: Mapping[str, Any], facts: Facts, now: datetime) -> bool:
        """True if a lead with these attributes and facts fits at `now`; never where something is not judged yet."""
        if self.unjudged:
            return False
        return self._judge(Situation(now=now, attributes=attributes, facts=facts, seen={}))

    @cached_property
    def _judge(self) -> Judge:
        return judge(self.asked, Definitions(), "nowhere")


def way_in(definitions: Definitions, scenario: str) -> Membership | None:
    """What the segment of a scenario's `enter` asks; None where no segment leads into it."""
    known = definitions.scenarios.get(scenario)
    segment = definitions.segments.get(known.enter.segment) if known is not None and known.enter.segment else None
    return Membership.of(segment.when, definitions) if segment is not None else None


def ways_in(definitions: Definitions) -> dict[str, Membership]:
    """By scenario, what the segment of its `enter` asks; without those that no segment leads into."""
    found = {name: way_in(definitions, name) for name in definitions.scenarios}
    return {name: asked for name, asked in found.items() if asked is not None}
