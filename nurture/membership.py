"""Decides who fits a segment by what a lead is and did; refuses to know how either is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from nurture.conditions import AnyCondition, Did, InPhase, IsHot, ScoreIs, parts
from nurture.definitions import Definitions
from nurture.facts import Facts
from nurture.judging import Judge, Situation, expanded, judge
from nurture.qualification import Qualification, looked_for, wanted
from nurture.scoring import asked_by_items, remembered


def looks_back(condition: AnyCondition, definitions: Definitions) -> Iterator[Did]:
    """Every `did` that a condition asks about, also through segments."""
    return (part for part in parts(expanded(condition, definitions)) if isinstance(part, Did))


@dataclass(frozen=True)
class Membership:
    """A condition made ready to be judged for leads that are not being walked. `asked` names no segment any more."""

    asked: AnyCondition
    definitions: Definitions

    @classmethod
    def of(cls, condition: AnyCondition, definitions: Definitions) -> Membership:
        """The condition under these definitions."""
        return cls(expanded(condition, definitions), definitions)

    @cached_property
    def dids(self) -> tuple[Did, ...]:
        """What decides of what a lead did; empty: attributes decide alone."""
        return looked_for(self.definitions, [self.asked])

    @cached_property
    def by_time(self) -> bool:
        """True if it asks for a score, a phase or the hot latch: they change without an event leaving any window."""
        return any(isinstance(part, ScoreIs | InPhase | IsHot) for part in parts(self.asked))

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What two conditions have in common that hold for the same leads."""
        if not self.by_time:
            return (self.asked,)
        known, journey = self.definitions, self.definitions.journey_map
        reached = [each.reached_when for each in journey.phases] if journey is not None else []
        asked = tuple(expanded(each, known) for each in reached if each is not None)  # segments may change inside
        return (self.asked, known.score, journey, asked_by_items(known), asked)

    @cached_property
    def wanted(self) -> dict[str, int]:
        """What a fact sheet must keep for it."""
        return wanted(self.definitions, [self.asked])

    def fits(self, attributes: Mapping[str, Any], facts: Facts, now: datetime, *, hot: bool = False) -> bool:
        """True if a lead with these attributes and facts fits at `now`; `hot` is its latch."""
        situation = Situation(now, attributes, facts, {}, measure=remembered(self._qualification.measure), hot=hot)
        situation.phase = self._qualification.furthest(situation)
        return self._judge(situation)

    @cached_property
    def _judge(self) -> Judge:
        return judge(self.asked, replace(self.definitions, segments={}), "nowhere")

    @cached_property
    def _qualification(self) -> Qualification:
        return Qualification(self.definitions)


def way_in(definitions: Definitions, scenario: str) -> Membership | None:
    """What the segment of a scenario's `enter` asks; None where no segment leads into it."""
    known = definitions.scenarios.get(scenario)
    segment = definitions.segments.get(known.enter.segment) if known is not None and known.enter.segment else None
    return Membership.of(segment.when, definitions) if segment is not None else None


def ways_in(definitions: Definitions) -> dict[str, Membership]:
    """By scenario, what the segment of its `enter` asks; without those that no segment leads into."""
    found = {name: way_in(definitions, name) for name in definitions.scenarios}
    return {name: asked for name, asked in found.items() if asked is not None}
