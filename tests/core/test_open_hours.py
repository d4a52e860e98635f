"""Open time between two instants, against hours counted by hand and against counting every quarter of an hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture import calendar
from nurture.definitions import Definitions, Sender
from nurture.open_hours import OpenHours

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def office(window: object, zone: str = "UTC", **more: object) -> Definitions:
    """A sender with this window; the third of November is a holiday."""
    sender = Sender.model_validate(
        {
            "legal_name": "x", "postal_address": "x", "contact": "x@example.com",
            "from": {"name": "x", "email": "x@example.com"}, "time_zone": zone, "window": window, "topics": ["a"],
            **more,
        }
    )  # fmt: skip
    return Definitions(sender=sender, holidays=frozenset({date(2026, 11, 3)}))


DAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (10, 12, 2), (8, 10, 1), (17, 20, 1), (19, 23, 0),
        (17, 24 + 12, 1),              # the third is a holiday
        (17, 48 + 10, 1 + 0 + 1),      # Wednesday from nine to ten
        (0, 7 * 24, 9 * 4),            # a week with a holiday
        (4 * 24 + 17, 7 * 24 + 9.5, 1.5),  # over a weekend
        (12, 10, 0),
    ],
)  # fmt: skip
def test_only_the_hours_of_the_window_on_open_days_count(start: float, end: float, hours: float) -> None:
    """Counted from Monday at midnight."""
    office_hours = OpenHours(office(DAYS), MONDAY, MONDAY + timedelta(days=14))
    assert office_hours.between(MONDAY + start * HOUR, MONDAY + end * HOUR) == hours * HOUR
    assert office_hours.whole_day == 9 * HOUR


def test_without_a_sender_all_time_is_open() -> None:
    """Also across nights and weekends."""
    hours = OpenHours(Definitions(), MONDAY, MONDAY + timedelta(days=14))
    assert hours.between(MONDAY + 5 * HOUR, MONDAY + 245 * HOUR) == 240 * HOUR


_QUARTERS = st.integers(0, 4 * 24 * 20)


@settings(max_examples=60, deadline=None)
@given(
    first=_QUARTERS, second=_QUARTERS, zone=st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York"]),
    window=st.sampled_from(["always", DAYS, {"days": ["sun", "mon"], "from": "00:00", "to": "24:00"}]),
)  # fmt: skip
def test_it_is_as_much_as_counting_every_quarter_of_an_hour(first: int, second: int, zone: str, window: object) -> None:
    """From the 20th of October on, over the change of clocks in Berlin and New York."""
    begins = datetime(2026, 10, 20, tzinfo=UTC)
    known = office(window, zone)
    start, end = (begins + each * HOUR / 4 for each in sorted((first, second)))
    where, counted = calendar.zone_of(None, known), timedelta()
    at = start
    while at < end:
        counted += HOUR / 4 if calendar.next_open(at, where, known) == at else timedelta()
        at += HOUR / 4
    assert OpenHours(known, begins, begins + timedelta(days=21)).between(start, end) == counted
