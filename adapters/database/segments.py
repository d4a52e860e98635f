"""Counts and lists the leads of segments at an instant; refuses to keep any list: a segment is a question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from adapters.database.among import among
from adapters.database.matching import matching
from adapters.database.members import AT_ONCE, NOT_ERASED, WITHIN, members, stretches
from adapters.database.pages import cursor_after, rows_of_a_page, text_cursor
from adapters.database.schema import leads
from nurture.membership import Membership


@dataclass(frozen=True, slots=True)
class Tally:
    """How many leads there are, and how many of them fit each of several conditions."""

    leads: int
    fitting: tuple[int, ...]


def tally(
    conn: Connection, several: Sequence[Membership], now: datetime, *, alive: Callable[[], None] = lambda: None
) -> Tally:
    """Count all conditions in one pass over the leads; those that SQL cannot decide alone, one pass each.

    `alive` is called every few thousand leads.
    """
    matches = [matching(each, now, conn.dialect.name) for each in several]
    by_sql = [place for place, match in enumerate(matches) if match.exact]
    sums = (func.coalesce(func.sum(case((matches[place].sure, 1), else_=0)), 0) for place in by_sql)
    question = select(func.count(), *sums).where(WITHIN, NOT_ERASED)
    total, counts = 0, [0] * len(several)
    for given in stretches(conn):
        alive()
        there, *fit = conn.execute(question, given).one()
        total += there
        for place, number in zip(by_sql, fit, strict=True):
            counts[place] += number
    for place, each in enumerate(several):
        if not matches[place].exact:
            counts[place] = sum(len(some) for some in members(conn, each, now, alive=alive))
    return Tally(total, tuple(counts))


def known_of(
    conn: Connection, asked: Membership, now: datetime, *, after: str = "", alive: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and attributes of the leads that fit, in the order of ids, one after the other however many there are."""
    rows = select(leads.c.id, leads.c.attributes).where(among(leads.c.id)).order_by(leads.c.id)
    for some in members(conn, asked, now, after=after, alive=alive):
        for start in range(0, len(some), AT_ONCE):
            for row in conn.execute(rows, {"of": some[start : start + AT_ONCE]}):
                yield row.id, row.attributes


def page(
    conn: Connection, asked: Membership, now: datetime, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of the leads that fit, each `{id, attributes}`, in the order of ids, and the cursor of the next page."""
    wanted = rows_of_a_page(limit)
    items: list[dict[str, Any]] = []
    for lead, attributes in known_of(conn, asked, now, after=text_cursor(cursor) or ""):
        if len(items) == wanted:
            return items, cursor_after(items[-1]["id"])
        items.append({"id": lead, "attributes": attributes})
    return items, None
