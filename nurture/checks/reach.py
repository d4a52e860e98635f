"""Computes what is possible for a lead: which events come, which attributes go together, how many points there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise, product
from typing import Any, NamedTuple

from nurture.checks.attributes import as_date
from nurture.checks.names import subject_fits
from nurture.checks.spots import spots
from nurture.conditions import (
    ANY,
    MAIL_EVENTS,
    All,
    AnyCondition,
    AnyOf,
    AttributeIs,
    Did,
    EventPattern,
    Happened,
    InSegment,
    Not,
    ScoreIs,
    parts,
)  # fmt: skip
from nurture.definitions import Attribute, AttributeItem, BehaviourItem
from nurture.folder import Folder
from nurture.judging import attribute_holds

MAX_LEADS = 5_000
"""How many combinations of attribute values are tried; above, all items are taken to go together."""
OTHER = "\uffff"
"""A text nobody names."""
_SOME_DAY = date(2000, 1, 1)
"""Where no test names a day, any one is known."""


class Literal(NamedTuple):
    """One question of an alternative, and the answer it wants."""

    condition: AnyCondition
    wanted: bool


class Reach:
    """What the definitions of a folder make possible."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.definitions = folder.definitions

    def why_not(self, clause: Sequence[Literal]) -> str | None:
        """Why no lead meets all of `clause`; None where one may."""
        for literal in clause:
            if literal.wanted and isinstance(literal.condition, Did) and (reason := self._no_source(literal.condition)):
                return reason
        return self.contradiction(clause) or self._too_few_points(clause)

    def contradiction(self, clause: Sequence[Literal]) -> str | None:
        """Why the questions of `clause` exclude each other, whatever has happened; None where they may not."""
        if reason := _excluded(clause):
            return f"{reason}: take one of the two out"
        for name, values in self._attributes(clause).items():
            if not values:
                tests = [f"{'' if each.wanted else 'not '}{each.condition}" for each in clause if _asks(each, name)]
                return f"no value of {name!r} passes all its rules ({'; '.join(tests)}): widen one, or take it out"
        for low, high in _bounds(clause).values():
            if low is not None and low > high:
                return f"no score is at least {low:g} and at most {high:g}: move one of the bounds"
        return None

    # --- events -----------------------------------------------------------------------------------------------------

    def _no_source(self, did: Did) -> str | None:
        if did.any_human_event or self.produced(did.did):
            return None
        if did.did.type in MAIL_EVENTS:
            what = "mail at all" if did.did.subject in (None, ANY) else f"the mail {did.did.subject!r}"
            return f"nothing produces `{did.did}`, since no scenario sends {what}: send it, or ask for another event"
        where = "neither events.yaml nor a form has this subject"
        return f"nothing produces `{did.did}`, since {where}: list it, or ask for another event"

    @cached_property
    def _sent(self) -> frozenset[str]:
        folder = self.folder
        if any(not folder.sound(file) for file in folder.scenario_files.values()):
            return folder.template_names
        steps = [step for scenario in self.definitions.scenarios.values() for step in scenario.steps.values()]
        return frozenset(template for step in steps for template in step.templates)

    def produced(self, pattern: EventPattern) -> bool:
        """True if some step, form or event source may produce such an event."""
        return self._subjects(pattern) != 0

    def _subjects(self, pattern: EventPattern) -> int | None:
        """How many different subjects such events may have; None: any number."""
        wide = pattern.subject in (None, ANY)
        if pattern.type in MAIL_EVENTS:
            return len(self._sent) if wide else int(pattern.subject in self._sent)
        declared = self.definitions.events.get(pattern.type)
        if declared is None or declared.subjects is None:
            return None
        forms = [form.event.subject for form in self.definitions.forms.values() if form.event.type == pattern.type]
        known = (*declared.subjects, *(subject for subject in forms if subject is not None))
        if wide:
            return len(set(known))
        return None if subject_fits(pattern.subject or "", known) else 0

    # --- attributes -------------------------------------------------------------------------------------------------

    def _attributes(self, clause: Iterable[Literal]) -> dict[str, list[Any]]:
        """Per attribute that somebody asks about, the values that pass every rule of the clause."""
        several = tuple(clause)
        allowed = {name: [*values, *self._made_for(name, several)] for name, values in self._candidates.items()}
        for literal in several:
            test = literal.condition
            if isinstance(test, AttributeIs) and test.attribute in allowed:
                allowed[test.attribute] = [
                    value for value in allowed[test.attribute] if attribute_holds(test, value) == literal.wanted
                ]
        return allowed

    def _made_for(self, name: str, clause: Iterable[Literal]) -> list[Any]:
        """Values that have just what the clause wants to find in them: of all texts together one may be excluded."""
        wanted = [
            str(literal.condition.contains)
            for literal in clause
            if literal.wanted
            and isinstance(literal.condition, AttributeIs)
            and literal.condition.attribute == name
            and literal.condition.contains is not None
        ]
        match self.definitions.attributes[name].type:
            case "list" if wanted:
                return [wanted]
            case "text" if wanted:
                return [" ".join(wanted), "".join(wanted)]
        return []

    @cached_property
    def _candidates(self) -> Mapping[str, list[Any]]:
        tests: dict[str, list[AttributeIs]] = {}
        for spot in spots(self.folder):
            for _, part in spot.parts():
                if isinstance(part, AttributeIs):
                    tests.setdefault(part.attribute, []).append(part)
        declared = self.definitions.attributes
        return {name: [None, *_values(declared[name], asked)] for name, asked in tests.items() if name in declared}

    # --- points -----------------------------------------------------------------------------------------------------

    def _too_few_points(self, clause: Sequence[Literal]) -> str | None:
        bounds = _bounds(clause)
        never = [each.condition for each in clause if not each.wanted and isinstance(each.condition, Did)]
        most = {item.item: self._most(item, never) for item in self.definitions.score.behaviours}
        behaviours = sum(most.values())
        attributes = self._most_attributes(self._attributes(clause))
        most.update({item.item: max(item.points, 0) for item in self.definitions.score.attributes})
        most.update(attributes=attributes, behaviours=behaviours)
        for name in ("attributes", "behaviours"):
            most[name] = min(most[name], bounds.get(name, (None, most[name]))[1])
        most["total"] = most["attributes"] + most["behaviours"]
        for name, (low, _) in bounds.items():
            if low is not None and name in most and most[name] < low:
                if not self.folder.present("score"):
                    return "there is no score.yaml, so every score is 0: write one"
                parts_of = f" (attributes {attributes:g}, behaviours {behaviours:g})" if name == "total" else ""
                needed = f"score.yaml gives at most {most[name]:g} for {name!r}{parts_of}, and {low:g} are needed"
                return f"{needed}: lower the threshold, or raise points or caps"
        return None

    def _most(self, item: BehaviourItem, never: Iterable[AnyCondition]) -> float:
        """The most points a behaviour item can give."""
        events = [part.event for part in parts(item.when) if isinstance(part, Happened)]
        possible = [
            event for event in events if self.produced(event) and not any(_denies(each, event) for each in never)
        ]
        if not possible or item.points <= 0:
            return 0
        counts = [self._subjects(event) for event in possible]
        match item.repeat:
            case "once":
                most: float = item.points
            case "each_subject" if all(count is not None for count in counts):
                most = item.points * sum(count or 0 for count in counts)
            case _:
                most = float("inf")
        return most if item.cap is None else min(most, item.cap)

    def _most_attributes(self, leads: Mapping[str, list[Any]]) -> float:
        """The most points one lead's attributes can give together."""
        items = self.definitions.score.attributes
        total = 0.0
        for names, group in _groups([(item, self._asked(item.when)) for item in items]):
            asked = [name for name in names if name in leads]
            size = 1
            for name in asked:
                size *= len(leads[name])
            if size > MAX_LEADS:
                total += sum(max(item.points, 0) for item in group)
                continue
            total += max(
                (
                    sum(self._gives(item.when, item.points, dict(zip(asked, values, strict=True))) for item in group)
                    for values in product(*(leads[name] for name in asked))
                ),
                default=0,
            )
        return total

    def _asked(self, condition: AnyCondition, within: tuple[str, ...] = ()) -> frozenset[str]:
        names: set[str] = set()
        for part in parts(condition):
            if isinstance(part, AttributeIs):
                names.add(part.attribute)
            elif (
                isinstance(part, InSegment) and part.segment in self.definitions.segments and part.segment not in within
            ):
                names |= self._asked(self.definitions.segments[part.segment].when, (*within, part.segment))
        return frozenset(names)

    def _gives(self, condition: AnyCondition, points: int, lead: Mapping[str, Any]) -> int:
        may, must = self._possible(condition, lead)
        return points if (may if points > 0 else must) else 0

    def _possible(self, condition: AnyCondition, lead: Mapping[str, Any], depth: int = 0) -> tuple[bool, bool]:
        """Whether the condition may be, and whether it must be, true of a lead with these attributes."""
        match condition:
            case AttributeIs(attribute=name) if name in lead:
                holds = attribute_holds(condition, lead[name])
                return holds, holds
            case InSegment(segment=name) if name in self.definitions.segments and depth < 20:
                return self._possible(self.definitions.segments[name].when, lead, depth + 1)
            case All(all=inner):
                each = [self._possible(part, lead, depth) for part in inner]
                return all(may for may, _ in each), all(must for _, must in each)
            case AnyOf(any=inner):
                each = [self._possible(part, lead, depth) for part in inner]
                return any(may for may, _ in each), any(must for _, must in each)
            case Not(not_=inner):
                each = [self._possible(part, lead, depth) for part in inner]
                return not any(must for _, must in each), not any(may for may, _ in each)
            case _:
                return True, False


