"""Keeps what is dear to compute for some seconds, so that many who look at once cost one look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

Value = TypeVar("Value")
TOO_OLD = 600.0
"""Seconds after which nobody is shown a value any more, not even while another is made."""
PATIENCE = 0.1
"""Seconds for which somebody who could see an old value waits for the new one: mostly it is made by then."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen(Generic[Value]):
    """A value, and how many seconds ago it began to be made; `other`: other news has come since."""

    value: Value
    age: float = 0.0
    other: bool = False


@dataclass(frozen=True, slots=True)
class _Made(Generic[Value]):
    """Set as one, so that nobody sees a value with the time or the news of another."""

    value: Value
    began: float
    news: Hashable


@dataclass
class _Place(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: _Made[Value] | None = None


class Kept(Generic[Value]):
    """Values by key, each for so many seconds; of several threads that want one, one makes it and the others wait."""

    def __init__(self, seconds: float, most: int = 1000) -> None:
        self._seconds, self._most = seconds, most
        self._places: dict[Hashable, _Place[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value], news: Hashable = None) -> Value:
        """The value, made anew where it is old, as `seen` has it. What `make` raises is raised, and nothing is kept."""
        place = self._place(key)
        with place.lock:
            made = place.made
            if made is None or self._is_old(made, news):
                made = self._fill(place, make, news)
            return made.value

    def seen(self, key: Hashable, make: Callable[[], Value], news: Hashable = None) -> Seen[Value]:
        """The value at once; an old one is made anew meanwhile, and shown as it was where that takes its time.

        One that was made with other `news` is old. Whoever shows it says how old it is. Only where there is none, or it
        is TOO_OLD, it is waited for as in `get`.
        """
        place = self._place(key)
        made = place.made
        if made is None or time.monotonic() - made.began > TOO_OLD:
            return Seen(self.get(key, make, news))
        if self._is_old(made, news) and place.lock.acquire(blocking=False):
            self._make_behind(place, make, news)
            made = place.made or made
        return Seen(made.value, time.monotonic() - made.began, made.news != news)

    def peek(self, key: Hashable) -> Value | None:
        """The value if there is one that is not old, and nothing is made."""
        made = self._place(key).made
        return None if made is None or self._is_old(made, made.news) else made.value

    def _place(self, key: Hashable) -> _Place[Value]:
        with self._lock:
            if key not in self._places and len(self._places) >= self._most:
                self._places.pop(next(iter(self._places)))
            return self._places.setdefault(key, _Place())

    def _is_old(self, made: _Made[Value], news: Hashable) -> bool:
        return made.news != news or time.monotonic() - made.began > self._seconds

    def _make_behind(self, place: _Place[Value], make: Callable[[], Value], news: Hashable) -> None:
        """Let a thread make it, and release the place's lock; wait for it as long as PATIENCE has it."""
        behind = threading.Thread(target=self._refill, args=(place, make, news), name="make anew", daemon=True)
        try:
            behind.start()
        except RuntimeError as error:  # there are as many threads as may be: the next who looks tries again
            place.lock.release()
            _log.warning("not_made_anew", reason=type(error).__name__)
            return
        behind.join(PATIENCE)

    def _refill(self, place: _Place[Value], make: Callable[[], Value], news: Hashable) -> None:
        try:
            self._fill(place, make, news)
        except Exception as error:  # noqa: BLE001 - the entry point of a thread: the next who looks tries again
            _log.warning("not_made_anew", reason=type(error).__name__)
        finally:
            place.lock.release()

    @staticmethod
    def _fill(place: _Place[Value], make: Callable[[], Value], news: Hashable) -> _Made[Value]:
        began = time.monotonic()  # what is told while it is made may be missing in it
        place.made = made = _Made(make(), began, news)
        return made
