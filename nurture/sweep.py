"""Says when the nights of the sweep are, and which windows of time a lead may leave by; refuses to look any up.

A condition such as `{not: {did: any, within: 180d}}` becomes true by time alone: nothing comes in, no deadline is due.
Once a night whoever may be concerned gets one tick, at which everything is judged as at any other entry.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from nurture import calendar
from nurture.conditions import Did
from nurture.definitions import Definitions, Scenario
from nurture.membership import looks_back

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
    asked = (each for leave in scenario.leave for each in looks_back(leave.when, definitions))
    return tuple({str(each): each for each in asked if each.within is not None}.values())
