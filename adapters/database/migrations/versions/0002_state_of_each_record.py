"""A record is written once, with the state it led to: nothing has to be taken back by its number any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a state was only kept of an idle lead, and stayed when it woke up: from here on it is that of the newest record
    op.execute("UPDATE leads SET state = NULL WHERE NOT retired")
    op.execute("UPDATE leads SET record = 0")
    op.drop_index("ix_timeline_record", table_name="timeline")
    op.drop_column("timeline", "record")
    op.drop_column("enrolments", "began_record")
    op.drop_column("enrolments", "ended_record")


def downgrade() -> None:
    op.add_column("enrolments", sa.Column("ended_record", sa.Integer(), nullable=True))
    op.add_column("enrolments", sa.Column("began_record", sa.Integer(), nullable=True))
    op.add_column("timeline", sa.Column("record", sa.Integer(), nullable=True))
    op.create_index("ix_timeline_record", "timeline", ["lead", "record"])
