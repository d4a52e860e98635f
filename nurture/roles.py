"""What each role of a caller may do; refuses to know who calls and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Right = Literal["read", "write", "sales", "events"]
Role = Literal["intake", "marketer", "sales", "ops", "admin"]

RIGHTS: Mapping[str, frozenset[Right]] = {
    "intake": frozenset({"events"}),
    "marketer": frozenset({"read", "write", "events"}),
    "sales": frozenset({"read", "sales"}),
    "ops": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "sales", "events"}),
}
"""Read everything, change leads and enrolments, work on handoffs, hand in events."""
