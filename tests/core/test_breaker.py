"""When mail stops by itself, what a returned mail says of an address, and how far a mail got."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from nurture import breaker, gate
from nurture.bounces import Told, unavailable_days
from nurture.breaker import Tally
from nurture.definitions import Breaker, Definitions, Sender
from nurture.mail_state import state_of

RULES = Breaker()
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("tally", "level"),
    [
        (Tally(delivered=1000), None),
        (Tally(delivered=1001, spam=1), None),
        (Tally(delivered=1000, spam=1), "warned"),
        (Tally(delivered=1001, spam=3), "warned"),
        (Tally(delivered=1000, spam=3), "stopped"),
        (Tally(delivered=499, spam=499), None),
        (Tally(delivered=500, spam=2), "stopped"),
        (Tally(delivered=981, dead=19), None),
        (Tally(delivered=980, dead=20), "warned"),
        (Tally(delivered=900, dead=50, returned=50), "stopped"),
        (Tally(delivered=900, returned=100), None),
        (Tally(delivered=0, dead=99), None),
        (Tally(delivered=0, dead=100), "stopped"),
        (Tally(delivered=950, dead=20, spam=3), "stopped"),
    ],
)
def test_mail_stops_at_the_limits_and_not_below_them(tally: Tally, level: str | None) -> None:
    """0.1 and 0.3 % of what was delivered, 2 and 5 % of what came to an end; too few mails prove nothing."""
    found = breaker.judge(tally, RULES)
    assert (found.level if found else None) == level
    assert found is None or "%" in found.reason


def test_a_stop_outranks_a_warning_whichever_comes_first() -> None:
    """Warned of spam, stopped for dead addresses: it is a stop, and its reason is that of the stop."""
    found = breaker.judge(Tally(delivered=1000, dead=100, spam=1), RULES)
    assert found is not None
    assert (found.level, "do not exist" in found.reason) == ("stopped", True)


@pytest.mark.parametrize(
    "said",
    [
        {"spam": {"warn": 0.5, "stop": 0.3, "of": 500}},
        {"spam": {"warn": 0, "stop": 0.3, "of": 500}},
        {"bounces": {"warn": 2, "stop": 101, "of": 100}},
        {"bounces": {"warn": 2, "stop": 5, "of": 0}},
        {"over": "5bd"},
        {"over": "10m"},
        {"over": "1000d"},
        {"spam": {"warn": True, "stop": 1, "of": 500}},
        {"complaints": 1},
    ],
)
def test_limits_that_make_no_sense_are_refused(said: dict[str, Any]) -> None:
    """A warning after the stop, shares above all, spans without an end."""
    with pytest.raises(ValidationError):
        Breaker.model_validate(said)


def test_a_domain_rests_twice_as_long_each_time_and_at_most_a_day() -> None:
    """1, 2, 4, 8, 16 hours, then a day for ever."""
    hours = [breaker.rest(before) / timedelta(hours=1) for before in (0, 1, 2, 3, 4, 5, 6, 100)]
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]


# --- the gate -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "legal_name": "例示", "postal_address": "例示", "contact": "info@example.com",
    "from": {"name": "例示", "email": "news@example.com"}, "time_zone": "Asia/Tokyo", "topics": ["newsletter"],
}  # fmt: skip


def asked(**said: Any) -> gate.Asked:
    """A mail that may go, but for what is said."""
    may = {
        "enrolment_runs": True, "has_address": True, "topic": "newsletter", "consented": True, "suppressed": None,
        "sent": (), "time_zone": None, "slot": NOW, "now": NOW, "tolerance": timedelta(minutes=15),
    }  # fmt: skip
    return gate.Asked(**{**may, **said})


def test_the_gate_holds_what_is_stopped_and_refuses_what_may_never_go_before() -> None:
    """A stop keeps nobody waiting who would be refused anyway."""
    known = Definitions(sender=Sender.model_validate(WHOLE))
    assert gate.judge(asked(stopped="all mail is stopped"), known) == gate.Verdict("held", "all mail is stopped")
    for refused in ({"consented": False}, {"suppressed": "bounced"}, {"has_address": False}):
        assert gate.judge(asked(stopped="all mail is stopped", **refused), known).gate == "refused"
    assert gate.judge(asked(stopped="all mail is stopped", enrolment_runs=False), known).gate == "ended"


@pytest.mark.parametrize("part", ["legal_name", "postal_address", "contact"])
def test_no_mail_goes_without_what_the_law_wants_of_its_sender(part: str) -> None:
    """Held with the name of what is missing: a deploy mends it, and the mail goes."""
    for empty in ("", "  ", "　"):
        verdict = gate.judge(asked(), Definitions(sender=Sender.model_validate({**WHOLE, part: empty})))
        assert verdict.gate == "held"
        assert part in verdict.reason


# --- mailboxes ------------------------------------------------------------------------------------------------------


def told(send: str, what: Any, hours: float) -> Told:
    """Something told so many hours after the first."""
    return Told(send, what, NOW + timedelta(hours=hours))


def test_days_of_an_unavailable_mailbox_are_counted_in_the_senders_zone() -> None:
    """12:00 in Tokyo, 13 hours later it is another day there, though not in UTC."""
    twice = [told("a", "mailbox", 0), told("b", "mailbox", 13)]
    assert (unavailable_days(twice, TOKYO), unavailable_days(twice, ZoneInfo("UTC"))) == (2, 1)


def test_a_mail_that_arrives_in_between_begins_the_count_anew() -> None:
    """The mailbox works: what was before is over. A delivery that came back after all proves nothing."""
    before = [told("a", "mailbox", 0), told("b", "mailbox", 24)]
    assert unavailable_days([*before, told("c", "delivered", 48), told("d", "mailbox", 72)], TOKYO) == 1
    asynchronous = [told("c", "delivered", 48), told("c", "mailbox", 49)]
    assert unavailable_days([*before, *asynchronous], TOKYO) == 3


def test_the_order_in_which_returns_are_told_never_matters() -> None:
    """All permutations of a history count the same days."""
    history = [told("a", "mailbox", 0), told("b", "delivered", 24), told("c", "mailbox", 48), told("d", "mailbox", 72)]
    assert {unavailable_days(several, TOKYO) for several in permutations(history)} == {2}


# --- the state of a mail --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ([], "accepted"),
        (["processed"], "processed"),
        (["processed", "deferred", "delivered"], "delivered"),
        (["processed", "delivered", "opened", "clicked"], "clicked"),
        (["delivered", "opened", "clicked", "replied"], "replied"),
        (["processed", "delivered", "bounced"], "bounced"),
        (["processed", "deferred", "blocked"], "blocked"),
        (["delivered", "opened", "clicked", "unsubscribed", "spam_reported"], "spam_reported"),
        (["delivered", "something_new"], "delivered"),
    ],
)
def test_a_late_event_never_lowers_the_state_of_a_mail(known: list[str], state: str) -> None:
    """Every order in which the events can come, each of them twice: one state, and it only ever rises."""
    ranks = ["accepted", "processed", "deferred", "delivered", "opened", "clicked", "replied", "blocked", "dropped",
             "bounced", "unsubscribed", "spam_reported"]  # fmt: skip
    for several in permutations(known):
        seen = [ranks.index(state_of([*several[:end], *several[:end]])) for end in range(len(several) + 1)]
        assert seen == sorted(seen)
        assert ranks[seen[-1]] == state
