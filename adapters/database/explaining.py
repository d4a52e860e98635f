"""Looks up what explains a lead at any instant, as known then or as known now.

"As known then" is what was shown at that instant: by the deployment that was current, the attributes and events that
were known, and with the points of what turned out to be a machine's only later. Refuses to explain: the core does.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from adapters.database.members import facts_of
from adapters.database.merges import goes_on
from adapters.database.schema import deployments, entries, leads, timeline
from adapters.database.scores import EVERYTHING
from adapters.database.sequence import Deployments
from nurture.conditions import All
from nurture.definitions import Attribute, Definitions
from nurture.explained import Known, Standpoint
from nurture.judging import Situation
from nurture.membership import Membership
from nurture.qualification import Qualification, hot_condition


def standpoint(
    conn: Connection, lead: str, store: Deployments, current: int, now: datetime, *, at: datetime | None = None,
    known: Known = "now",
) -> Standpoint | None:  # fmt: skip
    """A lead at `at` (None: at `now`), as `known` then or now; None where there is no such lead.

    The phase is the furthest that is reached; at present also the one that the lead has not gone back from.
    """
    lead = goes_on(conn, lead)
    row = conn.execute(select(leads.c.attributes, leads.c.position).where(leads.c.id == lead)).first()
    if row is None:
        return None
    instant, then = at or now, known == "then"
    definitions = store.get(_deployment_at(conn, instant) if then else current)
    hot = (hot_condition(definitions.hot_lead),) if definitions.hot_lead is not None else ()
    asked = Membership.of(All(all=(EVERYTHING, *hot)), definitions)
    facts = facts_of(conn, [lead], asked, known=instant if then else None, until=instant)[lead]
    attributes = _attributes_then(conn, lead, instant, definitions) if then else row.attributes
    position: dict[str, Any] = row.position or {}
    ready = Qualification(definitions)
    situation = Situation(instant, attributes, facts, {}, measure=ready.measure, hot=bool(position.get("hot")))
    inside = at is None and position.get("scenario") is not None
    situation.phase = ready.furthest(situation, position.get("phase") if inside else None)
    return Standpoint(lead, known, definitions, ready, situation)


def _deployment_at(conn: Connection, at: datetime) -> int:
    """The deployment that was current at an instant; 0 where there was none."""
    newest = select(func.max(deployments.c.number)).where(deployments.c.deployed_at <= at)
    return conn.execute(newest).scalar() or 0


def _attributes_then(conn: Connection, lead: str, at: datetime, definitions: Definitions) -> dict[str, Any]:
    """The newest profile that was known at an instant, with what a scenario has set since."""
    profiles = select(entries.c.body, entries.c.received_at).where(
        entries.c.lead == lead, entries.c.kind == "profile", entries.c.received_at <= at
    )
    profile = conn.execute(profiles.order_by(entries.c.seq.desc()).limit(1)).first()
    if profile is None:
        return {}
    found = dict(profile.body["attributes"])
    lines = select(timeline.c.subject, timeline.c.reason).where(
        timeline.c.lead == lead, timeline.c.what == "set", timeline.c.kind == "decision",
        timeline.c.at > profile.received_at, timeline.c.at <= at,
    )  # fmt: skip
    for name, written in conn.execute(lines.order_by(timeline.c.id)):
        found[name] = _read(written, definitions.attributes.get(name))
    return {name: value for name, value in found.items() if value is not None}


def _read(written: str, declared: Attribute | None) -> Any:
    """The value that a line tells of; one whose attribute has become of another type since is the text of the line."""
    if (declared is None or declared.type in ("text", "choice", "date")) and written != "null":
        return written
    try:
        return json.loads(written)
    except ValueError:
        return {"None": None, "True": True, "False": False}.get(written, written)  # as the first engines wrote them
