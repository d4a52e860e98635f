"""Indexes that pages need where there are very many leads, and the words by which leads are searched."""

from __future__ import annotations

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


def upgrade() -> None:
    kind = op.get_bind().dialect.name
    hot = sa.text(_HOT[kind])
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
    op.create_table(
        "lead_words",
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_lead_words_lead_leads")),
        sa.PrimaryKeyConstraint("lead", name=op.f("pk_lead_words")),
    )
    _write_words(op.get_bind())


def _write_words(bind: sa.Connection) -> None:
    """For every lead that is somebody, as the code of this release writes them."""
    leads = sa.table("leads", *(sa.column(name) for name in ("id", "email", "name", "status")),
                     sa.column("attributes", sa.JSON))  # fmt: skip
    addresses = sa.table("addresses", sa.column("lead"), sa.column("address"))
    words = sa.table("lead_words", sa.column("lead"), sa.column("words"))
    others: dict[str, list[str]] = {}
    for lead, address in bind.execute(sa.select(addresses.c.lead, addresses.c.address).order_by(addresses.c.address)):
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
    parts = (row.id, row.email, *others, row.name, company if isinstance(company, str) else None)
    return unicodedata.normalize("NFKC", "\n".join(each for each in parts if each)).casefold()


def downgrade() -> None:
    op.drop_table("lead_words")
    op.drop_index("ix_timeline_scenario", "timeline")
    op.drop_index("ix_handoffs_company", "handoffs")
    op.drop_index("ix_handoffs_closed", "handoffs")
    op.drop_index("ix_enrolments_scenario_state", "enrolments")
    op.create_index("ix_enrolments_scenario", "enrolments", ["scenario"])
    op.drop_index("ix_leads_hot", "leads")
    op.drop_index("ix_leads_company", "leads")
    op.drop_index("ix_leads_standing", "leads")
    op.create_index("ix_leads_scenario", "leads", ["scenario"])
