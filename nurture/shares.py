"""Counts how many of how many, and how sure that makes; refuses to say what follows from a share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from statistics import median as _median

Z = 1.959963984540054
"""The standard normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % score interval of Wilson (1927, J. Am. Stat. Assoc. 22:209), low and high; of nothing: 0 to 1.

        It stays between 0 and 1 and is honest for small numbers, where `p ± 2 standard errors` is not.
        """
        if not self.of:
            return 0.0, 1.0
        share, square = self.value, Z * Z
        middle = share + square / (2 * self.of)
        half = Z * sqrt(share * (1 - share) / self.of + square / (4 * self.of * self.of))
        below, above = ((middle + sign * half) / (1 + square / self.of) for sign in (-1, 1))
        return max(0.0, below), min(1.0, above)

    @property
    def low(self) -> float:
        """The lower end of the interval: what can be relied on."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.interval[1]


def median(spans: Iterable[timedelta]) -> timedelta | None:
    """The span in the middle; None without any."""
    seconds = [each.total_seconds() for each in spans]
    return timedelta(seconds=_median(seconds)) if seconds else None
