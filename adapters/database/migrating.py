"""Says who walks which step of a deployment, for moving them to another one; refuses to move anybody itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from adapters.database.schema import enrolments, leads
from nurture.definitions import Scenario


@dataclass(frozen=True, slots=True)
class Walker:
    """One lead that walks the scenario: where it stands, and where it would go on; None: it stays pinned."""

    lead: str
    enrolment: int
    step: str
    to: str | None


def walkers(conn: Connection, old: Scenario, new: Scenario, deployment: int, names: Mapping[str, str]) -> list[Walker]:
    """Everybody who walks `old` of a deployment, and the step of `new` to go on at: mapped, or of the same name."""
    rows = conn.execute(
        select(enrolments.c.lead, enrolments.c.enrolment, leads.c.step)
        .join(leads, leads.c.id == enrolments.c.lead)
        .where(
            enrolments.c.scenario == old.scenario,
            enrolments.c.deployment == deployment,
            enrolments.c.state == "enrolled",
            leads.c.step.is_not(None),
        )
        .order_by(enrolments.c.lead)
    )
    found = []
    for row in rows:
        to = names.get(row.step, row.step)
        found.append(Walker(row.lead, row.enrolment, row.step, to if to in new.steps else None))
    return found
