"""Lists every condition and event pattern of a folder with its place and what a bare event means there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nurture.checks.findings import At
from nurture.conditions import All, AnyCondition, AnyOf, Did, EventPattern, Happened, Not
from nurture.definitions import Scenario, Step
from nurture.folder import Folder

Where = Literal[
    "until", "then", "skip", "leave", "anywhere",
    "segment", "reached_when", "attribute item", "behaviour item", "hot lead",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """One condition as a whole, with its place, and the scenario and step it belongs to."""

    at: At
    where: Where
    condition: AnyCondition
    scenario: Scenario | None = None
    step: Step | None = None

    def parts(self) -> Iterator[tuple[At, AnyCondition]]:
        """The condition and everything nested in it, with places."""
        return parts_at(self.condition, self.at)


def parts_at(condition: AnyCondition, at: At) -> Iterator[tuple[At, AnyCondition]]:
    """A condition and everything nested in it, depth first in the order written."""
    yield at, condition
    match condition:
        case All():
            key, children = "all", condition.all
        case AnyOf():
            key, children = "any", condition.any
        case Not():
            key, children = "not", condition.not_
        case _:
            return
    for index, child in enumerate(children):
        yield from parts_at(child, at.to(key, index))


def spots(folder: Folder) -> Iterator[Spot]:
    """Every condition, file by file."""
    definitions = folder.definitions
    for name, scenario in definitions.scenarios.items():
        yield from scenario_spots(scenario, folder.scenario_files[name])
    for name, segment in definitions.segments.items():
        yield Spot(At("segments.yaml").to(name, "when"), "segment", segment.when)
    for index, phase in enumerate(definitions.journey_map.phases if definitions.journey_map else ()):
        if phase.reached_when is not None:
            yield Spot(At("journey_map.yaml").to("phases", index, "reached_when"), "reached_when", phase.reached_when)
    for index, fixed in enumerate(definitions.score.attributes):
        yield Spot(At("score.yaml").to("attributes", index, "when"), "attribute item", fixed.when)
    for index, item in enumerate(definitions.score.behaviours):
        yield Spot(At("score.yaml").to("behaviours", index, "when"), "behaviour item", item.when)
    hot = definitions.hot_lead
    for key, rules in (("any", hot.any), ("all", hot.all), ("not", hot.not_)) if hot else ():
        for index, rule in enumerate(rules or ()):
            yield Spot(At("hot_lead.yaml").to(key, index), "hot lead", rule)


def scenario_spots(scenario: Scenario, file: str) -> Iterator[Spot]:
    """Every condition of one scenario."""
    for index, leave in enumerate(scenario.leave):
        yield Spot(At(file).to("leave", index, "when"), "leave", leave.when, scenario)
    for index, jump in enumerate(scenario.anywhere):
        yield Spot(At(file).to("anywhere", index, "when"), "anywhere", jump.when, scenario)
    for name, step in scenario.steps.items():
        at = At(file).to("steps", name)
        if step.skip is not None:
            yield Spot(at.to("skip", "when"), "skip", step.skip.when, scenario, step)
        for index, awaited in enumerate(step.until):
            yield Spot(at.to("wait", "until", index), "until", awaited, scenario, step)
        for index, edge in enumerate(step.edges):
            if edge.when is not None:
                yield Spot(at.to("then", index, "when"), "then", edge.when, scenario, step)


@dataclass(frozen=True, slots=True)
class PatternSpot:
    """One event pattern: in a condition, or by itself in a form, an `enter` or the journey map."""

    at: At
    pattern: EventPattern
    spot: Spot | None = None
    did: bool = False


def patterns(folder: Folder) -> Iterator[PatternSpot]:
    """Every event pattern of the folder."""
    definitions = folder.definitions
    for name, scenario in definitions.scenarios.items():
        if scenario.enter.event is not None:
            yield PatternSpot(At(folder.scenario_files[name]).to("enter", "event"), scenario.enter.event)
    for spot in spots(folder):
        for at, part in spot.parts():
            match part:
                case Happened():
                    yield PatternSpot(at, part.event, spot)
                case Did() if not part.any_human_event:
                    yield PatternSpot(at.to("did"), part.did, spot, did=True)
    for index, phase in enumerate(definitions.journey_map.phases if definitions.journey_map else ()):
        for number, action in enumerate(phase.actions):
            yield PatternSpot(At("journey_map.yaml").to("phases", index, "actions", number), action)
    for name, form in definitions.forms.items():
        yield PatternSpot(At("forms.yaml").to(name, "event"), form.event)