# --- single questions -----------------------------------------------------------------------------------------------


def _asks(literal: Literal, attribute: str) -> bool:
    return isinstance(literal.condition, AttributeIs) and literal.condition.attribute == attribute


def _excluded(clause: Sequence[Literal]) -> str | None:
    """Two rules about the same event that no lead meets together."""
    wanted = [each.condition for each in clause if each.wanted and isinstance(each.condition, Did)]
    never = [each.condition for each in clause if not each.wanted]
    for did in wanted:
        if any(_denies(other, did.did, did) for other in never):
            return f"`{did}` is wanted and excluded at once"
    return None


def _denies(condition: AnyCondition, event: EventPattern, did: Did | None = None) -> bool:
    """True if `condition`, when it must not hold, leaves no room for `event` (or for `did`)."""
    if not isinstance(condition, Did) or condition.did.type != event.type:
        return False
    if condition.did.subject not in (None, ANY) and condition.did.subject != event.subject:
        return False
    if did is None:
        return condition.within is None and condition.at_least == 1
    if condition.at_least > did.at_least:
        return False
    return condition.within is None or (did.within is not None and did.within.span <= condition.within.span)


def _bounds(clause: Iterable[Literal]) -> dict[str, tuple[float | None, float]]:
    """Per score asked about, the lowest and the highest value that the clause allows."""
    bounds: dict[str, tuple[float | None, float]] = {}
    for literal in clause:
        test = literal.condition
        if not isinstance(test, ScoreIs):
            continue
        low, high = bounds.get(test.score, (None, float("inf")))
        if literal.wanted:
            if test.at_least is not None:
                low = max(test.at_least, low if low is not None else test.at_least)
            if test.at_most is not None:
                high = min(high, test.at_most)
        elif test.at_least is not None and test.at_most is None:
            high = min(high, test.at_least - 1e-9)
        bounds[test.score] = (low, high)
    return bounds


