"""Notices which of the things that open pages show have changed; refuses to know what, and to tell anybody.

Whatever happens to a task, or to a lead in a scenario, is a line of its lead's timeline, so the newest lines tell it:
they are found by the key of the table, by one statement for all that is watched.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, or_, select

from adapters.database.schema import timeline

TASKS = "tasks"
"""What a desk shows: whatever is told of any task."""
_LEAD, _SCENARIO = "lead/", "scenario/"
_BACK = 2000
"""So many lines before the newest are looked at again: one with a lower number may be committed later."""
_NEWEST = select(func.coalesce(func.max(timeline.c.id), 0).label("id")).subquery("newest")


def of_lead(lead: str) -> str:
    """What the page of a lead shows."""
    return f"{_LEAD}{lead}"


def of_scenario(scenario: str) -> str:
    """What the page of a scenario shows."""
    return f"{_SCENARIO}{scenario}"


class Changes:
    """What one process has seen so far; one thread at a time asks."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._seen: frozenset[int] = frozenset()
        self._before: frozenset[str] = frozenset()

    def fresh(self, conn: Connection, wanted: Collection[str]) -> frozenset[str]:
        """Those of the watched things about which something was written since the last look; none the first time.

        Of what is watched for the first time, only what came after the look before counts.
        """
        first = self._newest is None
        if self._newest is None:
            self._newest = conn.execute(select(_NEWEST.c.id)).scalar_one()
        newest: int = self._newest
        found = self._lines(conn, wanted, max(0, newest - _BACK))
        changed: set[str] = set()
        for number, topics in found.items():
            if not first and number not in self._seen:
                changed |= {each for each in topics if each in self._before or number > newest}
        self._seen, self._before = frozenset(found), frozenset(wanted)
        return frozenset(changed)

    def _lines(self, conn: Connection, wanted: Collection[str], since: int) -> dict[int, set[str]]:
        """The watched lines above a number, with what they are about; remembers the newest line of all."""
        leads = [each.removeprefix(_LEAD) for each in wanted if each.startswith(_LEAD)]
        scenarios = [each.removeprefix(_SCENARIO) for each in wanted if each.startswith(_SCENARIO)]
        asked = [timeline.c.kind == "handoff"] if TASKS in wanted else []
        asked += [timeline.c.lead.in_(leads)] if leads else []
        asked += [timeline.c.scenario.in_(scenarios)] if scenarios else []
        columns = (timeline.c.id, timeline.c.kind, timeline.c.lead, timeline.c.scenario)
        if not asked:
            return {}
        about = (timeline.c.id > since) & or_(*asked)
        query = select(_NEWEST.c.id.label("newest"), *columns).select_from(_NEWEST.outerjoin(timeline, about))
        found: dict[int, set[str]] = {}
        for row in conn.execute(query):
            self._newest = row.newest
            if row.id is not None:
                told = {of_lead(row.lead), of_scenario(row.scenario or ""), TASKS if row.kind == "handoff" else ""}
                found[row.id] = told & set(wanted)
        return found
