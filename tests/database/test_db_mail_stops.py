"""Mails are counted, stopped and resumed; returned mails shut addresses or not; domains that refuse are left alone."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from adapters.database import mail_stops
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.mail_events import MailEvent
from adapters.database.mail_stops import Stop
from adapters.database.schema import audit, mail_tallies
from adapters.database.schema import events as events_table
from nurture.errors import NurtureError
from tests.database.conftest import NOW
from tests.database.mails import Mails

DEAD: dict[str, Any] = {"bounce": "dead", "suppresses": "all"}


@pytest.fixture
def mails(deployed: DeploymentStore) -> Mails:
    """The sample folder, and nobody yet."""
    return Mails(deployed)


def standing(mails: Mails, scenario: str = "seminar_to_demo", domain: str = "example.com") -> Stop | None:
    """What stops such a mail now."""
    with reading(mails.engine) as conn:
        return mail_stops.standing(conn, scenario, domain, mails.now)


def resume(mails: Mails, scope: mail_stops.Scope, name: str = "") -> None:
    """What `nurture mail resume` does."""
    with writing(mails.engine) as conn:
        mail_stops.resume(conn, scope, name, now=mails.now, by="tests")


# --- stops ----------------------------------------------------------------------------------------------------------


def test_five_dead_addresses_of_a_hundred_stop_a_scenario_and_all_mail(mails: Mails) -> None:
    """Warned at 2, stopped at 5, each told once; the reason holds the figures and never changes."""
    keys = mails.send(100)
    assert mails.tell(keys[:95], "delivered").stops == []
    assert mails.tell(keys[95:97], "bounced", **DEAD).stops == [], "of fewer than a hundred nothing is concluded"
    warned = mails.tell(keys[97:99], "bounced", **DEAD)
    assert warned.stops == []
    stopped = mails.tell(keys[99:], "bounced", **DEAD).stops
    assert [(each.scope, each.name, each.state) for each in stopped] == [
        ("all", "", "stopped"), ("scenario", "seminar_to_demo", "stopped"),
    ]  # fmt: skip
    stop = standing(mails, "another")
    assert stop is not None
    assert "5 of 100 mails went to addresses that do not exist: 5.00 %" in stop.words
    more = mails.send(10, first=200)
    assert mails.tell(more, "bounced", **DEAD).stops == [], "it is told once"
    assert standing(mails, "another") == stop


def test_another_scenario_goes_on_where_its_own_mails_do_no_harm(mails: Mails) -> None:
    """2,000 good mails of one scenario, 6 bad ones of 100 of another: only the other one stops."""
    mails.tell(mails.send(1500, scenario="good"), "delivered")
    bad = mails.send(100, first=2000, scenario="bad")
    stops = mails.told(
        *(mails.event(key, "delivered") for key in bad[:94]),
        *(mails.event(key, "bounced", **DEAD) for key in bad[94:]),
    ).stops
    assert [(each.scope, each.name, each.state) for each in stops] == [("scenario", "bad", "stopped")]
    assert standing(mails, "good") is None
    assert standing(mails, "bad") is not None


def test_spam_reports_warn_and_then_stop(mails: Mails) -> None:
    """1 of 1,000 warns, 3 stop; a warning that is no longer true is forgotten."""
    keys = mails.send(1000)
    mails.tell(keys, "delivered")
    first = mails.tell(keys[:1], "spam_reported", suppresses="all", after=90).stops
    assert {each.state for each in first} == {"warned"}
    mails.tell(mails.send(100, first=2000), "delivered")
    with reading(mails.engine) as conn:
        assert mail_stops.listed(conn) == [], "1 of 1,100 is less than 0.1 %"
    stops = mails.tell(keys[1:4], "spam_reported", suppresses="all", after=90).stops
    assert {each.state for each in stops} == {"stopped"}


def test_what_was_sent_before_the_window_counts_no_more(mails: Mails) -> None:
    """Eight days later the hundred bad mails are over; a late complaint about one of them changes nothing."""
    old = mails.send(100)
    mails.tell(old[:4], "bounced", **DEAD)
    mails.now += timedelta(days=8)
    new = mails.send(100, first=200)
    mails.tell(old[4:50], "bounced", after=8 * 86400, **DEAD)
    assert mails.tell(new, "delivered").stops == []
    assert standing(mails) is None


def test_a_mail_counts_once_however_often_and_in_which_words_it_is_told(mails: Mails) -> None:
    """Told again under other ids and times, and dropped since: one dead address, one complaint."""
    keys = mails.send(100)
    mails.tell(keys[:99], "delivered")
    for after in (60, 61, 62):
        mails.tell(keys[99:], "bounced", after=after, **DEAD)
        mails.tell(keys[99:], "bounced", after=after, bounce="dropped", suppresses="all")
        mails.tell(keys[:1], "spam_reported", after=after, suppresses="all", bounce="dropped")
    with reading(mails.engine) as conn:
        row = conn.execute(
            select(mail_tallies.c.delivered, mail_tallies.c.dead, mail_tallies.c.spam).where(
                mail_tallies.c.scope == "all"
            )
        ).one()
    assert tuple(row) == (99, 1, 0)


def test_a_resume_begins_to_count_anew_and_is_audited(mails: Mails) -> None:
    """What bounced before does not stop it again, also where it is told later; what bounces after does."""
    keys = mails.send(120)
    mails.tell(keys[:90], "delivered")
    mails.tell(keys[90:100], "bounced", **DEAD)
    with pytest.raises(NurtureError, match="not stopped"):
        resume(mails, "scenario", "other")
    resume(mails, "all")
    assert (stop := standing(mails)) is not None
    assert stop.scope == "scenario"
    resume(mails, "scenario", "seminar_to_demo")
    assert standing(mails) is None
    mails.tell(keys[100:], "bounced", **DEAD)
    assert standing(mails) is None
    with reading(mails.engine) as conn:
        said = conn.execute(select(audit.c.by, audit.c.did, audit.c.subject).where(audit.c.did == "resume_mail")).all()
    assert [tuple(row) for row in said] == [
        ("tests", "resume_mail", "all"), ("tests", "resume_mail", "scenario seminar_to_demo"),
    ]  # fmt: skip
    fresh = mails.send(100, first=500, at=mails.now + timedelta(minutes=1))
    mails.now += timedelta(minutes=20)
    mails.told(
        *(mails.event(key, "delivered") for key in fresh[:95]),
        *(mails.event(key, "bounced", **DEAD) for key in fresh[95:]),
    )
    assert standing(mails) is not None


def test_batches_that_are_taken_in_at_once_are_counted_whole(mails: Mails) -> None:
    """Eight at a time, good and bad mixed: every mail is in the tally, and nobody waits for ever."""
    keys = mails.send(160)
    events = [
        mails.event(key, "bounced", **DEAD) if place % 16 == 0 else mails.event(key, "delivered")
        for place, key in enumerate(keys)
    ]
    threads = [threading.Thread(target=lambda part=events[n::8]: mails.told(*part)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with reading(mails.engine) as conn:
        found = conn.execute(
            select(func.sum(mail_tallies.c.delivered), func.sum(mail_tallies.c.dead)).where(
                mail_tallies.c.scope == "all"
            )
        ).one()
    assert tuple(found) == (150, 10)
    assert standing(mails) is not None


# --- returned mails -------------------------------------------------------------------------------------------------


def test_an_address_that_does_not_exist_is_shut_for_good(mails: Mails) -> None:
    """Once is enough; the lead's workflow hears of it."""
    (key,) = mails.send(1)
    mails.tell([key], "bounced", reason="bounce: Invalid Address", **DEAD)
    assert mails.shut() == 1
    assert [line["what"] for line in mails.lines(key)] == ["bounced"]


