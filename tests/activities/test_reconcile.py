"""The nightly comparison with the provider's lists: what was missed is taken over, nothing is given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bulk import BulkActivities
from activities.reconcile import ReconcileActivities
from adapters.database import consents
from adapters.database.consents import Consent, suppressed
from adapters.database.engine import reading, writing
from adapters.database.mail_events import MailEvent, accept_mail
from adapters.database.schema import events, suppressions
from nurture.definitions import FormConsent
from tests.activities.conftest import EMAIL, LEAD, SendDesk
from tests.mail.fake_provider import Fault

STRANGER = "stranger@example.com"


class Night:
    """One desk, its provider's lists and the activity."""

    def __init__(self, desk: SendDesk) -> None:
        self.desk = desk
        self.environment = ActivityEnvironment()
        self.now = datetime.now(UTC).replace(microsecond=0)

    def lists(self, **entries: list[dict[str, Any]]) -> None:
        """What the provider's lists hold."""
        self.desk.provider.lists = entries

    def entry(self, email: str = EMAIL, ago: timedelta = timedelta(hours=1), **more: Any) -> dict[str, Any]:
        """One entry, in the provider's shape."""
        return {"email": email, "created": int((self.now - ago).timestamp()), **more}

    def run(self) -> int:
        """One attempt; how much was lacking."""
        return int(self.environment.run(ReconcileActivities(self.desk.desk).reconcile))

    def sweep(self) -> bool:
        """One round of the sweep; whether it says that the lists are to be compared."""
        return bool(self.environment.run(BulkActivities(self.desk.desk).sweep).night)

    def shut(self, address: str = EMAIL, topic: str = "newsletter") -> str | None:
        """Why no mail of a topic goes to the address."""
        with reading(self.desk.engine) as conn:
            return suppressed(conn, address, topic)

    def rows(self, table: Any) -> list[Any]:
        """All of a table."""
        with reading(self.desk.engine) as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))


@pytest.fixture
def night(desk: SendDesk) -> Night:
    """A lead that walks, and a provider that may know more of it."""
    return Night(desk)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unsubscribes", "unsubscribed"),
        ("spam_reports", "spam_reported"),
        ("bounces", "bounced"),
        ("invalid_emails", "bounced"),
    ],
)
def test_what_only_the_provider_knows_shuts_the_address_and_the_lead_leaves(
    night: Night, name: str, reason: str
) -> None:
    """As the lost event would have: with its own time, and a word on the timeline where it comes from."""
    night.lists(**{name: [night.entry(reason="550 5.1.1", status="5.1.1")]})
    assert night.run() == 1
    assert night.shut() == reason
    (event,) = night.rows(events)
    assert (event.lead, event.type, event.suppresses) == (LEAD, reason, "all")
    assert event.properties == {"reason": f"found on the mail provider's list {name}"}
    assert timedelta(hours=1) - timedelta(seconds=2) < night.desk.now() - event.at < timedelta(hours=1, seconds=30)


def test_the_next_night_finds_nothing_more(night: Night) -> None:
    """Nor does it read again what is older than a day before the last one."""
    night.lists(bounces=[night.entry(status="5.1.1")], unsubscribes=[night.entry(ago=timedelta(days=300))])
    assert night.run() == 2
    assert night.run() == 0
    assert (len(night.rows(suppressions)), len(night.rows(events))) == (2, 2)
    asked = [path for path in night.desk.provider.asked if "/bounces" in path]
    assert "start_time=0&" in asked[0]
    began = int(asked[-1].partition("start_time=")[2].partition("&")[0])
    assert abs(began - (night.now - timedelta(days=1)).timestamp()) < 60


def test_a_night_owes_a_comparison_until_it_is_done_whatever_answer_a_crash_loses(night: Night) -> None:
    """Not before the first night, not after it was done, and again after the next one."""
    assert night.sweep() is False
    night.desk.ahead = timedelta(days=1)
    assert (night.sweep(), night.sweep()) == (True, True)
    assert night.run() == 0
    assert night.sweep() is False
    night.desk.ahead = timedelta(days=2)
    assert night.sweep() is True
    night.run()
    assert night.sweep() is False


