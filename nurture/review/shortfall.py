"""Why too few hot leads? Steps that lose leads, steps that ask too much too early, deeds that no rule catches.

How leads moved is told by counts of timeline lines, what they did by past leads. Refuses to say that a step is bad
where few came to it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nurture.conditions import ANY, Did, EventPattern, Happened, parts
from nurture.definitions import Definitions, Scenario, Step
from nurture.facts import OPENING
from nurture.history import PastLead
from nurture.judging import expanded
from nurture.letters import FINISH as ANSWERED
from nurture.qualification import hot_condition
from nurture.retrospect import before_closing
from nurture.review.advice import Advice
from nurture.review.tasks import ENOUGH, REACHED_BY_NOBODY, Verdict
from nurture.scoring import asked_by_items, counted_by
from nurture.shares import Share

RARE = 0.1
"""An action that a smaller share of those who were asked for it did, for certain, is asked for in vain."""
FREQUENT = 0.25
"""What at least this share of won leads, or of a phase's leads, did is usual among them."""
MOST = 10
_LEAVES = frozenset({"reaction", "skipped", "anywhere", "on_hot"})
"""What moves a lead away from a step; whatever is used up or ends then was decided by one of these."""
TO_SALES = frozenset({"hot", ANSWERED})
"""Words with which the engine ends an enrolment because sales gets the lead."""


class Moves(NamedTuple):
    """So many timeline lines `what` of a step. `subject`: where to, or the last word; `reason`: of reactions only."""

    scenario: str
    step: str
    what: str
    subject: str | None
    reason: str | None
    number: int


@dataclass(frozen=True, slots=True)
class StepFlow:
    """One step: how often leads arrived, and what became of the visits that are over.

    `lost`: the enrolment ended there without sales; `silent`: nothing came in time. `ended` are the words with which
    it ended, the most frequent first.
    """

    scenario: str
    step: str
    arrived: int
    lost: Share
    silent: Share
    ended: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that asks for an action, and who `did` it. `rather`: what leads of its phase do instead."""

    scenario: str
    step: str
    phase: str | None
    action: EventPattern
    did: Share
    rather: EventPattern | None
    rather_did: Share


@dataclass(frozen=True, slots=True)
class Uncaught:
    """Something won leads did more often than all others, and that gives no points and is in no rule."""

    action: EventPattern
    won: Share
    others: Share


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Steps in the order of how many leads they lost, steps that ask too early, and deeds that nothing catches.

    `first_hot`: of all leads, how many sales ever had a task about.
    """

    verdict: Verdict
    leads: int
    handed_over: Share
    steps: tuple[StepFlow, ...]
    asked_early: tuple[Asked, ...]
    uncaught: tuple[Uncaught, ...]
    advice: tuple[Advice, ...]


class Deeds:
    """Counts, in one pass over past leads, who did what: by phase, and won against others."""

    def __init__(self, definitions: Definitions) -> None:
        self.leads = self.won = self.handed_over = 0
        self.of_won: Counter[EventPattern] = Counter()
        self.of_others: Counter[EventPattern] = Counter()
        self.in_phase: Mapping[str, Counter[EventPattern]] = defaultdict(Counter)
        self.phases: Counter[str] = Counter()
        self._caught = _caught(definitions)

    def add(self, lead: PastLead, phase: str | None) -> None:
        """One lead that came as far as this phase."""
        did = {(each.type, each.subject) for each in before_closing(lead) if each.type not in REACHED_BY_NOBODY}
        named = {_named(*each) for each in did}
        self.leads += 1
        self.won += lead.won
        self.handed_over += lead.handed_over or lead.result is not None
        if phase is not None:
            self.phases[phase] += 1
            self.in_phase[phase].update(named)
        free = {_named(*each) for each in did if not self._is_caught(*each)}
        (self.of_won if lead.won else self.of_others).update(free)

    def uncaught(self) -> tuple[Uncaught, ...]:
        """What nothing catches, the most telling first."""
        if self.won < ENOUGH:
            return ()
        found = [
            Uncaught(action, Share(times, self.won), Share(self.of_others[action], self.leads - self.won))
            for action, times in self.of_won.items()
            if times >= FREQUENT * self.won
        ]
        telling = [each for each in found if each.won.low > each.others.value]
        return tuple(sorted(telling, key=lambda each: (each.others.value - each.won.value, str(each.action))))[:MOST]

    def _is_caught(self, type: str, subject: str) -> bool:
        as_what = {type, *(("opened",) if type in OPENING else ())}
        return any(each.matches(kind, subject) for each in self._caught for kind in as_what)


