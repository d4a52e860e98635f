"""What sales is told through which channel, and what other programs said of tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tellings",
        sa.Column("notice", sa.String(length=600), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("rep", sa.String(length=100), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("planned_real", Instant(), nullable=False),
        sa.Column("due_real", Instant(), nullable=False),
        sa.Column("told_real", Instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('pending', 'told', 'dropped')", name=op.f("ck_tellings_state")),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_tellings_lead_leads")),
        sa.PrimaryKeyConstraint("notice", "channel", "rep", name=op.f("pk_tellings")),
    )
    op.create_index("ix_tellings_state", "tellings", ["state", "channel"])
    op.create_index("ix_tellings_lead", "tellings", ["lead"])
    op.create_table(
        "sales_answers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("handoff", sa.String(length=500), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_answers")),
    )


def downgrade() -> None:
    op.drop_table("sales_answers")
    op.drop_table("tellings")
