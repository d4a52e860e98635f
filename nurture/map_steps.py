"""Holds the scenarios against the journey map: which steps serve a phase, and which ask for what no phase expects.

What a step asks for is what it waits for, and the forms that its mails link to. Refuses to know what leads did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from nurture.conditions import ANY, EventPattern, Happened, parts
from nurture.definitions import Definitions, Scenario, Step
from nurture.facts import OPENING

_FORM = re.compile(r"""link\(\s*["']/forms/(?P<form>[^"'?#/]+)""")


@dataclass(frozen=True, slots=True)
class Asking:
    """A step that asks for an action. `expected`: the phases that expect it, all more than one phase ahead of it."""

    scenario: str
    step: str
    phase: str | None
    action: EventPattern
    by: Literal["waits", "links"]
    expected: tuple[str, ...]


def served(definitions: Definitions) -> Mapping[str, tuple[str, ...]]:
    """By phase, the steps (`scenario/step`) that serve it, in the order written."""
    found: dict[str, list[str]] = {phase: [] for phase in definitions.phases}
    for name, scenario in definitions.scenarios.items():
        for step_name, step in scenario.steps.items():
            if step.phase in found:
                found[step.phase].append(f"{name}/{step_name}")
    return {phase: tuple(steps) for phase, steps in found.items()}


def askings(definitions: Definitions) -> tuple[Asking, ...]:
    """Every action a step asks for that no phase expects, or only phases beyond the one after the step's own.

    To lead on to the next phase is what a step is for; to skip one asks for a leap.
    """
    order = definitions.phases
    phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
    found: dict[Asking, None] = {}
    for name, scenario in definitions.scenarios.items():
        for step_name, step in scenario.steps.items():
            last = order.index(step.phase) + 1 if step.phase in order else len(order)
            for action, by in _asked(step, scenario, definitions):
                expected = tuple(each.phase for each in phases if any(overlap(own, action) for own in each.actions))
                if not expected or order.index(expected[0]) > last:
                    found[Asking(name, step_name, step.phase, action, by, expected)] = None
    return tuple(found)


def _asked(
    step: Step, scenario: Scenario, definitions: Definitions
) -> Iterator[tuple[EventPattern, Literal["waits", "links"]]]:
    for condition in step.until:
        for part in parts(condition):
            if isinstance(part, Happened):
                yield part.event, "waits"
    for template in step.templates:
        text = definitions.templates.get((template, scenario.language or "ja"))
        for form in dict.fromkeys(_FORM.findall(text.body if text is not None else "")):
            if form in definitions.forms:
                yield definitions.forms[form].event, "links"


def overlap(one: EventPattern, other: EventPattern) -> bool:
    """True if some event is meant by both; a click or a reply is an open, too."""
    types = {one.type, other.type}
    if len(types) > 1 and not ("opened" in types and types - {"opened"} <= OPENING):
        return False
    subjects = [each.subject for each in (one, other)]
    if any(subject in (None, ANY) for subject in subjects):
        return True
    shorter, longer = sorted((str(subject) for subject in subjects), key=len)
    return longer == shorter or longer.startswith(f"{shorter}/")
