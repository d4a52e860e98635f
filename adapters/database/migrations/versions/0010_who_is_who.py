"""Who is who: several addresses of a lead, leads that are one person, browsers of the own site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Id, Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_addresses_lead_leads")),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_addresses")),
    )
    op.create_index("ix_addresses_lead", "addresses", ["lead"])
    op.create_table(
        "merges",
        sa.Column("gone", sa.String(length=200), nullable=False),
        sa.Column("keep", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["gone"], ["leads.id"], name=op.f("fk_merges_gone_leads")),
        sa.ForeignKeyConstraint(["keep"], ["leads.id"], name=op.f("fk_merges_keep_leads")),
        sa.PrimaryKeyConstraint("gone", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_keep", "merges", ["keep"])
    op.create_table(
        "visitors",
        sa.Column("visitor", sa.String(length=32), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("send", sa.String(length=500), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_visitors_lead_leads")),
        sa.PrimaryKeyConstraint("visitor", name=op.f("pk_visitors")),
    )
    op.create_index("ix_visitors_lead", "visitors", ["lead"])
    op.create_index("ix_visitors_send", "visitors", ["send"])
    op.create_table(
        "page_views",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("visitor", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=300), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("site", sa.String(length=300), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_views")),
        sa.UniqueConstraint("event", name=op.f("uq_page_views_event")),
    )
    op.create_index("ix_page_views_visitor", "page_views", ["visitor", "id"])
    op.create_index("ix_page_views_at", "page_views", ["at"])


def downgrade() -> None:
    op.drop_table("page_views")
    op.drop_table("visitors")
    op.drop_table("merges")
    op.drop_table("addresses")
