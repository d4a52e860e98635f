"""The tables, and nothing else: what is kept, under which keys; how rows are read and written, the modules beside know.

Times are UTC instants on nurture's clock unless a column says `real`. Names, addresses and words of leads stand in
`leads`, `lead_words`, `addresses`, `inbox` and `replies`, and in `erasures` until they are erased at the provider;
scrubbing.py says what becomes of every table when one of them is erased.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    bindparam,
    func,
    literal_column,
    text,
)
from sqlalchemy import DateTime as _DateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, microseconds kept; naive values are refused."""

    impl = _DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; every stored instant is aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[Any]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _lead() -> Column[Any]:
    return Column("lead", String(200), ForeignKey("leads.id"), nullable=False)


leads = Table(
    "leads", metadata,
    Column("id", String(200), primary_key=True),
    Column("email", String(320), unique=True),  # normalised: lower case, no blanks
    Column("name", Text),
    Column("language", String(16), nullable=False),
    Column("time_zone", String(64)),
    Column("attributes", JSON, nullable=False, default=dict),
    Column("created_at", Instant, nullable=False),
    Column("last_seq", Integer, nullable=False, default=0),      # the newest number given (stored_seq)
    Column("last_enrolment", Integer, nullable=False, default=0),
    Column("started", Boolean, nullable=False, default=False),   # has, or had, a workflow that must hear of entries
    Column("pending", Boolean, nullable=False, default=False, index=True),  # has entries the relay must signal
    Column("retired", Boolean, nullable=False, default=False),   # its workflow ended; the next entry starts it again
    Column("told_until_real", Instant),                          # a relay is telling its workflow, at most until then
    # the projection of its workflow: written by records only
    Column("seq", Integer, nullable=False, default=0),           # the newest number applied
    Column("record", Integer, nullable=False, default=0),        # the newest record written
    Column("position", JSON, nullable=False, default=dict),      # nurture.commands.Position
    Column("status", String(16), nullable=False, default="idle"),
    Column("scenario", String(100)),
    Column("step", String(100)),
    Column("state", JSON),                                       # nurture.state.State after the newest record
    Index("ix_leads_status", "status", "id"),
    Index("ix_leads_standing", "scenario", "step", "id"),
    sqlite_with_rowid=True,
)  # fmt: skip


def _key(name: str) -> Any:
    # a word of the statement and no parameter of it: else an index of the expression is not found to serve
    return bindparam(None, name, type_=JSON.JSONIndexType(), literal_execute=True)


company_of_lead = leads.c.attributes[_key("company")].as_string()
company_begins = func.substr(company_of_lead, literal_column("1"), literal_column("200"))
"""What the index holds of it: PostgreSQL refuses rows whose texts are too long for an index."""
is_hot = leads.c.position[_key("hot")].as_boolean()
"""As `Position` has it. Few are: an index has them alone."""
Index("ix_leads_company", company_begins, leads.c.id)
Index("ix_leads_hot", leads.c.id, postgresql_where=is_hot, sqlite_where=is_hot)

lead_words = Table(
    "lead_words", metadata,  # what a lead is searched by; a table of its own since a search reads all of it
    Column("lead", String(200), ForeignKey("leads.id"), primary_key=True),
    Column("words", Text, nullable=False),
)  # fmt: skip

