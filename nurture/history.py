"""What became of leads: what they were, what they did when, and whether sales won them.

One shape for what the database holds and for a company's own file of past deals: whoever judges definitions by
results (fitting a score, the 4R of a segment, the check of a journey map, a back-test) reads this and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nurture.facts import Facts, gathered

Result = Literal["won", "lost"]
"""What sales made of a lead; of the outcomes of handoffs the two that say whether it bought."""


@dataclass(frozen=True, slots=True)
class PastEvent:
    """Something a lead did, once; `send` is the key of the mail it belongs to."""

    at: datetime
    type: str
    subject: str = ""
    send: str | None = None


@dataclass(frozen=True, slots=True)
class PastLead:
    """One lead with all that is known of it today.

    `events` ascend in time, without those that a machine made or that were taken back. `since` is when the lead became
    known, `result` whether it was won (None: neither won nor lost yet), `closed_at` when. `handed_over`: sales had a
    task about it once, whatever became of that. `profiles`: from when on it had which attributes, ascending, the last
    those of today; without any, only those of today are known. `enrolled_at`: its first enrolment, where it has one.
    `undated`: what it did as well, by type and subject, of which nobody knows the day; never among the events.
    """

    id: str
    attributes: Mapping[str, Any]
    events: tuple[PastEvent, ...] = ()
    since: datetime | None = None
    result: Result | None = None
    closed_at: datetime | None = None
    hot: bool = False
    handed_over: bool = False
    profiles: tuple[tuple[datetime, Mapping[str, Any]], ...] = ()
    enrolled_at: datetime | None = None
    undated: frozenset[tuple[str, str]] = frozenset()

    @property
    def won(self) -> bool:
        """True if sales won it."""
        return self.result == "won"

    def facts(self, wanted: Mapping[str, int], until: datetime | None = None) -> Facts:
        """A fact sheet of what it did up to an instant, keeping what is `wanted` (see `nurture.qualification`)."""
        return gathered(
            wanted,
            (
                (each.type, each.subject, each.send, each.at)
                for each in self.events
                if until is None or each.at <= until
            ),
        )
