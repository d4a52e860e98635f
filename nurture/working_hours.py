"""Says when a rep is at work and when that changes next; refuses to know what they work on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nurture.calendar import HORIZON_DAYS, zone_of
from nurture.definitions import WEEKDAYS, Definitions, Rep, Window


def at_work(rep: Rep, now: datetime, definitions: Definitions) -> bool:
    """True within the rep's hours (else the sender's window), on a day that is nobody's holiday and not off."""
    hours = _hours(rep, definitions)
    where = zone_of(rep.time_zone, definitions)
    day = now.astimezone(where).date()
    opens, closes = _span(hours, day, where)
    return _works(rep, day, hours, definitions) and opens <= now < closes


def next_change(rep: Rep, now: datetime, definitions: Definitions) -> datetime | None:
    """The next instant at which they begin or stop to work; None if there is none within the horizon."""
    hours = _hours(rep, definitions)
    where = zone_of(rep.time_zone, definitions)
    first = now.astimezone(where).date()
    present = at_work(rep, now, definitions)
    for ahead in range(HORIZON_DAYS):
        day = first + timedelta(days=ahead)
        if not _works(rep, day, hours, definitions):
            continue
        opens, closes = _span(hours, day, where)
        if present and closes > now and not _goes_on(rep, day, hours, definitions):
            return closes
        if not present and opens > now:
            return opens
    return None


def _goes_on(rep: Rep, day: date, hours: Window | None, definitions: Definitions) -> bool:
    """True where the end of the day is the beginning of the next one they work."""
    around = hours is None or (hours.from_ == "00:00" and hours.to == "24:00")
    return around and _works(rep, day + timedelta(days=1), hours, definitions)


def _hours(rep: Rep, definitions: Definitions) -> Window | None:
    """Their own hours, else the sender's window; None for always."""
    if rep.hours is not None:
        return rep.hours
    window = definitions.sender.window if definitions.sender is not None else "always"
    return window if isinstance(window, Window) else None


def _works(rep: Rep, day: date, hours: Window | None, definitions: Definitions) -> bool:
    if hours is not None and WEEKDAYS[day.weekday()] not in hours.days:
        return False
    closed = definitions.sender.closed_ranges if definitions.sender is not None else ()
    off = (*rep.days_off_ranges, *closed)
    return day not in definitions.holidays and not any(first <= day <= last for first, last in off)


def _span(hours: Window | None, day: date, where: ZoneInfo) -> tuple[datetime, datetime]:
    """When work begins and ends on a day."""
    return _at(day, hours.from_ if hours else "00:00", where), _at(day, hours.to if hours else "24:00", where)


def _at(day: date, text: str, where: ZoneInfo) -> datetime:
    if text == "24:00":
        return datetime.combine(day + timedelta(days=1), time(0), where).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(text), where).astimezone(UTC)