def test_a_night_that_falls_into_a_comparison_owes_one_of_its_own(night: Night) -> None:
    """An attempt that began before it and went on after it has not asked for what was listed since."""
    night.sweep()
    night.desk.ahead = timedelta(days=1)
    night.sweep()
    began = night.desk.now()
    night.desk.ahead = timedelta(days=2)
    assert night.sweep() is True
    night.environment.info = replace(night.environment.info, heartbeat_details=(began.isoformat(), "", 0, 0))
    night.run()
    night.environment.info = replace(night.environment.info, heartbeat_details=())
    assert night.sweep() is True


@pytest.mark.parametrize("lists", ["none", "forbidden"])
def test_where_there_is_nothing_to_read_the_night_owes_no_more(night: Night, lists: str) -> None:
    """With the built-in sink, or a key that may not: a person has to do something, and is told once a night."""
    night.sweep()
    night.desk.ahead = timedelta(days=1)
    assert night.sweep() is True
    desk = night.desk.desk
    if lists == "none":
        desk = replace(desk, lists=None)
    else:
        night.desk.provider.fail_next(Fault(status=403))
    assert night.environment.run(ReconcileActivities(desk).reconcile) == 0
    assert night.sweep() is False


def test_every_page_of_every_list_is_read_and_blocks_are_not(night: Night) -> None:
    """Five entries are three pages of two; a mail that was turned away for now says nothing against its address."""
    found = [night.entry(f"p{number}@example.com") for number in range(5)]
    night.lists(unsubscribes=found, blocks=[night.entry()], bounces=[night.entry(status="4.2.2")])
    assert night.run() == 5
    assert night.shut() is None
    asked = [path.partition("?")[0] for path in night.desk.provider.asked]
    assert asked.count("/v3/suppression/unsubscribes") == 3
    assert set(asked) == {
        "/v3/suppression/unsubscribes", "/v3/suppression/bounces", "/v3/suppression/spam_reports",
        "/v3/suppression/invalid_emails", "/v3/asm/suppressions",
    }  # fmt: skip


def test_a_stranger_is_kept_as_a_hash_alone(night: Night) -> None:
    """An import of tomorrow meets it; no table and no log holds the address today."""
    night.lists(spam_reports=[night.entry(STRANGER)])
    with capture_logs() as logs:
        assert night.run() == 1
    assert night.shut(STRANGER) == "spam_reported"
    assert night.rows(events) == []
    assert STRANGER not in str(logs) + str(night.rows(suppressions))


def test_a_group_counts_where_it_has_the_name_of_a_topic(night: Night) -> None:
    """Others are groups of somebody else's mail."""
    group = {"group_id": 1, "created_at": night.entry()["created"], "email": EMAIL}
    night.lists(asm=[{**group, "group_name": "newsletter"}, {**group, "group_name": "Weekly News", "group_id": 2}])
    assert night.run() == 1
    assert (night.shut(), night.shut(topic="seminars")) == ("unsubscribed", None)
    assert [row.suppresses for row in night.rows(events)] == ["newsletter"]


@pytest.mark.parametrize(("reason", "stays"), [("unsubscribed", False), ("bounced", True)])
def test_a_newer_consent_by_form_is_not_undone_by_what_is_older(night: Night, reason: str, *, stays: bool) -> None:
    """Who has come back stays, and keeps walking; a dead mailbox is dead all the same."""
    wording = FormConsent(version="1", text="はい")
    given = Consent(["newsletter"], "opt_in", "form:x", night.now - timedelta(minutes=10), wording=wording)
    with writing(night.desk.engine) as conn:
        consents.consent(conn, LEAD, given)
    night.lists(**{"unsubscribes" if reason == "unsubscribed" else "bounces": [night.entry()]})
    night.run()
    assert (night.shut() is not None) == stays
    assert (len(night.rows(events)) == 1) == stays


def test_ours_is_never_lifted(night: Night) -> None:
    """Lists that are empty, because somebody cleared them at the provider, change nothing."""
    with writing(night.desk.engine) as conn:
        for reason in ("one_click", "spam_reported", "manual"):
            consents.suppress(conn, EMAIL, "all", reason, at=night.now)
    assert night.run() == 0
    assert len(night.rows(suppressions)) == 3


