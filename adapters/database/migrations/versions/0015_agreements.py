"""What marketing and sales agree on in the console about the hot lead definition."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("marketing", sa.String(length=100), nullable=True),
        sa.Column("marketing_login", sa.String(length=100), nullable=True),
        sa.Column("sales", sa.String(length=100), nullable=True),
        sa.Column("sales_login", sa.String(length=100), nullable=True),
        sa.Column("deployment", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.String(length=100), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("agreed_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('proposed', 'agreed', 'withdrawn')", name=op.f("ck_agreements_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index("ix_agreements_state", "agreements", ["state"])


def downgrade() -> None:
    op.drop_table("agreements")
