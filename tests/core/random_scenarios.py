"""Makes small scenarios and whatever may happen to a lead that walks them, for the property tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from nurture.alarms import alarm_at
from nurture.commands import AnyCommand, SendMail, SendOutcome
from nurture.definitions import Definitions
from nurture.loading import load
from nurture.updates import GoTo, LeaveScenario, Pause, Resume, Retry
from nurture.walk import Input
from tests.core.stage import ATTRIBUTES, OFFICE_HOURS, SALES, SEGMENTS, SENDER, Lead, update

MAILS = ("mail_a", "mail_b")
TYPES = ("opened", "clicked", "visited", "signed_up", "requested")

# --- scenarios ------------------------------------------------------------------------------------------------------

happened = st.sampled_from([
    "opened", "clicked", "visited", {"opened": "any"}, {"opened": "mail_a"}, {"visited": "/a"}, {"signed_up": "any"},
])  # fmt: skip
heard = st.sampled_from([{"visited": "/a"}, {"signed_up": "any"}, {"requested": "any"}, "clicked"])
known = st.sampled_from([
    {"did": {"visited": "any"}}, {"did": {"visited": "/a"}, "within": "3d", "at_least": 2},
    {"did": "any", "within": "2d"},
    {"attribute": "employees", "at_least": 50}, {"attribute": "relation", "known": False}, {"segment": "customers"},
    {"score": "total", "at_least": 20}, {"phase": {"at_least": "late"}}, {"hot": True},
])  # fmt: skip


def _combined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        parts,
        st.builds(lambda one: {"not": one}, parts),
        st.builds(lambda some: {"all": some}, st.lists(parts, min_size=1, max_size=2)),
        st.builds(lambda some: {"any": some}, st.lists(parts, min_size=1, max_size=2)),
    )


in_steps = _combined(st.one_of(happened, known))
in_jumps = _combined(st.one_of(heard, known))
spans = st.sampled_from(["1h", "1d", "2d", "1bd"])


actions = st.one_of(
    st.sampled_from([
        {"send": "mail_a"}, {"send": ["mail_a", "mail_b"]}, {"send": {"split": {"mail_a": 50, "none": 50}}},
        {"send": {"template": "mail_b", "within": "12h"}}, {}, {}, {"handoff": {"queue": "inside"}},
        {"notify": {"to": "inside", "text": "x"}}, {"enroll": {"scenario": "other"}},
    ]),
    st.builds(lambda number: {"set": {"attribute": "employees", "to": number}}, st.integers(0, 100)),
)  # fmt: skip
waits = st.one_of(
    spans,
    st.builds(lambda until, span: {"until": until, "timeout": span}, st.lists(in_steps, min_size=1, max_size=2), spans),
    st.builds(
        lambda until: {"until": until, "by": {"attribute": "trial_ends", "offset": "-1d", "at": "09:00"}},
        st.lists(in_steps, min_size=1, max_size=1),
    ),
)


@st.composite
def _reaction(draw: st.DrawFn, targets: st.SearchStrategy[str]) -> dict[str, Any]:
    """One edge with a condition."""
    when, go = draw(in_steps), draw(targets)
    kind = draw(st.sampled_from(["go", "go", "finish", "split"]))
    if kind == "split" and go != "end":
        return {"when": when, "split": {go: 60, "end": 40}}
    return {"when": when, "finish": "done"} if kind == "finish" else {"when": when, "go": go}


@st.composite
def _step(draw: st.DrawFn, number: int, last: int) -> dict[str, Any]:
    """One step of a chain: `otherwise` leads to the next one, other reactions anywhere, back only after a wait."""
    ahead = st.sampled_from([f"s{index}" for index in range(number + 1, last)] + ["end"])
    anywhere = st.sampled_from([f"s{index}" for index in range(last)] + ["end"])
    step: dict[str, Any] = dict(draw(actions))
    hands_over = "handoff" in step
    if "send" in step and draw(st.booleans()):
        step["when_refused"] = draw(ahead)
    if not hands_over and (not step or "send" in step or draw(st.booleans())):
        step["wait"] = draw(waits)
    if draw(st.integers(0, 3)) == 0:
        step["skip"] = {"when": draw(known), "go": draw(ahead)}
    targets = anywhere if hands_over or "wait" in step else ahead
    step["then"] = draw(st.lists(_reaction(targets), max_size=2))
    if hands_over:
        step["then"].insert(0, {"when": {"outcome": ["returned", "lost"]}, "go": draw(targets)})
    step["then"].append({"otherwise": f"s{number + 1}" if number + 1 < last else "end"})
    if draw(st.booleans()):
        step["max_visits"] = draw(st.integers(1, 3))
        step["when_exhausted"] = draw(st.one_of(st.just("end"), ahead))
    return step


@st.composite
def scenario_texts(draw: st.DrawFn) -> str:
    """A scenario of up to five steps as YAML; not all of them pass the checks."""
    count = draw(st.integers(1, 5))
    made: dict[str, Any] = {"scenario": "random", "topic": "news", "start": "s0"}
    if draw(st.integers(0, 3)) == 0:
        made["leave"] = [{"when": draw(in_jumps), "finish": "left_early"}]
    if draw(st.booleans()):
        jumps = st.builds(
            lambda when, go: {"when": when, "go": go}, in_jumps, st.sampled_from([f"s{n}" for n in range(count)])
        )
        made["anywhere"] = draw(st.lists(jumps, min_size=1, max_size=2))
    made["steps"] = {f"s{number}": draw(_step(number, count)) for number in range(count)}
    made["steps"]["end"] = {"finish": "over"}
    sells = [name for name, step in made["steps"].items() if "handoff" in step]
    on_hot = draw(st.sampled_from([None, "ignore", *sells]))
    if on_hot is not None:
        made["on_hot"] = on_hot
    return json.dumps(made)  # JSON is YAML, and says the same thing twice without anchors


OTHER = "scenario: other\npriority: 60\nstart: a\nsteps:\n  a: {wait: 1d, then: b}\n  b: {finish: other}\n"
_FILES = {"sales.yaml": SALES, "attributes.yaml": ATTRIBUTES, "segments.yaml": SEGMENTS, "other.yaml": OTHER} | {
    f"templates/{name}.ja.md": "---\nsubject: 見本\n---\n見本です。\n" for name in MAILS
}
_SCORE = """
attributes:
  - {item: large, when: {attribute: employees, at_least: 50}, points: 15}
