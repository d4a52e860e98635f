"""Erasures, the subject of a mail as it was sent, and consents that nothing changes any more once they are written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STAY = "a consent is never changed: write another one"
_SAID = "topic, basis, source, at, by_form, wording_version, wording, wording_sha256, asked_at"
"""Whose it is may change, where two leads are found to be one person; what was agreed to never does."""


def upgrade() -> None:
    op.add_column("sends", sa.Column("subject", sa.Text(), nullable=True))
    op.create_table(
        "erasures",
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("scrubbed_at", Instant(), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_said", sa.Text(), nullable=True),
        sa.Column("consents_until", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("due_real", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_erasures_lead_leads")),
        sa.PrimaryKeyConstraint("lead", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_due", "erasures", ["due_real"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER consents_stay BEFORE UPDATE OF {_SAID} ON consents "
            f"BEGIN SELECT RAISE(ABORT, '{_STAY}'); END"
        )
    else:
        op.execute(
            "CREATE FUNCTION consents_stay() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_STAY}' USING ERRCODE = 'restrict_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER consents_stay BEFORE UPDATE OF {_SAID} ON consents "
            "FOR EACH ROW EXECUTE FUNCTION consents_stay()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER consents_stay")
    else:
        op.execute("DROP TRIGGER consents_stay ON consents")
        op.execute("DROP FUNCTION consents_stay()")
    op.drop_table("erasures")
    op.drop_column("sends", "subject")
