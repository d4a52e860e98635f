"""Keeps what a lead did as a bounded sheet of instants, only for the events that definitions ask about.

Refuses to judge: judging.py reads the sheet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from nurture.conditions import ANY, AnyCondition, Did, EventPattern, Happened, parts
from nurture.definitions import Definitions, Scenario

KEEP = 50
"""The most instants kept for one pattern (design, section 6)."""
NOT_HUMAN = frozenset({"delivered", "bounced"})
"""Mail events that no person made."""
OPENING = frozenset({"clicked", "replied"})
"""Mail events that prove that their mail was opened, where no open was told."""
ANY_HUMAN = "any"
"""The key under which every human event is kept."""
_COUNTING = "counted"
_EACH, _PER_SUBJECT = f"{_COUNTING} each", f"{_COUNTING} by subject"
_AND = "\n"
"""What a key of score items is made of: no type of event has a blank, and no subject a line break."""
ALWAYS_DELIVERED = frozenset({"bounced", "unsubscribed", "spam_reported"})
"""Types that go to workflows whether a definition names them or not: they may end an enrolment."""


@dataclass(slots=True)
class Facts:
    """For each pattern asked about, the newest instants, ascending.

    `keeps` maps a key to how many are needed: of a pattern's instants, or of the events (time, type, subject) that a
    score item counts, which are `counted`. `opened` are the send keys of mails known to be opened (the newest KEEP).
    """

    keeps: dict[str, int] = field(default_factory=dict)
    instants: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    opened: tuple[str, ...] = ()
    counted: dict[str, tuple[tuple[datetime, str, str], ...]] = field(default_factory=dict)

    def copy(self) -> Facts:
        return Facts(self.keeps, self.instants.copy(), self.opened, self.counted.copy())

    def keep(self, wanted: dict[str, int]) -> None:
        """Ask for other patterns from now on; what is known of those still wanted stays."""
        self.keeps = wanted
        self.instants = {key: kept for key, kept in self.instants.items() if key in wanted}
        self.counted = {key: kept[-wanted[key] :] for key, kept in self.counted.items() if key in wanted}

    def note(self, type: str, subject: str, send: str | None, at: datetime) -> None:
        """Count one event; a click or reply counts as the open of its mail where none came before."""
        opens = send is not None and (type == "opened" or type in OPENING) and send not in self.opened
        if opens and send is not None:
            self.opened = (*self.opened, send)[-KEEP:]
        also = "opened" if opens and type in OPENING else None
        for key in self.keeps:
            if key == ANY_HUMAN:
                if type not in NOT_HUMAN:
                    self._add(key, at)
                continue
            as_what = type if _meant(key, type, subject) else also
            if as_what is None or (as_what is also and not _meant(key, also, subject)):
                continue
            if key.startswith(_COUNTING):
                self._count(key, at, as_what, subject)
            else:
                self._add(key, at)

    def _add(self, key: str, at: datetime) -> None:
        kept = [*self.instants.get(key, ()), at]
        if len(kept) > 1 and at < kept[-2]:
            kept.sort()
        self.instants[key] = tuple(kept[-self.keeps[key] :])

    def _count(self, key: str, at: datetime, type: str, subject: str) -> None:
        """Keep one event of a score item; of each subject the newest, where the key says so."""
        kept = self.counted.get(key, ())
        if key.startswith(_PER_SUBJECT):
            if any(each[2] == subject and each[0] >= at for each in kept):
                return
            kept = tuple(each for each in kept if each[2] != subject)
        self.counted[key] = tuple(sorted((*kept, (at, type, subject)))[-self.keeps[key] :])

    def times(self, key: str, since: datetime | None) -> int:
        """How often the pattern was seen since an instant (at most as often as is kept)."""
        kept = self.instants.get(key, ())
        return len(kept) if since is None else sum(1 for at in kept if at >= since)


@lru_cache(maxsize=65_536)
def _meant(key: str, type: str | None, subject: str) -> bool:
    """True if an event of this type and subject is meant by a pattern of that key."""
    return type is not None and any(pattern.matches(type, subject) for pattern in _patterns(key))


@lru_cache(maxsize=4096)
def _patterns(key: str) -> tuple[EventPattern, ...]:
    several = key.split(_AND)[1:] if key.startswith(_COUNTING) else [key]
    split = (each.partition(": ") for each in several)
    return tuple(EventPattern(type=kind, subject=subject or None) for kind, _, subject in split)


def counting_key(patterns: Iterable[EventPattern], *, per_subject: bool) -> str:
    """The key under which the events of these patterns are kept for a score item."""
    return _AND.join((_PER_SUBJECT if per_subject else _EACH, *sorted({str(pattern) for pattern in patterns})))


def did_key(condition: Did) -> str:
    """The key under which the instants of a `did` condition are kept."""
    return ANY_HUMAN if condition.any_human_event else str(condition.did)


def keeps(conditions: Iterable[AnyCondition]) -> dict[str, int]:
    """Which patterns the conditions ask about at any time, and how many instants of each."""
    found: dict[str, int] = {}
    for condition in conditions:
        for part in parts(condition):
            if isinstance(part, Did):
                key = did_key(part)
                found[key] = max(found.get(key, 1), part.at_least)
    return dict(sorted(found.items()))


def conditions_of(scenario: Scenario) -> Iterator[AnyCondition]:
    """Every condition written in a scenario."""
    yield from (leave.when for leave in scenario.leave)
    yield from (jump.when for jump in scenario.anywhere)
    for step in scenario.steps.values():
        if step.skip is not None:
            yield step.skip.when
        yield from step.until
        yield from (edge.when for edge in step.edges if edge.when is not None)


def shared_conditions(definitions: Definitions) -> Iterator[AnyCondition]:
    """Every condition written outside scenarios that is judged for a lead: segments, hot lead, phases."""
    yield from (segment.when for segment in definitions.segments.values())
    if definitions.hot_lead is not None:
        yield from definitions.hot_lead.any or ()
        yield from definitions.hot_lead.all or ()
        yield from definitions.hot_lead.not_
    if definitions.journey_map is not None:
        yield from (phase.reached_when for phase in definitions.journey_map.phases if phase.reached_when is not None)


def named_types(definitions: Definitions) -> frozenset[str]:
    """The event types that workflows must hear of under these definitions."""
    named = set(ALWAYS_DELIVERED)
    model = definitions.score
    conditions = [*shared_conditions(definitions), *(item.when for item in model.attributes)]
    conditions += [item.when for item in model.behaviours]
    for scenario in definitions.scenarios.values():
        conditions.extend(conditions_of(scenario))
        if scenario.enter.event is not None:
            named.add(scenario.enter.event.type)
    for condition in conditions:
        for part in parts(condition):
            match part:
                case Did() if part.any_human_event:
                    named |= definitions.event_types - NOT_HUMAN
                case Did():
                    named.add(part.did.type)
                case Happened():
                    named.add(part.event.type)
    if "opened" in named:
        named |= OPENING
    return frozenset(named - {ANY})


_MOST_KNOWN = 65_536
"""How many kinds of events are remembered with their keys."""


class _Keys(NamedTuple):
    """Under which keys an event is kept: of patterns, of items that count each time, of items that count subjects."""

    patterns: tuple[str, ...]
    each: tuple[str, ...]
    subjects: tuple[str, ...]

    @classmethod
    def of(cls, keys: Iterable[str]) -> _Keys:
        several = tuple(keys)
        each, subjects = (tuple(key for key in several if key.startswith(kind)) for kind in (_EACH, _PER_SUBJECT))
        return cls(tuple(key for key in several if not key.startswith(_COUNTING)), each, subjects)


class Gathering:
    """Makes sheets for many leads that all keep the same; each is what `gathered` makes of the same events, sooner."""

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self._wanted = dict(wanted)
        self._known: dict[tuple[str, str], tuple[_Keys, _Keys]] = {}

    def __call__(self, events: Sequence[tuple[str, str, str | None, datetime]]) -> Facts:
        """A sheet of all the lead's events (type, subject, send key, time), in the order of time."""
        instants: dict[str, list[datetime]] = defaultdict(list)
        counted: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
        newest: dict[str, dict[str, tuple[datetime, str, str]]] = defaultdict(dict)
        opened: list[str] = []
        known = self._known
        for type, subject, send, at in events:  # noqa: A001 - the field's word
            told, as_open = known.get((type, subject)) or self._ready(type, subject)
            several = [(type, told)]
            if send is not None and (type == "opened" or type in OPENING) and send not in opened:
                opened = [*opened, send][-KEEP:]
                several = [(type, told), ("opened", as_open)]
            for what, keys in several:
                for key in keys.patterns:
                    instants[key].append(at)
                for key in keys.each:
                    counted[key].append((at, what, subject))
                for key in keys.subjects:
                    before = newest[key].get(subject)
                    if before is not None and before[0] >= at:
                        return gathered(self._wanted, events)  # of two at one instant their order decides
                    newest[key][subject] = (at, what, subject)
        room = self._wanted
        for key, of in newest.items():
            counted[key] = list(of.values())
        return Facts(
            room,
            {key: tuple(several[-room[key] :]) for key, several in instants.items()},
            tuple(opened),
            {key: tuple(sorted(several)[-room[key] :]) for key, several in counted.items()},
        )

    def _ready(self, type: str, subject: str) -> tuple[_Keys, _Keys]:
        """The keys of such an event, and the further ones where it is also the open of its mail."""
        human = type not in NOT_HUMAN
        told = [key for key in self._wanted if (human if key == ANY_HUMAN else _meant(key, type, subject))]
        rest = [key for key in self._wanted if key != ANY_HUMAN and key not in told and type in OPENING]
        as_open = [key for key in rest if _meant(key, "opened", subject)]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()  # pages have many addresses
        found = self._known[type, subject] = (_Keys.of(told), _Keys.of(as_open))
        return found


def gathered(wanted: Mapping[str, int], events: Iterable[tuple[str, str, str | None, datetime]]) -> Facts:
    """A sheet made anew from all the lead's events (type, subject, send key, time), in the order of time."""
    facts = Facts(keeps=dict(wanted))
    for kind, subject, send, at in events:
        facts.note(kind, subject, send, at)
    return facts
