"""When mail may go and which days count: windows, zones, holidays, closures, changed clocks, the cap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture import calendar
from nurture.definitions import Definitions, Sender
from nurture.durations import Duration

TOKYO, BERLIN, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def sender(holidays: tuple[str, ...] = (), **more: object) -> Definitions:
    """Definitions with a sender; office hours unless said otherwise."""
    made = Sender.model_validate({
        "legal_name": "例示商事", "postal_address": "東京都例示区 1-1", "contact": "hello@example.com",
        "from": {"name": "例示商事", "email": "news@example.com"}, "time_zone": "Asia/Tokyo",
        "window": {"days": WEEKDAYS, "from": "09:00", "to": "18:00"}, **more,
    })  # fmt: skip
    return Definitions(sender=made, holidays=frozenset(date.fromisoformat(day) for day in holidays))


def at(text: str, zone: ZoneInfo = TOKYO) -> datetime:
    """An instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-11-02 08:59:59", "2026-11-02 09:00"),
        ("2026-11-02 09:00", "2026-11-02 09:00"),
        ("2026-11-02 17:59:59", "2026-11-02 17:59:59"),
        ("2026-11-02 18:00", "2026-11-03 09:00"),
        ("2026-11-06 18:00", "2026-11-09 09:00"),
        ("2026-11-07 10:00", "2026-11-09 09:00"),
    ],
)
def test_the_window_opens_and_closes_in_local_time(asked: str, opens: str) -> None:
    """It is open from its first minute to before its last, on its days."""
    assert calendar.next_open(at(asked), TOKYO, sender()) == at(opens)


def test_the_window_is_that_of_the_leads_own_zone() -> None:
    """Ten in the morning in Tokyo is the middle of the night in Berlin."""
    instant = at("2026-11-02 10:00")
    assert calendar.next_open(instant, TOKYO, sender()) == instant
    assert calendar.next_open(instant, BERLIN, sender()) == at("2026-11-02 09:00", BERLIN)


def test_holidays_and_closures_are_closed_days() -> None:
    """Both ends of a closure are closed; a window that is always open is closed on them too."""
    made = sender(("2026-11-03",), closed=["2026-11-04..2026-11-05", "2026-11-06"])
    assert calendar.next_open(at("2026-11-02 18:00"), TOKYO, made) == at("2026-11-09 09:00")
    always = sender(("2026-11-03",), window="always")
    assert calendar.next_open(at("2026-11-03 12:00"), TOKYO, always) == at("2026-11-04 00:00")
    assert calendar.next_open(at("2026-11-04 23:59"), TOKYO, always) == at("2026-11-04 23:59")


def test_a_window_until_midnight_closes_at_the_end_of_the_day() -> None:
    """24:00 is the end of the day, not its beginning."""
    made = sender(window={"days": WEEKDAYS, "from": "20:00", "to": "24:00"})
    assert calendar.next_open(at("2026-11-02 23:59"), TOKYO, made) == at("2026-11-02 23:59")
    assert calendar.next_open(at("2026-11-03 00:00"), TOKYO, made) == at("2026-11-03 20:00")


def test_the_window_follows_the_clocks_when_they_change() -> None:
    """Nine o'clock in Berlin is another instant after the last Sunday of October, and in a gap the next that exists."""
    made = sender(window={"days": ["sun", "mon"], "from": "02:30", "to": "09:00"})
    friday = at("2026-10-23 12:00", BERLIN)
    assert calendar.next_open(friday, BERLIN, sender()) == datetime(2026, 10, 23, 10, 0, tzinfo=UTC)
    saturday = at("2026-10-24 12:00", BERLIN)
    assert calendar.next_open(saturday, BERLIN, sender()) == datetime(2026, 10, 26, 8, 0, tzinfo=UTC)
    spring = at("2027-03-27 12:00", BERLIN)
    assert calendar.next_open(spring, BERLIN, made) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_a_sender_that_never_opens_has_no_slot() -> None:
    """Closed beyond the horizon: None, so that the step can say so."""
    made = sender(closed=["2026-01-01..2030-01-01"])
    assert calendar.next_open(at("2026-11-02 10:00"), TOKYO, made) is None
    assert calendar.slot(at("2026-11-02 10:00"), (), TOKYO, made) is None


def test_without_a_sender_every_instant_is_open() -> None:
    """A folder without mail needs none."""
    instant = at("2026-11-07 03:00")
    assert calendar.slot(instant, (), TOKYO, Definitions()) == instant
    assert calendar.zone_of(None, Definitions()) == ZoneInfo("UTC")


def test_a_zone_that_does_not_exist_falls_back_to_the_senders() -> None:
    """A lead's mistyped zone is no reason to fail."""
    for name in ("Mars/Olympus", "", None, "../etc/passwd", "Asia"):
        assert calendar.zone_of(name, sender()) == TOKYO
    assert calendar.zone_of("America/New_York", sender()) == NEW_YORK


