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
        self._at = {lead: max(each.received_at for each in several) for lead, several in fresh.items()}
        self._outside: dict[str, list[str]] = {}
        for scenario, asked in _by_events(now).items():
            asking = sorted(lead for lead, several in fresh.items() if _asked_about(asked, several))
            self._outside[scenario] = [lead for lead, fits in self._judged(conn, asking, asked) if not fits]

    def entering(self, conn: Connection) -> Iterator[Entering]:
        """Who fits now; without those that walk or await the scenario already. Their events have been numbered."""
        for scenario, several in self._outside.items():
            fitting = [
                lead for lead, fits in self._judged(conn, several, _by_events(self._definitions)[scenario]) if fits
            ]
            inside = {(row.lead, row.scenario) for row in conn.execute(_INSIDE, {"of": fitting})} if fitting else ()
            for lead in fitting:
                if (lead, scenario) not in inside:
                    yield Entering(lead, self._definitions.scenarios[scenario], self._at[lead])

    def _judged(self, conn: Connection, several: Sequence[str], asked: Membership) -> Iterator[tuple[str, bool]]:
        """Each of the leads, and whether it fits by those of its events that are numbered."""
        sheets = facts_of(conn, several, asked, numbered=True) if several else {}
        for lead in several:
            row = self._rows[lead]
            hot = bool((row.position or {}).get("hot"))
            yield lead, asked.fits(row.attributes, sheets[lead], self._at[lead], hot=hot)


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


def _asked_about(asked: Membership, told: Sequence[Row[Any]]) -> bool:
    real = (each for each in told if not each.automatic and each.reversed_at is None)
    return any(_means(did, each.type, each.subject) for each in real for did in asked.dids)


def _means(did: Did, type: str, subject: str) -> bool:
    if did.any_human_event:
        return type not in NOT_HUMAN
    as_open = did.did.type == "opened" and type in OPENING
    return did.did.matches("opened" if as_open else type, subject)
