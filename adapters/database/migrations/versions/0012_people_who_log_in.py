"""People who log in, their links and sessions; and who did what in which role, in real time too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Id, Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("rep", sa.String(length=100), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_real", Instant(), nullable=False),
        sa.Column("entered_real", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "user_links",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user", Id, nullable=True),
        sa.Column("until_real", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_user_links_user_users")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_user_links")),
    )
    op.create_index("ix_user_links_user", "user_links", ["user"])
    op.create_table(
        "sessions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user", Id, nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("created_real", Instant(), nullable=False),
        sa.Column("seen_real", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("sha256", name=op.f("uq_sessions_sha256")),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.add_column("audit", sa.Column("via", sa.String(length=16), nullable=True))
    op.add_column("audit", sa.Column("role", sa.String(length=32), nullable=True))
    op.add_column("audit", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("audit", sa.Column("real", Instant(), nullable=True))
    op.create_index("ix_audit_did", "audit", ["did", "id"])
    op.create_index("ix_audit_subject", "audit", ["subject", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_subject", "audit")
    op.drop_index("ix_audit_did", "audit")
    for column in ("real", "reason", "role", "via"):
        op.drop_column("audit", column)
    op.drop_table("sessions")
    op.drop_table("user_links")
    op.drop_table("users")
