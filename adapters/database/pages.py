"""Says how long lists are cut into pages and how instants are shown; refuses to know what is listed."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from nurture.errors import NurtureError

DEFAULT_LIMIT = 100
MOST = 1000
_DIGITS = 18
"""No row has a number with more."""


def rows_of_a_page(limit: int | None) -> int:
    """How many rows a page has: 100 unless told otherwise, at least 1 and at most 1,000."""
    return max(1, min(MOST, DEFAULT_LIMIT if limit is None else limit))


def cursor_after(key: str | int) -> str:
    """The opaque mark of the place after a row with this key."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def text_cursor(cursor: str | None) -> str | None:
    """The key a cursor stands for; raises NurtureError when it was not made by `cursor_after`."""
    if not cursor:
        return None
    try:
        key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise _unreadable(cursor) from error
    if "\0" in key:
        raise _unreadable(cursor)
    return key


def number_cursor(cursor: str | None) -> int | None:
    """The numeric key a cursor stands for; raises NurtureError when it is none."""
    key = text_cursor(cursor)
    if key is None:
        return None
    if not key.isdecimal() or len(key) > _DIGITS:
        raise _unreadable(cursor)
    return int(key)


def _unreadable(cursor: str | None) -> NurtureError:
    return NurtureError(f"the cursor {cursor!r} cannot be read", do="take it from `next` of the page before")


def shown(instant: datetime | None) -> str | None:
    """An instant as the API writes it: RFC 3339 in UTC."""
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
