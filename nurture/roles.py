"""What each role of a caller may do; refuses to know who calls and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Right = Literal["read", "write", "sales", "events", "disturb"]
Role = Literal["intake", "inbound", "crm", "marketer", "sales", "ops", "admin"]

RIGHTS: Mapping[str, frozenset[Right]] = {
    "intake": frozenset({"events"}),
    "inbound": frozenset(),  # it may hand in mails of leads at the address that ends with it, and nothing else
    "crm": frozenset(),  # it may say what came of tasks at the address that ends with it, and nothing else
    "marketer": frozenset({"read", "write", "events"}),
    "sales": frozenset({"read", "sales"}),
    "ops": frozenset({"read", "write", "disturb"}),
    "admin": frozenset({"read", "write", "sales", "events", "disturb"}),
}
"""Read everything, change leads and enrolments, work on handoffs, hand in events, make the built-in sink misbehave."""
