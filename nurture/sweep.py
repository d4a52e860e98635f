"""Says when the nights of the sweep are, and which windows of time a lead may leave through; refuses to look any up.

A condition such as `{not: {did: any, within: 180d}}` becomes true by time alone: nothing comes in, no deadline is due.
Once a night whoever may be concerned gets one tick, at which everything is judged as at any other entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from nurture import calendar
from nurture.conditions import AnyCondition, Did, InSegment, parts
from nurture.definitions import Definitions, Scenario

AT = time(3)
"""Three in the morning, in the sender's time zone (design, section 5)."""


def next_night(instant: datetime, definitions: Definitions) -> datetime:
    """The first three o'clock in the morning after an instant."""
    where = calendar.zone_of(None, definitions)
    local = instant.astimezone(where)
    for ahead in range(3):
        night = datetime.combine(local.date() + timedelta(days=ahead), AT, where).astimezone(instant.tzinfo)
        if night > instant:
            return night
    raise ValueError(f"no night follows {instant}")


def windows(scenario: Scenario, definitions: Definitions) -> tuple[Did, ...]:
    """Every `did … within` that decides whether a lead leaves the scenario, also through the current segments."""
    found = {str(each): each for leave in scenario.leave for each in _windows(leave.when, definitions, ())}
    return tuple(found.values())


def _windows(condition: AnyCondition, definitions: Definitions, through: tuple[str, ...]) -> Iterator[Did]:
    for part in parts(condition):
        match part:
            case Did() if part.within is not None:
                yield part
            case InSegment(segment=name) if name in definitions.segments and name not in through:
                yield from _windows(definitions.segments[name].when, definitions, (*through, name))
            case _:
                continue
