"""Indexes that pages need where there are very many leads, and the words by which leads are searched."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_IN_SCENARIOS = sa.text("scenario IS NOT NULL")
_COMPANY = {
    "postgresql": "substr(CAST(attributes ->> 'company' AS VARCHAR), 1, 200)",
    "sqlite": "substr(CAST(JSON_EXTRACT(attributes, '$.\"company\"') AS VARCHAR), 1, 200)",
}
_HOT = {
    "postgresql": "CAST(position ->> 'hot' AS BOOLEAN)",
    "sqlite": "CAST(JSON_EXTRACT(position, '$.\"hot\"') AS BOOLEAN)",
}
_AT_ONCE = 1000
_LOCKS = "LOCK TABLE leads, enrolments, handoffs, timeline, addresses, audit IN ACCESS EXCLUSIVE MODE"
"""Leads first, as all who write take them: whoever is in the way is waited for now, not after an index was built."""
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def upgrade() -> None:
    kind = op.get_bind().dialect.name
    hot = sa.text(_HOT[kind])
    if kind == "postgresql":
        op.execute(_LOCKS)
    _make_readable(op.get_bind())
    op.drop_index("ix_leads_status", "leads")
    op.create_index("ix_leads_status", "leads", ["status", "id"])
    op.drop_index("ix_leads_scenario", "leads")
    op.create_index("ix_leads_standing", "leads", ["scenario", "step", "id"])
    op.create_index("ix_leads_company", "leads", [sa.text(_COMPANY[kind]), "id"])
    op.create_index("ix_leads_hot", "leads", ["id"], postgresql_where=hot, sqlite_where=hot)
    op.drop_index("ix_enrolments_scenario", "enrolments")
    op.create_index("ix_enrolments_scenario_state", "enrolments", ["scenario", "state"])
    op.create_index("ix_handoffs_closed", "handoffs", ["closed_at"])
    op.create_index("ix_handoffs_company", "handoffs", ["company"])
    op.create_index(
        "ix_timeline_scenario", "timeline", ["scenario", "what", "at"],
        postgresql_where=_IN_SCENARIOS, sqlite_where=_IN_SCENARIOS,
    )  # fmt: skip
    op.create_index("ix_audit_by", "audit", ["by", "id"])
    op.create_table(
        "lead_words",
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_lead_words_lead_leads")),
        sa.PrimaryKeyConstraint("lead", name=op.f("pk_lead_words")),
    )
    _write_words(op.get_bind())


def _make_readable(bind: sa.Connection) -> None:
    """Leave out NUL and halves of characters, which early releases let in.

    PostgreSQL reads no key of such a JSON, so that no index of one could be made; no text column holds them.
    """
    leads = sa.table("leads", sa.column("id"), sa.column("attributes", sa.JSON))
    text = sa.cast(leads.c.attributes, sa.Text)
    unfit = sa.or_(text.contains("\\u0000", autoescape=True), text.contains("\\ud", autoescape=True))
    for row in bind.execute(sa.select(leads).where(unfit)).all():
        fit = _fit(row.attributes)
        if fit != row.attributes:
            bind.execute(sa.update(leads).where(leads.c.id == row.id).values(attributes=fit))


def _fit(value: Any) -> Any:
    match value:
        case str():
            return _UNFIT.sub("", value)
        case list():
            return [_fit(each) for each in value]
        case dict():
            return {_fit(key): _fit(each) for key, each in value.items()}
    return value


def _write_words(bind: sa.Connection) -> None:
    """For every lead that is somebody, as the code of this release writes them."""
    leads = sa.table("leads", *(sa.column(name) for name in ("id", "email", "name", "status")),
                     sa.column("attributes", sa.JSON))  # fmt: skip
    addresses = sa.table("addresses", sa.column("lead"), sa.column("address"))
    words = sa.table("lead_words", sa.column("lead"), sa.column("words"))
    others: dict[str, list[str]] = {}
    for lead, address in bind.execute(sa.select(addresses.c.lead, addresses.c.address)):
        others.setdefault(lead, []).append(address)
    columns = (leads.c.id, leads.c.email, leads.c.name, leads.c.attributes)
    last = ""
    following = sa.select(*columns).where(leads.c.status != "erased").order_by(leads.c.id).limit(_AT_ONCE)
    while rows := bind.execute(following.where(leads.c.id > last)).all():
        last = rows[-1].id
        made = [{"lead": row.id, "words": _words(row, others.get(row.id, []))} for row in rows]
        bind.execute(sa.insert(words), made)


def _words(row: Any, others: list[str]) -> str:
    company = (row.attributes or {}).get("company")
    if company is not None and not isinstance(company, str):
        company = json.dumps(company, ensure_ascii=False)
    parts = (row.id, row.email, *sorted(others), row.name, company)
    return unicodedata.normalize("NFKC", "\n".join(each for each in parts if each)).casefold()


def downgrade() -> None:
    op.drop_table("lead_words")
    op.drop_index("ix_audit_by", "audit")
    op.drop_index("ix_timeline_scenario", "timeline")
    op.drop_index("ix_handoffs_company", "handoffs")
    op.drop_index("ix_handoffs_closed", "handoffs")
    op.drop_index("ix_enrolments_scenario_state", "enrolments")
    op.create_index("ix_enrolments_scenario", "enrolments", ["scenario"])
    op.drop_index("ix_leads_hot", "leads")
    op.drop_index("ix_leads_company", "leads")
    op.drop_index("ix_leads_standing", "leads")
    op.create_index("ix_leads_scenario", "leads", ["scenario"])
    op.drop_index("ix_leads_status", "leads")
    op.create_index("ix_leads_status", "leads", ["status"])