def test_an_unavailable_mailbox_is_shut_on_the_third_day_and_not_before(mails: Mails) -> None:
    """Five times on one day are one day; the third day shuts it."""
    for day in range(3):
        mails.now = NOW + timedelta(days=day)
        for visit in range(5 if day == 0 else 1):
            keys = mails.send(1, visit=10 * day + visit + 1, at=mails.now - timedelta(minutes=5))
            mails.tell(keys, "bounced", bounce="mailbox")
            assert mails.shut() == (1 if day == 2 else 0)
    assert len(mails.lines("m0000/", "bounced")) == 7


def test_the_days_of_an_unavailable_mailbox_are_counted_for_each_address_of_a_lead(mails: Mails) -> None:
    """Two days of the old one and two of the new one shut neither; a delivery to one says nothing of the other."""
    old, new = "m0000@old.example", "m0000@example.com"
    told = [(0, "bounced", old), (1, "bounced", old), (2, "bounced", new), (3, "bounced", new), (4, "delivered", old),
            (5, "bounced", new)]  # fmt: skip
    shut: list[int] = []
    for day, kind, address in told:
        mails.now = NOW + timedelta(days=day)
        keys = mails.send(1, visit=day + 1, at=mails.now - timedelta(minutes=5))
        mails.tell(keys, kind, address=address, **({"bounce": "mailbox"} if kind == "bounced" else {}))
        shut.append(mails.shut())
    assert shut == [0, 0, 0, 0, 0, 1]


def test_what_an_older_release_stored_without_its_address_counts_for_each(mails: Mails) -> None:
    """Nobody can tell any more which one it was; none is forgotten by an upgrade."""
    for day in range(3):
        mails.now = NOW + timedelta(days=day)
        keys = mails.send(1, visit=day + 1, at=mails.now - timedelta(minutes=5))
        mails.tell(keys, "bounced", bounce="mailbox")
        if day < 2:
            with writing(mails.engine) as conn:
                conn.execute(update(events_table).values(properties={"bounce": "mailbox"}))
    assert mails.shut() == 1


