"""Counts, in one pass over past leads, what four_r.py judges segments by; refuses to judge them.

A lead that was won or lost is looked at as it was known when that was decided, any other as it is known now; what it
did afterwards proves nothing. Its attributes are those of today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nurture.conditions import All, AnyCondition, AttributeIs, Did, EventPattern, InPhase, IsHot, ScoreIs, parts
from nurture.definitions import Definitions, Segment
from nurture.facts import NOT_HUMAN, OPENING
from nurture.history import PastLead
from nurture.judging import Judge, Situation, expanded
from nurture.retrospect import Retrospect, begun, settled
from nurture.scoring import counted_by
from nurture.shares import Share

MONTH = timedelta(days=30)
MONTHS = 6
"""How far back it is counted who began to fit."""


@dataclass(slots=True)
class Part:
    """One of the conditions that a segment joins with `all`, and the leads that only this one keeps out.

    `alone`: how many there are; `missed`: those of them with a result, and how many of these were won.
    """

    condition: AnyCondition
    alone: int = 0
    decided: int = 0
    won: int = 0

    @property
    def missed(self) -> Share:
        """The won among those of them with a result."""
        return Share(self.won, self.decided)

    def keep_out(self, lead: PastLead) -> None:
        """Count a lead that only this condition keeps out."""
        self.alone += 1
        self.decided += lead.result is not None
        self.won += lead.won


@dataclass(slots=True)
class Counts:
    """What was counted of one segment. `size`: leads that fit when they were looked at; `leaves`: what it measures."""

    parts: tuple[Part, ...]
    leaves: tuple[AnyCondition, ...]
    size: int = 0
    now: int = 0
    decided_leads: int = 0
    won: int = 0
    handed_over: int = 0
    measurable: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    months: list[int] = field(default_factory=lambda: [0] * MONTHS)
    more: dict[int, list[int]] = field(default_factory=dict)
    candidates: tuple[AnyCondition, ...] = ()

    @property
    def decided(self) -> Share:
        """The won among its leads with a result."""
        return Share(self.won, self.decided_leads)

    @property
    def with_more(self) -> Iterator[tuple[AnyCondition, Share]]:
        """The won among its leads with a result for which one more condition holds."""
        for index, (won, of) in self.more.items():
            yield self.candidates[index], Share(won, of)

    def take(self, lead: PastLead, reached: Iterable[str], more: Iterable[int]) -> None:
        """Count a lead that fits, the phases it reached, and the further conditions that hold for it."""
        self.size += 1
        self.now += lead.result is None
        self.handed_over += was_handed_over(lead)
        self.reached.update(reached)
        self.decided_leads += lead.result is not None
        self.won += lead.won
        for index in more:
            seen = self.more.setdefault(index, [0, 0])
            seen[0] += lead.won
            seen[1] += 1


@dataclass(slots=True)
class Tally:
    """What was counted of all leads, and of each segment."""

    at: datetime
    phases: tuple[str, ...]
    segments: dict[str, Counts]
    leads: int = 0
    won: int = 0
    decided_leads: int = 0
    handed_over: int = 0
    first: datetime | None = None
    reached: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    seen: dict[EventPattern, datetime] = field(default_factory=dict)

    @property
    def decided(self) -> Share:
        """The won among all leads with a result."""
        return Share(self.won, self.decided_leads)

    def take(self, lead: PastLead, reached: Iterable[str], known: Iterable[str], since: datetime | None) -> None:
        """Count any lead, the phases it reached, and the attributes that are known of it."""
        self.leads += 1
        self.decided_leads += lead.result is not None
        self.won += lead.won
        self.handed_over += was_handed_over(lead)
        self.reached.update(reached)
        self.known.update(known)
        if since is not None and (self.first is None or since < self.first):
            self.first = since

    def known_months(self, counted: list[int]) -> tuple[int, ...]:
        """Of the last months those in which there were leads at all; empty where nobody knows since when."""
        if self.first is None:
            return ()
        reaching = -(-max(self.at - self.first, timedelta(seconds=1)) // MONTH)
        return tuple(counted[-min(MONTHS, max(1, reaching)) :])

    def measurable(self, leaf: AnyCondition) -> Share:
        """On how many leads a condition can be judged: the attribute is known, or somebody reports such events."""
        match leaf:
            case AttributeIs(known=None):
                return Share(self.known[leaf.attribute], self.leads)
            case Did():
                return Share(self.leads if self.newest(leaf) is not None else 0, self.leads)
            case _:
                return Share(self.leads, self.leads)

    def newest(self, leaf: AnyCondition) -> datetime | None:
        """When anybody last did what a condition asks; None where nobody ever did, or it asks something else."""
        return self.seen.get(leaf.did) if isinstance(leaf, Did) else None


def tallied(leads: Iterable[PastLead], definitions: Definitions, chosen: Mapping[str, Segment], now: datetime) -> Tally:
    """Count everything in one pass over the leads."""
    counting = _Counting(definitions, chosen, now)
    for lead in leads:
        counting.add(lead)
    return counting.tally


def was_handed_over(lead: PastLead) -> bool:
    """True if sales had a task about it; a deal that was decided was sales' as well."""
    return lead.handed_over or lead.result is not None


