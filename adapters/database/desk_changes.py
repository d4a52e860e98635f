"""Notices that something about the tasks of sales has changed; refuses to know what.

Whatever happens to a task is a line of its lead's timeline, so the newest lines tell it: they are found by the key of
the table, and need no look at all tasks.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from adapters.database.schema import timeline

_BACK = 2000
"""So many lines before the newest are looked at again: one with a lower number may be committed later."""


class DeskChanges:
    """What one process has seen so far; one thread at a time asks."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._seen: frozenset[int] = frozenset()

    def any(self, conn: Connection) -> bool:
        """True where something about a task was written since the last time; never the first time."""
        newest: int = conn.execute(select(func.max(timeline.c.id))).scalar() or 0
        first = self._newest is None
        since = max(0, min(newest if self._newest is None else self._newest, newest) - _BACK)
        lines = select(timeline.c.id).where(timeline.c.id > since, timeline.c.kind == "handoff")
        found = frozenset(conn.execute(lines).scalars())
        fresh = found - self._seen
        self._newest, self._seen = newest, frozenset(each for each in found if each > newest - 2 * _BACK)
        return bool(fresh) and not first
