"""Keeps a lead's timeline: every event and every decision, in order, with its reason; refuses to decide anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select

from adapters.database.among import among
from adapters.database.merges import goes_on, merged_into
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page, shown
from adapters.database.schema import timeline
from nurture.records import Line

_ADD = insert(timeline)
_OF = select(timeline).where(among(timeline.c.lead))


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
    after = number_cursor(cursor)
    query = _OF.order_by(timeline.c.id)
    return _cut(conn, query if after is None else query.where(timeline.c.id > after), lead, limit)


def newest(
    conn: Connection, lead: str, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """As `page`, but the newest lines first, and the cursor of the older ones."""
    before = number_cursor(cursor)
    query = _OF.order_by(timeline.c.id.desc())
    return _cut(conn, query if before is None else query.where(timeline.c.id < before), lead, limit)


def _cut(conn: Connection, query: Select[Any], lead: str, limit: int | None) -> tuple[list[dict[str, Any]], str | None]:
    wanted, lead = rows_of_a_page(limit), goes_on(conn, lead)
    # the ids are looked up first: `lead = … OR lead IN (SELECT …)` would be answered by no index
    rows = conn.execute(query.limit(wanted + 1), {"of": [lead, *merged_into(conn, lead)]}).all()
    more = cursor_after(rows[wanted - 1].id) if len(rows) > wanted else None
    return [_item(row) for row in rows[:wanted]], more


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
