"""Mails are counted once in each by scenario and domain, and shown with how far they got."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from adapters.database import lead_mails
from adapters.database.delivered import counted
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading
from nurture.delivery import Counts
from tests.database.conftest import NOW
from tests.database.mails import Mails

CLICK = {"url": "https://example.com/a"}


@pytest.fixture
def mails(deployed: DeploymentStore) -> Mails:
    """The sample folder, and nobody yet."""
    return Mails(deployed)


def found(mails: Mails, days: int = 30) -> dict[tuple[str, str], Counts]:
    """The counts by scenario and domain."""
    with reading(mails.engine) as conn:
        rows = counted(conn, mails.now - timedelta(days=days), mails.now)
    return {(scenario, domain): counts for scenario, domain, counts in rows}


def test_every_fate_of_a_mail_is_counted_once(mails: Mails) -> None:
    """Opened three times is opened; a machine's open and click are not; a click is an open."""
    a, b, c, d, e, f, g, h = mails.send(8)
    mails.send(2, first=100, domain="other.example", scenario="other")
    mails.tell([a, b, c, d], "delivered")
    for after in (100, 200, 300):
        mails.tell([a], "opened", after=after)
    mails.tell([b], "clicked", after=100, **CLICK)
    mails.tell([c], "opened", after=100, machine=True)
    mails.tell([d], "clicked", after=61, **CLICK)
    mails.tell([a], "spam_reported", after=400, suppresses="all")
    mails.tell([b], "unsubscribed", after=400, suppresses="all")
    mails.tell([e], "bounced", bounce="dead", suppresses="all")
    mails.tell([f], "bounced", bounce="mailbox")
    mails.tell([g], "blocked", bounce="turned_away")
    for after in (1, 2):
        mails.tell([h], "deferred", after=after)
    assert found(mails) == {
        ("seminar_to_demo", "example.com"): Counts(
            sent=8, delivered=4, dead=1, mailbox=1, blocked=1, deferred=1, spam=1, unsubscribed=1, opened=2, clicked=1
        ),
        ("other", "other.example"): Counts(sent=2),
    }


def test_only_mails_of_the_time_asked_for_are_counted(mails: Mails) -> None:
    """Sent ten days ago: in 30 days' report, not in 7 days'."""
    mails.send(3, at=NOW - timedelta(days=10))
    assert (len(found(mails, 30)), found(mails, 7)) == (1, {})


def test_a_mails_state_is_the_same_in_whatever_order_its_events_come(mails: Mails) -> None:
    """All permutations of what a provider tells of one mail, through the webhook's own door."""
    told = [("processed", 1), ("delivered", 2), ("opened", 100), ("clicked", 200)]
    for number, several in enumerate(permutations(told)):
        (key,) = mails.send(1, first=number)
        for kind, after in several:
            mails.tell([key], kind, after=after, url=CLICK["url"] if kind == "clicked" else None)
        with reading(mails.engine) as conn:
            (mail,) = lead_mails.page(conn, f"m{number:04}")[0]
        assert (mail["state"], mail["template"]) == ("clicked", "newsletter_01"), several


def test_a_mails_state_is_without_what_machines_did_and_falls_when_a_click_is_recognised(mails: Mails) -> None:
    """Clicked; then it turns out that a scanner followed three links."""
    (key,) = mails.send(1)
    mails.tell([key], "delivered")
    mails.tell([key], "clicked", after=200, url="https://example.com/1")

    def state() -> str:
        with reading(mails.engine) as conn:
            return str(lead_mails.page(conn, "m0000")[0][0]["state"])

    assert state() == "clicked"
    for number in (2, 3):
        mails.tell([key], "clicked", after=200, url=f"https://example.com/{number}")
    assert state() == "delivered"
    mails.tell([key], "bounced", after=300, bounce="dead", suppresses="all")
    mails.tell([key], "opened", after=90)
    assert state() == "bounced"


def test_mails_of_a_lead_come_in_pages(mails: Mails) -> None:
    """Oldest first, none twice."""
    for visit in range(1, 6):
        mails.send(1, visit=visit, at=NOW - timedelta(hours=20 - visit))
    keys, cursor = [], None
    while True:
        with reading(mails.engine) as conn:
            items, cursor = lead_mails.page(conn, "m0000", 2, cursor)
        keys += [item["visit"] for item in items]
        if cursor is None:
            break
    assert keys == [1, 2, 3, 4, 5]
