"""Turns a condition into SQL over `leads` and `events`, true for the leads for which `nurture.judging` says so.

What SQL cannot say exactly (a score that fades, a date in an unusual form) is not guessed: such a condition compiles to
two expressions, one for the leads that fit for sure and one for those that may, and whoever is between is to be judged
one by one. Refuses to run anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, assert_never

from sqlalchemy import ColumnElement, FromClause, and_, false, func, literal, not_, or_, select, true

from adapters.database.cells import Cell, cell, surely
from adapters.database.schema import events, leads
from nurture.conditions import (
    ANY,
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
from nurture.facts import NOT_HUMAN, OPENING
from nurture.judging import expanded
from nurture.membership import Membership


@dataclass(frozen=True, slots=True)
class Match:
    """Which leads fit: `sure` holds for none that does not, `maybe` for every one that does. Neither is ever NULL."""

    sure: ColumnElement[bool]
    maybe: ColumnElement[bool]

    @classmethod
    def exactly(cls, test: ColumnElement[bool]) -> Match:
        """Where SQL decides alone."""
        return cls(test, test)

    @property
    def exact(self) -> bool:
        """True where nobody is left to be judged."""
        return self.sure is self.maybe


_NEVER, _UNDECIDED = Match.exactly(false()), Match(false(), true())


def matching(asked: Membership, now: datetime, dialect: str, *, known: datetime | None = None) -> Match:
    """The condition at `now` as SQL of a dialect (`sqlite` or `postgresql`), to be asked of `leads`.

    `known`: only what was known by then counts of what they did. One thing is counted better than by a fact sheet,
    which knows the newest 50 mails that a lead opened: here an old one is known as well.
    """
    return _Matcher(asked.definitions, now, dialect, known).of(asked.asked)


@dataclass(frozen=True, slots=True)
class _Matcher:
    definitions: Definitions
    now: datetime
    dialect: str
    known: datetime | None

    def of(self, condition: AnyCondition, *, in_phases: bool = False) -> Match:
        """`in_phases`: where it is being found out in which phase a lead is, it is in none yet."""
        match condition:
            case All():
                return _together([self.of(each, in_phases=in_phases) for each in condition.all], and_)
            case AnyOf():
                return _together([self.of(each, in_phases=in_phases) for each in condition.any], or_)
            case Not():
                return _none([self.of(each, in_phases=in_phases) for each in condition.not_])
            case AttributeIs():
                return self._attribute(condition)
            case Did():
                return Match.exactly(self._did(condition))
            case IsHot():
                hot = surely(leads.c.position["hot"].as_boolean())
                return Match.exactly(hot if condition.hot else not_(hot))
            case InPhase():
                return _NEVER if in_phases else self._phase(condition)
            case ScoreIs():
                return _UNDECIDED
            case Happened() | OutcomeIs() | InSegment():
                return _NEVER  # there is no visit here; a segment that is still named is not known
            case _:
                assert_never(condition)

    def _attribute(self, asked: AttributeIs) -> Match:
        value = cell(self.dialect, leads.c.attributes, asked.attribute)
        if value is None:
            return _UNDECIDED
        if asked.known is False:
            return Match.exactly(value.empty())
        tests = [not_(value.empty())] if asked.known else []
        if asked.at_least is not None or asked.at_most is not None:
            tests.append(value.within(asked.at_least, asked.at_most))
        if asked.is_ is not None:
            tests.append(_one_of(value, (asked.is_,)))
        if asked.in_ is not None:
            tests.append(_one_of(value, asked.in_))
        if asked.contains is not None:
            tests.append(value.contains(asked.contains))
        exact = and_(true(), *tests)
        if asked.before is None and asked.after is None:
            return Match.exactly(exact)
        sure = and_(exact, value.is_day(), *_days(value, asked))
        return Match(sure, or_(sure, and_(exact, value.may_be_day())))

    def _did(self, asked: Did) -> ColumnElement[bool]:
        mine = and_(events.c.lead == leads.c.id, counted(events, self.known), *self._meant(asked))
        if asked.within is not None:
            mine = and_(mine, events.c.at >= self.now - asked.within.span)
        if asked.at_least == 1:
            return select(literal(1)).select_from(events).where(mine).correlate(leads).exists()
        return select(func.count()).select_from(events).where(mine).correlate(leads).scalar_subquery() >= asked.at_least

    def _meant(self, asked: Did) -> Iterator[ColumnElement[bool]]:
        yield meant([asked])
        if asked.any_human_event or asked.did.type != "opened":
            return
        proof = and_(events.c.type.in_(OPENING), events.c.send.is_not(None))
        if asked.at_least > 1 or asked.within is not None:  # else the first of its mail is as good as this one
            proof = and_(proof, not_(self._after_another()))
        yield or_(events.c.type == "opened", proof)

    def _after_another(self) -> ColumnElement[bool]:
        """True for an event whose mail was opened, or proved to be, before. A mail has one lead and one subject."""
        other = events.alias("earlier")
        earlier = or_(other.c.at < events.c.at, and_(other.c.at == events.c.at, other.c.id < events.c.id))
        same = and_(other.c.send == events.c.send, other.c.lead == events.c.lead)
        proof = and_(same, other.c.type.in_(("opened", *OPENING)), counted(other, self.known), earlier)
        return select(literal(1)).select_from(other).where(proof).correlate(events).exists()

    def _phase(self, asked: InPhase) -> Match:
        """The phase is the last that is reached: this one and none after it, or any from it on."""
        order, phases = self.definitions.phases, self.definitions.journey_map
        if phases is None or asked.name not in order:
            return _NEVER
        reached = [
            self.of(expanded(each.reached_when, self.definitions), in_phases=True)
            if each.reached_when is not None
            else Match.exactly(true() if place == 0 else false())
            for place, each in enumerate(phases.phases)
        ]
        place = order.index(asked.name)
        if not isinstance(asked.phase, str):
            return _together(reached[place:], or_)
        return _together([reached[place], _none(reached[place + 1 :])], and_)


def counted(of: FromClause, known: datetime | None) -> ColumnElement[bool]:
    """True for the rows of `events` (or an alias of it) that count: no machine's, none that was taken back.

    `known`: as it was known at an instant; what was taken back later, as a machine's or as wrong, counted then.
    """
    stands = and_(of.c.automatic.is_(False), of.c.reversed_at.is_(None))
    if known is None:
        return stands
    return and_(or_(stands, of.c.reversed_at > known), of.c.received_at <= known)


def meant(several: Sequence[Did]) -> ColumnElement[bool]:
    """True for the rows of `events` that one of these asks about, at whatever time; of a click, maybe as an open."""
    return or_(false(), *(and_(*_asked(each)) for each in several))


def _asked(asked: Did) -> Iterator[ColumnElement[bool]]:
    if asked.any_human_event:
        yield events.c.type.not_in(NOT_HUMAN)
        return
    pattern = asked.did
    yield events.c.type.in_((pattern.type, *(OPENING if pattern.type == "opened" else ())))
    if pattern.subject not in (None, ANY):
        above = f"{pattern.subject}/"
        # not LIKE, to which A and a are the same on SQLite
        yield or_(events.c.subject == pattern.subject, func.substr(events.c.subject, 1, len(above)) == above)


def _one_of(value: Cell, several: Sequence[Any]) -> ColumnElement[bool]:
    texts = [each for each in several if isinstance(each, str) and each]  # an empty text is unknown
    others = (value.equals(each) for each in several if not isinstance(each, str))
    return or_(surely(and_(value.text.in_(texts), value.is_a("text"))), *others)


def _days(value: Cell, asked: AttributeIs) -> Iterator[ColumnElement[bool]]:
    for bound, later in ((asked.before, False), (asked.after, True)):
        if bound is None:
            continue
        try:
            day = date.fromisoformat(bound[:10]).isoformat()
        except ValueError:
            yield false()
        else:
            yield surely(value.day() > day if later else value.day() < day)


def _together(several: Sequence[Match], how: Any) -> Match:
    neutral = true() if how is and_ else false()
    sure = how(neutral, *(each.sure for each in several))
    if all(each.exact for each in several):
        return Match.exactly(sure)
    return Match(sure, how(neutral, *(each.maybe for each in several)))


def _none(several: Sequence[Match]) -> Match:
    some = _together(several, or_)
    return Match.exactly(not_(some.sure)) if some.exact else Match(not_(some.maybe), not_(some.sure))