behaviours:
  - {item: visits, when: {visited: any}, points: 10, repeat: each, cap: 40, fades: {half_life: 3d}}
  - {item: reads, when: {opened: any}, points: 5, repeat: each_subject, cap: 10}
  - {item: bored, when: {requested: any}, points: -5, repeat: each, cap: 15, fades: {expires: 4d}}
"""
_MAP = """
phases:
  - {phase: early}
  - {phase: late, reached_when: {any: [{score: total, at_least: 25}, {did: {signed_up: any}, within: 3d}]}}
"""
_HOT = """
any: [{score: total, at_least: 30}, {all: [{phase: late}, {did: {requested: any}}]}]
not: [{attribute: relation, is: customer}]
queue: other
cool_down: 2d
"""
QUALIFYING = {"score.yaml": _SCORE, "journey_map.yaml": _MAP, "hot_lead.yaml": _HOT}


@st.composite
def checked(draw: st.DrawFn) -> Definitions:
    """Definitions that pass the checks."""
    sender = draw(st.sampled_from([SENDER, OFFICE_HOURS + "cap: {mails: 2, per: 2d}\n"]))
    beside = draw(st.sampled_from([QUALIFYING, {**QUALIFYING, "hot_lead.yaml": _HOT.replace("30", "10")}]))
    loaded = load({**_FILES, **beside, "random.yaml": draw(scenario_texts()), "sender.yaml": sender}, number=1)
    assume(loaded.ok)
    return loaded.definitions


# --- what happens ---------------------------------------------------------------------------------------------------


@dataclass
class Weather:
    """Throws whatever may come at a lead.

    `unanswered` are the commands whose answer is still to come, `gone` key and issue of the mails that went,
    `told` everything given with its time.
    """

    lead: Lead
    draw: Callable[[st.SearchStrategy[Any]], Any]
    unanswered: list[AnyCommand] = field(default_factory=list)
    gone: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[tuple[Input, ...], datetime]] = field(default_factory=list)

    def give(self, *inputs: Input, after: timedelta = timedelta(0)) -> None:
        """Deliver, and remember what was asked for."""
        done = self.lead.give(*inputs, now=self.lead.now + after)
        self.told.append((inputs, self.lead.now))
        self.unanswered.extend(done.commands)

    def happen(self) -> None:
        """One thing, or several at once, after some time."""
        after = timedelta(minutes=self.draw(st.sampled_from([0, 0, 1, 60, 60 * 26, 60 * 24 * 9])))
        self.lead.now += after
        kind = self.draw(st.sampled_from(["entries", "entries", "entries", "ring", "answer", "answer", "person"]))
        if kind == "entries":
            self.give(*[self._entry() for _ in range(self.draw(st.integers(1, 3)))])
        elif kind == "answer" and self.unanswered:
            index = self.draw(st.integers(0, len(self.unanswered) - 1))
            self.give(self._answer(self.unanswered.pop(index)))
        elif kind == "person":
            self._ask()
        else:
            self.give()

    def _entry(self) -> Input:
        lead, draw = self.lead, self.draw
        at = lead.now - timedelta(hours=draw(st.sampled_from([0, 0, 0, 1, 30, 24 * 20])))
        kind = draw(st.sampled_from(["event", "event", "event", "event", "profile", "tick", "outcome", "enrolment"]))
        if kind == "event":
            mail = draw(st.sampled_from([None, *lead.mails[-3:]]))
            suppresses = draw(st.sampled_from([None] * 15 + ["all", "news", "seminars"]))
            return lead.event(
                draw(st.sampled_from(TYPES)), "" if mail else "/a", at=at, mail=mail, suppresses=suppresses
            )
        if kind == "profile":
            return lead.profile(
                lead.now,
                employees=draw(st.sampled_from([None, 10, 60])),
                relation=draw(st.sampled_from([None, "customer"])),
                trial_ends=draw(st.sampled_from([None, "2026-11-10", "2027-01-01", "9999-12-31", "x"])),
            )
        if kind == "outcome":
            return lead.outcome(draw(st.sampled_from(["won", "returned", "expired"])), at=at)
        if kind == "enrolment":
            return lead.enrolment(
                draw(st.sampled_from(["random", "other"])),
                at=lead.now,
                front=draw(st.booleans()),
                replaces=draw(st.booleans()),
            )
        return lead.tick(lead.now)

    def _answer(self, command: AnyCommand) -> Input:
        lead, draw = self.lead, self.draw
        if not isinstance(command, SendMail):
            return lead.answer(command, error=draw(st.sampled_from([None, None, None, "no such queue"])))
        outcomes: list[SendOutcome] = ["accepted", "accepted", "accepted", "unknown", "refused", "deferred", "blocked"]
        outcome = draw(st.sampled_from([*outcomes, "cancelled"]))
        if outcome in ("accepted", "unknown"):
            self.gone.append((command.key, command.issue))
        return lead.sent(outcome, command, at=lead.now + timedelta(hours=1 if outcome == "deferred" else 0), reason="x")

    def _ask(self) -> None:
        steps = sorted(self.lead.book.at(1).scenarios["random"].steps)
        kind = self.draw(st.sampled_from([Pause, Resume, Resume, LeaveScenario, GoTo, Retry]))
        more = {"step": self.draw(st.sampled_from(steps))} if kind is GoTo else {}
        self.give(update(kind, **more))

    def clear_up(self) -> None:
        """Nothing happens any more: everything is answered, nobody is paused, sales closes its tasks, time passes."""
        lead = self.lead
        self.give(update(Resume))
        for _ in range(400):
            if self.unanswered:
                self.give(lead.answer(self.unanswered.pop(0)))
            elif lead.state.handoff is not None:
                self.give(lead.outcome("expired"))
            elif lead.state.run is not None and lead.state.run.stage == "blocked":
                self.give(update(Retry))
            elif lead.state.run is None:
                return
            else:
                rings = alarm_at(lead.state)
                assert rings is not None
                self.give(after=max(rings - lead.now, timedelta(0)))
        raise AssertionError(f"the lead never comes to an end: {lead.story[-20:]}")
