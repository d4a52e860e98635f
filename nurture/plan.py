"""Prepares deployments for walking: conditions made ready to judge, by scenario and step; refuses to hold any lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nurture.conditions import EventPattern, Happened, parts
from nurture.definitions import Definitions, Edge, Scenario, Step
from nurture.errors import MissingDeployment, UnknownName
from nurture.facts import OPENING, conditions_of, shared_conditions
from nurture.judging import Judge, judge
from nurture.qualification import Qualification, wanted


@dataclass(frozen=True, slots=True)
class ReadyEdge:
    """An edge with its condition made ready; no condition means always. `why` is the condition in words."""

    edge: Edge
    holds: Judge | None
    why: str


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step of a pinned graph, ready to be walked.

    `heard`: by type of event, the bare events it may be, with their keys. `acts`: it asks the outside world.
    """

    name: str
    step: Step
    skip: Judge | None
    until: tuple[Judge, ...]
    edges: tuple[ReadyEdge, ...]
    heard: Mapping[str, tuple[tuple[str, EventPattern], ...]]
    acts: bool


@dataclass(frozen=True, slots=True)
class ReadyScenario:
    """A pinned scenario, ready to be walked under the current segments. `leave`: judge, last word, reason in words."""

    scenario: Scenario
    steps: Mapping[str, ReadyStep]
    leave: tuple[tuple[Judge, str, str], ...]
    anywhere: tuple[tuple[Judge, str], ...]


def _ready_step(name: str, step: Step, current: Definitions) -> ReadyStep:
    conditions = [*step.until, *(edge.when for edge in step.edges if edge.when is not None)]
    if step.skip is not None:
        conditions.append(step.skip.when)
    patterns = {str(part): part.event for each in conditions for part in parts(each) if isinstance(part, Happened)}
    return ReadyStep(
        name=name,
        step=step,
        skip=judge(step.skip.when, current, "visit") if step.skip is not None else None,
        until=tuple(judge(condition, current, "visit") for condition in step.until),
        edges=tuple(
            ReadyEdge(edge, judge(edge.when, current, "visit"), str(edge.when))
            if edge.when is not None
            else ReadyEdge(edge, None, "otherwise")
            for edge in step.edges
        ),
        heard=_heard(patterns),
        acts=any(each is not None for each in (step.send, step.notify, step.enroll, step.handoff)),
    )


def _heard(patterns: Mapping[str, EventPattern]) -> dict[str, tuple[tuple[str, EventPattern], ...]]:
    """The patterns by the type of event that may be meant: what proves an open is heard as one too."""
    found: dict[str, tuple[tuple[str, EventPattern], ...]] = {}
    for key, pattern in patterns.items():
        for type in (pattern.type, *(OPENING if pattern.type == "opened" else ())):  # noqa: A001 - the field's word
            found[type] = (*found.get(type, ()), (key, pattern))
    return found


class Book:
    """The deployments this process has loaded, and their scenarios made ready. Content never changes once added."""

    def __init__(self, definitions: Iterable[Definitions] = ()) -> None:
        self._deployments: dict[int, Definitions] = {}
        self._ready: dict[tuple[str, int, int], ReadyScenario] = {}
        self._keeps: dict[tuple[frozenset[tuple[str, int]], int, bool], dict[str, int]] = {}
        self._qualifications: dict[int, Qualification] = {}
        for each in definitions:
            self.add(each)

    def add(self, definitions: Definitions) -> None:
        """Load one deployment; adding a number again changes nothing."""
        self._deployments.setdefault(definitions.number, definitions)

    def __contains__(self, number: int) -> bool:
        return number in self._deployments

    def at(self, number: int) -> Definitions:
        """The definitions of a deployment; raises MissingDeployment while it is not loaded."""
        try:
            return self._deployments[number]
        except KeyError:
            raise MissingDeployment(number) from None

    def ready(self, scenario: str, pinned: int, current: int) -> ReadyScenario:
        """A scenario of the pinned deployment under the segments of the current one.

        Raises MissingDeployment, or UnknownName where the pinned deployment has no such scenario.
        """
        key = (scenario, pinned, current)
        found = self._ready.get(key)
        if found is None:
            graph, shared = self.at(pinned), self.at(current)
            if scenario not in graph.scenarios:
                raise UnknownName("scenario", scenario, graph.scenarios, where=f"deployment {pinned}")
            made = graph.scenarios[scenario]
            found = self._ready[key] = ReadyScenario(
                scenario=made,
                steps={name: _ready_step(name, step, shared) for name, step in made.steps.items()},
                leave=tuple((judge(each.when, shared, "entry"), each.finish, str(each.when)) for each in made.leave),
                anywhere=tuple((judge(each.when, shared, "entry"), each.go) for each in made.anywhere),
            )
        return found

    def qualification(self, number: int) -> Qualification:
        """Score, phases and hot lead definition of a deployment, made ready; raises MissingDeployment."""
        found = self._qualifications.get(number)
        if found is None:
            found = self._qualifications[number] = Qualification(self.at(number))
        return found

    def keeps(self, pinned: frozenset[tuple[str, int]], current: int, *, score: bool = True) -> dict[str, int]:
        """What the fact sheet of a lead must keep: all that the current deployment asks, and its own pinned scenarios.

        `pinned`: the scenarios it walks or waits for, with the older deployments they are pinned to. `score`: what the
        score counts and its items ask is kept in any case; else what it counts, where a condition asks for a score.
        """
        key = (pinned, current, score)
        found = self._keeps.get(key)
        if found is None:
            shared = self.at(current)
            conditions = [*shared_conditions(shared)]
            for each in shared.scenarios.values():
                conditions.extend(conditions_of(each))
            for name, number in pinned:
                scenario = self.at(number).scenarios.get(name)
                conditions.extend(conditions_of(scenario) if scenario is not None else ())
            found = self._keeps[key] = wanted(shared, conditions, score=score, items=score)
        return found
