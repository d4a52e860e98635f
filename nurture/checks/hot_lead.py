"""Finds rules of the hot lead definition that no lead can ever meet.

A rule is split into its alternatives (segments and phases are replaced by what they mean), and each alternative is
asked three things: does anything produce the events, is there a lead with these attributes, are the points enough?
Where something cannot be told, it is taken to be possible: what is reported is certainly out of reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from nurture.checks.findings import At, Findings
from nurture.checks.reach import Literal, Reach
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
)  # fmt: skip
from nurture.definitions import Definitions, HotLead
from nurture.folder import Folder

MAX_ALTERNATIVES = 200
"""A definition with more is taken to be in reach."""

Clause = tuple[Literal, ...]


def check_hot_lead(found: Findings) -> None:
    """The hot lead definition against score, journey map, segments, scenarios, forms and events."""
    hot = found.folder.definitions.hot_lead
    if hot is None or not _readable(found.folder):
        return
    reach = Reach(found.folder)
    at = At("hot_lead.yaml")
    if hot.any is None:
        _rule(found, reach, at.key("all"), hot, ())
    for index, rule in enumerate(hot.any or ()):
        _rule(found, reach, at.to("any", index), hot, (rule,))


def _readable(folder: Folder) -> bool:
    """False where a file that the definition builds on has mistakes of its own."""
    needed = ("hot_lead", "score", "journey_map", "segments", "attributes", "events", "forms")
    sources = [folder.sources[f"{kind}.yaml"] for kind in needed if folder.present(kind)]
    return all(source.model is not None and not source.damaged for source in sources)


def _rule(found: Findings, reach: Reach, at: At, hot: HotLead, rule: tuple[AnyCondition, ...]) -> None:
    definitions = found.folder.definitions
    clauses = _every(
        [*(_split(part, definitions) for part in (*rule, *(hot.all or ()))),
         *(_split(part, definitions, wanted=False) for part in hot.not_)]
    )  # fmt: skip
    if clauses is None:
        return
    reasons = []
    for clause in clauses:
        reason = reach.why_not(clause)
        if reason is None:
            return
        reasons.append(reason)
    what = f"`{rule[0]}`" if rule else "the definition"
    why = reasons[0] if reasons else "it holds for no lead"
    found.error(at, f"no lead can become hot by {what}: {why}", "hot-out-of-reach")


# --- alternatives ---------------------------------------------------------------------------------------------------


def _split(
    condition: AnyCondition, definitions: Definitions, *, wanted: bool = True, within: tuple[str, ...] = ()
) -> list[Clause] | None:
    """The alternatives in which `condition` is (or, not wanted, is not) true; None where there are too many."""
    match condition:
        case All(all=inner):
            parts = [_split(part, definitions, wanted=wanted, within=within) for part in inner]
            return _every(parts) if wanted else _either(parts)
        case AnyOf(any=inner):
            parts = [_split(part, definitions, wanted=wanted, within=within) for part in inner]
            return _either(parts) if wanted else _every(parts)
        case Not(not_=inner):
            parts = [_split(part, definitions, wanted=not wanted, within=within) for part in inner]
            return _every(parts) if wanted else _either(parts)
        case InSegment(segment=name):
            segment = definitions.segments.get(name)
            if segment is None or name in within:
                return [()]
            return _split(segment.when, definitions, wanted=wanted, within=(*within, name))
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
        [()] if when is None else _split(when, definitions, within=(*within, "phase")) for when in reached
    ]
    return _either(alternatives)


def _every(parts: Iterable[list[Clause] | None]) -> list[Clause] | None:
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


def _either(parts: Iterable[list[Clause] | None]) -> list[Clause] | None:
    together: list[Clause] = []
    for part in parts:
        if part is None:
            return None
        together += part
    return together if len(together) <= MAX_ALTERNATIVES else None
