"""Decides when too many mails did harm, and for how long a receiving domain is left alone; refuses to count mails.

A stop is for good: only a person ends it. A domain that turns mail away is tried again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from nurture.definitions import Breaker, Limits
from nurture.shares import Share

Level = Literal["warned", "stopped"]
TURNED_AWAY = 5
"""So many mails that a domain turned away within TURNED_AWAY_WITHIN, and took none since, are no accident."""
TURNED_AWAY_WITHIN = timedelta(hours=1)
FIRST_REST = timedelta(hours=1)
LONGEST_REST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the mails sent within the span that is looked at; each mail is counted once in each."""

    delivered: int = 0
    dead: int = 0
    returned: int = 0
    spam: int = 0

    @property
    def ended(self) -> int:
        """Mails of which it is known whether they arrived."""
        return self.delivered + self.dead + self.returned


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, the worse of two; `reason` in words."""

    level: Level
    reason: str


def judge(tally: Tally, rules: Breaker) -> Finding | None:
    """Whether mail goes on: None, a warning, or a stop."""
    spam = _judged(Share(tally.spam, tally.delivered), rules.spam, "delivered mails were reported as spam")
    dead = _judged(Share(tally.dead, tally.ended), rules.bounces, "mails went to addresses that do not exist")
    found = [each for each in (spam, dead) if each is not None]
    return next((each for each in found if each.level == "stopped"), found[0] if found else None)


def _judged(share: Share, limits: Limits, what: str) -> Finding | None:
    if share.of < limits.of:
        return None
    # as whole numbers: 3 of 1,000 are 0.3 %, whatever binary fractions make of it
    per_cent = round(100 * share.value, 9)
    if per_cent < limits.warn:
        return None
    level: Level = "stopped" if per_cent >= limits.stop else "warned"
    limit = limits.stop if level == "stopped" else limits.warn
    return Finding(level, f"{share.hits} of {share.of:,} {what}: {per_cent:.2f} %, and {limit:g} % is the limit")


def rest(before: int) -> timedelta:
    """How long a domain that turns mail away is left alone, after `before` rests in a row: twice as long each time."""
    return min(FIRST_REST * (1 << min(before, 10)), LONGEST_REST)