def test_the_cap_lets_the_next_mail_go_when_the_oldest_counted_falls_out() -> None:
    """Three in seven days: the fourth waits until the first is seven days old, then for the window."""
    made = sender(cap={"mails": 3, "per": "7d"})
    sent = [at("2026-11-02 10:00"), at("2026-11-03 10:00"), at("2026-11-04 10:00")]
    assert calendar.under_cap(at("2026-11-05 10:00"), sent[:2], made) == at("2026-11-05 10:00")
    assert calendar.under_cap(at("2026-11-05 10:00"), sent, made) == at("2026-11-09 10:00")
    assert calendar.under_cap(at("2026-11-09 10:00"), sent, made) == at("2026-11-09 10:00")
    assert calendar.under_cap(at("2026-11-05 10:00"), [at("2026-10-01 10:00"), *sent], made) == at("2026-11-09 10:00")
    late = [instant + timedelta(hours=9) for instant in sent]
    assert calendar.slot(at("2026-11-05 10:00"), late, TOKYO, made) == at("2026-11-10 09:00")


# --- durations and dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        ("1bd", "2026-11-02 10:30", "2026-11-03 10:30"),
        ("5bd", "2026-11-02 10:30", "2026-11-09 10:30"),
        ("1bd", "2026-11-06 20:00", "2026-11-09 20:00"),
        ("1bd", "2026-11-07 20:00", "2026-11-09 20:00"),
        ("-1bd", "2026-11-09 10:00", "2026-11-06 10:00"),
        ("3d", "2026-11-06 10:00", "2026-11-09 10:00"),
    ],
)
def test_business_days_are_the_same_local_time_on_the_nth_next_open_day(span: str, start: str, end: str) -> None:
    """The time of day stays, window or not; other durations are plain spans."""
    assert calendar.after(Duration.parse(span), at(start), TOKYO, sender()) == at(end)


def test_business_days_skip_holidays_and_keep_local_time_over_a_change_of_the_clocks() -> None:
    """Ten in the morning stays ten in the morning."""
    made = sender(("2026-11-03",))
    assert calendar.after(Duration.parse("1bd"), at("2026-11-02 10:00"), TOKYO, made) == at("2026-11-04 10:00")
    found = calendar.after(Duration.parse("1bd"), at("2026-10-23 10:00", BERLIN), BERLIN, sender())
    assert found == at("2026-10-26 10:00", BERLIN)
    assert found - at("2026-10-23 10:00", BERLIN) == timedelta(days=3, hours=1)


def test_business_days_of_a_sender_that_never_opens_still_end() -> None:
    """A wait must end: every day counts then."""
    made = sender(closed=["2000-01-01..2100-01-01"])
    assert calendar.after(Duration.parse("2bd"), at("2026-11-02 10:00"), TOKYO, made) == at("2026-11-04 10:00")


@pytest.mark.parametrize(
    ("value", "offset", "time", "end"),
    [
        ("2026-12-10", "0d", "00:00", "2026-12-10 00:00"),
        ("2026-12-10", "-3d", "09:00", "2026-12-07 09:00"),
        ("2026-12-10", "0d", "24:00", "2026-12-11 00:00"),
        ("2026-12-10", "-2bd", "09:00", "2026-12-08 09:00"),
        ("2026-12-10", "1bd", "09:00", "2026-12-11 09:00"),
        ("2026-12-10T08:00:00Z", "12h", "09:00", "2026-12-10 21:00"),
    ],
)
def test_a_date_attribute_names_a_local_instant(value: str, offset: str, time: str, end: str) -> None:
    """`{attribute: trial_ends, offset: -3d, at: "09:00"}`, in the lead's zone."""
    assert calendar.by_date(value, Duration.parse(offset), time, TOKYO, sender()) == at(end)


def test_an_offset_in_days_keeps_the_local_time_and_one_in_hours_is_a_span() -> None:
    """Over the end of summer time three days are 73 hours, and 72 hours are 72."""
    made = sender()
    days = calendar.by_date("2026-10-27", Duration.parse("-3d"), "09:00", BERLIN, made)
    hours = calendar.by_date("2026-10-27", Duration.parse("-73h"), "09:00", BERLIN, made)
    assert days == at("2026-10-24 09:00", BERLIN) == hours


@pytest.mark.parametrize("value", [None, "", "soon", 5, "2026-13-40", True, ["2026-12-10"]])
def test_what_is_no_date_is_unknown(value: object) -> None:
    """None: the wait ends at once."""
    assert calendar.by_date(value, Duration(), "00:00", TOKYO, sender()) is None


@pytest.mark.parametrize("offset", ["0d", "3660d", "-3660d", "100bd", "13h", "-13h"])
def test_dates_at_the_ends_of_the_calendar_do_not_overflow(offset: str) -> None:
    """9999-12-31 stands for never, 0001-01-01 for long ago."""
    for value in ("9999-12-31", "0001-01-01", "8999-12-31", "1000-01-01"):
        found = calendar.by_date(value, Duration.parse(offset), "09:00", TOKYO, sender())
        assert found is not None
        assert (found > at("2500-01-01 00:00")) == (value > "2500")
