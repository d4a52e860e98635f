"""Counts how long a sender was open between two instants, by its window and its closed days; refuses to say when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from nurture import calendar
from nurture.definitions import Definitions, Window

_DAY, _NOTHING = timedelta(days=1), timedelta(0)


class OpenHours:
    """Open time between any two instants of a stretch of days, added up once for all of them.

    Where a sender is open around the clock, or there is none, all time is open.
    """

    def __init__(self, definitions: Definitions, first: datetime, last: datetime) -> None:
        self.zone = calendar.zone_of(None, definitions)
        self._definitions = definitions
        sender = definitions.sender
        self._window = sender.window if sender is not None and isinstance(sender.window, Window) else None
        self._first = first.astimezone(self.zone).date()
        days = self._days(last.astimezone(self.zone).date())
        self._before = [_NOTHING, *accumulate(self._length(day) for day in days)]

    @property
    def whole_day(self) -> timedelta:
        """How long it is open on a day on which it is."""
        if self._window is None:
            return _DAY
        opens, closes = self._bounds(self._first)
        return closes - opens

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from one instant to a later one, both within the stretch; none where it is not later."""
        return max(self._until(end) - self._until(start), _NOTHING)

    def _days(self, last: date) -> Iterator[date]:
        day = self._first
        while day <= last:
            yield day
            day += _DAY

    def _bounds(self, day: date) -> tuple[datetime, datetime]:
        opens, closes = (self._window.from_, self._window.to) if self._window is not None else ("00:00", "24:00")
        return calendar.local_instant(day, opens, self.zone), calendar.local_instant(day, closes, self.zone)

    def _length(self, day: date) -> timedelta:
        opens, closes = self._bounds(day)
        return closes - opens if calendar.is_open(day, self._definitions) else _NOTHING

    def _until(self, at: datetime) -> timedelta:
        """Open time from the beginning of the stretch."""
        day = at.astimezone(self.zone).date()
        index = min(max((day - self._first).days, 0), len(self._before) - 1)
        if not calendar.is_open(day, self._definitions):
            return self._before[index]
        opens, closes = self._bounds(day)
        return self._before[index] + min(max(at.astimezone(UTC) - opens, _NOTHING), closes - opens)
