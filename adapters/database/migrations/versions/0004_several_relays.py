"""A relay that tells a lead's workflow says so, and the other relays leave that lead to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leads", sa.Column("told_until_real", Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("leads", "told_until_real")
