"""Reads and writes rows of events, each once; refuses to know who tells them and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.database.consents import normalised
from adapters.database.schema import events

AT_ONCE = 500
"""How many values one look-up names."""
_IDS = text("SELECT nextval(pg_get_serial_sequence('events', 'id')) FROM generate_series(1, :count)")
_ATTACH = (
    update(events)
    .where(events.c.lead.is_(None), events.c.lead_hint == bindparam("hint"), events.c.filed.is_(False))
    .values(lead=bindparam("of"), lead_hint=None, received_at=bindparam("now"))
)

_STORE_SQLITE = sqlite.insert(events).on_conflict_do_nothing()
_STORE_POSTGRESQL = postgresql.insert(events).on_conflict_do_nothing()


def hint_of_id(lead: str) -> str:
    """How a parked event remembers the id it named."""
    return f"id:{lead}"


def hint_of_address(address: str) -> str:
    """How a parked event remembers the address it named."""
    return f"email:{normalised(address)}"


def attach_parked(conn: Connection, lead: str, addresses: Sequence[str], now: datetime) -> int:
    """Give a lead the events that waited for its id or addresses; they count as received now. Returns how many."""
    hints = [hint_of_id(lead), *map(hint_of_address, addresses)]
    return sum(conn.execute(_ATTACH, {"of": lead, "hint": hint, "now": now}).rowcount for hint in hints)


def event_row(  # noqa: PLR0913 - the columns of the table
    *,
    event: str,
    lead: str | None,
    type: str,
    subject: str,
    at: datetime,
    received_at: datetime,
    hint: str | None = None,
    semantic: str | None = None,
    send: str | None = None,
    url: str | None = None,
    suppresses: str | None = None,
    automatic: bool = False,
    properties: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The row of one event; `hint` is kept only while the lead is unknown."""
    return {
        "event": event, "semantic": semantic, "lead": lead, "lead_hint": hint if lead is None else None, "type": type,
        "subject": subject, "at": at, "received_at": received_at, "send": send, "url": url, "suppresses": suppresses,
        "automatic": automatic, "properties": properties or {}, "filed": False,
    }  # fmt: skip


def store_rows(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert events; one that another process has stored meanwhile is left as it is."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        conn.execute(_STORE_SQLITE, rows)
        return
    # two batches with the same events in another order would wait for each other: the ids keep the order of arrival,
    # the rows are stored in the order of what makes them unique
    ids = conn.execute(_IDS, {"count": len(rows)}).scalars()
    numbered = [{"id": number, **row} for number, row in zip(sorted(ids), rows, strict=True)]
    numbered.sort(key=lambda row: (row["semantic"] or row["event"], row["event"]))
    conn.execute(_STORE_POSTGRESQL, numbered)


def known_values(conn: Connection, column: Any, values: Sequence[str]) -> set[str]:
    """Which of the values are in the column already."""
    found: set[str] = set()
    for start in range(0, len(values), AT_ONCE):
        found.update(conn.execute(select(column).where(column.in_(values[start : start + AT_ONCE]))).scalars())
    return found
