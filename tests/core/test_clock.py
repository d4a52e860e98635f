"""One clock: real, or accelerated from an anchor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import Epoch

REAL = datetime(2026, 11, 2, tzinfo=UTC)


def test_with_speed_one_nurtures_time_is_real_time() -> None:
    """The default shows what every other clock shows."""
    epoch = Epoch(real=REAL, nurture=REAL)
    assert epoch.nurture_at(REAL + timedelta(hours=5)) == REAL + timedelta(hours=5)


def test_a_day_passes_in_two_seconds_at_43200() -> None:
    """The speed of the demo."""
    epoch = Epoch(real=REAL, nurture=REAL + timedelta(days=100), speed=43_200)
    assert epoch.nurture_at(REAL + timedelta(seconds=2)) == REAL + timedelta(days=101)
    assert epoch.real_span(timedelta(days=1)) == timedelta(seconds=2)


def test_a_tolerance_is_its_span_or_five_real_seconds() -> None:
    """Fifteen minutes are nothing at high speed: five real seconds are two and a half days there."""
    assert Epoch(real=REAL, nurture=REAL).tolerance(timedelta(minutes=15)) == timedelta(minutes=15)
    fast = Epoch(real=REAL, nurture=REAL, speed=43_200)
    assert fast.tolerance(timedelta(minutes=15)) == timedelta(days=2.5)


@given(
    speed=st.integers(1, 100_000),
    ahead=st.timedeltas(timedelta(0), timedelta(days=3650)),
    anchor=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_real_and_back_is_the_same_instant_to_the_microsecond_of_real_time(
    speed: int, ahead: timedelta, anchor: datetime
) -> None:
    """A timer set for the real instant of a deadline rings at most one real microsecond beside it."""
    epoch = Epoch(real=REAL, nurture=anchor, speed=speed)
    there = epoch.nurture_at(epoch.real_at(anchor + ahead))
    assert abs(there - (anchor + ahead)) <= timedelta(microseconds=1) * speed
