"""Keeps a lead's timeline: every event and every decision, in order, with its reason; refuses to decide anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from adapters.database.merges import goes_on, is_one_of
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page, shown
from adapters.database.schema import timeline
from nurture.records import Line

_ADD = insert(timeline)


def add(conn: Connection, lead: str, *lines: Line) -> None:
    """Write lines at the end of the lead's timeline."""
    if lines:
        conn.execute(_ADD, [line_row(lead, line) for line in lines])


def line_row(lead: str, line: Line) -> dict[str, Any]:
    """The row of one line, for those who write many at once."""
    return {"lead": lead, **line.model_dump()}


def add_rows(conn: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows made by `line_row`, of any leads, in the order given."""
    found = list(rows)
    if found:
        conn.execute(_ADD, found)


def page(
    conn: Connection, lead: str, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of a lead's timeline, oldest first, in the shape of the API, and the cursor of the next page.

    What happened to leads that were merged into it is part of it.
    """
    rows_wanted = rows_of_a_page(limit)
    of_lead = is_one_of(timeline.c.lead, goes_on(conn, lead))
    query = select(timeline).where(of_lead).order_by(timeline.c.id).limit(rows_wanted + 1)
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(timeline.c.id > after)
    rows = conn.execute(query).all()
    more = cursor_after(rows[rows_wanted - 1].id) if len(rows) > rows_wanted else None
    return [_item(row) for row in rows[:rows_wanted]], more


def newest(
    conn: Connection, lead: str, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """As `page`, but the newest lines first, and the cursor of the older ones."""
    rows_wanted = rows_of_a_page(limit)
    of_lead = is_one_of(timeline.c.lead, goes_on(conn, lead))
    query = select(timeline).where(of_lead).order_by(timeline.c.id.desc()).limit(rows_wanted + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(timeline.c.id < before)
    rows = conn.execute(query).all()
    more = cursor_after(rows[rows_wanted - 1].id) if len(rows) > rows_wanted else None
    return [_item(row) for row in rows[:rows_wanted]], more


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "id": row.event,
        "at": shown(row.at),
        "received_at": shown(row.received_at),
        "kind": row.kind,
        "what": row.what,
        "subject": row.subject,
        "scenario": row.scenario,
        "step": row.step,
        "visit": row.visit,
        "reason": row.reason,
        "late": row.late,
        "automatic": row.automatic,
    }