def joined(condition: AnyCondition) -> tuple[AnyCondition, ...]:
    """The conditions that one joins with `all`, however deep; itself where it joins none."""
    if not isinstance(condition, All):
        return (condition,)
    return tuple(each for part in condition.all for each in joined(part))


@dataclass(slots=True)
class _Ready:
    """A segment made ready. `moves`: it may come to fit by what it does or by time, not only with its first day."""

    counts: Counts
    parts: tuple[Judge, ...]
    named: frozenset[str]
    more: tuple[tuple[int, Judge], ...]
    moves: bool

    def fits(self, now: Situation) -> bool:
        return all(holds(now) for holds in self.parts)


class _Counting:
    def __init__(self, definitions: Definitions, chosen: Mapping[str, Segment], now: datetime) -> None:
        asked = {name: expanded(segment.when, definitions) for name, segment in chosen.items()}
        candidates = tuple(_candidates(definitions))
        self._of_attributes = tuple(definitions.attributes)
        self._past = Retrospect(definitions, [*asked.values(), *candidates])
        self._turning = Retrospect(definitions, asked.values())  # whose windows are those of the segments alone
        ready = [self._past.judge(each) for each in candidates]
        self._ready = {name: self._made_ready(each, candidates, ready) for name, each in asked.items()}
        order = definitions.phases
        self.tally = Tally(now, order, {name: each.counts for name, each in self._ready.items()})
        self._up_to = {phase: order[: index + 1] for index, phase in enumerate(order)}
        leaves = (leaf for each in self._ready.values() for leaf in each.counts.leaves if isinstance(leaf, Did))
        self._patterns = tuple({leaf.did: leaf for leaf in leaves}.values())

    def _made_ready(self, asked: AnyCondition, candidates: tuple[AnyCondition, ...], judges: list[Judge]) -> _Ready:
        several = joined(asked)
        leaves = tuple({_measures(leaf): leaf for leaf in reversed([*parts(asked)]) if _measures(leaf)}.values())[::-1]
        named = frozenset(leaf.attribute for leaf in leaves if isinstance(leaf, AttributeIs))
        told = {_measures(leaf) for leaf in leaves}
        more = tuple(
            (index, judges[index])
            for index, each in enumerate(candidates)
            if _measures(each) not in told
        )  # fmt: skip
        return _Ready(
            Counts(tuple(Part(each) for each in several), leaves, candidates=candidates),
            tuple(self._past.judge(each) for each in several),
            named,
            more,
            moves=any(isinstance(part, Did | ScoreIs | InPhase | IsHot) for part in parts(asked)),
        )

    def add(self, lead: PastLead) -> None:
        """Count one lead."""
        tally, end = self.tally, settled(lead, self.tally.at)
        then, since = self._past.seen(lead, end), begun(lead)
        reached = self._up_to.get(then.phase or "", ())
        known = {name for name in self._of_attributes if lead.attributes.get(name) not in (None, "", [], ())}
        tally.take(lead, reached, known, since)
        self._note_events(lead)
        for each in self._ready.values():
            each.counts.measurable += each.named <= known
            failing = [part for part, holds in zip(each.counts.parts, each.parts, strict=True) if not holds(then)]
            if not failing:
                each.counts.take(lead, reached, [index for index, holds in each.more if lead.result and holds(then)])
                if since is not None and not each.moves:
                    self._began(each.counts, {since})
            elif len(failing) == 1:
                failing[0].keep_out(lead)
        moving = [each for each in self._ready.values() if each.moves]
        if moving and since is not None:
            self._walk(lead, moving, end)

    def _walk(self, lead: PastLead, moving: list[_Ready], end: datetime) -> None:
        """Find when the lead began to fit within the last months."""
        start = self.tally.at - MONTHS * MONTH
        if end <= start:
            return
        since = begun(lead)
        fitted: list[bool] = []
        began: list[set[datetime]] = [set() for _ in moving]
        for at, now in self._past.walked(lead, self._turning.turns(lead, start, end)):
            fits = [since is not None and since <= at and each.fits(now) for each in moving]
            for index, fit in enumerate(fits):
                if fit and fitted and not fitted[index]:
                    began[index].add(at)
            fitted = fits
        for each, instants in zip(moving, began, strict=True):
            self._began(each.counts, instants)

    def _began(self, counts: Counts, instants: set[datetime]) -> None:
        """A lead counts once in each month in which it began to fit."""
        start = self.tally.at - MONTHS * MONTH
        for month in {min((at - start) // MONTH, MONTHS - 1) for at in instants if start < at <= self.tally.at}:
            counts.months[month] += 1

    def _note_events(self, lead: PastLead) -> None:
        """When anybody last did what is asked."""
        for asked in self._patterns:
            for event in reversed(lead.events):
                if _meant(asked, event.type, event.subject):
                    self.tally.seen[asked.did] = max(event.at, self.tally.seen.get(asked.did, event.at))
                    break


def _meant(asked: Did, type: str, subject: str) -> bool:
    if asked.any_human_event:
        return type not in NOT_HUMAN
    return asked.did.matches("opened" if asked.did.type == "opened" and type in OPENING else type, subject)


def _measures(leaf: AnyCondition) -> str | None:
    """What a condition measures: the same attribute or event is measured once; None for what only joins others."""
    match leaf:
        case AttributeIs(known=None):
            return f"attribute {leaf.attribute}"
        case Did():
            return f"did {leaf.did}"
        case ScoreIs() | InPhase():
            return str(leaf)
        case _:
            return None


def _candidates(definitions: Definitions) -> Iterator[AnyCondition]:
    """Conditions that might be added to a segment: values of choices and flags, what the score and the map name."""
    found: dict[str, AnyCondition] = {}
    for item in definitions.score.attributes:
        if all(isinstance(part, AttributeIs | All) for part in parts(item.when)):
            found.setdefault(str(item.when), item.when)
    for name, attribute in definitions.attributes.items():
        values = attribute.values or ((True, False) if attribute.type == "flag" else ())
        for value in values:
            condition = AttributeIs.model_validate({"attribute": name, "is": value})
            found.setdefault(str(condition), condition)
    patterns = [pattern for item in definitions.score.behaviours for pattern in counted_by(item)]
    if definitions.journey_map is not None:
        patterns += [pattern for phase in definitions.journey_map.phases for pattern in phase.actions]
    for pattern in patterns:
        if pattern.subject is not None or not pattern.own_mail:
            did = Did(did=pattern)
            found.setdefault(str(did), did)
    return iter(found.values())
