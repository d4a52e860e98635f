"""Lists conditions that might tell the winners of a segment apart, and what a condition measures; judges nobody."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.conditions import All, AnyCondition, AttributeIs, Did, InPhase, ScoreIs, parts
from nurture.definitions import Definitions
from nurture.scoring import counted_by


def measured(leaf: AnyCondition) -> str | None:
    """What a condition measures: the same attribute or event is measured once; None for what only joins others."""
    match leaf:
        case AttributeIs(known=None):
            return f"attribute {leaf.attribute}"
        case Did():
            return f"did {leaf.did}"
        case ScoreIs() | InPhase():
            return str(leaf)
        case _:
            return None


def listed(definitions: Definitions) -> Iterator[AnyCondition]:
    """Conditions that might be added to a segment: values of choices and flags, what the score and the map name."""
    found: dict[str, AnyCondition] = {}
    for item in definitions.score.attributes:
        if all(isinstance(part, AttributeIs | All) for part in parts(item.when)):
            found.setdefault(str(item.when), item.when)
    for name, attribute in definitions.attributes.items():
        values = attribute.values or ((True, False) if attribute.type == "flag" else ())
        for value in values:
            condition = AttributeIs.model_validate({"attribute": name, "is": value})
            found.setdefault(str(condition), condition)
    patterns = [pattern for item in definitions.score.behaviours for pattern in counted_by(item)]
    if definitions.journey_map is not None:
        patterns += [pattern for phase in definitions.journey_map.phases for pattern in phase.actions]
    for pattern in patterns:
        if pattern.subject is not None or not pattern.own_mail:
            did = Did(did=pattern)
            found.setdefault(str(did), did)
    return iter(found.values())
