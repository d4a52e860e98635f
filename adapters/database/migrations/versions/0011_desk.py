"""The desk of sales: what a task waits for, who was told of it when, and which workflow has to look again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INSTANTS = ("given_at", "snoozed_until", "reminded_at", "escalated_at")


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("company", sa.String(length=200), nullable=True))
    op.add_column("handoffs", sa.Column("language", sa.String(length=20), nullable=True))
    op.add_column("handoffs", sa.Column("total", sa.Float(), nullable=True))
    for name in _INSTANTS:
        op.add_column("handoffs", sa.Column(name, Instant(), nullable=True))
    op.add_column("handoffs", sa.Column("stirred", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_handoffs_stirred", "handoffs", ["stirred"])
    # whoever has a task has had it since it was made, as far as anybody knows
    op.execute("UPDATE handoffs SET given_at = made_at WHERE rep IS NOT NULL")
    op.create_table(
        "task_notices",
        sa.Column("key", sa.String(length=700), nullable=False),
        sa.Column("handoff", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("receiver", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("told_real", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_task_notices")),
    )
    op.create_index("ix_task_notices_of_handoff", "task_notices", ["handoff"])


def downgrade() -> None:
    op.drop_table("task_notices")
    op.drop_index("ix_handoffs_stirred", "handoffs")
    for name in ("stirred", *_INSTANTS, "total", "language", "company"):
        op.drop_column("handoffs", name)
