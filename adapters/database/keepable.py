"""Refuses what a database cannot keep, wherever it stands in a body; refuses to know what the body means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nurture.texts import UNFIT

DEEPEST = 32
"""How deep a body may be nested."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a body that says two things at once; stands where the part would."""

    reason: str


def keepable(value: Any) -> Any:
    """The value itself, as JSON was read. Raises ValueError where a part of it cannot be kept."""
    ahead: list[tuple[Any, int]] = [(value, 1)]
    while ahead:
        part, depth = ahead.pop()
        match part:
            case str() if UNFIT.search(part):
                raise ValueError("holds a NUL character or half of a character, which cannot be kept")
            case float() if not math.isfinite(part):
                raise ValueError("holds a number that is none of JSON, or one with thousands of digits")
            case Unreadable():
                raise ValueError(part.reason)
            case dict() | list() if depth > DEEPEST:
                raise ValueError(f"is nested deeper than {DEEPEST} levels")
            case dict():
                ahead += [(each, depth + 1) for each in (*part.keys(), *part.values())]
            case list():
                ahead += [(each, depth + 1) for each in part]
    return value
