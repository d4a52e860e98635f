"""Walks leads through a scenario without Temporal, mail or database: the same core, driven by a list of what happens.

Mails are accepted at once, handoffs are made at once; everything else comes from the events given or from the dice.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, assert_never, cast

from nurture.alarms import alarm_at
from nurture.audience import Audience, MailHabits
from nurture.chronicle import Chronicle, Silence
from nurture.commands import AnyCommand, EnrollLead, MakeHandoff, NotifyPerson, SendMail, SendResult, TaskDone
from nurture.conditions import MAIL_EVENTS, Outcome
from nurture.definitions import Definitions
from nurture.entries import Enrolled, HandoffClosed, Happening, Profiled
from nurture.errors import UnknownName
from nurture.facts import named_types
from nurture.plan import Book
from nurture.reactions import by_habit, verdict
from nurture.records import Line
from nurture.state import Run, State
from nurture.walk import Input, go_on

LONGEST = timedelta(days=3660)
"""A simulated lead is followed no longer than this."""
NUMBER = 1
"""The number a simulator gives the definitions it walks."""
SILENCE = Silence()
OUTCOME = "outcome"
"""The type under which an expected verdict of sales waits among the events."""
SUPPRESSING = frozenset({"bounced", "spam_reported", "unsubscribed"})
"""Mail events after which no mail may follow."""


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    """Who walks: what the conditions may ask about it."""

    id: str = "simulated"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    language: str = "ja"
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """Something that happens at a time; a mail event belongs to the newest mail of its template before it."""

    at: datetime
    type: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class MailSent:
    """A mail the lead would have got."""

    at: datetime
    template: str
    step: str
    visit: int


@dataclass(frozen=True, slots=True)
class Path:
    """What happened to one lead, in order. `end` is the word it finished with, None where it still stands somewhere."""

    lines: tuple[Line, ...]
    mails: tuple[MailSent, ...]
    end: str | None
    step: str | None
    until: datetime


@dataclass(slots=True)
class Forecast:
    """Where many leads end, and when.

    `ends` counts by the word they finished with (or `step:<name>` where they still stand), `days` holds for each of
    them the days from entering to the end, ascending; `last_steps` counts where they stand or ended, `visits` the
    visits by step, `mails` by template.
    """

    leads: int
    ends: Counter[str] = field(default_factory=Counter)
    days: dict[str, list[float]] = field(default_factory=dict)
    last_steps: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)


class _Journey:
    """Drives one lead. What is to come is a heap of (time, number, type, subject, send key); the rest is the core's."""

    def __init__(
        self, book: Book, scenario: str, lead: SimulatedLead, start: datetime, audience: _Crowd | None
    ) -> None:
        self.book, self.audience, self.now = book, audience, start
        self.state = State(lead=lead.id)
        self.chronicle = Chronicle() if audience is None else SILENCE
        self.mails: list[MailSent] = []
        self.sent: dict[str, str] = {}
        self.run: Run | None = None
        self._coming: list[tuple[datetime, int, str, str, str | None]] = []
        self._count = count()
        self._first: tuple[Input, ...] = (
            Profiled(
                seq=1,
                at=start,
                received_at=start,
                deployment=NUMBER,
                attributes=dict(lead.attributes),
                language=lead.language,
                time_zone=lead.time_zone,
            ),
            Enrolled(seq=2, at=start, received_at=start, deployment=NUMBER, scenario=scenario, enrolment=1),
        )

    def expect(self, at: datetime, type: str, subject: str, key: str | None = None) -> None:
        """Let something happen at a time; `key` names the mail or the handoff it belongs to."""
        heapq.heappush(self._coming, (at, next(self._count), type, subject, key))

    def go(self, until: datetime) -> None:
        """Go on until the lead is in no scenario, nothing can happen any more, or `until` is reached."""
        self._advance(self._first)
        while self.state.run is not None:
            rings = alarm_at(self.state)
            coming = self._coming[0][0] if self._coming else None
            if rings is not None and (coming is None or rings < coming):
                if rings > until:
                    return
                self.now = max(self.now, rings)
                self._advance(())
            elif coming is not None and coming <= until:
                self.now = max(self.now, coming)
                self._advance((self._happened(),))
            else:
                return

    def _happened(self) -> Input:
        at, _, kind, subject, key = heapq.heappop(self._coming)
        seq, now = self.state.seq + 1, self.now
        if kind == OUTCOME:
            return HandoffClosed(
                seq=seq, at=at, received_at=now, deployment=NUMBER, handoff=key or "", outcome=cast("Outcome", subject)
            )
        if key is None and kind in MAIL_EVENTS:
            key = next((sent for sent, name in reversed(self.sent.items()) if subject in ("", name)), None)
        return Happening(
            seq=seq,
            at=at,
            received_at=now,
            deployment=NUMBER,
            id=f"event {seq}",
            type=kind,
            subject=subject or (self.sent.get(key, "") if key else ""),
            send=key,
            suppresses="all" if kind in SUPPRESSING else None,
        )

    def _advance(self, inputs: Sequence[Input]) -> None:
        while True:
            walk = go_on(self.book, self.state, inputs, self.now, self.chronicle)
            self.run = walk.state.run or walk.ended or self.run
            if not walk.commands:
                return
            inputs = [self._answer(command) for command in walk.commands]

    def _answer(self, command: AnyCommand) -> Input:
        match command:
            case SendMail():
                self.sent[command.key] = command.template
                self.mails.append(MailSent(self.now, command.template, command.step, command.visit))
                if self.audience is not None:
                    self.audience.read(self, command)
                return SendResult(key=command.key, issue=command.issue, outcome="accepted", at=self.now)
            case MakeHandoff():
                if self.audience is not None:
                    self.audience.work(self, command)
                key = command.handoff
            case NotifyPerson() | EnrollLead():
                key = command.key
            case _:
                assert_never(command)
        return TaskDone(key=key, at=self.now)


