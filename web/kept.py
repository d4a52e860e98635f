"""Keeps what is dear to compute for some seconds, so that many who look at once cost one look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import structlog

Value = TypeVar("Value")
TOO_OLD = 600.0
"""Seconds after which nobody is shown a value any more, not even while another is made."""
PATIENCE = 0.1
"""Seconds for which somebody who could see an old value waits for the new one: mostly it is made by then."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen(Generic[Value]):
    """A value, and how many seconds ago it was made."""

    value: Value
    age: float = 0.0


@dataclass
class _Place(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: float = float("-inf")
    value: Value | None = None
    news: Hashable = None


class Kept(Generic[Value]):
    """Values by key, each for so many seconds; of several threads that want one, one makes it and the others wait."""

    def __init__(self, seconds: float, most: int = 1000) -> None:
        self._seconds, self._most = seconds, most
        self._places: dict[Hashable, _Place[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value, made anew where it is older. What `make` raises is raised, and nothing is kept."""
        place = self._place(key)
        with place.lock:
            if place.value is None or self._is_old(place):
                self._fill(place, make)
            return cast("Value", place.value)

    def seen(self, key: Hashable, make: Callable[[], Value], news: Hashable = None) -> Seen[Value]:
        """The value at once; an old one is made anew meanwhile, and shown as it was where that takes its time.

        One that was made with other `news` is old. Whoever shows it says how old it is. Only where there is none, or it
        is TOO_OLD, it is waited for as in `get`.
        """
        place = self._place(key)
        if place.news != news:
            place.made, place.news = min(place.made, time.monotonic() - self._seconds - 1), news
        if place.value is None or time.monotonic() - place.made > TOO_OLD:
            return Seen(self.get(key, make))
        if self._is_old(place) and place.lock.acquire(blocking=False):
            behind = threading.Thread(target=self._refill, args=(place, make), name="make anew", daemon=True)
            behind.start()
            behind.join(PATIENCE)
        made = place.made  # read first: the value may become a newer one meanwhile, never an older one
        return Seen(place.value, time.monotonic() - made)

    def peek(self, key: Hashable) -> Value | None:
        """The value if there is one that is not old, and nothing is made."""
        place = self._place(key)
        return None if self._is_old(place) else place.value

    def _place(self, key: Hashable) -> _Place[Value]:
        with self._lock:
            if key not in self._places and len(self._places) >= self._most:
                self._places.pop(next(iter(self._places)))
            return self._places.setdefault(key, _Place())

    def _is_old(self, place: _Place[Value]) -> bool:
        return time.monotonic() - place.made > self._seconds

    def _refill(self, place: _Place[Value], make: Callable[[], Value]) -> None:
        try:
            self._fill(place, make)
        except Exception as error:  # noqa: BLE001 - the entry point of a thread: the next who looks tries again
            _log.warning("not_made_anew", reason=type(error).__name__)
        finally:
            place.lock.release()

    @staticmethod
    def _fill(place: _Place[Value], make: Callable[[], Value]) -> None:
        value = make()
        place.value, place.made = value, time.monotonic()
