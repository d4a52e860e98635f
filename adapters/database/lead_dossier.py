"""Gathers what a page about one lead shows besides its timeline and score; a fixed number of statements, no rule.

Everything is read by the lead's id, its addresses or the keys of its rows; `colleagues` by the company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from adapters.database import consents as agreed
from adapters.database.among import among
from adapters.database.consents import address_hash, stand_in
from adapters.database.merges import goes_on
from adapters.database.schema import company_begins, company_of_lead, consents, enrolments, leads, merges, suppressions

MOST = 100
"""How many rows of a kind are shown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the projection of a lead's workflow says; `runs`: a workflow may be asked."""

    status: str
    why: str
    since: datetime | None
    created_at: datetime
    runs: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """One consent: to what, on which basis, from where, since when, and in which words."""

    topic: str
    basis: str
    source: str | None
    at: datetime
    asked_at: datetime | None
    version: str | None
    wording: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Shut:
    """One suppression of an address of the lead."""

    scope: str
    reason: str
    at: datetime
    source: str | None


@dataclass(frozen=True, slots=True)
class Walked:
    """One enrolment."""

    scenario: str
    state: str
    decided_at: datetime
    ended_at: datetime | None
    finish: str | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another lead of the same company."""

    id: str
    name: str | None
    status: str
    scenario: str | None
    hot: bool


def standing(conn: Connection, lead: str) -> Standing:
    """Where a lead that exists stands, beyond what the API shows."""
    columns = (leads.c.status, leads.c.position, leads.c.created_at, leads.c.started, leads.c.pending, leads.c.retired)
    row = conn.execute(select(*columns).where(leads.c.id == lead)).one()
    position: dict[str, Any] = row.position or {}
    since = position.get("since")
    runs = (row.started or row.pending) and not row.retired and row.status != "erased"
    return Standing(
        row.status, position.get("why") or "", datetime.fromisoformat(since) if since else None, row.created_at, runs
    )


def consents_of(conn: Connection, several: Sequence[str]) -> list[Agreed]:
    """What a lead agreed to by any of its ids, the newest first."""
    query = select(consents).where(among(consents.c.lead)).order_by(consents.c.at.desc(), consents.c.id.desc())
    rows = conn.execute(query.limit(MOST), {"of": several})
    return [
        Agreed(row.topic, row.basis, row.source, row.at, row.asked_at, row.wording_version, row.wording,
               row.wording_sha256)
        for row in rows
    ]  # fmt: skip


def suppressions_of(conn: Connection, lead: str, emails: Sequence[str]) -> list[Shut]:
    """What shut the addresses of a lead, the newest first; some of it may have been taken back since."""
    hashes = [address_hash(each) for each in (*emails, stand_in(lead))]
    query = select(suppressions).where(among(suppressions.c.address_hash))
    newest = query.order_by(suppressions.c.at.desc(), suppressions.c.id.desc()).limit(MOST)
    return [Shut(row.scope, row.reason, row.at, row.source) for row in conn.execute(newest, {"of": hashes})]


def shut_now(conn: Connection, email: str | None, topics: Sequence[str]) -> dict[str, str]:
    """Why no mail of a topic goes to the address at present; two statements for each topic, none where it has none."""
    if email is None:
        return {}
    found = ((topic, agreed.suppressed(conn, email, topic)) for topic in topics)
    return {topic: reason for topic, reason in found if reason is not None}


def enrolments_of(conn: Connection, several: Sequence[str]) -> list[Walked]:
    """The scenarios a lead walks, waits for or has walked by any of its ids, the newest first."""
    query = select(enrolments).where(among(enrolments.c.lead))
    newest = query.order_by(enrolments.c.decided_at.desc(), enrolments.c.enrolment.desc())
    rows = conn.execute(newest.limit(MOST), {"of": several})
    return [Walked(row.scenario, row.state, row.decided_at, row.ended_at, row.finish) for row in rows]


def living(conn: Connection, lead: str) -> str | None:
    """The id under which a lead goes on; None where there never was such a lead."""
    lead = goes_on(conn, lead)
    return conn.execute(select(leads.c.id).where(leads.c.id == lead)).scalar()


def colleagues(conn: Connection, lead: str, limit: int = 50) -> tuple[str | None, list[Colleague], bool]:
    """The company of a lead, others whose `company` is written the same, and whether there are more."""
    company = conn.execute(select(company_of_lead).where(leads.c.id == lead)).scalar()
    if not company:
        return None, [], False
    same = and_(company_begins == func.substr(company, 1, 200), company_of_lead == company)
    query = select(leads.c.id, leads.c.name, leads.c.status, leads.c.scenario, leads.c.position)
    gone = leads.c.id.in_(select(merges.c.gone))
    wanted = query.where(same, leads.c.id != lead, leads.c.status != "erased", ~gone).order_by(leads.c.id)
    rows = conn.execute(wanted.limit(limit + 1)).all()
    found = [
        Colleague(row.id, row.name, row.status, row.scenario, bool((row.position or {}).get("hot")))
        for row in rows[:limit]
    ]
    return company, found, len(rows) > limit


def counts(conn: Connection) -> dict[str, int]:
    """How many leads have each status: one look through an index."""
    rows = conn.execute(select(leads.c.status, func.count()).group_by(leads.c.status))
    return {str(status): int(number) for status, number in rows}
