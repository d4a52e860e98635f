"""Decides in which phase a lead is and whether it fits the hot lead definition; refuses to hand anybody over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nurture import scoring
from nurture.conditions import All, AnyCondition, AnyOf, Did, InPhase, Not, ScoreIs, parts
from nurture.definitions import Definitions, HotLead
from nurture.facts import keeps
from nurture.judging import Judge, Situation, expanded, judge
from nurture.scoring import Scorer


@dataclass(frozen=True, slots=True)
class _Rule:
    holds: Judge
    why: str


class Qualification:
    """Score, journey map and hot lead definition of one deployment, made ready."""

    def __init__(self, definitions: Definitions) -> None:
        self.order = definitions.phases
        self.measure = Scorer(definitions)
        phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
        self._phases = [
            (each.phase, judge(each.reached_when, definitions, "nowhere") if each.reached_when is not None else None)
            for each in phases
        ]
        self.hot_lead = definitions.hot_lead
        self._any = _rules(self.hot_lead.any if self.hot_lead else None, definitions)
        self._all = _rules(self.hot_lead.all if self.hot_lead else None, definitions)
        self._not = _rules(self.hot_lead.not_ if self.hot_lead else None, definitions)

    def furthest(self, now: Situation, floor: str | None = None) -> str | None:
        """The last phase whose `reached_when` holds, never before `floor`; the first is reached by itself."""
        for index in range(len(self._phases) - 1, -1, -1):
            name, reached = self._phases[index]
            if name == floor or (reached is None and index == 0) or (reached is not None and reached(now)):
                return name
        return floor if floor in self.order else None

    def reasons(self, now: Situation) -> tuple[str, ...]:
        """The rules that make the lead hot, in words; none: it is not."""
        if self.hot_lead is None or any(each.holds(now) for each in self._not):
            return ()
        every = [each.why for each in self._all if each.holds(now)]
        some = [each.why for each in self._any if each.holds(now)]
        if len(every) < len(self._all) or (self._any and not some):
            return ()
        return (*some, *([" and ".join(every)] if every else ()))


def hot_condition(hot: HotLead) -> AnyCondition:
    """The definition as one condition."""
    several: list[AnyCondition] = [*(hot.all or ())]
    if hot.any is not None:
        several.append(AnyOf(any=hot.any))
    if hot.not_:
        several.append(Not.model_validate({"not": hot.not_}))
    return All(all=tuple(several))


def wanted(
    definitions: Definitions, conditions: Iterable[AnyCondition], *, score: bool = False, items: bool = True
) -> dict[str, int]:
    """What a fact sheet must keep so that these conditions can be judged, with all that score and phases ask.

    `score`: what the score counts is kept even where none of them asks for one. Without `items`, what score items ask
    at any time (`did`) is left out.
    """
    asked = _with_phases(definitions, conditions)
    if not (score or _asks(asked, ScoreIs)):
        return keeps(asked)
    return keeps([*asked, *(scoring.asked_by_items(definitions) if items else ())]) | scoring.wanted(definitions.score)


def looked_for(definitions: Definitions, conditions: Iterable[AnyCondition]) -> tuple[Did, ...]:
    """The events that decide about these conditions, as `did` without a span, for finding them in a store."""
    asked = _with_phases(definitions, conditions)
    scored = _asks(asked, ScoreIs)
    asked += scoring.asked_by_items(definitions) if scored else ()
    found = [part for each in asked for part in parts(each) if isinstance(part, Did)]
    if scored:
        patterns = (pattern for item in definitions.score.behaviours for pattern in scoring.counted_by(item))
        found += [Did(did=pattern) for pattern in patterns]
    return tuple({str(each): each for each in found}.values())


def _with_phases(definitions: Definitions, conditions: Iterable[AnyCondition]) -> list[AnyCondition]:
    """The conditions without names of segments, and what the phases ask where one asks for a phase."""
    asked = [expanded(each, definitions) for each in conditions]
    if _asks(asked, InPhase) and definitions.journey_map is not None:
        reached = (phase.reached_when for phase in definitions.journey_map.phases)
        asked += [expanded(each, definitions) for each in reached if each is not None]
    return asked


def _asks(conditions: Iterable[AnyCondition], kind: type[AnyCondition]) -> bool:
    return any(isinstance(part, kind) for each in conditions for part in parts(each))


def _rules(conditions: Sequence[AnyCondition] | None, definitions: Definitions) -> tuple[_Rule, ...]:
    return tuple(_Rule(judge(each, definitions, "nowhere"), str(each)) for each in conditions or ())
