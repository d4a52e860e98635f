"""Decides when mail may go and which days count as business days; refuses to look holidays up: they are defined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nurture.definitions import WEEKDAYS, Definitions, Sender, Window
from nurture.durations import Duration
from nurture.errors import NurtureError

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""No deadline is later: a date such as 9999-12-31 stands for "never" and must not overflow."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No event is older (design, section 7), so nobody asks for a day before."""
_EARLIEST_YEAR = 1000
HORIZON_DAYS = 400
"""How far ahead an open day is looked for; a sender that is closed for longer never sends."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises ZoneInfoNotFoundError where there is none."""
    return ZoneInfo(name)


def zone_of(lead_zone: str | None, definitions: Definitions) -> ZoneInfo:
    """The lead's own time zone, else (also where it is none that exists) the sender's, else UTC."""
    sender = definitions.sender
    own = _zone_or_none(lead_zone) if lead_zone else None
    return own if own is not None else zone(sender.time_zone if sender else "UTC")


@lru_cache(maxsize=1024)
def _zone_or_none(name: str) -> ZoneInfo | None:
    try:
        return zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def instant_of(text: str, where: ZoneInfo) -> datetime:
    """A time with its offset, or the beginning of a day `where`, in UTC; raises NurtureError where it is neither."""
    found: datetime | None
    try:
        found = datetime.fromisoformat(text)
        found = (found if found.tzinfo is not None else found.replace(tzinfo=where)).astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not EARLIEST <= found <= LATEST:
        do = "write 2026-11-01, or 2026-11-01T09:30:00+09:00; not before 2000"
        raise NurtureError(f"{text!r} is not a date", do=do)
    return found


def _local(day: date, at: str, where: ZoneInfo) -> datetime:
    """A local time of day, `24:00` being the end of the day."""
    if at == "24:00":
        return datetime.combine(day + timedelta(days=1), time(0), where)
    return datetime.combine(day, _time(at), where)


@lru_cache(maxsize=4096)
def local_instant(day: date, at: str, where: ZoneInfo) -> datetime:
    """The instant of a local time of day, `24:00` being the end of the day."""
    return _local(day, at, where).astimezone(UTC)


@lru_cache(maxsize=256)
def _time(text: str) -> time:
    return time.fromisoformat(text)


def is_open(day: date, definitions: Definitions) -> bool:
    """True on a day of the sender's window that is neither a holiday nor closed."""
    sender = definitions.sender
    if sender is None:
        return True
    if isinstance(sender.window, Window) and WEEKDAYS[day.weekday()] not in sender.window.days:
        return False
    if day in definitions.holidays:
        return False
    return not any(first <= day <= last for first, last in sender.closed_ranges)


def after(duration: Duration, start: datetime, where: ZoneInfo, definitions: Definitions) -> datetime:
    """The instant `duration` after `start`: n business days are the same local time on the n-th next open day.

    A negative number counts backward. A sender that never opens again counts as open every day.
    """
    if not duration.business_days:
        return start + duration.span
    local = start.astimezone(where)
    day = local.date()
    for _ in range(abs(duration.business_days)):
        day = _open_day(day, timedelta(days=1 if duration.business_days > 0 else -1), definitions)
    return datetime.combine(day, local.time(), where).astimezone(UTC)


def _open_day(day: date, one: timedelta, definitions: Definitions) -> date:
    """The next open day after (or before) a day; the very next one where none is open within the horizon."""
    found = day
    for _ in range(HORIZON_DAYS):
        found += one
        if is_open(found, definitions):
            return found
    return day + one


def by_date(value: object, offset: Duration, at: str, where: ZoneInfo, definitions: Definitions) -> datetime | None:
    """The instant a date attribute names, moved by `offset`, at a local time of day; None where it is no date."""
    try:
        day = date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    if day.year >= LATEST.year:
        return LATEST
    if day.year < _EARLIEST_YEAR:
        return datetime(_EARLIEST_YEAR, 1, 1, tzinfo=UTC)
    start = _local(day, at, where)
    if offset.business_days:
        return after(offset, start.astimezone(UTC), where, definitions)
    if offset.span % timedelta(days=1):
        return start.astimezone(UTC) + offset.span
    # a span of days keeps the local time of day, also over a change of the clocks
    return (start + offset.span).astimezone(UTC)


def next_open(instant: datetime, where: ZoneInfo, definitions: Definitions) -> datetime | None:
    """The first instant not before `instant` at which the window is open; None if there is none within the horizon."""
    sender = definitions.sender
    if sender is None or (sender.window == "always" and not sender.closed and not definitions.holidays):
        return instant
    opens, closes = _hours(sender)
    local = instant.astimezone(where)
    day = local.date()
    for ahead in range(HORIZON_DAYS):
        if is_open(day, definitions):
            start = local_instant(day, opens, where)
            if start >= instant:
                return start
            if ahead == 0 and instant < local_instant(day, closes, where):
                return instant
        day += timedelta(days=1)
    return None


def _hours(sender: Sender) -> tuple[str, str]:
    """When a day opens and closes, local time."""
    return (sender.window.from_, sender.window.to) if isinstance(sender.window, Window) else ("00:00", "24:00")


def under_cap(instant: datetime, sent: Sequence[datetime], definitions: Definitions) -> datetime:
    """The first instant not before `instant` at which one more mail stays within the cap; `sent` in ascending order."""
    cap = definitions.sender.cap if definitions.sender else None
    if cap is None:
        return instant
    recent = [at for at in sent if at > instant - cap.per.span]
    if len(recent) < cap.mails:
        return instant
    return recent[-cap.mails] + cap.per.span


def why_later(instant: datetime, sent: Sequence[datetime], where: ZoneInfo, definitions: Definitions) -> str | None:
    """Why mail may not go at an instant, in words; None where it may."""
    if next_open(instant, where, definitions) != instant:
        return "the send window is closed"
    if under_cap(instant, sent, definitions) != instant:
        return "the cap is reached"
    return None


def slot(instant: datetime, sent: Sequence[datetime], where: ZoneInfo, definitions: Definitions) -> datetime | None:
    """The first instant not before `instant` that is in the window and under the cap; None where there is none."""
    # an instant that is under the cap stays so when it moves later: no mail goes meanwhile
    return next_open(under_cap(instant, sent, definitions), where, definitions)
