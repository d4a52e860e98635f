"""Mails that leads write back, and with each send the address at which it is answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Id, Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sends", sa.Column("answers_to", sa.String(length=40), nullable=True))
    op.create_index("ix_sends_answers_to", "sends", ["answers_to"])
    op.create_table(
        "replies",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("send", sa.String(length=500), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_replies_lead_leads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("message", name=op.f("uq_replies_message")),
    )
    op.create_index("ix_replies_of_lead", "replies", ["lead", "id"])


def downgrade() -> None:
    op.drop_table("replies")
    op.drop_index("ix_sends_answers_to", table_name="sends")
    op.drop_column("sends", "answers_to")
