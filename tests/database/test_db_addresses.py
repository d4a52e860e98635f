"""A lead with several addresses: one gets the mail, all of them find it, and what was said at any of them holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from adapters.database import consents, leads
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import EventsAnswer, accept, accept_mail, parked
from adapters.database.leads import LeadRefused, LeadUpsert, Upserted
from adapters.database.mail_events import MailEvent
from adapters.database.schema import events

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
OLD, NEW, OTHER = "old@example.co.jp", "new@example.co.jp", "other@example.co.jp"


def upsert(store: DeploymentStore, **said: Any) -> Upserted:
    """What `POST /api/leads` does."""
    with writing(store.engine) as conn:
        return leads.upsert(conn, LeadUpsert.model_validate(said), store=store, now=NOW)


def accept_one(store: DeploymentStore, lead: Any, type: str = "visited", name: str = "e") -> EventsAnswer:
    """One event of `POST /events`."""
    with writing(store.engine) as conn:
        return accept(conn, [{"id": name, "lead": lead, "type": type}], store=store, now=NOW)


def of(store: DeploymentStore, lead: str = "a") -> tuple[str | None, list[str]]:
    """Where its mail goes, and all its addresses."""
    with reading(store.engine) as conn:
        shown = leads.view(conn, lead)
    assert shown is not None
    return shown["email"], shown["emails"]


def shut(store: DeploymentStore, address: str, topic: str = "newsletter") -> str | None:
    """Why no newsletter may go to the address."""
    with reading(store.engine) as conn:
        return consents.suppressed(conn, address, topic)


def test_the_list_is_the_whole_and_one_of_it_gets_the_mail(deployed: DeploymentStore) -> None:
    """The first, or the one named; without the list, a new address for an id moves the mail and keeps the old one."""
    upsert(deployed, id="a", emails=[OLD, " New@Example.co.jp"])
    assert of(deployed) == (OLD, [OLD, NEW])
    upsert(deployed, id="a", email=NEW)
    assert of(deployed) == (NEW, [NEW, OLD])
    upsert(deployed, id="a", email=OTHER)
    assert (of(deployed)[0], set(of(deployed)[1])) == (OTHER, {OTHER, NEW, OLD})
    upsert(deployed, id="a", name="見本")
    assert len(of(deployed)[1]) == 3
    upsert(deployed, id="a", emails=[OLD, OTHER])
    assert of(deployed) == (OTHER, [OTHER, OLD]), "who is on the list and had the mail keeps it"
    upsert(deployed, id="a", emails=[OLD, OTHER], email=OLD)
    assert of(deployed) == (OLD, [OLD, OTHER])
    upsert(deployed, id="a", emails=[])
    assert of(deployed) == (None, [])


def test_every_address_finds_the_lead(deployed: DeploymentStore) -> None:
    """Upserts and forms without an id, events, and the provider's events; the mail goes where it went."""
    upsert(deployed, id="a", emails=[OLD, NEW])
    made = upsert(deployed, email=NEW, name="見本")
    assert (made.lead, made.created) == ("a", False)
    assert of(deployed) == (OLD, [OLD, NEW])
    accept_one(deployed, {"email": NEW.upper()})
    with writing(deployed.engine) as conn:
        accept_mail(conn, [MailEvent(id="m", type="replied", at=NOW, address=NEW)], NOW, None)
        assert [row.lead for row in conn.execute(select(events).order_by(events.c.id))] == ["a", "a"]


def test_events_that_waited_for_a_new_address_are_the_leads(deployed: DeploymentStore) -> None:
    """As those that waited for its first one."""
    upsert(deployed, id="a", email=OLD)
    accept_one(deployed, {"email": NEW})
    with reading(deployed.engine) as conn:
        assert len(parked(conn)[0]) == 1
    upsert(deployed, id="a", emails=[OLD, NEW])
    with reading(deployed.engine) as conn:
        assert parked(conn)[0] == []


def test_an_address_is_one_leads(deployed: DeploymentStore) -> None:
    """Neither the mail's nor another one of a lead can be given to a second; several leads are not guessed between."""
    upsert(deployed, id="a", emails=[OLD, NEW])
    upsert(deployed, id="b", email=OTHER)
    for said in ({"id": "b", "email": NEW}, {"id": "b", "emails": [OTHER, OLD]}, {"id": "c", "email": NEW}):
        with pytest.raises(LeadRefused, match="belongs to lead 'a'"):
            upsert(deployed, **said)
    with pytest.raises(LeadRefused, match="several leads: a, b"):
        upsert(deployed, emails=[OTHER, NEW])
    assert of(deployed, "b") == (OTHER, [OTHER])


@pytest.mark.parametrize(
    "said",
    [
        {"id": "a", "emails": ["nobody"]},
        {"id": "a", "emails": [NEW], "email": OLD},
        {"id": "a", "emails": [f"{number}@example.com" for number in range(21)]},
        {"id": "a", "emails": NEW},
    ],
)
def test_a_list_that_cannot_be_is_refused(deployed: DeploymentStore, said: dict[str, Any]) -> None:
    """No address, an address for mail that is not on it, more than twenty, no list."""
    with pytest.raises(ValidationError):
        upsert(deployed, **said)


@pytest.mark.parametrize("type", ["unsubscribed", "spam_reported"])
def test_what_a_person_said_at_one_address_holds_for_all(deployed: DeploymentStore, type: str) -> None:
    """Before the addresses were known to be one person's, and after; also once that address is off the list."""
    accept_one(deployed, {"email": NEW}, type)
    assert shut(deployed, OLD) is None
    upsert(deployed, id="a", emails=[OLD, NEW])
    assert shut(deployed, OLD) == type
    upsert(deployed, id="a", emails=[OLD])
    assert shut(deployed, OLD) == type
    upsert(deployed, id="a", email=OTHER)
    assert shut(deployed, OTHER) == type


def test_a_dead_mailbox_shuts_itself_alone(deployed: DeploymentStore) -> None:
    """The lead moves on with a new address: neither the bounce of before nor one that comes late shuts it."""
    upsert(deployed, id="a", email=OLD)
    accept_one(deployed, "a", "bounced")
    assert shut(deployed, OLD) == "bounced"
    upsert(deployed, id="a", email=NEW)
    assert shut(deployed, NEW) is None
    accept_one(deployed, {"email": OLD}, "bounced", "late")
    late = MailEvent(id="m", type="bounced", at=NOW, address=OLD, suppresses="all")
    with writing(deployed.engine) as conn:
        accept_mail(conn, [late], NOW + timedelta(seconds=1), None)
        told = {row.event: row.suppresses for row in conn.execute(select(events))}
    assert shut(deployed, NEW) is None
    assert told == {"e": "all", "late": None, "m": None}, "only the first one makes the lead leave"


def test_a_lead_is_searched_for_by_any_address(deployed: DeploymentStore) -> None:
    """`GET /api/leads?q=` looks through them all, and each lead is there once."""
    upsert(deployed, id="a", emails=[OLD, NEW])
    upsert(deployed, id="b", email=OTHER)
    with reading(deployed.engine) as conn:
        for sought in ("old@", "NEW@"):
            items, _ = leads.page(conn, q=sought)
            assert [item["id"] for item in items] == ["a"]
        items, _ = leads.page(conn, q="example.co.jp")
        assert [item["emails"] for item in items] == [[OLD, NEW], [OTHER]]
