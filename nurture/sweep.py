"""Says when the nights of the sweep are, and by which windows of time a lead changes; refuses to look any up.

A condition such as `{not: {did: any, within: 180d}}` becomes true by time alone: nothing comes in, no deadline is due.
Once a night whoever may be concerned gets one tick, at which everything is judged as at any other entry.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from nurture import calendar
from nurture.conditions import All, AnyCondition, AnyOf, Did, Not, ScoreIs, parts
from nurture.definitions import Definitions, Scenario
from nurture.judging import expanded
from nurture.membership import Membership, looks_back
from nurture.qualification import hot_condition
from nurture.scoring import asked_by_items

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


def left_by_score(scenario: Scenario, definitions: Definitions) -> Membership | None:
    """What makes a lead leave the scenario, where a score decides that changes with nothing happening; else None."""
    asked = tuple(each.when for each in scenario.leave)
    if not _moves_by_time(definitions) or not any(_scores(each, definitions) for each in asked):
        return None
    return Membership.of(AnyOf(any=asked), definitions)


def hot_by_score(definitions: Definitions) -> Membership | None:
    """The hot lead definition, where a lead may begin to fit it because its score changes with nothing happening.

    Points that fade take a lead below `at_least`, never above it: that alone is no reason to look at everybody.
    """
    if definitions.hot_lead is None:
        return None
    asked = Membership.of(hot_condition(definitions.hot_lead), definitions)
    falls, rises = _falls(definitions), _rises(definitions)
    return asked if (rises and _wants(asked.asked, more=True)) or (falls and _wants(asked.asked, more=False)) else None


def _moves_by_time(definitions: Definitions) -> bool:
    return _falls(definitions) or _rises(definitions)


def _falls(definitions: Definitions) -> bool:
    """True if points that count for a lead fade, or an item asks what it did within a time."""
    return _looks_back(definitions) or any(each.fades and each.points > 0 for each in definitions.score.behaviours)


def _rises(definitions: Definitions) -> bool:
    """True if points that count against a lead fade, or an item asks what it did within a time."""
    return _looks_back(definitions) or any(each.fades and each.points < 0 for each in definitions.score.behaviours)


def _looks_back(definitions: Definitions) -> bool:
    asked = (did for each in asked_by_items(definitions) for did in looks_back(each, definitions))
    return any(each.within is not None for each in asked)


def _scores(condition: AnyCondition, definitions: Definitions) -> bool:
    return any(isinstance(part, ScoreIs) for part in parts(expanded(condition, definitions)))


def _wants(condition: AnyCondition, *, more: bool) -> bool:
    """Whether a higher score (`more`), or a lower one, can make the condition true."""
    match condition:
        case ScoreIs():
            return (condition.at_least if more else condition.at_most) is not None
        case All():
            return any(_wants(each, more=more) for each in condition.all)
        case AnyOf():
            return any(_wants(each, more=more) for each in condition.any)
        case Not():
            return any(_wants(each, more=not more) for each in condition.not_)
        case _:
            return False
