"""What each role of a caller may do; refuses to know who calls and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Right = Literal["read", "write", "sales", "events", "disturb", "audit", "people", "agree"]
Role = Literal["intake", "inbound", "crm", "marketer", "sales", "ops", "admin"]

RIGHTS: Mapping[str, frozenset[Right]] = {
    "intake": frozenset({"events"}),
    "inbound": frozenset(),  # it may hand in mails of leads at the address that ends with it, and nothing else
    "crm": frozenset(),  # it may say what came of tasks at the address that ends with it, and nothing else
    "marketer": frozenset({"read", "write", "events", "agree"}),
    "sales": frozenset({"read", "sales", "agree"}),
    "ops": frozenset({"read", "write", "disturb", "audit"}),
    "admin": frozenset({"read", "write", "sales", "events", "disturb", "audit", "people", "agree"}),
}
"""Read everything, change leads and enrolments, work on handoffs, hand in events, make the built-in sink misbehave,
read who changed what, say who may log in, agree on the hot lead definition for a department."""

ROLES_OF_PEOPLE: tuple[Role, ...] = ("marketer", "sales", "ops", "admin")
"""The roles of somebody who logs in; the others are for programs."""