entries = Table(
    "entries", metadata,
    _lead(),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reference", String(300)),          # event id, enrolment number, handoff id …
    Column("deployment", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("body", JSON, nullable=False),      # the whole entry, as nurture.entries.AnyEntry
    Column("signalled_real", Instant),         # when the relay handed it to Temporal; null: not yet
    UniqueConstraint("lead", "seq"),
    Index("ix_entries_unsignalled", "signalled_real", "lead", "seq"),
)  # fmt: skip

events = Table(
    "events", metadata,
    _id(),
    Column("event", String(300), nullable=False, unique=True),  # the caller's id: the dedupe
    Column("semantic", String(64), unique=True),                # mail events: hash of what makes two of them one
    Column("lead", String(200)),                                # null: parked
    Column("lead_hint", String(400)),                           # id or address the event named, while parked
    Column("type", String(100), nullable=False),
    Column("subject", String(400), nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("send", String(500)),                                # send key of a mail event
    Column("url", Text),
    Column("suppresses", String(100)),                          # `all` or a topic
    Column("automatic", Boolean, nullable=False, default=False),
    Column("properties", JSON, nullable=False, default=dict),
    Column("reversed_at", Instant),
    Column("filed", Boolean, nullable=False, default=False),    # numbered, or kept without a number
    Column("seq", Integer),
    Index("ix_events_unfiled", "filed", "lead", "id"),
    Index("ix_events_of_lead", "lead", "type", "at"),
    Index("ix_events_of_send", "send", "type"),
    Index("ix_events_parked", "lead_hint"),
)  # fmt: skip

enrolments = Table(
    "enrolments", metadata,
    _lead(),
    Column("enrolment", Integer, nullable=False),
    Column("scenario", String(100), nullable=False),
    Column("deployment", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),    # enrolled (running) | queued | ended
    Column("decided_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("finish", String(100)),
    UniqueConstraint("lead", "enrolment"),
    CheckConstraint("state in ('enrolled', 'queued', 'ended')", name="state"),
    Index("ix_enrolments_scenario_state", "scenario", "state"),
)  # fmt: skip

consents = Table(
    "consents", metadata,
    _id(), _lead(),
    Column("topic", String(100), nullable=False),
    Column("basis", String(32), nullable=False),
    Column("source", Text),
    Column("at", Instant, nullable=False),
    Column("by_form", Boolean, nullable=False, default=False),  # only such a consent lifts a suppression
    Column("wording_version", String(100)),
    Column("wording", Text),
    Column("wording_sha256", String(64)),                       # of the text in UTF-8
    Column("asked_at", Instant),                                # when the form was posted, where a mail confirmed it
    Index("ix_consents_of_lead", "lead", "topic"),
)  # fmt: skip

confirmations = Table(
    "confirmations", metadata,  # consents that a form asked for, and that a mail asks for once more (double opt-in)
    _id(), _lead(),
    Column("number", Integer, nullable=False),                  # 1, 2 … for one lead and form
    Column("form", String(100), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("template", String(100), nullable=False),
    Column("address_hash", String(64), nullable=False),         # whose mailbox confirms; another one cannot
    Column("wording_version", String(100), nullable=False),
    Column("wording", Text, nullable=False),
    Column("held", JSON, nullable=False, default=list),         # scenarios that begin with the confirmation
    Column("asked_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),                   # the link in the mail works so long
    Column("confirmed_at", Instant),
    Column("asked_real", Instant, nullable=False),
    Column("due_real", Instant, nullable=False),                # its mail may go from then on …
    Column("told_real", Instant),                               # … and its workflow was started (the last time) then
    Column("ended_real", Instant),                              # its mail went, or never will
    UniqueConstraint("lead", "form", "number"),
    Index("ix_confirmations_due", "ended_real", "due_real"),
)  # fmt: skip

addresses = Table(
    "addresses", metadata,  # by which a lead is found besides `leads.email`, where mail goes; an address is one lead's
    Column("address", String(320), primary_key=True),           # normalised
    _lead(),
    Column("address_hash", String(64), nullable=False),         # as suppressions name it
    Column("added_at", Instant, nullable=False),
    Index("ix_addresses_lead", "lead"),
)  # fmt: skip

merges = Table(
    "merges", metadata,  # two leads that were one person: the id that is gone resolves to the one that goes on
    Column("gone", String(200), ForeignKey("leads.id"), primary_key=True),
    Column("keep", String(200), ForeignKey("leads.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(200), nullable=False),
    Index("ix_merges_keep", "keep"),
)  # fmt: skip

visitors = Table(
    "visitors", metadata,  # browsers that are known to be somebody's
    Column("visitor", String(32), primary_key=True),            # the random id that the page snippet made
    _lead(),
    Column("by", String(16), nullable=False),                   # form | mail
    Column("send", String(500)),                                # the mail whose link it came by
    Column("at", Instant, nullable=False),                      # what it does from then on is the lead's
    Index("ix_visitors_lead", "lead"),
    Index("ix_visitors_send", "send"),
)  # fmt: skip

page_views = Table(
    "page_views", metadata,  # what browsers did that are nobody's: kept for some days, moved to `events` at a sign-up
    _id(),
    Column("visitor", String(32), nullable=False),
    Column("event", String(300), nullable=False, unique=True),  # the id that its event would have
    Column("type", String(100), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("site", String(300), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_page_views_visitor", "visitor", "id"),
    Index("ix_page_views_at", "at"),
)  # fmt: skip

suppressions = Table(
    "suppressions", metadata,
    _id(),
    Column("address_hash", String(64), nullable=False),  # SHA-256 of the normalised address: it outlives an erasure
    Column("scope", String(100), nullable=False),        # `all` or a topic
    Column("reason", String(32), nullable=False),        # nurture: consents.SuppressionReason
    Column("at", Instant, nullable=False),
    Column("source", String(300)),
    Index("ix_suppressions_of_address", "address_hash", "scope"),
)  # fmt: skip

erasures = Table(
    "erasures", metadata,  # people who are to be forgotten, and how far that is
    Column("lead", String(200), ForeignKey("leads.id"), primary_key=True),
    Column("seq", Integer, nullable=False),              # of the entry that tells the lead's workflow
    Column("addresses", JSON, nullable=False, default=list),  # to be erased at the provider; gone once they are
    Column("address_hash", String(64)),                  # whose the consents are; gone with them
    Column("by", String(200), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("scrubbed_at", Instant),
    Column("provider", String(16), nullable=False),      # asked | accepted | refused | by_hand | not_needed
    Column("provider_said", Text),
    Column("consents_until", Instant),
    Column("ended_at", Instant),
    Column("due_real", Instant),                         # when a relay sees to its workflow; null: it has ended
    Index("ix_erasures_due", "due_real"),
)  # fmt: skip

sends = Table(
    "sends", metadata,
    Column("key", String(500), primary_key=True),
    _lead(),
    Column("scenario", String(100), nullable=False),
    Column("enrolment", Integer, nullable=False),
    Column("step", String(100), nullable=False),
    Column("visit", Integer, nullable=False),
    Column("template", String(100), nullable=False),
    Column("template_sha256", String(64)),
    Column("subject", Text),                         # as it was handed to the provider
    Column("topic", String(100)),
    Column("deployment", Integer, nullable=False),
    Column("state", String(16), nullable=False),     # cancelled | held | in_flight | accepted | unknown | refused
    Column("slot", Instant),
    Column("attempted_at", Instant),
    Column("accepted_at", Instant),
    Column("message_id", String(200)),
    Column("reason", Text),
    Column("cancelled_issue", Integer, nullable=False, default=0),
    Column("again", Integer, nullable=False, default=0, server_default="0"),  # unknown: 1 to be sent again, 2 was
    Column("answers_to", String(40), index=True),    # the opaque part of its Reply-To; null: nobody reads answers here
    Column("domain", String(255)),                   # where it went: the part of the address behind the @
    CheckConstraint("state in ('cancelled', 'held', 'in_flight', 'accepted', 'unknown', 'refused')", name="state"),
    Index("ix_sends_of_lead", "lead", "attempted_at"),
    Index("ix_sends_attempted", "attempted_at"),
)  # fmt: skip

replies = Table(
    "replies", metadata,  # mails that leads wrote back, to be read by the rep
    _id(), _lead(),
    Column("message", String(64), nullable=False, unique=True),  # hash of lead and Message-ID: the dedupe
    Column("send", String(500)),                                 # send key of the mail that is answered, where known
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),                  # written | opt_out | automatic
    Column("why", Text),                                         # what gave it away, in words without the lead's own
    Column("subject", Text, nullable=False),
    Column("words", Text, nullable=False),                       # what the lead wrote itself, without what it quotes
    Column("text", Text, nullable=False),                        # all of it
    Column("attachments", Integer, nullable=False, default=0),   # how many there were; they are not kept
    Index("ix_replies_of_lead", "lead", "id"),
)  # fmt: skip

handoffs = Table(
    "handoffs", metadata,
    Column("id", String(500), primary_key=True),
    _lead(),
    Column("queue", String(100), nullable=False),
    Column("rep", String(100)),
    Column("note", Text),
    Column("reasons", JSON, nullable=False, default=list),
    Column("score", JSON),
    Column("state", String(16), nullable=False),     # open | accepted | won | lost | returned | expired
    Column("made_at", Instant, nullable=False),
    Column("due", Instant),
    Column("accepted_at", Instant),
    Column("closed_at", Instant),
    Column("amount", Integer),
    Column("reason", Text),
    Column("notified_real", Instant),
    Column("scenario", String(100)),
    Column("step", String(100)),
    Column("visit", Integer),
    Column("company", String(200)),                  # of the lead, when the task was made
    Column("language", String(20)),
    Column("total", Float),                          # of the score, for who goes first
    Column("given_at", Instant),                     # to the rep it has now; null while it waits for one
    Column("snoozed_until", Instant),
    Column("reminded_at", Instant),
    Column("escalated_at", Instant),
    Column("stirred", Integer, nullable=False, default=0, server_default="0"),  # a mark: look again
    Index("ix_handoffs_stirred", "stirred"),
    Index("ix_handoffs_state", "state", "made_at"),
    Index("ix_handoffs_of_lead", "lead", "state"),
    Index("ix_handoffs_closed", "closed_at"),
    Index("ix_handoffs_company", "company"),
)  # fmt: skip

tellings = Table(
    "tellings", metadata,  # what sales is told where: one row for each notice, channel and reader
    Column("notice", String(600), primary_key=True),  # `handoff/ID` or `message/KEY`
    Column("channel", String(16), primary_key=True),
    Column("rep", String(100), primary_key=True, default=""),  # to whom, where a channel writes to each; else empty
    _lead(),
    Column("state", String(16), nullable=False),     # pending | told | dropped
    Column("attempts", Integer, nullable=False, default=0),
    Column("planned_real", Instant, nullable=False),
    Column("due_real", Instant, nullable=False),     # when it is tried (again); while one tries, when another may
    Column("told_real", Instant),
    Column("last_error", Text),
    CheckConstraint("state in ('pending', 'told', 'dropped')", name="state"),
    Index("ix_tellings_state", "state", "channel"),
    Index("ix_tellings_lead", "lead"),
)  # fmt: skip

sales_answers = Table(
    "sales_answers", metadata,  # what other programs said of tasks: the dedupe
    Column("id", String(64), primary_key=True),      # SHA-256 of the caller's
    Column("handoff", String(500), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", Instant, nullable=False),
)  # fmt: skip

task_notices = Table(
    "task_notices", metadata,
    Column("key", String(700), primary_key=True),
    Column("handoff", String(500), nullable=False),  # whose workflow tells it
    Column("kind", String(16), nullable=False),      # given | reminder | woken | escalated | waiting
    Column("receiver", String(100), nullable=False),  # a rep or a queue
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("told_real", Instant),
    Index("ix_task_notices_of_handoff", "handoff"),
)  # fmt: skip

timeline = Table(
    "timeline", metadata,
    _id(), _lead(),
    Column("seq", Integer),                          # of the entry, for events; else the number applied by then
    Column("event", String(300)),                    # the event's id, for events
    Column("at", Instant, nullable=False),
    Column("received_at", Instant),
    Column("kind", String(16), nullable=False),
    Column("what", String(100), nullable=False),
    Column("subject", String(400)),
    Column("scenario", String(100)),
    Column("step", String(100)),
    Column("visit", Integer),
    Column("reason", Text),
    Column("late", Boolean, nullable=False, default=False),
    Column("automatic", Boolean, nullable=False, default=False),
    Index("ix_timeline_of_lead", "lead", "id"),
    Index("ix_timeline_event", "lead", "event"),
    # what leads did in scenarios, which is not a third of all lines
    Index("ix_timeline_scenario", "scenario", "what", "at",
          postgresql_where=text("scenario IS NOT NULL"), sqlite_where=text("scenario IS NOT NULL")),
)  # fmt: skip

deployments = Table(
    "deployments", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("files", JSON, nullable=False),           # relative path → text
    Column("holidays", JSON, nullable=False),        # ISO dates, looked up when deployed
    Column("deployed_at", Instant, nullable=False),
    Column("deployed_real", Instant, nullable=False),
    Column("by", String(200)),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("by", String(200), nullable=False),
    Column("did", String(100), nullable=False),
    Column("subject", String(400)),
    Column("details", JSON),
    Column("via", String(16)),                 # user, key, link or cli; null: the running system by itself
    Column("role", String(32)),
    Column("reason", Text),                    # as it was given; it goes when the lead is erased
    Column("real", Instant),                   # when in real time; null in rows older than this column
    Index("ix_audit_by", "by", "id"),
    Index("ix_audit_did", "did", "id"),
    Index("ix_audit_subject", "subject", "id"),
)  # fmt: skip

clock = Table(
    "clock", metadata,
    Column("id", Integer, primary_key=True),         # always 1
    Column("real", Instant, nullable=False),
    Column("nurture", Instant, nullable=False),
    Column("speed", Integer, nullable=False),
    Column("lease_end_real", Instant, nullable=False),
)  # fmt: skip

holds = Table(
    "holds", metadata,
    Column("name", String(32), primary_key=True),    # `mail`: provider-wide trouble
    Column("since_real", Instant, nullable=False),
    Column("until_real", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip

mail_tallies = Table(
    "mail_tallies", metadata,  # what became of mails, by the hour in which they were sent; kept as long as it counts
    Column("scope", String(16), primary_key=True),       # all | scenario | domain
    Column("name", String(255), primary_key=True),       # of the scenario or the domain; empty for `all`
    Column("hour", Instant, primary_key=True),           # of a domain: in which mail was turned away
    Column("delivered", Integer, nullable=False, default=0),
    Column("dead", Integer, nullable=False, default=0),
    Column("returned", Integer, nullable=False, default=0),
    Column("spam", Integer, nullable=False, default=0),
)  # fmt: skip

mail_stops = Table(
    "mail_stops", metadata,  # what keeps mail from going, and what is about to; a person or time ends it
    Column("scope", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("state", String(16), nullable=False),         # warned | stopped | resumed (counts anew since then)
    Column("since", Instant, nullable=False),
    Column("until", Instant),                            # null: until a person resumes it
    Column("times", Integer, nullable=False, default=0), # of a domain: how often in a row
    Column("reason", Text, nullable=False),
    CheckConstraint("scope in ('all', 'scenario', 'domain')", name="scope"),
    CheckConstraint("state in ('warned', 'stopped', 'resumed')", name="state"),
)  # fmt: skip

click_origins = Table(
    "click_origins", metadata,  # from which network a click came, never from which address; kept for some days
    Column("event", String(300), primary_key=True),
    Column("send", String(500), nullable=False),
    Column("lead", String(200), nullable=False),
    Column("network", String(64), nullable=False),       # 198.51.100.0/24, 2001:db8:1::/48
    Column("at", Instant, nullable=False),
    Index("ix_click_origins_network", "network", "at"),
    Index("ix_click_origins_at", "at"),
)  # fmt: skip

sweeps = Table(
    "sweeps", metadata,
    Column("name", String(32), primary_key=True),    # `nightly`; `provider`: all its lists, `provider/…`: one; `pulse`
    Column("until", Instant, nullable=False),        # what changed up to here has been looked for
    Column("leads", Integer, nullable=False),        # how many it concerned the last time
)  # fmt: skip

agreements = Table(
    "agreements", metadata,  # on the hot lead definition, made in the console; those of files are in the deployments
    _id(),
    Column("state", String(16), nullable=False),         # proposed | agreed | withdrawn
    Column("day", String(10), nullable=False),           # 2026-11-01
    Column("note", Text, nullable=False),
    Column("marketing", String(100)),                    # a name of people, as it is shown
    Column("marketing_login", String(100)),              # null: marketing has not agreed yet
    Column("sales", String(100)),
    Column("sales_login", String(100)),
    Column("deployment", Integer),                       # that was looked at; null: about no definition
    Column("text", Text),                                # hot_lead.yaml as it was agreed on
    Column("proposed_at", Instant, nullable=False),
    Column("ended_at", Instant),                         # agreed or withdrawn
    Column("ended_by", String(100)),                     # who withdrew it
    Column("why", Text),
    Column("agreed_in", Integer),                        # the deployment that was current when both had agreed
    CheckConstraint("state in ('proposed', 'agreed', 'withdrawn')", name="state"),
    Index("ix_agreements_state", "state"),
)  # fmt: skip

inbox = Table(
    "inbox", metadata,  # the built-in sink's mails; no other part reads it
    _id(),
    Column("message", String(64), nullable=False, unique=True),
    Column("to", String(320), nullable=False, index=True),
    Column("to_name", Text),
    Column("from_email", String(320), nullable=False),
    Column("from_name", Text),
    Column("subject", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("links", JSON, nullable=False),
    Column("custom_args", JSON, nullable=False),
    Column("at", Instant, nullable=False),
)  # fmt: skip

webhook_outbox = Table(
    "webhook_outbox", metadata,  # events the sink still has to post to the webhook
    _id(),
    Column("event", JSON, nullable=False),
    Column("due_real", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False, default=0),
)  # fmt: skip

sink_faults = Table(
    "sink_faults", metadata,  # how the sink was told to misbehave; no other part reads it
    Column("name", String(32), primary_key=True),
    Column("says", JSON, nullable=False),
    Column("left", Integer),                         # how often it may still strike; None: without end
    Column("struck", Integer, nullable=False),
    Column("since_real", Instant, nullable=False),
)  # fmt: skip

keys = Table(
    "keys", metadata,  # API keys (hashed) and the sink's own signing key
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("sha256", String(64)),
    Column("role", String(32)),
    Column("private", LargeBinary),
    Column("created_real", Instant, nullable=False),
)  # fmt: skip

users = Table(
    "users", metadata,  # people who log in; all instants are real
    _id(),
    Column("login", String(64), nullable=False, unique=True),   # lower case; never an address
    Column("name", Text, nullable=False),                       # as pages show it
    Column("password", Text),                                   # argon2id; null: entered by a link only
    Column("role", String(32), nullable=False),
    Column("rep", String(100)),                                 # of sales.yaml
    Column("language", String(16)),                             # null: what the browser asks for
    Column("active", Boolean, nullable=False, default=True),
    Column("created_real", Instant, nullable=False),
    Column("entered_real", Instant),                            # logged in the last time
)  # fmt: skip

user_links = Table(
    "user_links", metadata,  # each good once
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),                 # first, invitation or entry
    Column("user", Id, ForeignKey("users.id"), index=True),     # null: that who comes first makes itself
    Column("until_real", Instant, nullable=False),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    _id(),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("user", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("browser", String(64), nullable=False),
    Column("created_real", Instant, nullable=False),
    Column("seen_real", Instant, nullable=False),
)  # fmt: skip