def shortfall(deeds: Deeds, moves: Iterable[Moves], definitions: Definitions) -> Shortfall:
    """The answer: of the leads that were counted, and of the moves of the time asked about."""
    by_step: dict[tuple[str, str], list[Moves]] = defaultdict(list)
    for each in moves:
        by_step[each.scenario, each.step].append(each)
    # what is used up leads on from a step at which the lead never arrived
    steps = [_flow(*where, told, definitions) for where, told in by_step.items()]
    steps.sort(key=lambda each: (-each.lost.hits, each.scenario, each.step))
    early, uncaught = _asked_early(by_step, deeds, definitions), deeds.uncaught()
    undefined = () if definitions.hot_lead is not None else (Advice("no_definition"),)
    return Shortfall(
        _verdict(steps, early, uncaught), deeds.leads, Share(deeds.handed_over, deeds.leads),
        tuple(each for each in steps if each.arrived), early, uncaught,
        (*undefined, *_advice(steps, early, uncaught)),
    )  # fmt: skip


def _verdict(steps: Sequence[StepFlow], early: Sequence[Asked], uncaught: Sequence[Uncaught]) -> Verdict:
    if early or uncaught:
        return "weak"
    return "too_few" if max((each.arrived for each in steps), default=0) < ENOUGH else "fair"


def _advice(steps: Sequence[StepFlow], early: Sequence[Asked], uncaught: Sequence[Uncaught]) -> tuple[Advice, ...]:
    found = [
        Advice("loses_most", (f"{each.scenario}/{each.step}", *(word for word, _ in each.ended[:1])), each.lost)
        for each in steps[:1]
        if each.lost.of >= ENOUGH and each.lost.hits
    ]
    found += [
        Advice("asks_early", (f"{each.scenario}/{each.step}", str(each.action), str(each.rather)), *shares)
        for each in early
        for shares in [(each.did, each.rather_did)]
    ]
    found += [Advice("uncaught", (str(each.action),), each.won, each.others) for each in uncaught[:3]]
    return tuple(found)


def _flow(scenario: str, step: str, told: Sequence[Moves], definitions: Definitions) -> StepFlow:
    known = definitions.scenarios.get(scenario)
    arrived = sum(each.number for each in told if each.what == "arrived")
    silent = sum(each.number for each in told if each.what == "timeout")
    ended: Counter[str] = Counter()
    for each in told:
        if (word := _lost_by(each, known)) is not None:
            ended[word] += each.number
    left = max(_left(told, known), ended.total(), silent)
    return StepFlow(
        scenario, step, arrived, Share(ended.total(), left), Share(silent, left), tuple(ended.most_common())
    )


def _left(told: Sequence[Moves], scenario: Scenario | None) -> int:
    """How many visits of a step are over; a lead that stands there still has decided nothing."""
    return sum(
        each.number
        for each in told
        if each.what in _LEAVES or (each.what == "finished" and not _decided(each, scenario))
    )


def _decided(move: Moves, scenario: Scenario | None) -> bool:
    """True for an end that another line tells of: of a step that is nothing but an end, or by the word of an edge."""
    here = scenario.steps.get(move.step) if scenario is not None else None
    return here is not None and (here.finish is not None or any(_ends(here, move.subject or "")))


