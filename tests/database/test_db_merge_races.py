"""What comes in the very moment of a merge, or of a lead's first upsert, is kept with the right lead, on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import OperationalError

from adapters.database import consents, enrolments, leads, preferences, replies
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept, unsubscribe
from adapters.database.leads import LeadUpsert
from adapters.database.mail_events import MailEvent, accept_mail
from adapters.database.merging import merge
from adapters.database.schema import events, sends
from adapters.database.schema import leads as lead_rows
from adapters.mail.inbound import Inbound

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
MAIL = "gone/seminar_to_demo/1/newsletter/1"
Write = Callable[[Connection, DeploymentStore], object]


def click(conn: Connection, store: DeploymentStore) -> object:
    """Whoever judges the clicks of a mail must be alone with its lead."""
    told = MailEvent(id="c", send=MAIL, type="clicked", at=NOW, url="https://x.example.co.jp", address="g@example.com")
    return accept_mail(conn, [told], NOW, store.current().sender)


def letter(conn: Connection, store: DeploymentStore) -> object:
    """By the address of its sender."""
    del store
    return replies.take(conn, Inbound((), "g@example.com", "Re: 資料", "お願いします", "m1", proven=True), NOW)


def preference(conn: Connection, store: DeploymentStore) -> object:
    """No topic any more."""
    sender = store.current().sender
    assert sender is not None
    return preferences.choose(conn, "gone", [], preferences.Wording.of(sender, "ja"), now=NOW, send=None)


def one_click(conn: Connection, store: DeploymentStore) -> object:
    """The link in a mail."""
    del store
    return unsubscribe(conn, "gone", "newsletter", now=NOW, send=MAIL)


def said_by_phone(conn: Connection, store: DeploymentStore) -> object:
    """`POST /events` with the old id."""
    return accept(conn, [{"id": "e", "lead": "gone", "type": "unsubscribed"}], store=store, now=NOW)


def enrolment(conn: Connection, store: DeploymentStore) -> object:
    """An enrolment by hand."""
    scenario = store.current().scenarios["seminar_to_demo"]
    return enrolments.decide(conn, "gone", scenario, deployment=1, now=NOW)


def profile(conn: Connection, store: DeploymentStore) -> object:
    """An import by the old id."""
    return leads.upsert(conn, LeadUpsert.model_validate({"id": "gone", "name": "見本"}), store=store, now=NOW)


def merged(conn: Connection, store: DeploymentStore) -> object:
    """What everybody else runs into."""
    return merge(conn, "keep", "gone", store=store, now=NOW)


def newcomer(conn: Connection, store: DeploymentStore) -> object:
    """A lead whose address nobody has had before."""
    said = LeadUpsert.model_validate({"id": "new", "email": "new@example.com"})
    return leads.upsert(conn, said, store=store, now=NOW)


def spam_report(conn: Connection, store: DeploymentStore) -> object:
    """Of a mail to the newcomer that another program sent."""
    told = MailEvent(id="s", type="spam_reported", at=NOW, address="new@example.com", suppresses="all")
    return accept_mail(conn, [told], NOW, store.current().sender)


@dataclass
class Moment:
    """A merge that is not committed yet, and somebody who writes meanwhile and holds the transaction open."""

    store: DeploymentStore

    @contextmanager
    def written(self, write: Write, meanwhile: Write | None = None) -> Iterator[None]:
        """Merge (or `meanwhile`), let the writer run into it, commit; the body runs while the writer is not done."""
        done, may_end, faults = threading.Event(), threading.Event(), list[Exception]()

        def other() -> None:
            try:
                with writing(self.store.engine) as conn:
                    write(conn, self.store)
                    done.set()
                    may_end.wait(20)
            except Exception as error:  # noqa: BLE001 - told by the test
                faults.append(error)
                done.set()

        thread = threading.Thread(target=other)
        with writing(self.store.engine) as conn:
            (meanwhile or merged)(conn, self.store)
            thread.start()
            assert not done.wait(0.5), "it does not wait"
        assert done.wait(20)
        assert faults == []
        try:
            yield
        finally:
            may_end.set()
            thread.join(20)
        assert faults == []

    def is_locked(self, lead: str) -> bool:
        """Whether somebody holds the lead's row."""
        with writing(self.store.engine) as conn:
            try:
                conn.execute(select(lead_rows.c.id).where(lead_rows.c.id == lead).with_for_update(nowait=True))
            except OperationalError:
                conn.rollback()
                return True
        return False


@pytest.fixture
def moment(deployed: DeploymentStore) -> Moment:
    """Leads `keep` and `gone`; `gone` has got a mail."""
    if deployed.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    with writing(deployed.engine) as conn:
        for name, more in (("keep", {"email": "k@example.com"}), ("gone", {"email": "g@example.com"})):
            consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "form"}
            said = LeadUpsert.model_validate({"id": name, "consent": consent, **more})
            leads.upsert(conn, said, store=deployed, now=NOW - timedelta(days=1))
        conn.execute(
            insert(sends).values(
                key=MAIL, lead="gone", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted",
                attempted_at=NOW - timedelta(hours=1), accepted_at=NOW - timedelta(hours=1),
            )
        )  # fmt: skip
    return Moment(deployed)


@pytest.mark.parametrize("write", [click, letter, preference, one_click, said_by_phone, enrolment, profile])
def test_whoever_has_waited_for_a_merge_locks_the_lead_that_goes_on(moment: Moment, write: Write) -> None:
    """Not only the one that is gone, which nobody else asks for any more."""
    with moment.written(write):
        assert moment.is_locked("keep")
    with reading(moment.store.engine) as conn:
        assert set(conn.execute(select(events.c.lead)).scalars()) <= {"keep"}


@pytest.mark.parametrize("write", [one_click, said_by_phone])
def test_a_refusal_of_a_lead_without_an_address_holds_for_the_one_that_goes_on(moment: Moment, write: Write) -> None:
    """What stands in for its address is that of the lead that goes on."""
    with writing(moment.store.engine) as conn:
        for name in ("keep", "gone"):
            said = LeadUpsert.model_validate({"id": name, "email": None})
            leads.upsert(conn, said, store=moment.store, now=NOW - timedelta(hours=2))
    with moment.written(write):
        pass
    with reading(moment.store.engine) as conn:
        assert consents.suppressed(conn, consents.stand_in("keep"), "newsletter") is not None


def test_an_event_of_a_mail_that_comes_while_its_lead_is_made_is_the_leads(moment: Moment) -> None:
    """It looked for the lead before, and has waited since; nobody would look for it again."""
    with moment.written(spam_report, newcomer):
        pass
    with reading(moment.store.engine) as conn:
        assert conn.execute(select(events.c.lead)).scalars().all() == ["new"]
