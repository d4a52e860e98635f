"""Double opt-in: consents that are asked for once more by mail, and with each consent what exactly was agreed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Id, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("wording_sha256", sa.String(length=64), nullable=True))
    op.add_column("consents", sa.Column("asked_at", Instant(), nullable=True))
    op.create_table(
        "confirmations",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=100), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("template", sa.String(length=100), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("wording_version", sa.String(length=100), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("asked_real", Instant(), nullable=False),
        sa.Column("due_real", Instant(), nullable=False),
        sa.Column("told_real", Instant(), nullable=True),
        sa.Column("ended_real", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_confirmations_lead_leads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        sa.UniqueConstraint("lead", "form", "number", name=op.f("uq_confirmations_lead_form_number")),
    )
    op.create_index("ix_confirmations_due", "confirmations", ["ended_real", "due_real"])


def downgrade() -> None:
    op.drop_table("confirmations")
    op.drop_column("consents", "asked_at")
    op.drop_column("consents", "wording_sha256")
