"""Says which rule of the hot lead definition a past lead came nearest to, and what was lacking; refuses to judge anew.

Whether a part holds, judging.py decides. How near a rule is, is a share: of the points a score needs, of the times an
event is asked for, of the parts that must hold together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nurture.conditions import All, AnyCondition, AnyOf, Did, ScoreIs
from nurture.facts import did_key
from nurture.history import PastLead
from nurture.judging import Situation, judge
from nurture.rehearsal import Rehearsal
from nurture.retrospect import begun


@dataclass(frozen=True, slots=True)
class Lack:
    """A condition that did not hold, and the points or times there were of it, where it asks for some."""

    condition: AnyCondition
    has: float | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """The instant at which a lead was nearest, the rule, and what it lacked of that.

    `kept_out`: what must not hold and always did; then no rule could have made it hot. No `rule`: it did nothing that
    workflows hear of, and before that nobody looks.
    """

    at: datetime
    rule: AnyCondition | None = None
    lacked: tuple[Lack, ...] = ()
    kept_out: AnyCondition | None = None


def nearest(by: Rehearsal, lead: PastLead) -> Missed | None:
    """How near a lead came, before it was closed, that was never hot; None where nothing is known of it.

    One that did nothing nobody has looked at: what it lacks is that.
    """
    hot, known = by.definitions.hot_lead, begun(lead)
    if hot is None or known is None:
        return None
    if by.starts(lead) is None:
        return Missed(known)
    every: tuple[AnyCondition, ...] = hot.all or ()
    rules = [All(all=(*every, each)) if every else each for each in hot.any or ()] or [All(all=every)]
    best, found = -1.0, None
    kept_out: list[AnyCondition | None] = []

    def look(now: Situation) -> None:
        nonlocal best, found
        if lead.closed_at is not None and now.now > lead.closed_at:
            return
        kept_out.append(next((each for each in hot.not_ if _holds(each, now, by)), None))
        for rule in rules:
            share = _share(rule, now, by)
            if share > best:
                best, found = share, Missed(now.now, rule, tuple(_lacked(rule, now, by)))

    by.watch(lead, look)
    return replace(found, kept_out=kept_out[-1]) if found is not None and all(kept_out) else found


def _holds(condition: AnyCondition, now: Situation, by: Rehearsal) -> bool:
    return judge(condition, by.definitions, "nowhere")(now)


def _share(condition: AnyCondition, now: Situation, by: Rehearsal) -> float:
    """How much of a condition is there, 0 to 1; 1 only where it holds."""
    if _holds(condition, now, by):
        return 1.0
    match condition:
        case ScoreIs(at_least=low) if low is not None and low > 0 and now.measure is not None:
            return max(0.0, min(0.99, now.measure(now).of(condition.score) / low))
        case Did():
            return min(0.99, _times(condition, now) / condition.at_least)
        case All(all=several):
            return min(0.99, _mean([_share(each, now, by) for each in several]))
        case AnyOf(any=several):
            return max(_share(each, now, by) for each in several)
        case _:
            return 0.0


def _lacked(condition: AnyCondition, now: Situation, by: Rehearsal) -> Iterator[Lack]:
    """The parts that did not hold, with how far they were."""
    if _holds(condition, now, by):
        return
    match condition:
        case All(all=several):
            for each in several:
                yield from _lacked(each, now, by)
        case AnyOf(any=several):
            yield from _lacked(max(several, key=lambda each: _share(each, now, by)), now, by)
        case ScoreIs() if now.measure is not None:
            yield Lack(condition, now.measure(now).of(condition.score))
        case Did(at_least=least) if least > 1:
            yield Lack(condition, _times(condition, now))
        case _:
            yield Lack(condition)


def _times(condition: Did, now: Situation) -> int:
    since = now.now - condition.within.span if condition.within is not None else None
    return now.facts.times(did_key(condition), since)


def _mean(several: Sequence[float]) -> float:
    return sum(several) / len(several)
