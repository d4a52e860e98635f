"""Knows which lead goes on for one that was merged into it, so that old ids resolve; refuses to merge any."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, or_, select, update

from adapters.database.among import among
from adapters.database.schema import events, leads, merges
from adapters.database.sequence import lock

# made once: building a statement takes longer than SQLite takes to run it
_KEPT = select(merges.c.gone, merges.c.keep).where(among(merges.c.gone))
_GOES_ON = select(merges.c.keep).where(merges.c.gone == bindparam("of"))


def goes_on(conn: Connection, lead: str) -> str:
    """The id of the lead that goes on for this one: its own, where it was not merged."""
    kept: str | None = conn.execute(_GOES_ON, {"of": lead}).scalar()
    return kept or lead


def lock_who_goes_on(conn: Connection, lead: str) -> Row[Any] | None:
    """The row of the lead that goes on for this one, locked; None where there is no such lead.

    It is looked up again under the lock: a merge may have been committed while that was waited for.
    """
    row = lock(conn, goes_on(conn, lead))
    while row is not None and row.status == "erased" and (keep := goes_on(conn, row.id)) != row.id:
        row = lock(conn, keep)
    return row


def merged_into(conn: Connection, lead: str) -> list[str]:
    """The ids of all leads that were merged into this one."""
    return list(conn.execute(select(merges.c.gone).where(merges.c.keep == lead).order_by(merges.c.gone)).scalars())


def kept(conn: Connection, several: Collection[str]) -> dict[str, str]:
    """Those of these leads that were merged: old id → the id that goes on."""
    if not several:
        return {}
    return {row.gone: row.keep for row in conn.execute(_KEPT, {"of": sorted(several)})}


def is_one_of(column: ColumnElement[str], lead: str) -> ColumnElement[bool]:
    """Whether a column of lead ids names the lead, or one that was merged into it."""
    return or_(column == lead, column.in_(select(merges.c.gone).where(merges.c.keep == lead)))


def not_merged() -> ColumnElement[bool]:
    """Whether a row of `leads` still stands for somebody by itself, or was erased for good."""
    return or_(leads.c.status != "erased", leads.c.id.not_in(select(merges.c.gone)))


def pass_on(conn: Connection, several: Sequence[str]) -> None:
    """Give events that were taken in for a merged lead, while it was being merged, to the one that goes on."""
    for gone, keep in kept(conn, several).items():
        conn.execute(update(events).where(events.c.lead == gone, events.c.filed.is_(False)).values(lead=keep))
