"""Decides whether a condition holds for one lead at one instant; refuses to know what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol, assert_never

from nurture.conditions import (
    All,
    AnyCondition,
    AnyOf,
    AttributeIs,
    Did,
    Happened,
    InPhase,
    InSegment,
    IsHot,
    Not,
    OutcomeIs,
    ScoreIs,
)
from nurture.definitions import Definitions
from nurture.entries import Happening
from nurture.facts import OPENING, Facts, did_key

Place = Literal["visit", "entry", "nowhere"]
"""What a bare event means where it is written: one since this visit began, the entry being applied, or nothing."""


@dataclass(slots=True)
class Situation:
    """Everything a condition may ask about a lead at `now`.

    `seen` maps the bare events of the present step to their first instant in this visit; `entry` is the event being
    applied, `own` says that it belongs to the mail of this visit; `outcome` is what sales made of this step's handoff.
    `measure` computes the score, where somebody asks; `phase` is the lead's, `hot` its latch.
    """

    now: datetime
    attributes: Mapping[str, Any]
    facts: Facts
    seen: Mapping[str, datetime]
    entry: Happening | None = None
    own: bool = False
    outcome: str | None = None
    measure: Callable[[Situation], Scored] | None = None
    phase: str | None = None
    hot: bool = False


class Scored(Protocol):
    """A score, by the name of an item or of a sum."""

    def of(self, name: str) -> float:
        """Its points."""


Judge = Callable[[Situation], bool]


def judge(condition: AnyCondition, definitions: Definitions, place: Place) -> Judge:
    """Prepare a condition for judging many times. Segments are looked up in `definitions`."""
    match condition:
        case Happened():
            return _happened(condition, place)
        case Did():
            return _did(condition)
        case AttributeIs():
            return lambda now: attribute_holds(condition, now.attributes.get(condition.attribute))
        case InSegment():
            segment = definitions.segments.get(condition.segment)
            return judge(segment.when, definitions, "nowhere") if segment is not None else _never
        case OutcomeIs():
            words = condition.words
            return (lambda now: now.outcome in words) if place == "visit" else _never
        case All() | AnyOf() | Not():
            return _together(condition, definitions, place)
        case ScoreIs():
            return _score(condition)
        case InPhase():
            return _phase(condition, definitions.phases)
        case IsHot():
            return lambda now: now.hot == condition.hot
        case _:
            assert_never(condition)


def expanded(condition: AnyCondition, definitions: Definitions, through: tuple[str, ...] = ()) -> AnyCondition:
    """The condition with every segment it names replaced by what the segment asks; one that is unknown stays a name."""

    def within(several: tuple[AnyCondition, ...]) -> tuple[AnyCondition, ...]:
        return tuple(expanded(each, definitions, through) for each in several)

    match condition:
        case InSegment(segment=name) if name in definitions.segments and name not in through:
            return expanded(definitions.segments[name].when, definitions, (*through, name))
        case All():
            return condition.model_copy(update={"all": within(condition.all)})
        case AnyOf():
            return condition.model_copy(update={"any": within(condition.any)})
        case Not():
            return condition.model_copy(update={"not_": within(condition.not_)})
        case _:
            return condition


def _never(_: Situation) -> bool:
    return False


def _happened(condition: Happened, place: Place) -> Judge:
    pattern = condition.event
    if place == "visit":
        key = str(pattern)
        return lambda now: key in now.seen
    if place == "nowhere":
        return _never
    types = {pattern.type, *(OPENING if pattern.type == "opened" else ())}

    def applied(now: Situation) -> bool:
        entry = now.entry
        if entry is None or entry.type not in types:
            return False
        return now.own if pattern.own_mail else pattern.matches(pattern.type, entry.subject)

    return applied


def _did(condition: Did) -> Judge:
    key, least = did_key(condition), condition.at_least
    if condition.within is None:
        return lambda now: now.facts.times(key, None) >= least
    span = condition.within.span
    return lambda now: now.facts.times(key, now.now - span) >= least


def _together(condition: All | AnyOf | Not, definitions: Definitions, place: Place) -> Judge:
    match condition:
        case All():
            every = [judge(part, definitions, place) for part in condition.all]
            return lambda now: all(part(now) for part in every)
        case AnyOf():
            some = [judge(part, definitions, place) for part in condition.any]
            return lambda now: any(part(now) for part in some)
        case Not():
            none = [judge(part, definitions, place) for part in condition.not_]
            return lambda now: not any(part(now) for part in none)


def _score(condition: ScoreIs) -> Judge:
    low, high = condition.at_least, condition.at_most

    def holds(now: Situation) -> bool:
        if now.measure is None:
            return False
        points = now.measure(now).of(condition.score)
        return (low is None or points >= low) and (high is None or points <= high)

    return holds


def _phase(condition: InPhase, order: Sequence[str]) -> Judge:
    if condition.name not in order:
        return _never
    first = order.index(condition.name)
    meant = frozenset(order[first : first + 1] if isinstance(condition.phase, str) else order[first:])
    return lambda now: now.phase in meant


def attribute_holds(condition: AttributeIs, value: Any) -> bool:
    """True if the value passes every test written. An unknown value passes `known: false` only."""
    if value is None or value in ("", []):
        return condition.known is False
    if condition.known is False:
        return False
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if condition.at_least is not None and (number is None or number < condition.at_least):
        return False
    if condition.at_most is not None and (number is None or number > condition.at_most):
        return False
    if condition.is_ is not None and not _same(value, condition.is_):
        return False
    if condition.in_ is not None and not any(_same(value, each) for each in condition.in_):
        return False
    if condition.contains is not None and not _contains(value, condition.contains):
        return False
    if condition.before is not None and not _date_order(value, condition.before):
        return False
    return condition.after is None or _date_order(condition.after, value)


def _same(value: Any, wanted: Any) -> bool:
    """Equality that does not take `true` for 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_same(each, wanted) for each in value)
    return isinstance(value, str) and str(wanted) in value


def _date_order(earlier: Any, later: Any) -> bool:
    try:
        return date.fromisoformat(str(earlier)[:10]) < date.fromisoformat(str(later)[:10])
    except ValueError:
        return False
