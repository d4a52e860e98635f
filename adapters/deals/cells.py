"""Reads what cells say: numbers, flags, lists, dates whose format the column has to tell; guesses at no date."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

UNKNOWN = frozenset({"", "-", "--", "n/a", "na", "#n/a", "nan", "null", "nil", "不明", "未入力", "?"})
"""What people write where they know nothing."""
FLAGS = {
    "true": True, "yes": True, "y": True, "1": True, "はい": True, "あり": True, "有": True, "有り": True, "○": True,
    "〇": True, "false": False, "no": False, "n": False, "0": False, "いいえ": False, "無": False, "無し": False,
    "なし": False, "×": False, "✕": False,
}  # fmt: skip
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_UNITS = re.compile(r"^[¥$€£]\s*|\s*(円|人|名|社|回|件|%|ヶ月|か月|年|日)$")
_CENTURY = 2000
_ERAS = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988}
_ERA = re.compile(r"(令和|平成|r|h)\s*(\d{1,2}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?")
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_NAMED = re.compile(r"(?:(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?|([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?)[\s,-]+(\d{4})")
_CLOCK = re.compile(
    r"(?:t|\s+|\()*(?:[月火水木金土日a-z]+\)\s*)?(\d{1,2})[:時](\d{2})(?:[:分](\d{2})(?:\.\d+)?秒?)?分?\s*(am|pm)?\s*"
    r"(z|utc|[+-]\d{2}:?\d{2})?"
)


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """A cell for comparing: half-width, lower case, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def unknown(text: str) -> bool:
    """True if the cell says that nothing is known."""
    return plain(text) in UNKNOWN


@lru_cache(maxsize=65_536)
def number(text: str) -> float | int | None:
    """The number in a cell: `1,200`, `¥1200`, `50人`, `3.5%`, `0,5`; None where it is none."""
    written = _UNITS.sub("", plain(text)).strip()
    written = _UNITS.sub("", written).strip()
    if _THOUSANDS.fullmatch(written):
        written = written.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(written):
        written = written.replace(",", ".")
    if not _NUMBER.fullmatch(written):
        return None
    if written.lstrip("+-").isdecimal():
        return int(written) if len(written) < 18 else None
    found = float(written)
    return None if abs(found) > 1e300 else int(found) if found.is_integer() and abs(found) < 1e15 else found


def items(text: str) -> list[str]:
    """The items of a list cell, divided by `;`, `,`, `|`, `、` or line breaks."""
    return [each.strip() for each in re.split(r"[;,|、\n/]", text) if each.strip()]


@dataclass(frozen=True, slots=True)
class _Parts:
    """A date as written: `first` and `second` are day and month in an order that is not known yet, if `open`.

    `short`: of three parts with two digits each, as 24/03/05, the first may be the year as well as the last.
    """

    year: int
    first: int
    second: int
    clock: timedelta
    open: bool = False
    short: bool = False

    def year_first(self) -> _Parts:
        """Read the other way round."""
        return _Parts(_CENTURY + self.first, self.second, self.year - _CENTURY, self.clock)


@dataclass(slots=True)
class Dates:
    """The dates of one column. `unread`, `ambiguous` and `yearless` are indexes of cells.

    `mixed`: the column has both orders; `yearless`: which part is the year cannot be told.
    """

    values: list[datetime | None] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    ambiguous: list[int] = field(default_factory=list)
    yearless: list[int] = field(default_factory=list)
    mixed: bool = False


def read_dates(cells: Sequence[str], *, day_first: bool | None = None) -> Dates:
    """The dates of a column, in UTC where a cell names no offset; the first instant of the day where it has no time.

    03/04/2026 can be read in two ways. What the column's other cells prove, or `day_first`, decides; where they prove
    both or nothing, such cells stay without a date and are named. So it is with the year of 24/03/05.
    """
    parts = [None if unknown(cell) else _parts(cell) for cell in cells]
    found = Dates()
    year_first = False if day_first is not None else _year_first([each for each in parts if each and each.short])
    if year_first is not False:
        found.yearless = [index for index, each in enumerate(parts) if each and each.short and year_first is None]
        parts = [each.year_first() if each and each.short else each for each in parts]
    if day_first is None:
        day, month = _proofs(parts)
        found.mixed = day and month
        day_first = None if day == month else day
    unsure = frozenset(found.yearless)
    for index, (cell, part) in enumerate(zip(cells, parts, strict=True)):
        value = None
        if index in unsure:
            found.values.append(None)
            continue
        if part is not None:
            if part.open and part.first <= 12 and part.second <= 12 and part.first != part.second and day_first is None:
                found.ambiguous.append(index)
            else:
                value = _instant(part, day_first=day_first)
        if value is None and not unknown(cell) and found.ambiguous[-1:] != [index]:
            found.unread.append(index)
        found.values.append(value)
    return found


