"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.database.schema import Id, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("did", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("real", Instant(), nullable=False),
        sa.Column("nurture", Instant(), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("lease_end_real", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "deployments",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.Column("deployed_at", Instant(), nullable=False),
        sa.Column("deployed_real", Instant(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deployments")),
    )
    op.create_table(
        "events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("event", sa.String(length=300), nullable=False),
        sa.Column("semantic", sa.String(length=64), nullable=True),
        sa.Column("lead", sa.String(length=200), nullable=True),
        sa.Column("lead_hint", sa.String(length=400), nullable=True),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("send", sa.String(length=500), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("suppresses", sa.String(length=100), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("reversed_at", Instant(), nullable=True),
        sa.Column("filed", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("event", name=op.f("uq_events_event")),
        sa.UniqueConstraint("semantic", name=op.f("uq_events_semantic")),
    )
    op.create_index("ix_events_of_lead", "events", ["lead", "type", "at"], unique=False)
    op.create_index("ix_events_of_send", "events", ["send", "type"], unique=False)
    op.create_index("ix_events_parked", "events", ["lead_hint"], unique=False)
    op.create_index("ix_events_unfiled", "events", ["filed", "lead", "id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("since_real", Instant(), nullable=False),
        sa.Column("until_real", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_holds")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("to", sa.String(length=320), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=True),
        sa.Column("from_email", sa.String(length=320), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("custom_args", sa.JSON(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("message", name=op.f("uq_inbox_message")),
    )
    op.create_index(op.f("ix_inbox_to"), "inbox", ["to"], unique=False)
    op.create_table(
        "keys",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("private", sa.LargeBinary(), nullable=True),
        sa.Column("created_real", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_enrolment", sa.Integer(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("scenario", sa.String(length=100), nullable=True),
        sa.Column("step", sa.String(length=100), nullable=True),
        sa.Column("state", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("email", name=op.f("uq_leads_email")),
        sqlite_with_rowid=True,
    )
    op.create_index(op.f("ix_leads_pending"), "leads", ["pending"], unique=False)
    op.create_index(op.f("ix_leads_scenario"), "leads", ["scenario"], unique=False)
    op.create_index(op.f("ix_leads_status"), "leads", ["status"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index("ix_suppressions_of_address", "suppressions", ["address_hash", "scope"], unique=False)
    op.create_table(
        "webhook_outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("due_real", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_outbox")),
    )
    op.create_index(op.f("ix_webhook_outbox_due_real"), "webhook_outbox", ["due_real"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_form", sa.Boolean(), nullable=False),
        sa.Column("wording_version", sa.String(length=100), nullable=True),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_consents_lead_leads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_of_lead", "consents", ["lead", "topic"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("enrolment", sa.Integer(), nullable=False),
        sa.Column("scenario", sa.String(length=100), nullable=False),
        sa.Column("deployment", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("finish", sa.String(length=100), nullable=True),
        sa.Column("began_record", sa.Integer(), nullable=True),
        sa.Column("ended_record", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('enrolled', 'queued', 'ended')", name=op.f("ck_enrolments_state")),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_enrolments_lead_leads")),
        sa.UniqueConstraint("lead", "enrolment", name=op.f("uq_enrolments_lead_enrolment")),
    )
    op.create_index(op.f("ix_enrolments_scenario"), "enrolments", ["scenario"], unique=False)
    op.create_table(
        "entries",
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=300), nullable=True),
        sa.Column("deployment", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("signalled_real", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_entries_lead_leads")),
        sa.UniqueConstraint("lead", "seq", name=op.f("uq_entries_lead_seq")),
    )
    op.create_index("ix_entries_unsignalled", "entries", ["signalled_real", "lead", "seq"], unique=False)
    op.create_table(
        "handoffs",
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("queue", sa.String(length=100), nullable=False),
        sa.Column("rep", sa.String(length=100), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("score", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("due", Instant(), nullable=True),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("notified_real", Instant(), nullable=True),
        sa.Column("scenario", sa.String(length=100), nullable=True),
        sa.Column("step", sa.String(length=100), nullable=True),
        sa.Column("visit", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_handoffs_lead_leads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index("ix_handoffs_of_lead", "handoffs", ["lead", "state"], unique=False)
    op.create_index("ix_handoffs_state", "handoffs", ["state", "made_at"], unique=False)
    op.create_table(
        "sends",
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("scenario", sa.String(length=100), nullable=False),
        sa.Column("enrolment", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=100), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(length=100), nullable=False),
        sa.Column("template_sha256", sa.String(length=64), nullable=True),
        sa.Column("topic", sa.String(length=100), nullable=True),
        sa.Column("deployment", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("slot", Instant(), nullable=True),
        sa.Column("attempted_at", Instant(), nullable=True),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("message_id", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cancelled_issue", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('cancelled', 'held', 'in_flight', 'accepted', 'unknown', 'refused')", name=op.f("ck_sends_state")
        ),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_sends_lead_leads")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sends")),
    )
    op.create_index("ix_sends_of_lead", "sends", ["lead", "attempted_at"], unique=False)
    op.create_table(
        "timeline",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("lead", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(length=300), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("what", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.Column("scenario", sa.String(length=100), nullable=True),
        sa.Column("step", sa.String(length=100), nullable=True),
        sa.Column("visit", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["leads.id"], name=op.f("fk_timeline_lead_leads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index("ix_timeline_event", "timeline", ["lead", "event"], unique=False)
    op.create_index("ix_timeline_of_lead", "timeline", ["lead", "id"], unique=False)
    op.create_index("ix_timeline_record", "timeline", ["lead", "record"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_timeline_record", table_name="timeline")
    op.drop_index("ix_timeline_of_lead", table_name="timeline")
    op.drop_index("ix_timeline_event", table_name="timeline")
    op.drop_table("timeline")
    op.drop_index("ix_sends_of_lead", table_name="sends")
    op.drop_table("sends")
    op.drop_index("ix_handoffs_state", table_name="handoffs")
    op.drop_index("ix_handoffs_of_lead", table_name="handoffs")
    op.drop_table("handoffs")
    op.drop_index("ix_entries_unsignalled", table_name="entries")
    op.drop_table("entries")
    op.drop_index(op.f("ix_enrolments_scenario"), table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_index("ix_consents_of_lead", table_name="consents")
    op.drop_table("consents")
    op.drop_index(op.f("ix_webhook_outbox_due_real"), table_name="webhook_outbox")
    op.drop_table("webhook_outbox")
    op.drop_index("ix_suppressions_of_address", table_name="suppressions")
    op.drop_table("suppressions")
    op.drop_index(op.f("ix_leads_status"), table_name="leads")
    op.drop_index(op.f("ix_leads_scenario"), table_name="leads")
    op.drop_index(op.f("ix_leads_pending"), table_name="leads")
    op.drop_table("leads")
    op.drop_table("keys")
    op.drop_index(op.f("ix_inbox_to"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("holds")
    op.drop_index("ix_events_unfiled", table_name="events")
    op.drop_index("ix_events_parked", table_name="events")
    op.drop_index("ix_events_of_send", table_name="events")
    op.drop_index("ix_events_of_lead", table_name="events")
    op.drop_table("events")
    op.drop_table("deployments")
    op.drop_table("clock")
    op.drop_table("audit")
