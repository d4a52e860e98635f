"""Mends the words by which leads are searched, a few leads in a transaction; refuses to know what they are.

A release older than them writes leads without them while it still runs beside this one.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from adapters.database import lead_words
from adapters.database.engine import writing

AT_ONCE = 500
"""How many leads are seen to in one transaction."""


def mend_words(engine: Engine, alive: Callable[[], None] = lambda: None) -> int:
    """Delete words of whoever is gone, write those that are lacking; how many leads that were.

    `alive` is called after each transaction.
    """
    mended = 0
    while True:
        with writing(engine) as conn:
            found = lead_words.mend(conn, most=AT_ONCE)
        alive()
        if not found:
            return mended
        mended += found


def compare_words(engine: Engine) -> int:
    """As `mend_words`; those of every living lead are compared with what is stored of it, too."""
    mended, last = mend_words(engine), ""
    while True:
        with writing(engine) as conn:
            found, following = lead_words.mend_following(conn, last, most=AT_ONCE)
        mended += found
        if following is None:
            return mended
        last = following
