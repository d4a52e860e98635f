"""Drives one lead by hand through scenarios written as YAML: what came in, what time it is, what the lead did.

Every advance is watched: what it was given stays untouched, the new state survives JSON, and a lead that waits for
nobody has an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import yaml
from pydantic import TypeAdapter

from nurture.alarms import alarm, alarm_at
from nurture.chronicle import position
from nurture.commands import (
    AnyCommand,
    EnrollLead,
    MakeHandoff,
    NotifyPerson,
    SendMail,
    SendOutcome,
    SendResult,
    TaskDone,
)
from nurture.conditions import Outcome
from nurture.definitions import Definitions
from nurture.durations import Duration
from nurture.entries import AnyEntry, Corrected, Deployed, Enrolled, Erased, HandoffClosed, Happening, Profiled, Ticked
from nurture.loading import load
from nurture.plan import Book
from nurture.records import Line, Record
from nurture.sheet import wants_facts
from nurture.state import State
from nurture.updates import Request
from nurture.walk import Advanced, FactsRead, Input, advance

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""A Monday, ten in the morning in Tokyo."""
SENDER = """
legal_name: 例示商事
postal_address: 東京都例示区 1-1
contact: hello@example.com
from: {name: 例示商事, email: news@example.com}
time_zone: Asia/Tokyo
topics: [news, seminars]
"""
OFFICE_HOURS = SENDER + 'window: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "18:00"}\n'
SALES = """
reps: [{rep: rep_1, name: 見本 花子, email: rep@example.com}]
queues: {inside: {reps: [rep_1]}, other: {reps: [rep_1]}}
"""
ATTRIBUTES = """
employees: {type: number, axis: demographic}
relation: {type: choice, axis: behavioural, values: {prospect: 見込み, customer: 顧客}}
trial_ends: {type: date, axis: behavioural}
tags: {type: list, axis: psychographic}
"""
SEGMENTS = "customers: {when: {attribute: relation, is: customer}}\n"
_STATE = TypeAdapter(State)
_requests = count(1)


def later(span: str, start: datetime = START) -> datetime:
    """`later("3d")`: three days after the start."""
    return start + Duration.parse(span).span


def define(
    *scenarios: str,
    number: int = 1,
    sender: str = SENDER,
    holidays: Sequence[str] = (),
    segments: str = SEGMENTS,
    checked: bool = True,
    **beside: str,
) -> Definitions:
    """A whole checked folder made of scenario texts; templates they name are made up.

    `beside` holds further files by name without ending: `hot_lead=…`.
    """
    return _define(scenarios, number, sender, tuple(holidays), segments, checked, tuple(beside.items()))


@cache
def _define(
    scenarios: tuple[str, ...],
    number: int,
    sender: str,
    holidays: tuple[str, ...],
    segments: str,
    checked: bool,
    beside: tuple[tuple[str, str], ...],
) -> Definitions:
    files = {"sender.yaml": sender, "sales.yaml": SALES, "attributes.yaml": ATTRIBUTES, "segments.yaml": segments}
    files |= {f"{name}.yaml": text for name, text in beside}
    for index, text in enumerate(scenarios):
        files[f"scenario_{index}.yaml"] = text
        for name in _mails(yaml.safe_load(text)):
            files[f"templates/{name}.ja.md"] = "---\nsubject: 見本\n---\n見本です。\n"
    loaded = load(files, number=number, holidays=frozenset(date.fromisoformat(day) for day in holidays))
    if checked:
        assert loaded.ok, "\n".join(str(problem) for problem in loaded.problems)
    return loaded.definitions


