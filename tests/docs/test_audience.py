"""What the rates of an audience say, and which of them are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nurture.audience import read_audience
from nurture.errors import NurtureError

SOON = {"from": "1h", "to": "3h"}


def test_a_delay_is_uniform_between_from_and_to() -> None:
    """The fraction 0 gives `from`, 1 gives `to`, and a half the middle."""
    opened = read_audience({"default": {"opened": {"rate": 0.5, "after": SOON}}}).default.opened
    assert opened is not None
    assert [opened.after.at(fraction) for fraction in (0.0, 0.5, 1.0)] == [timedelta(hours=h) for h in (1, 2, 3)]


def test_a_template_takes_from_the_default_what_it_does_not_say() -> None:
    """Own habits of a mail replace the default one by one; a mail without any has the default."""
    audience = read_audience(
        {
            "default": {"delivered": 0.9, "opened": {"rate": 0.3, "after": SOON}},
            "mails": {"invite": {"opened": {"rate": 0.6, "after": SOON}}},
        }
    )
    invite, other = audience.habits("invite"), audience.habits("letter")
    assert invite.opened is not None
    assert other.opened is not None
    assert (invite.delivery_rate, invite.opened.rate) == (0.9, 0.6)
    assert (other.delivery_rate, other.opened.rate) == (0.9, 0.3)


def test_handoffs_that_get_no_outcome_are_left_to_expire() -> None:
    """Shares are laid end to end in the order returned, won, lost; what is left of 1 is no outcome."""
    sales = read_audience({"sales": {"returned": 0.2, "won": 0.3, "lost": 0.3, "after": SOON}}).sales
    assert sales is not None
    assert [sales.outcome(fraction) for fraction in (0.1, 0.3, 0.7, 0.9)] == ["returned", "won", "lost", None]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"default": {"opend": {"rate": 0.5, "after": SOON}}}, "default.opend"),
        ({"default": {"delivered": 1.2}}, "default.delivered"),
        ({"default": {"opened": {"rate": 0.5, "after": {"from": "3h", "to": "1h"}}}}, "`from` is not longer than `to`"),
        ({"default": {"opened": {"rate": 0.5, "after": {"from": "1bd", "to": "2bd"}}}}, "business days"),
        ({"any_time": [{"event": {"opened": "invite"}, "rate_per_30d": 1}]}, "reaction to a mail"),
        ({"any_time": [{"event": {"visited": "any"}, "rate_per_30d": 1}]}, "say what was visited"),
        ({"sales": {"won": 0.8, "lost": 0.4, "after": SOON}}, "together at most 1"),
    ],
)
def test_rates_that_cannot_be_meant_are_refused_with_their_place(data: dict[str, Any], said: str) -> None:
    """The error names the file and the key or the rule."""
    with pytest.raises(NurtureError, match="rates of the audience") as refused:
        read_audience(data, where="rates.yaml")
    assert refused.value.where == "rates.yaml"
    assert said in refused.value.do
