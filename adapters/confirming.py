"""Takes a confirmation: the consent counts from then on, and the scenarios that waited for it begin.

Refuses to know who pressed the button: whoever has the link has the mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, Row, update

from adapters.database import confirmations, consents, enrolments, numbering, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.schema import confirmations as table
from nurture.definitions import FormConsent
from nurture.records import Line

State = Literal["asked", "confirmed", "expired", "gone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A request as its link shows it: `asked` may be confirmed, `confirmed` was; `gone`: the address has changed."""

    state: State
    form: str
    topic: str
    wording: str


def look(engine: Engine, number: int, now: datetime) -> Standing | None:
    """How a request stands; nothing changes. None where there is none."""
    with reading(engine) as conn:
        asked = confirmations.request(conn, number)
    return None if asked is None else _standing(asked, now)


def confirm(engine: Engine, number: int, *, store: DeploymentStore, now: datetime) -> Standing | None:
    """Write the consent down, once: how the request stands then. None where there is no such request."""
    with writing(engine) as conn:
        asked = confirmations.request(conn, number, locked=True)
        if asked is None:
            return None
        standing = _standing(asked, now)
        if standing.state != "asked":
            return standing
        # what the form told is filed while the consent is still awaited, so that it is filed in one way only
        numbering.file_events(conn, asked.lead, store)
        asked = confirmations.request(conn, number) or asked
        conn.execute(update(table).where(table.c.id == number).values(confirmed_at=now))
        consents.consent(
            conn,
            asked.lead,
            consents.Consent(
                topics=[asked.topic], basis="opt_in", source=f"form:{asked.form}", at=now, asked_at=asked.asked_at,
                wording=FormConsent(version=asked.wording_version, text=asked.wording),
            ),
        )  # fmt: skip
        told = Line(at=now, kind="decision", what="consent_confirmed", subject=asked.form, reason=f"for {asked.topic}")
        timeline.add(conn, asked.lead, told)
        current = store.get(numbering.current_deployment(conn))
        for name in confirmations.release(conn, asked.lead, asked.topic):
            scenario = current.scenarios.get(name)
            if scenario is not None:
                enrolments.decide(conn, asked.lead, scenario, deployment=current.number, now=now)
    return Standing("confirmed", standing.form, standing.topic, standing.wording)


def _standing(asked: Row[Any], now: datetime) -> Standing:
    return Standing(_state(asked, now), asked.form, asked.topic, asked.wording)


def _state(asked: Row[Any], now: datetime) -> State:
    if asked.confirmed_at is not None:
        return "confirmed"
    if now >= asked.until:
        return "expired"
    return "asked" if confirmations.holds_for(asked) else "gone"