def _lost_by(move: Moves, scenario: Scenario | None) -> str | None:
    """The word with which a move ended an enrolment at its step without sales; None where it did not."""
    here = scenario.steps.get(move.step) if scenario is not None else None
    if (here is not None and here.handoff is not None) or move.subject is None or move.subject in TO_SALES:
        return None
    match move.what:
        case "finished":
            return None if _decided(move, scenario) else move.subject
        case "reaction" | "exhausted" | "skipped" | "anywhere":
            target = scenario.steps.get(_target(move, scenario)) if scenario is not None else None
            if target is not None and target.finish is not None:
                return target.finish
            words = _ends(here, move.subject) if here is not None and move.what == "reaction" else []
            return move.subject if any(words) else None
    return None


def _ends(step: Step, word: str) -> list[bool]:
    return [edge.finish == word for edge in step.edges if edge.finish is not None]


def _target(move: Moves, scenario: Scenario) -> str:
    """The step a move leads to: of a step that is used up, what it says itself."""
    if move.what == "exhausted":
        used_up = scenario.steps.get(move.subject or "")
        return (used_up.when_exhausted if used_up is not None else None) or ""
    return move.subject or ""


def _asked_early(
    by_step: Mapping[tuple[str, str], Sequence[Moves]], deeds: Deeds, definitions: Definitions
) -> tuple[Asked, ...]:
    """Steps of which hardly anybody does what they ask for, while leads of their phase usually do something else."""
    found = []
    for name, scenario in definitions.scenarios.items():
        for step_name, step in scenario.steps.items():
            told = by_step.get((name, step_name), ())
            left = _left(told, scenario)
            if left < ENOUGH or step.phase is None or deeds.phases[step.phase] < ENOUGH:
                continue
            for action in _asks(step):
                did = sum(each.number for each in told if each.what == "reaction" and _says(each.reason or "", action))
                share = Share(did, left)
                rather = _usual(deeds, step.phase, action)
                if share.high < RARE and rather is not None:
                    found.append(Asked(name, step_name, step.phase, action, share, *rather))
    return tuple(sorted(found, key=lambda each: (each.did.value, each.scenario, each.step, str(each.action))))


def _says(reason: str, action: EventPattern) -> bool:
    """True if a condition in words asks for an event, or for one whose subject lies below."""
    whole = rf"(?<![^ (])(?<!not ){re.escape(str(action))}(?![^ ),/])"
    return re.search(whole, reason) is not None


def _asks(step: Step) -> list[EventPattern]:
    """What a step waits for besides its own mail."""
    asked = [part.event for each in step.until for part in parts(each) if isinstance(part, Happened)]
    return [each for each in dict.fromkeys(asked) if not each.own_mail and each.type not in (*OPENING, "opened")]


def _usual(deeds: Deeds, phase: str, asked: EventPattern) -> tuple[EventPattern, Share] | None:
    """The deed most leads of a phase have done that is not what is asked for, nor merely reading mail."""
    others = [
        (times, action)
        for action, times in deeds.in_phase[phase].items()
        if not asked.matches(action.type, action.subject or "") and action.type not in (*OPENING, "opened")
    ]
    if not others:
        return None
    times, action = max(others, key=lambda each: (each[0], str(each[1])))
    share = Share(times, deeds.phases[phase])
    return (action, share) if share.value >= FREQUENT else None


def _caught(definitions: Definitions) -> tuple[EventPattern, ...]:
    """The events that give points, or that the hot lead definition or a phase asks for."""
    asked = list(asked_by_items(definitions))
    if definitions.hot_lead is not None:
        asked.append(expanded(hot_condition(definitions.hot_lead), definitions))
    dids = (part for each in asked for part in parts(each) if isinstance(part, Did) and not part.any_human_event)
    counted = (event for item in definitions.score.behaviours for event in counted_by(item))
    return tuple(dict.fromkeys([*(each.did for each in dids), *counted]))


def _named(type: str, subject: str) -> EventPattern:
    """What an event is called in a report: its type and the first part of its subject."""
    if type in (*OPENING, "opened"):
        return EventPattern(type=type, subject=ANY)
    root = "/" if subject.startswith("/") else ""
    first = root + subject.removeprefix("/").partition("/")[0]
    return EventPattern(type=type, subject=first or ANY)
