"""Faults that the built-in sink was told to have; and with each mail whether it is sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sends", sa.Column("again", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "sink_faults",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("says", sa.JSON(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.Column("struck", sa.Integer(), nullable=False),
        sa.Column("since_real", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sink_faults")),
    )


def downgrade() -> None:
    op.drop_table("sink_faults")
    op.drop_column("sends", "again")
