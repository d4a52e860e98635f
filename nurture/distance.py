"""Says how far a lead is from a condition, part by part: points, events, phase, attributes; refuses to judge anew.

Whether a part holds, judging.py decides. Here stands what would have to change, with what could still give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from nurture.conditions import (
    ANY,
    All,
    AnyCondition,
    AnyOf,
    AttributeIs,
    Did,
    EventPattern,
    InPhase,
    InSegment,
    IsHot,
    Not,
    ScoreIs,
    parts,
)
from nurture.definitions import AttributeItem, BehaviourItem, Definitions
from nurture.facts import did_key
from nurture.judging import Situation, judge
from nurture.scoring import ATTRIBUTES, BEHAVIOURS, TOTAL, Points, Scorer, counted_by

Kind = Literal["all", "any", "score", "did", "attribute", "phase", "segment", "hot", "never"]
_ANOTHER = "\uffff"
"""A subject that no event has had yet."""
_WORTH_SAYING = 0.05
"""An item that would give less, since its cap is filled and has hardly faded, is not named."""


class Gain(BaseModel):
    """An item that could still give points: by doing it once more, and at most; `how` is the condition in words.

    `unknown`: the attributes that nobody knows yet and that it waits for.
    """

    model_config = ConfigDict(frozen=True)

    item: str
    how: str
    points: float
    most: float
    unknown: tuple[str, ...] = ()


class Distance(BaseModel):
    """One condition and how far the lead is from it; `not` stands at single conditions only, whatever was written.

    `met`: it is as it should be. `all` wants every part to be met, `any` one of them. `lacks` says in words what is
    missing, empty where nothing is or where the parts say it. `has` and `needs` are figures (points, times), a value
    or a phase; `last` is when it was done last, where that is too long ago; `could` are the items that may still give
    the points.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    what: str
    met: bool = False
    lacks: str = ""
    has: Any = None
    needs: Any = None
    last: datetime | None = None
    could: tuple[Gain, ...] = ()
    parts: tuple[Distance, ...] = ()


