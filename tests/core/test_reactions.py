"""The throws of the dice behind an audience."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nurture.audience import Audience
from nurture.conditions import MAIL_EVENTS
from nurture.reactions import reactions, verdict

SOON = {"from": "1h", "to": "2h"}


def audience(**more: Any) -> Audience:
    """People who always open, and what else is said."""
    return Audience.model_validate({"default": {"opened": {"rate": 1, "after": SOON}}, **more})


def test_a_mail_that_bounces_does_nothing_else() -> None:
    """One throw decides, and the bounce comes after a minute."""
    made = audience(default={"delivered": 0.0, "opened": {"rate": 1, "after": SOON}})
    (only,) = reactions(made, "mail_a", lambda: 0.5)
    assert (only.type, only.subject, only.after) == ("bounced", "mail_a", timedelta(minutes=1))


def test_whoever_does_not_open_does_nothing() -> None:
    """Clicks, unsubscribes and answers are shares of those who opened."""
    always = {"rate": 1, "after": SOON}
    made = audience(default={"opened": {"rate": 0, "after": SOON}, "clicked": always, "unsubscribed": always})
    assert reactions(made, "mail_a", lambda: 0.5) == []


def test_delays_count_from_the_open_and_reactions_come_by_time() -> None:
    """A click at 0 after the open is not before it; the answer of another type keeps its subject."""
    made = audience(mails={"mail_a": {
        "clicked": {"rate": 1, "after": {"from": "0s", "to": "0s"}},
        "events": [{"event": {"signed_up": "seminar"}, "rate": 1, "after": SOON}],
    }})  # fmt: skip
    found = reactions(made, "mail_a", lambda: 0.0)
    assert [(each.type, each.subject, each.after) for each in found] == [
        ("opened", "mail_a", timedelta(hours=1)),
        ("clicked", "mail_a", timedelta(hours=1)),
        ("signed_up", "seminar", timedelta(hours=2)),
    ]


def test_the_shares_are_met_by_many() -> None:
    """Of ten thousand mails, each share comes out as written, to a percent."""
    made = audience(default={
        "delivered": 0.9, "opened": {"rate": 0.5, "after": SOON}, "clicked": {"rate": 0.2, "after": SOON},
    })  # fmt: skip
    dice = Random(7).random
    counted = Counter(each.type for _ in range(10_000) for each in reactions(made, "mail_a", dice))
    assert abs(counted["bounced"] - 1000) < 100
    assert abs(counted["opened"] - 4500) < 100
    assert abs(counted["clicked"] - 900) < 100


def test_sales_may_leave_a_handoff_to_expire() -> None:
    """What is missing to 1 is no verdict; without sales there is none at all."""
    made = audience(sales={"returned": 0.2, "won": 0.3, "after": SOON})
    found = [verdict(made, iter([throw, 0.5]).__next__) for throw in (0.1, 0.4, 0.6)]
    assert found == [(timedelta(hours=1.5), "returned"), (timedelta(hours=1.5), "won"), None]
    assert verdict(audience(), lambda: 0.0) is None


@given(st.integers(0, 10_000))
def test_the_same_dice_give_the_same_reactions(seed: int) -> None:
    """A forecast can be repeated; every reaction of the mail's own kind names its template."""
    made = audience(default={
        "delivered": 0.8, "opened": {"rate": 0.6, "after": SOON}, "spam_reported": {"rate": 0.3, "after": SOON},
    })  # fmt: skip
    found = reactions(made, "mail_a", Random(seed).random)
    assert found == reactions(made, "mail_a", Random(seed).random)
    assert all(each.subject == "mail_a" for each in found if each.type in MAIL_EVENTS)
    assert [each.after for each in found] == sorted(each.after for each in found)
