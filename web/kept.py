"""Keeps what is dear to compute for some seconds, so that many who look at once cost one look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass
class _Place(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: float = float("-inf")
    value: Value | None = None


class Kept(Generic[Value]):
    """Values by key, each for so many seconds; of several threads that want one, one makes it and the others wait."""

    def __init__(self, seconds: float, most: int = 1000) -> None:
        self._seconds, self._most = seconds, most
        self._places: dict[Hashable, _Place[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value, made anew where it is older. What `make` raises is raised, and nothing is kept."""
        with self._lock:
            if key not in self._places and len(self._places) >= self._most:
                self._places.pop(next(iter(self._places)))
            place = self._places.setdefault(key, _Place())
        with place.lock:
            if place.value is None or time.monotonic() - place.made > self._seconds:
                place.value = make()
                place.made = time.monotonic()
            return place.value
