"""Notices that an event made a lead begin to fit the segment of an `enter`; refuses to decide about the enrolment.

It is asked twice under the lead's lock: before the lead's new events are numbered, and after. What time alone changes
is the nightly sweep's to find (entering.py), what a profile changes is seen at the upsert (leads.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from adapters.database.among import among
from adapters.database.members import facts_of
from adapters.database.schema import enrolments
from nurture.conditions import Did
from nurture.definitions import Definitions, Scenario
from nurture.facts import NOT_HUMAN, OPENING
from nurture.membership import Membership, ways_in

_KEPT: dict[int, tuple[Definitions, dict[str, Membership]]] = {}
_INSIDE = select(enrolments.c.lead, enrolments.c.scenario).where(
    among(enrolments.c.lead), enrolments.c.state != "ended"
)


@dataclass(frozen=True, slots=True)
class Entering:
    """A lead that a scenario lets in from this instant on."""

    lead: str
    scenario: Scenario
    at: datetime


class Edges:
    """The leads that stand before a scenario that asks about what they have just done."""

    def __init__(
        self, conn: Connection, rows: Mapping[str, Row[Any]], fresh: Mapping[str, Sequence[Row[Any]]], now: Definitions
    ) -> None:
        """Look at who stands outside, with the rows of leads read under their locks and their events not numbered yet.

        It costs nothing where no segment that leads into a scenario asks about such events.
        """
        self._rows, self._definitions = rows, now
        self._outside: dict[str, list[str]] = {}
        self._told: dict[tuple[str, str], list[datetime]] = {}
        for scenario, asked in _by_events(now).items():
            for lead, several in fresh.items():
                if told := sorted({each.received_at for each in several if _asked_about(asked, each)}):
                    self._told[scenario, lead] = told
            asking = sorted(lead for of, lead in self._told if of == scenario)
            inside = self._inside(conn, scenario, asking)
            before = {lead: self._told[scenario, lead][0] for lead in asking if lead not in inside}
            self._outside[scenario] = [lead for lead, fits in self._judged(conn, before, asked) if not fits]

    def entering(self, conn: Connection) -> Iterator[Entering]:
        """Who began to fit with one of these events, in the order in which they were told. They have been numbered.

        Each event is judged by what was known when it was told: a later one tells nothing of the windows before.
        """
        for scenario, outside in self._outside.items():
            asked, begun = _by_events(self._definitions)[scenario], dict[str, datetime]()
            for number in range(max((len(self._told[scenario, lead]) for lead in outside), default=0)):
                left = [lead for lead in outside if lead not in begun and number < len(self._told[scenario, lead])]
                at = {lead: self._told[scenario, lead][number] for lead in left}
                begun |= {lead: at[lead] for lead, fits in self._judged(conn, at, asked) if fits}
            inside = self._inside(conn, scenario, list(begun))
            for lead in sorted(begun.keys() - inside):
                yield Entering(lead, self._definitions.scenarios[scenario], begun[lead])

    def _inside(self, conn: Connection, scenario: str, several: Sequence[str]) -> frozenset[str]:
        """Who of these walks or awaits the scenario."""
        rows = conn.execute(_INSIDE, {"of": list(several)}) if several else ()
        return frozenset(row.lead for row in rows if row.scenario == scenario)

    def _judged(self, conn: Connection, at: Mapping[str, datetime], asked: Membership) -> Iterator[tuple[str, bool]]:
        """Each of the leads, and whether it fits at its instant by those of its events that are numbered."""
        for instant in sorted(set(at.values())):
            several = sorted(lead for lead, each in at.items() if each == instant)
            sheets = facts_of(conn, several, asked, known=instant, numbered=True)
            for lead in several:
                row = self._rows[lead]
                hot = bool((row.position or {}).get("hot"))
                yield lead, asked.fits(row.attributes, sheets[lead], instant, hot=hot)


def _by_events(definitions: Definitions) -> dict[str, Membership]:
    """By scenario, what the segment of its `enter` asks, where it asks about events."""
    kept = _KEPT.get(id(definitions))
    if kept is None or kept[0] is not definitions:
        if len(_KEPT) > 64:
            _KEPT.clear()
        kept = _KEPT[id(definitions)] = (
            definitions,
            {name: asked for name, asked in ways_in(definitions).items() if asked.dids},
        )
    return kept[1]


def _asked_about(asked: Membership, told: Row[Any]) -> bool:
    real = not told.automatic and told.reversed_at is None
    return real and any(_means(did, told.type, told.subject) for did in asked.dids)


def _means(did: Did, type: str, subject: str) -> bool:
    if did.any_human_event:
        return type not in NOT_HUMAN
    as_open = did.did.type == "opened" and type in OPENING
    return did.did.matches("opened" if as_open else type, subject)
