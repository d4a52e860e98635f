"""One network that clicks for many people at once is a machine; an office that reads is none."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.automatic_clicks import Click, Origin, automatic, in_crowds, network_of, program_of
from nurture.definitions import AutomaticClicks

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def origin(number: int, seconds: float, *, to: str | None = None, network: str = "203.0.113.0/24") -> Origin:
    """A click so many seconds after the first."""
    return Origin(f"c{number}", to or f"lead_{number}", network, NOW + timedelta(seconds=seconds))


def test_five_people_within_thirty_seconds_are_a_crowd_and_four_are_not() -> None:
    """Both ends included; the sixth joins it, the one a minute later does not."""
    five = [origin(number, 7.5 * number) for number in range(5)]
    assert in_crowds(five[:4]) == frozenset()
    assert in_crowds(five) == {"c0", "c1", "c2", "c3", "c4"}
    assert in_crowds([*five, origin(5, 31), origin(6, 91)]) == {"c0", "c1", "c2", "c3", "c4", "c5"}
    assert in_crowds([origin(number, 7.6 * number) for number in range(5)]) == frozenset()


def test_one_person_who_clicks_often_and_people_of_many_networks_are_none() -> None:
    """What counts is how many people one network reads for."""
    assert in_crowds([origin(number, number, to="one") for number in range(50)]) == frozenset()
    assert in_crowds([origin(number, 0, network=f"203.0.{number}.0/24") for number in range(50)]) == frozenset()


def test_an_office_of_fifty_that_reads_over_two_hours_keeps_its_clicks() -> None:
    """Random readers behind one address, 200 newsletters: next to none of their clicks is taken for a machine's."""
    chance = random.Random(20261102)
    marked = sum(len(in_crowds([origin(number, chance.uniform(0, 7200)) for number in range(50)])) for _ in range(200))
    assert marked / (200 * 50) < 0.002


@given(
    st.permutations([origin(number, 3 * number, to=f"lead_{number % 7}") for number in range(12)]), st.integers(0, 12)
)
def test_more_clicks_never_make_fewer_automatic_in_whatever_order(several: list[Origin], known: int) -> None:
    """What was a crowd with some of the clicks is one with all of them, and order never matters."""
    assert in_crowds(several[:known]) <= in_crowds(several)
    assert in_crowds(several) == in_crowds(sorted(several, key=lambda each: each.id))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        (" 198.51.100.1 ", "198.51.100.0/24"),
        ("127.0.0.1", None), ("10.1.2.3", None), ("172.20.1.1", None), ("192.168.1.1", None), ("::1", None),
        ("fd00::1", None), ("fe80::1", None), ("", None), (None, None), ("nowhere", None), ("1.2.3.4.5", None),
    ],
)  # fmt: skip
def test_only_the_network_of_an_address_is_kept(address: str | None, network: str | None) -> None:
    """/24 and /48; what a proxy wrote down, and what is no address, says nothing."""
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        ("curl/8.5.0", "curl/"), ("python-requests/2.32", "python-requests/"),
        ("Go-http-client/2.0", "go-http-client/"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36", "headlesschrome/"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", None),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT X70) Chrome/120 Mobile", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_programs_that_say_what_they_are_are_believed(agent: str | None, program: str | None) -> None:
    """No browser of a person is among them; a folder can name others."""
    assert program_of(agent) == program
    own = AutomaticClicks.model_validate({"programs": ["OwnScanner"]})
    assert program_of("ownscanner 1.0", own) == "OwnScanner"
    assert program_of("curl/8", own) is None


def test_both_reasons_are_said_in_words() -> None:
    """What the timeline shows."""
    clicks = [Click("a", "u", NOW, crowd=True), Click("b", "u", NOW, program="curl/")]
    reasons = automatic(clicks, None)
    assert "5 or more people within 30s" in reasons["a"]
    assert "curl/" in reasons["b"]