def date_like(cells: Iterable[str]) -> float:
    """The share of the known cells that are dates in one format or another."""
    known = [cell for cell in cells if not unknown(cell)]
    return sum(_parts(cell) is not None for cell in known) / len(known) if known else 0.0


def _proofs(parts: Iterable[_Parts | None]) -> tuple[bool, bool]:
    """Whether some date must begin with its day, and whether some must begin with its month."""
    several = [each for each in parts if each is not None and each.open]
    return any(each.first > 12 for each in several), any(each.second > 12 for each in several)


def _year_first(short: Sequence[_Parts]) -> bool | None:
    """Whether dates of three parts with two digits each begin with their year; None where it cannot be told.

    What is valid decides. Where both are: a column has fewer years than days, and no month begins it above twelve.
    """
    as_first = [_instant(each.year_first(), day_first=None) is not None for each in short]
    as_last = [_instant(each, day_first=None) is not None for each in short]
    if not all(as_first) or not short:
        return False
    if not all(as_last):
        return True
    firsts, lasts = {each.first for each in short}, {each.year for each in short}
    if len(lasts) < len(firsts):
        return False
    return True if min(firsts) > 12 else None


def _instant(part: _Parts, *, day_first: bool | None) -> datetime | None:
    month, day = part.first, part.second
    if part.open and (month > 12 or (day_first and day <= 12)):
        month, day = day, month
    try:
        return datetime(part.year, month, day, tzinfo=UTC) + part.clock
    except (ValueError, OverflowError):
        return None


def _parts(cell: str) -> _Parts | None:
    text = plain(cell)
    for pattern in (_ERA, _YEAR_FIRST, _NAMED, _YEAR_LAST, _COMPACT):
        found = pattern.match(text)
        if found is None:
            continue
        clock = _clock(text[found.end() :])
        if clock is None:
            continue
        made = _written(pattern, found, clock)
        if made is not None and 1900 <= made.year <= 2200:
            return made
    return None


def _written(pattern: re.Pattern[str], found: re.Match[str], clock: timedelta) -> _Parts | None:
    if pattern is _ERA:
        year = 1 if found[2] == "元" else int(found[2])
        return _Parts(_ERAS[found[1]] + year, int(found[3]), int(found[4]), clock)
    if pattern is _NAMED:
        month = _MONTHS.get(found[2] or found[3])
        return None if month is None else _Parts(int(found[5]), month, int(found[1] or found[4]), clock)
    if pattern is _YEAR_LAST:
        year, short = int(found[3]), all(len(each) == 2 for each in found.groups())
        year += 0 if year > 99 else _CENTURY
        return _Parts(year, int(found[1]), int(found[2]), clock, open=True, short=short)
    return _Parts(int(found[1]), int(found[2]), int(found[3]), clock)


def _clock(rest: str) -> timedelta | None:
    """The time of day after a date, moved to UTC by its offset; None where something else stands there."""
    if not rest.strip(" ()月火水木金土日曜"):
        return timedelta(0)
    found = _CLOCK.fullmatch(rest.strip())
    if found is None:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hours = hours % 12 + (12 if found[4] == "pm" else 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    clock = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if found[5] and found[5] not in ("z", "utc"):
        sign = -1 if found[5][0] == "+" else 1
        clock += sign * timedelta(hours=int(found[5][1:3]), minutes=int(found[5][-2:]))
    return clock


def day_of(instant: datetime) -> str:
    """A date attribute as it is kept."""
    day: date = instant.date()
    return day.isoformat()