def _mails(scenario: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for step in scenario["steps"].values():
        send = step.get("send", [])
        if isinstance(send, dict):
            send = send.get("template") or [name for name in send["split"] if name != "none"]
        found |= {send} if isinstance(send, str) else set(send)
    return found


def as_json(state: State) -> Any:
    """A state as it crosses Temporal."""
    return _STATE.dump_python(state, mode="json")


class Lead:
    """A lead on the stage. `mails`, `tasks`, `lines` and `records` collect everything it led to."""

    def __init__(
        self,
        *scenarios: str | Definitions,
        attributes: dict[str, Any] | None = None,
        time_zone: str | None = None,
        id: str = "lead_1",
        sender: str = SENDER,
        holidays: Sequence[str] = (),
        now: datetime = START,
    ) -> None:
        made = [each for each in scenarios if isinstance(each, Definitions)]
        texts = [each for each in scenarios if isinstance(each, str)]
        self.book = Book(made or [define(*texts, sender=sender, holidays=holidays)])
        self.now = now
        self.deployment = 1
        self.state = State(lead=id)
        self.records: list[Record] = []
        self.lines: list[Line] = []
        self.late: list[str] = []
        self.mails: list[SendMail] = []
        self.tasks: list[MakeHandoff | NotifyPerson | EnrollLead] = []
        self._told = 0
        self._enrolled = 0
        self._attributes, self._time_zone = dict(attributes or {}), time_zone

    # --- entries, not delivered yet ---------------------------------------------------------------------------------

    def _stamp(self, at: datetime | None, received: datetime | None = None) -> dict[str, Any]:
        at = at or self.now
        self._told += 1
        return {
            "seq": self._told, "at": at, "received_at": received or max(at, self.now), "deployment": self.deployment,
        }  # fmt: skip

    def profile(self, at: datetime | None = None, **attributes: Any) -> Profiled:
        """The lead's attributes as they are from now on."""
        self._attributes.update(attributes)
        return Profiled(attributes=dict(self._attributes), time_zone=self._time_zone, **self._stamp(at))

    def event(
        self,
        type: str,
        subject: str = "",
        *,
        at: datetime | None = None,
        mail: SendMail | None = None,
        suppresses: str | None = None,
    ) -> Happening:
        """Something the lead did; with `mail` it belongs to that mail."""
        stamp = self._stamp(at)
        return Happening(
            id=f"{type} {stamp['seq']}",
            type=type,
            subject=subject or (mail.template if mail else ""),
            send=mail.key if mail else None,
            suppresses=suppresses,
            **stamp,
        )

    def enrolment(
        self,
        scenario: str | None = None,
        *,
        at: datetime | None = None,
        replaces: bool = False,
        front: bool = False,
        deployment: int | None = None,
    ) -> Enrolled:
        """The database has decided that the lead walks a scenario (by default the first one)."""
        self._enrolled += 1
        stamp = self._stamp(at)
        stamp["deployment"] = deployment or stamp["deployment"]
        name = scenario or next(iter(self.book.at(stamp["deployment"]).scenarios))
        return Enrolled(scenario=name, enrolment=self._enrolled, replaces=replaces, front=front, **stamp)

    def outcome(self, word: Outcome, *, at: datetime | None = None, handoff: str | None = None) -> HandoffClosed:
        """Sales has closed the open task."""
        return HandoffClosed(handoff=handoff or self.state.handoff or "none", outcome=word, **self._stamp(at))

    def tick(self, at: datetime | None = None) -> Ticked:
        """The nightly sweep found this lead."""
        return Ticked(**self._stamp(at))

    def erasure(self, at: datetime | None = None) -> Erased:
        """The person is to be forgotten."""
        return Erased(**self._stamp(at))

    def corrected(self, *taken_back: Happening, at: datetime | None = None) -> Corrected:
        """These events were a machine's."""
        return Corrected(events=tuple(each.id for each in taken_back), **self._stamp(at))

    def deployed(self, definitions: Definitions, at: datetime | None = None, *, hand_over: bool = False) -> Deployed:
        """Another deployment is current."""
        self.book.add(definitions)
        self.deployment = definitions.number
        return Deployed(hand_over=hand_over, **self._stamp(at))

    # --- what happens -----------------------------------------------------------------------------------------------

    def give(self, *inputs: Input, now: datetime | None = None) -> Advanced:
        """Deliver inputs in one go, later by the clock if `now` says so. Nothing is answered."""
        self.now = max([now or self.now, *(each.at for each in inputs if isinstance(each, AnyEntry_))])
        before = as_json(self.state)
        asked = wants_facts(self.book, self.state, inputs)
        assert asked is None or any(isinstance(each, FactsRead) for each in inputs), f"facts are wanted: {asked}"
        done = advance(self.book, self.state, inputs, self.now)
        assert as_json(self.state) == before, "advance changed what it was given"
        carried = _STATE.validate_python(as_json(done.state))  # as Temporal carries it to the next run
        assert carried == done.state, "the state does not survive JSON"
        if done.record is not None:
            assert done.record.number == self.state.records + 1 == done.state.records
            assert done.record.position == position(self.book, done.state)
            assert done.record.state == done.state
            self.records.append(done.record)
            self.lines.extend(done.record.lines)
            self.late.extend(done.record.late)
        self.state = carried
        for command in done.commands:
            if isinstance(command, SendMail):
                self.mails.append(command)
            else:
                self.tasks.append(command)
        watch(self.book, self.state, self.now)
        return done

    def tell(self, *inputs: Input, now: datetime | None = None) -> None:
        """Deliver inputs in one go, and let the outside world answer everything at once, until it is quiet."""
        done = self.give(*inputs, now=now)
        while done.commands:
            done = self.give(*(self.answer(command) for command in done.commands))

    def answer(self, command: AnyCommand, error: str | None = None) -> SendResult | TaskDone:
        """The good answer to a command; with `error` the bad one of a task."""
        match command:
            case SendMail():
                return self.sent("accepted", command)
            case MakeHandoff():
                return TaskDone(key=command.handoff, at=self.now, error=error)
            case _:
                return TaskDone(key=command.key, at=self.now, error=error)

    def sent(
        self,
        outcome: SendOutcome,
        mail: SendMail | None = None,
        *,
        at: datetime | None = None,
        reason: str | None = None,
    ) -> SendResult:
        """An answer for a mail (by default the newest)."""
        mail = mail or self.mails[-1]
        return SendResult(key=mail.key, issue=mail.issue, outcome=outcome, at=at or self.now, reason=reason)

    def enrol(self, scenario: str | None = None, *, at: datetime | None = None, answered: bool = True) -> None:
        """Deliver an enrolment (and before it the profile, where none was)."""
        first: list[AnyEntry] = [] if self._told else [self.profile(at)]
        take = self.tell if answered else self.give
        take(*first, self.enrolment(scenario, at=at))

    def until(self, when: datetime | str) -> None:
        """Let time pass: every alarm up to an instant (or a span after the start) rings at its time."""
        end = later(when) if isinstance(when, str) else when
        for _ in range(10_000):
            rings = alarm_at(self.state)
            if rings is None or rings > end or self.state.run is None:
                self.now = max(self.now, end)
                return
            self.tell(now=max(self.now, rings))
        raise AssertionError("time does not pass")

    # --- what is to be seen -----------------------------------------------------------------------------------------

    def where(self) -> tuple[str, str | None, int | None]:
        """Status, step and visit."""
        now = position(self.book, self.state)
        return now.status, now.step, now.visit

    @property
    def deadline(self) -> datetime | None:
        """What the API shows as the deadline."""
        return position(self.book, self.state).deadline

    @property
    def templates(self) -> list[str]:
        """The mails asked for, in order."""
        return [mail.template for mail in self.mails]

    @property
    def story(self) -> list[str]:
        """The timeline as `what` or `what subject`."""
        return [line.what if line.subject is None else f"{line.what} {line.subject}" for line in self.lines]

    def reason(self, what: str) -> str | None:
        """The reason of the newest line of that kind."""
        return next(line.reason for line in reversed(self.lines) if line.what == what)

    @property
    def cancelled(self) -> list[tuple[str, int]]:
        """Every send that must not begin any more: key and issue."""
        return [(each.key, each.issue) for record in self.records for each in record.cancelled]

    @property
    def ends(self) -> list[str | None]:
        """The words its enrolments ended with."""
        return [each.finish for record in self.records for each in record.enrolments if each.state == "ended"]


AnyEntry_ = (Profiled, Happening, Enrolled, HandoffClosed, Ticked, Deployed, Corrected, Erased)


def watch(book: Book, state: State, now: datetime) -> None:
    """No silent stop: who waits for no answer, no person and no sales has an alarm, and one that lies ahead."""
    bell = alarm(book, state)
    assert alarm_at(state) == (bell.at if bell else None)
    run = state.run
    if state.paused is not None or state.erased or (run is None and state.seq == 0):
        return
    if run is None:
        assert not state.queue or state.handoff is not None, "a queued enrolment waits for nothing"
        assert bell is not None or state.handoff is not None
        return
    if run.stage == "waiting" or (run.stage == "sending" and not run.issued):
        assert bell is not None, f"nothing will ever move the lead on from {run.step!r}"
        assert bell.at > now, "a deadline is due and was not decided"
    elif run.stage == "blocked":
        assert run.why
    else:
        assert run.stage in ("sending", "acting", "with_sales")


def update(kind: type[Any], reason: str = "a person asks", **more: Any) -> Request:
    """A person's update, asked for once."""
    return Request(f"request {next(_requests)}", kind(reason=reason, **more))


def day(text: str) -> timedelta:
    """A span as people write it."""
    return Duration.parse(text).span
