"""Says when the nights of the sweep are, and by which windows of time a lead changes; refuses to look any up.

A condition such as `{not: {did: any, within: 180d}}` becomes true by time alone: nothing comes in, no deadline is due.
Once a night whoever may be concerned gets one tick, at which everything is judged as at any other entry.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from nurture import calendar
from nurture.conditions import AnyOf, Did
from nurture.definitions import Definitions, Scenario
from nurture.drift import drift
from nurture.membership import Membership, looks_back
from nurture.qualification import hot_condition

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


def windows_of_all(definitions: Definitions) -> tuple[Did, ...]:
    """Every `did … within` that decides about phases and the hot lead definition, for any lead."""
    conditions = [hot_condition(definitions.hot_lead)] if definitions.hot_lead is not None else []
    if definitions.journey_map is not None:
        conditions += [each.reached_when for each in definitions.journey_map.phases if each.reached_when is not None]
    asked = (each for condition in conditions for each in looks_back(condition, definitions))
    return tuple({str(each): each for each in asked if each.within is not None}.values())


def left_by_time(scenario: Scenario, definitions: Definitions) -> Membership | None:
    """What makes a lead leave the scenario that asks for more than windows and may begin to hold by itself; or None."""
    several = [each.when for each in scenario.leave if _begins(Membership.of(each.when, definitions))]
    return Membership.of(AnyOf(any=tuple(several)), definitions) if several else None


def hot_by_time(definitions: Definitions) -> Membership | None:
    """The hot lead definition, where it asks for more than windows and may begin to hold by itself; else None.

    Points that fade take a lead below `at_least`, never above it: that alone is no reason to look at everybody.
    """
    if definitions.hot_lead is None:
        return None
    asked = Membership.of(hot_condition(definitions.hot_lead), definitions)
    return asked if _begins(asked) else None


def _begins(asked: Membership) -> bool:
    return asked.by_time and drift(asked.asked, asked.definitions).begins
