"""Looks public holidays up, by country and year; refuses to say what is closed on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays

from nurture.errors import UnknownName


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The countries whose holidays are known, as two lower-case letters."""
    return frozenset(code.lower() for code in holidays.list_supported_countries(include_aliases=False))


def public_holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    """The public holidays of a country in these years. Raises UnknownName for a country that is not known."""
    code = country.lower()
    if code not in countries():
        raise UnknownName("country", country, countries())
    return frozenset(holidays.country_holidays(code.upper(), years=sorted(set(years))))