def _groups(items: Iterable[tuple[AttributeItem, frozenset[str]]]) -> Iterator[tuple[set[str], list[AttributeItem]]]:
    """Items that ask about the same attributes, directly or by way of others, together."""
    groups: list[tuple[set[str], list[AttributeItem]]] = []
    for item, names in items:
        touched = [group for group in groups if group[0] & names]
        joined = (set(names).union(*(group[0] for group in touched)), [each for group in touched for each in group[1]])
        groups = [group for group in groups if group not in touched]
        groups.append((joined[0], [*joined[1], item]))
    yield from groups


def _values(attribute: Attribute, tests: Iterable[AttributeIs]) -> list[Any]:
    """Values of an attribute that tell all the tests apart."""
    named: list[Any] = []
    for test in tests:
        each = (test.at_least, test.at_most, test.is_, test.contains, test.before, test.after, *(test.in_ or ()))
        named += [value for value in each if value is not None]
    match attribute.type:
        case "number":
            numbers = [value for value in named if isinstance(value, int | float) and not isinstance(value, bool)]
            bounds = sorted({value + step for value in numbers or [0] for step in (-1, 0, 1)})
            return sorted({*bounds, *((low + high) / 2 for low, high in pairwise(bounds))})
        case "choice":
            return list(attribute.values or ())
        case "flag":
            return [True, False]
        case "date":
            days = [day for value in named if isinstance(value, str) and (day := as_date(value))]
            return sorted({str(day + timedelta(days=step)) for day in days or [_SOME_DAY] for step in (-1, 0, 1)})
        case "list":
            texts = list(dict.fromkeys(str(value) for value in named))
            return [[OTHER], *([text] for text in texts), texts or [OTHER]]
        case "text":
            texts = list(dict.fromkeys(str(value) for value in named))
            return [OTHER, *texts, " ".join(texts) or OTHER]
