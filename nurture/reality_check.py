"""Holds a journey map against what leads really did: which actions are wishful, which are missing, who serves what.

The map is that of the article (section 1): drawn from an ideal, it selects nobody. Refuses to redraw it: it counts,
names and leaves the map to people. Attributes play no part; what a lead did after it was won or lost does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nurture.conditions import ANY, EventPattern
from nurture.definitions import Definitions, Phase
from nurture.facts import NOT_HUMAN, OPENING
from nurture.history import PastLead
from nurture.map_steps import Asking, askings, served
from nurture.retrospect import Retrospect, before_closing, begun
from nurture.shares import Share, median

Reality = Literal["real", "wishful", "elsewhere", "undated", "unrecorded", "too_few"]
"""`wishful`: hardly any won lead did it; `elsewhere`: they did, but most of them in another phase.

`undated`: they did, but of most nobody knows when, so that it may have been in any phase, or after the deal.
`unrecorded`: there is no such event of any lead, at any time, so rather its source is missing than the wish.
"""
ENOUGH = 20
"""Fewer won leads bear no opinion."""
RARE = 0.1
"""An action that a smaller share of the won leads did is wishful."""
FREQUENT = 0.25
"""What at least this share of the won leads did belongs on the map."""
NO_ACTION = NOT_HUMAN | {"unsubscribed", "spam_reported"}
"""Events that bring nobody nearer to a purchase."""


@dataclass(frozen=True, slots=True)
class ActionCheck:
    """One action of the map: who really did it, how long after becoming known, how long before it was won.

    `all` and `won` are the shares of all and of won leads; both spans are medians over won leads that did it (the
    first time). `phase`: the phase in which most of them were after it.
    """

    action: EventPattern
    reality: Reality
    all: Share
    won: Share
    after: timedelta | None
    before_won: timedelta | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class PhaseCheck:
    """One phase: how many leads reached it, what became of its actions, and the steps that serve it."""

    phase: str
    title: str | None
    all: Share
    won: Share
    actions: tuple[ActionCheck, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MissingAction:
    """Something many won leads did that no phase expects, and in which phase most of them were after it."""

    action: EventPattern
    won: Share
    lost: Share
    phase: str | None


@dataclass(frozen=True, slots=True)
class JourneyCheck:
    """What the map gets right and wrong.

    `askings`: steps that ask for what no phase expects; `unserved`: phases for which no scenario has a step.
    """

    at: datetime
    leads: int
    won: int
    lost: int
    phases: tuple[PhaseCheck, ...]
    missing: tuple[MissingAction, ...]
    askings: tuple[Asking, ...]
    unserved: tuple[str, ...]

    @property
    def wishful(self) -> tuple[ActionCheck, ...]:
        """Every action that the map had better lose, or move."""
        return tuple(
            each for phase in self.phases for each in phase.actions if each.reality in ("wishful", "elsewhere")
        )


def reality_check(leads: Iterable[PastLead], definitions: Definitions, now: datetime) -> JourneyCheck | None:
    """The check, in one pass over the leads; None where there is no journey map."""
    if definitions.journey_map is None:
        return None
    counting = _Counting(definitions)
    for lead in leads:
        counting.add(lead, now)
    steps = served(definitions)
    return JourneyCheck(
        now,
        counting.leads,
        counting.won,
        counting.lost,
        tuple(counting.phase(each, steps) for each in definitions.journey_map.phases),
        counting.missing(),
        askings(definitions),
        tuple(phase for phase in definitions.phases if not steps[phase]),
    )


@dataclass(slots=True)
class _Doers:
    """Who did something, for the first time, before it was decided about them.

    `undated`: so many of the won ones did it on a day that nobody knows.
    """

    all: int = 0
    won: int = 0
    lost: int = 0
    undated: int = 0
    after: list[timedelta] = field(default_factory=list)
    before_won: list[timedelta] = field(default_factory=list)
    phases: Counter[str] = field(default_factory=Counter)

    def add_undated(self, lead: PastLead) -> None:
        """Count one lead that did it, nobody knows when."""
        self.all += 1
        self.won += lead.won
        self.lost += lead.result == "lost"
        self.undated += lead.won

    def add(self, lead: PastLead, at: datetime, phase: str | None) -> None:
        """Count one lead that did it first `at`, and was in `phase` then."""
        self.all += 1
        self.won += lead.won
        self.lost += lead.result == "lost"
        if not lead.won:
            return
        known = begun(lead)
        if known is not None and known <= at:
            self.after.append(at - known)
            if lead.closed_at is not None:
                self.before_won.append(lead.closed_at - at)
        if phase is not None:
            self.phases[phase] += 1

    @property
    def phase(self) -> str | None:
        """The phase in which more than half of its won leads were, after it."""
        most = self.phases.most_common(1)
        return most[0][0] if most and 2 * most[0][1] > self.phases.total() else None


class _Counting:
    def __init__(self, definitions: Definitions) -> None:
        phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
        self._actions = tuple(dict.fromkeys(action for phase in phases for action in phase.actions))
        self._past = Retrospect(definitions)
        self._order = definitions.phases
        self._of_action: dict[EventPattern, _Doers] = {each: _Doers() for each in self._actions}
        self._of_other: dict[EventPattern, _Doers] = {}
        self._unseen = set(self._actions)
        self._reached: Counter[str] = Counter()
        self._reached_won: Counter[str] = Counter()
        self.leads = self.won = self.lost = 0

    def add(self, lead: PastLead, now: datetime) -> None:
        """Count one lead."""
        self.leads += 1
        self.won += lead.won
        self.lost += lead.result == "lost"
        if self._unseen:
            seen = {(event.type, event.subject) for event in lead.events} | lead.undated
            self._unseen -= {each for each in self._unseen if any(means(each, *event) for event in seen)}
        first = self._first(lead)
        instants = sorted(set(first.values()))
        end = lead.closed_at if lead.result is not None and lead.closed_at is not None else now
        stood = {at: seen.phase for at, seen in self._past.walked(lead, [*instants, max([end, *instants[-1:]])])}
        last = stood[max(stood)]
        reached = self._order[: self._order.index(last) + 1] if last is not None else ()
        self._reached.update(reached)
        if lead.won:
            self._reached_won.update(reached)
        for action, at in first.items():
            doers = (
                self._of_action[action] if action in self._of_action else self._of_other.setdefault(action, _Doers())
            )
            doers.add(lead, at, stood[at])
        for action in self._actions if lead.undated else ():
            if action not in first and any(means(action, *each) for each in lead.undated):
                self._of_action[action].add_undated(lead)

    def _first(self, lead: PastLead) -> Mapping[EventPattern, datetime]:
        """When the lead first did each action of the map, and each thing that is none."""
        found: dict[EventPattern, datetime] = {}
        for event in before_closing(lead):
            if event.type in NO_ACTION:
                continue
            meant = [each for each in self._actions if means(each, event.type, event.subject)]
            for action in meant or [_grouped(event.type, event.subject)]:
                found.setdefault(action, event.at)
        return found

    def phase(self, phase: Phase, steps: Mapping[str, tuple[str, ...]]) -> PhaseCheck:
        """What was counted of a phase."""
        name = phase.phase
        return PhaseCheck(
            name, phase.title, Share(self._reached[name], self.leads), Share(self._reached_won[name], self.won),
            tuple(self._checked(action, name) for action in phase.actions), steps[name],
        )  # fmt: skip

    def _checked(self, action: EventPattern, phase: str) -> ActionCheck:
        doers = self._of_action[action]
        won = Share(doers.won, self.won)
        reality: Reality = "real"
        if won.of < ENOUGH:
            reality = "too_few"
        elif action in self._unseen:
            reality = "unrecorded"
        elif won.value < RARE:
            reality = "wishful"
        elif 2 * doers.undated > doers.won:
            reality = "undated"
        elif doers.phase is not None and doers.phase != phase:
            reality = "elsewhere"
        return ActionCheck(
            action, reality, Share(doers.all, self.leads), won, median(doers.after), median(doers.before_won),
            doers.phase,
        )  # fmt: skip

    def missing(self) -> tuple[MissingAction, ...]:
        """What the map lacks, the most frequent first."""
        if self.won < ENOUGH:
            return ()
        found = [
            MissingAction(action, Share(each.won, self.won), Share(each.lost, self.lost), each.phase)
            for action, each in self._of_other.items()
            if each.won >= FREQUENT * self.won
        ]
        return tuple(sorted(found, key=lambda each: (-each.won.hits, str(each.action))))


def means(action: EventPattern, type: str, subject: str) -> bool:
    """True if an event is an action of the map; a click or a reply is an open, too."""
    return action.matches("opened" if action.type == "opened" and type in OPENING else type, subject)


def _grouped(type: str, subject: str) -> EventPattern:
    """What an event is called where the map has no name for it: its type and the first part of its subject."""
    root = "/" if subject.startswith("/") else ""
    first = root + subject.removeprefix("/").partition("/")[0]
    return EventPattern(type=type, subject=first or ANY)