def test_a_drop_is_forgiven_for_the_address_that_came_back_and_for_no_other(mails: Mails) -> None:
    """The other one is on the provider's list for a reason that nobody told us."""
    (key,) = mails.send(1)
    mails.tell([key], "blocked", bounce="turned_away", address="m0000@old.example")
    mails.tell([key], "bounced", after=90, bounce="dropped", suppresses="all")
    assert mails.shut() == 1


def test_what_is_the_senders_fault_suppresses_nobody_and_is_told(mails: Mails) -> None:
    """Blocks and bounces about reputation: the lead goes on, its timeline says what happened."""
    (key,) = mails.send(1)
    for after in range(5):
        mails.tell([key], "blocked", after=60 + after, bounce="turned_away", reason="bounce: Reputation")
    assert mails.shut() == 0
    lines = mails.lines(key, "returned")
    assert len(lines) == 5
    assert "Reputation" in lines[0]["reason"]
    assert (lines[0]["kind"], lines[0]["scenario"], lines[0]["step"]) == ("send", "seminar_to_demo", "newsletter")


def test_a_drop_for_a_return_that_was_no_fault_of_the_lead_suppresses_nobody(mails: Mails) -> None:
    """The provider put the address on its list; where we know nothing better, its word counts."""
    known, unknown = mails.send(2)
    mails.tell([known], "blocked", bounce="turned_away", reason="bounce: Reputation")
    mails.tell([known], "bounced", after=90, bounce="dropped", suppresses="all", reason="dropped: Bounced Address")
    assert mails.shut() == 0
    assert "take it off there" in mails.lines(known, "dropped")[0]["reason"]
    mails.tell([unknown], "bounced", bounce="dropped", suppresses="all", reason="dropped: Bounced Address")
    assert mails.shut() == 1


def test_an_asynchronous_bounce_is_known_by_its_send_key_and_without_one_by_its_address(mails: Mails) -> None:
    """It comes hours after the delivery and carries no message id."""
    first, second = mails.send(2)
    mails.tell([first], "delivered")
    mails.tell([first], "bounced", after=7000, **DEAD)
    mails.told(MailEvent(id="x", send=None, type="bounced", at=NOW, address="m0001@example.com", **DEAD))
    assert mails.shut() == 2
    assert [line["what"] for line in mails.lines(first)] == ["delivered", "bounced"]
    assert [line["what"] for line in mails.lines(second)] == ["bounced"]


# --- domains --------------------------------------------------------------------------------------------------------


def turned_away(mails: Mails, first: int, number: int, kind: str = "blocked") -> list[Stop]:
    """So many mails to one domain are turned away now."""
    keys = mails.send(number, first=first, domain="strict.example", at=mails.now - timedelta(minutes=2))
    return mails.tell(keys, kind, bounce="turned_away" if kind == "blocked" else None).stops


@pytest.mark.parametrize("kind", ["blocked", "deferred"])
def test_a_domain_that_turns_everything_away_rests_and_is_tried_again(mails: Mails, kind: str) -> None:
    """Five within an hour: an hour's rest; turned away again at once: two hours; one that arrives ends it."""
    assert turned_away(mails, 0, 4, kind) == []
    (stop,) = turned_away(mails, 10, 1, kind)
    assert (stop.scope, stop.name, stop.until) == ("domain", "strict.example", mails.now + timedelta(hours=1))
    assert standing(mails, domain="strict.example") == stop
    assert standing(mails, domain="example.com") is None
    mails.now += timedelta(hours=1)
    assert standing(mails, domain="strict.example") is None
    (again,) = turned_away(mails, 20, 1, kind)
    assert again.until == mails.now + timedelta(hours=2)
    mails.now += timedelta(hours=2)
    keys = mails.send(1, first=30, domain="strict.example", at=mails.now - timedelta(minutes=1))
    mails.tell(keys, "delivered")
    assert turned_away(mails, 40, 4, kind) == [], "it begins anew"


def test_a_domain_that_takes_mail_in_between_is_not_left_alone(mails: Mails) -> None:
    """A large domain turns some away and takes the others."""
    for round_ in range(4):
        turned_away(mails, 100 * round_, 4)
        taken = mails.send(1, first=100 * round_ + 50, domain="strict.example", at=mails.now - timedelta(minutes=2))
        mails.tell(taken, "delivered", after=100)
        mails.now += timedelta(minutes=3)
    assert standing(mails, domain="strict.example") is None


def test_a_full_mailbox_says_nothing_of_its_domain(mails: Mails) -> None:
    """Ten blocks about ten mailboxes."""
    keys = mails.send(10, domain="strict.example")
    assert mails.tell(keys, "blocked", bounce="put_off").stops == []


def test_a_domain_can_be_resumed_by_hand(mails: Mails) -> None:
    """Its provider was called, and has mended it."""
    turned_away(mails, 0, 5)
    resume(mails, "domain", "strict.example")
    assert standing(mails, domain="strict.example") is None