def test_an_event_that_we_know_is_not_taken_for_another(night: Night) -> None:
    """The list dates it a little later than the event was told."""
    with writing(night.desk.engine) as conn:
        consents.suppress(conn, EMAIL, "all", "one_click", at=night.now - timedelta(hours=1, seconds=40))
    night.lists(unsubscribes=[night.entry()])
    assert night.run() == 0


def test_a_provider_that_is_asked_too_often_says_when_to_come_again(night: Night) -> None:
    """And the same list goes on then, from the page at which it stopped."""
    night.lists(unsubscribes=[night.entry(f"p{number}@example.com") for number in range(5)])
    night.desk.provider.fail_next(None, Fault(status=429, reset_after=timedelta(seconds=30)))
    beats: list[tuple[Any, ...]] = []
    night.environment.on_heartbeat = lambda *details: beats.append(details)
    with pytest.raises(ApplicationError) as raised:
        night.run()
    wait = raised.value.next_retry_delay
    assert wait is not None
    assert timedelta(seconds=25) < wait <= timedelta(seconds=32)
    assert not raised.value.non_retryable
    night.environment.info = replace(night.environment.info, heartbeat_details=beats[-1])
    before = len(night.desk.provider.asked)
    assert night.run() == 5
    assert "offset=2" in night.desk.provider.asked[before]


@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(status=200, body=b"nonsense"), Fault(status=200, body=b"{}")]
)
def test_a_provider_that_does_not_answer_is_asked_again(night: Night, fault: Fault) -> None:
    """Nothing is noted as read."""
    night.desk.provider.fail_next(fault)
    with pytest.raises(ApplicationError):
        night.run()
    night.lists(unsubscribes=[night.entry()])
    assert night.run() == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_may_not_read_lists_is_an_error_that_says_what_to_do(night: Night, status: int) -> None:
    """Tried again the next night; nothing else stops."""
    night.desk.provider.fail_next(Fault(status=status))
    with capture_logs() as logs:
        assert night.run() == 0
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert "Suppressions" in told["do"]


def test_entries_that_cannot_be_read_are_passed_over(night: Night) -> None:
    """The good rest is kept."""
    night.lists(unsubscribes=[
        {"email": "no address", "created": 1}, {"created": 1}, {"email": EMAIL, "created": 1 << 62},
        {"email": EMAIL, "created": 1_700_000_000},
    ])  # fmt: skip
    assert night.run() == 1


def test_with_the_built_in_sink_there_is_nothing_to_compare(night: Night) -> None:
    """It tells its events until each is acknowledged."""
    desk = replace(night.desk.desk, lists=None)
    assert night.environment.run(ReconcileActivities(desk).reconcile) == 0


@pytest.mark.parametrize("bounce", ["mailbox", "turned_away", "put_off"])
def test_a_returned_mail_that_is_not_the_leads_fault_is_not_made_one_by_the_providers_list(
    night: Night, bounce: Any
) -> None:
    """The provider lists every returned mail alike; we were told why this one came back: the address is good."""
    told = MailEvent(
        id="b", type="bounced" if bounce == "mailbox" else "blocked", at=night.now, address=EMAIL, bounce=bounce
    )
    with writing(night.desk.engine) as conn:
        accept_mail(conn, [told], night.desk.now(), None)
    night.lists(bounces=[night.entry(reason="552 5.2.2 full", status="5.2.2"), night.entry(STRANGER, status="5.1.1")])
    assert night.run() == 1
    assert night.shut() is None
    assert night.shut(STRANGER) == "bounced"


@pytest.mark.parametrize(("name", "leaves"), [("unsubscribes", "all"), ("spam_reports", "all"), ("bounces", None)])
def test_a_lead_is_known_by_every_address(night: Night, name: str, leaves: str | None) -> None:
    """A person's word at another address is the lead's; a dead mailbox that mail does not go to makes nobody leave."""
    night.desk.upsert(emails=[EMAIL, "other@example.com"], email=EMAIL)
    night.lists(**{name: [night.entry("other@example.com", reason="550 5.1.1", status="5.1.1")]})
    assert night.run() == 1
    (event,) = night.rows(events)
    assert (event.lead, event.suppresses) == (LEAD, leaves)
    assert (night.shut() is None) == (leaves is None)