class Measuring:
    """Conditions of one deployment, measured for one lead in one situation (its `phase` and `measure` are set)."""

    def __init__(self, definitions: Definitions, now: Situation) -> None:
        self._definitions = definitions
        self._now = now
        self._scorer = Scorer(definitions)
        self._points = self._scorer(now)

    def of(self, condition: AnyCondition, *, wanted: bool = True, through: tuple[str, ...] = ()) -> Distance:
        """How far the lead is from it; `wanted`: from its being true, else from its being false.

        `through`: the segments and phases it is asked for by, so that a circle ends.
        """
        match condition:
            case All(all=inner) | AnyOf(any=inner):
                every = isinstance(condition, All) == wanted
                return self._together(inner, through, every=every, wanted=wanted)
            case Not(not_=inner):
                return self._together(inner, through, every=wanted, wanted=not wanted)
            case _:
                met = judge(condition, self._definitions, "nowhere")(self._now) == wanted
                found = self._single(condition, through, wanted=wanted)
                what = found.what if wanted else f"not {found.what}"
                return found.model_copy(
                    update={"what": what, "met": met, **({"lacks": "", "could": ()} if met else {})}
                )

    def _together(
        self, several: Sequence[AnyCondition], through: tuple[str, ...], *, every: bool, wanted: bool
    ) -> Distance:
        found = tuple(self.of(each, wanted=wanted, through=through) for each in several)
        if len(found) == 1:
            return found[0]
        if every:
            return Distance(kind="all", what="every one of", met=all(each.met for each in found), parts=found)
        return Distance(kind="any", what="one of", met=any(each.met for each in found), parts=found)

    def _single(self, condition: AnyCondition, through: tuple[str, ...], *, wanted: bool) -> Distance:
        what = str(condition)
        match condition:
            case ScoreIs():
                return self._score(condition, wanted=wanted)
            case Did():
                return self._did(condition)
            case AttributeIs(attribute=name):
                value = self._now.attributes.get(name)
                return Distance(kind="attribute", what=what, lacks=f"{name} is {_said(value)}", has=value)
            case InPhase():
                return self._phase(condition, through, wanted=wanted)
            case InSegment():
                return self._segment(condition, through, wanted=wanted)
            case IsHot():
                is_so = "it is hot already" if self._now.hot else "it is not hot"
                return Distance(kind="hot", what=what, lacks=is_so, has=self._now.hot)
            case _:
                return Distance(kind="never", what=what, lacks="it never holds here")

    # --- points -----------------------------------------------------------------------------------------------------

    def _score(self, asked: ScoreIs, *, wanted: bool) -> Distance:
        has, low, high = self._points.of(asked.score), asked.at_least, asked.at_most
        found = Distance(kind="score", what=str(asked), met=False, has=has, needs=low if low is not None else high)
        if not wanted or low is None or has >= low:
            return found.model_copy(update={"lacks": f"it is {has:.4g}"})
        missing, could = low - has, tuple(self._gains(asked.score))
        most = sum(gain.most for gain in could)
        beyond = "" if most >= missing - 1e-9 else f"; at most {most:.4g} can still come"
        told = {"lacks": f"{missing:.4g} point(s) more: it is {has:.4g} of {low:g}{beyond}", "could": could}
        return found.model_copy(update=told)

    def _gains(self, score: str) -> Iterator[Gain]:
        """What could still give points to a score, what gives most first."""
        model, found = self._definitions.score, list[Gain]()
        if score != BEHAVIOURS:
            fixed = [each for each in model.attributes if score in (TOTAL, ATTRIBUTES, each.item)]
            found += [gain for each in fixed if (gain := self._fixed(each)) is not None]
        done = [each for each in model.behaviours if score in (TOTAL, BEHAVIOURS, each.item)]
        found += [gain for each in done if (gain := self._once_more(each)) is not None]
        yield from sorted(found, key=lambda gain: -gain.points)

    def _fixed(self, item: AttributeItem) -> Gain | None:
        """An item that waits for something nobody knows yet; what is known to be otherwise gives nothing."""
        asked = {part.attribute for part in parts(item.when) if isinstance(part, AttributeIs)}
        unknown = sorted(name for name in asked if self._now.attributes.get(name) in (None, "", []))
        if item.points <= 0 or not unknown or self._points.of(item.item):
            return None
        how = f"{item.when}; {' and '.join(unknown)} not known"
        return Gain(item=item.item, how=how, points=item.points, most=item.points, unknown=tuple(unknown))

    def _once_more(self, item: BehaviourItem) -> Gain | None:
        """What an item would give if one of its events happened now, and how much it has room for at all."""
        if item.points <= 0:
            return None
        before, best = self._points.of(item.item), 0.0
        for event in counted_by(item):
            facts = self._now.facts.copy()
            facts.note(event.type, _subject(event), None, self._now.now)
            after: Points = self._scorer(replace(self._now, facts=facts))
            best = max(best, after.of(item.item) - before)
        if best < _WORTH_SAYING:
            return None
        full = item.points if item.repeat == "once" or item.cap is None else item.cap
        return Gain(item=item.item, how=str(item.when), points=best, most=max(best, full - before))

    # --- events and phases ------------------------------------------------------------------------------------------

    def _did(self, asked: Did) -> Distance:
        key, span = did_key(asked), asked.within.span if asked.within is not None else None
        has, needs = self._now.facts.times(key, self._now.now - span if span is not None else None), asked.at_least
        told = f"{needs - has} more: it is {has} of {needs}" if has < needs else f"it is {has}"
        last, too_old = self._now.facts.instants.get(key, ()), None
        if has < needs and span is not None and last and last[-1] < self._now.now - span:
            too_old = last[-1]
            told += f"; the last was {_days(self._now.now - too_old)} ago"
        return Distance(kind="did", what=str(asked), lacks=told, has=has, needs=needs, last=too_old)

    def _segment(self, asked: InSegment, through: tuple[str, ...], *, wanted: bool) -> Distance:
        segment = self._definitions.segments.get(asked.segment)
        if segment is None:
            return Distance(kind="segment", what=str(asked), lacks=f"there is no segment {asked.segment!r}")
        if asked.segment in through:
            return Distance(kind="segment", what=str(asked), lacks="it is asked for by itself")
        inside = self.of(segment.when, wanted=wanted, through=(*through, asked.segment))
        return Distance(kind="segment", what=str(asked), parts=(inside,))

    def _phase(self, asked: InPhase, through: tuple[str, ...], *, wanted: bool) -> Distance:
        order, name, has = self._definitions.phases, asked.name, self._now.phase
        found = Distance(kind="phase", what=str(asked), lacks=f"it is in {has or 'none'}", has=has, needs=name)
        if name not in order or self._definitions.journey_map is None:
            return found.model_copy(update={"lacks": f"there is no phase {name!r}"})
        first = order.index(name)
        if not wanted or (has in order and order.index(has) >= first):
            return found  # nobody goes back, so nothing brings it there
        ways = self._definitions.journey_map.phases[first : first + 1 if isinstance(asked.phase, str) else None]
        several = tuple(
            self.of(each.reached_when, through=(*through, f"phase {each.phase}"))
            for each in ways
            if each.reached_when is not None and f"phase {each.phase}" not in through
        )
        return found.model_copy(update={"parts": several})


def _subject(event: EventPattern) -> str:
    """A subject that the pattern means, and that has not been there before."""
    return _ANOTHER if event.subject in (None, ANY) else f"{event.subject}/{_ANOTHER}"


def _said(value: Any) -> str:
    if value is None or value in ("", []):
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _days(age: timedelta) -> str:
    return f"{age.days} day(s)" if age.days else f"{age.seconds // 3600} hour(s)"