class _Crowd:
    """The people behind many leads, with one set of dice."""

    def __init__(self, audience: Audience, named: frozenset[str], dice: Random) -> None:
        self.audience, self.named, self.dice = audience, named, dice
        self._habits: dict[str, MailHabits] = {}

    def read(self, journey: _Journey, mail: SendMail) -> None:
        habits = self._habits.get(mail.template)
        if habits is None:
            habits = self._habits[mail.template] = self.audience.habits(mail.template)
        for each in by_habit(habits, mail.template, self.dice.random):
            if each.type in self.named:  # nothing else reaches a workflow either
                journey.expect(journey.now + each.after, each.type, each.subject, _mail_key(each.type, mail.key))

    def work(self, journey: _Journey, handoff: MakeHandoff) -> None:
        found = verdict(self.audience, self.dice.random)
        if found is not None:
            journey.expect(journey.now + found[0], OUTCOME, found[1], handoff.handoff)

    def roam(self, journey: _Journey, until: datetime) -> None:
        """Events without a mail: a Poisson stream for each."""
        for each in self.audience.any_time:
            at = journey.now
            while each.rate_per_30d > 0 and each.event.type in self.named:
                at += timedelta(days=self.dice.expovariate(each.rate_per_30d / 30))
                if at > until:
                    break
                journey.expect(at, each.event.type, each.event.subject or "")


def _mail_key(type: str, key: str) -> str | None:
    return key if type in MAIL_EVENTS else None


def _book(definitions: Definitions, scenario: str) -> Book:
    if scenario not in definitions.scenarios:
        raise UnknownName("scenario", scenario, definitions.scenarios)
    return Book([replace(definitions, number=NUMBER)])


def walk_one(
    definitions: Definitions,
    scenario: str,
    lead: SimulatedLead,
    events: Sequence[SimulatedEvent],
    now: datetime,
) -> Path:
    """The path of one lead that enters at `now`; raises UnknownName for a scenario that does not exist."""
    journey = _Journey(_book(definitions, scenario), scenario, lead, now, None)
    for event in events:
        journey.expect(event.at, event.type, event.subject)
    journey.go(now + LONGEST)
    state = journey.state
    return Path(
        lines=tuple(journey.chronicle.lines),
        mails=tuple(journey.mails),
        end=state.finished if state.run is None else None,
        step=journey.run.step if journey.run is not None else None,
        until=journey.now,
    )


def walk_many(
    definitions: Definitions,
    scenario: str,
    audience: Audience,
    leads: int,
    *,
    seed: int,
    now: datetime,
    days: int = 365,
    progress: Callable[[int], None] | None = None,
) -> Forecast:
    """How many of `leads` end where and when, followed for `days` each; the same seed gives the same forecast.

    `progress` is told how many leads are done. Raises UnknownName for a scenario that does not exist.
    """
    book = _book(definitions, scenario)
    crowd = _Crowd(audience, named_types(definitions), Random(seed))  # noqa: S311 - a forecast, not a secret
    forecast = Forecast(leads=leads)
    until = now + timedelta(days=days)
    for number in range(leads):
        lead = SimulatedLead(id=f"simulated_{number}")
        journey = _Journey(book, scenario, lead, now, crowd)
        crowd.roam(journey, until)
        journey.go(until)
        state = journey.state
        run = journey.run
        if run is None:
            continue
        end = state.finished if state.run is None and state.finished else f"step:{run.step}"
        forecast.ends[end] += 1
        forecast.days.setdefault(end, []).append((journey.now - now) / timedelta(days=1))
        forecast.last_steps[run.step] += 1
        for step, visits in run.visits.items():
            forecast.visits[step] += visits
        for mail in journey.mails:
            forecast.mails[mail.template] += 1
        if progress is not None and number % 500 == 0:
            progress(number)
    for each in forecast.days.values():
        each.sort()
    if progress is not None:
        progress(leads)
    return forecast
