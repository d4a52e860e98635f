"""What ops see of a lead in the Temporal UI: search attributes and details; refuses to show any personal data."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from nurture.records import Position

SCENARIO = SearchAttributeKey.for_keyword("NurtureScenario")
STEP = SearchAttributeKey.for_keyword("NurtureStep")
PHASE = SearchAttributeKey.for_keyword("NurturePhase")
STATUS = SearchAttributeKey.for_keyword("NurtureStatus")
BLOCKED = SearchAttributeKey.for_keyword("NurtureBlocked")
DEPLOYMENT = SearchAttributeKey.for_int("NurtureDeployment")
HOT = SearchAttributeKey.for_bool("NurtureHot")
DEADLINE = SearchAttributeKey.for_datetime("NurtureDeadline")

_KEYS: tuple[SearchAttributeKey[Any], ...] = (SCENARIO, STEP, PHASE, STATUS, BLOCKED, DEPLOYMENT, HOT, DEADLINE)

Shown = dict[str, str | int | bool | datetime | None]


def shown(position: Position) -> Shown:
    """The search attributes of a position, by name."""
    return {
        SCENARIO.name: position.scenario,
        STEP.name: position.step,
        PHASE.name: position.phase,
        STATUS.name: position.status,
        BLOCKED.name: position.why[:200] if position.status == "blocked" else None,
        DEPLOYMENT.name: position.deployment,
        HOT.name: position.hot,
        DEADLINE.name: position.deadline,
    }


def attributes(position: Position) -> TypedSearchAttributes:
    """All search attributes that have a value, for a run that begins with them."""
    now = shown(position)
    pairs = [SearchAttributePair(key, value) for key in _KEYS if (value := now[key.name]) is not None]
    return TypedSearchAttributes(pairs)


def changes(before: Shown, after: Shown) -> list[SearchAttributeUpdate[Any]]:
    """The updates that lead from one to the other; only what changed, since every upsert is an event."""
    found: list[SearchAttributeUpdate[Any]] = []
    for key in _KEYS:
        value = after.get(key.name)
        if before.get(key.name) == value:
            continue
        found.append(key.value_unset() if value is None else key.value_set(value))
    return found


def _plain(condition: Any) -> str:
    """A condition as people read it: an event as `signed_up: seminar`, anything longer as it is written."""
    match condition:
        case str():
            return condition
        case dict() if len(condition) == 1 and all(isinstance(value, str) for value in condition.values()):
            return ": ".join(*condition.items())
        case _:
            return json.dumps(condition, ensure_ascii=False)


def details(position: Position, seq: int, records: int) -> str:
    """The Markdown panel of one lead."""
    rows = [
        ("Status", position.status),
        ("Why", position.why),
        ("Scenario", position.scenario),
        ("Step", f"{position.step} (visit {position.visit})" if position.step else None),
        ("Since", position.since.isoformat(timespec="seconds") if position.since else None),
        ("Waiting for", ", ".join(map(_plain, position.waiting_for)) if position.waiting_for else None),
        ("Deadline", position.deadline.isoformat(timespec="seconds") if position.deadline else None),
        ("Deployment", position.deployment),
        ("Entries applied", seq),
        ("Records written", records),
    ]
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows if value not in (None, ""))
