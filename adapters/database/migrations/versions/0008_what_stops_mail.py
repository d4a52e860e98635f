"""What stops mail: what became of mails by the hour, stops of scenarios and domains, and where clicks came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BEHIND = "substr(email, instr(email, '@') + 1)"
"""What stands behind the @ of an address."""


def upgrade() -> None:
    op.add_column("sends", sa.Column("domain", sa.String(length=255), nullable=True))
    behind = "split_part(email, '@', 2)" if op.get_bind().dialect.name == "postgresql" else _BEHIND
    op.execute(
        f"UPDATE sends SET domain = (SELECT substr({behind}, 1, 255) FROM leads "  # noqa: S608 - nobody's words
        "WHERE leads.id = sends.lead AND email IS NOT NULL)"
    )
    op.create_index("ix_sends_attempted", "sends", ["attempted_at"])
    op.create_table(
        "mail_tallies",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("dead", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", "hour", name=op.f("pk_mail_tallies")),
    )
    op.create_table(
        "mail_stops",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("scope in ('all', 'scenario', 'domain')", name=op.f("ck_mail_stops_scope")),
        sa.CheckConstraint("state in ('warned', 'stopped', 'resumed')", name=op.f("ck_mail_stops_state")),
        sa.PrimaryKeyConstraint("scope", "name", name=op.f("pk_mail_stops")),
    )
    op.create_table(
        "click_origins",
        sa.Column("event", sa.String(length=300), nullable=False),
        sa.Column("send", sa.String(length=500), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_click_origins")),
    )
    op.create_index("ix_click_origins_network", "click_origins", ["network", "at"])
    op.create_index("ix_click_origins_at", "click_origins", ["at"])


def downgrade() -> None:
    op.drop_table("click_origins")
    op.drop_table("mail_stops")
    op.drop_table("mail_tallies")
    op.drop_index("ix_sends_attempted", "sends")
    op.drop_column("sends", "domain")
