"""Past tasks of sales and what they are grouped by; refuses to read them, and to have an opinion of any.

A task is told by its row (when it was made, accepted and closed, and how), and by what was known of its lead when it
was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from nurture.conditions import ANY, EventPattern
from nurture.facts import NOT_HUMAN
from nurture.history import PastLead
from nurture.judging import Situation
from nurture.shares import Share

TaskState = Literal["open", "accepted", "won", "lost", "returned", "expired"]
Verdict = Literal["good", "fair", "weak", "too_few"]
"""`too_few`: no opinion."""
By = Literal["scenario", "segment", "rule", "rep", "week", "month"]
ENOUGH = 20
"""Fewer tasks with a result bear no opinion."""
WEEKS_ENOUGH = 2.0
"""Over fewer weeks nobody can say how many a week there are."""
NONE = "(none)"
"""The name of a group of those that belong to no other."""
_HOT = "hot: "
REPLIED = "replied"
"""The way of a lead that wrote back."""
REACHED_BY_NOBODY = NOT_HUMAN | {"unsubscribed", "spam_reported"}
"""Events that brought no lead nearer to sales."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of the lead when its task was made.

    `since`: when it became known; `last`: what it did last until then; `total`: its points, by the present score.
    """

    segments: tuple[str, ...]
    phase: str | None
    since: datetime | None
    last: EventPattern | None
    total: float


@dataclass(frozen=True, slots=True)
class PastTask:
    """One task. `reasons`: as its rep read them when it was made; `score`: the total as shown then, where it was.

    `reason`: why it was closed so, in the rep's words. `steps`: how many arrivals at steps led to it in the enrolment
    that made it. `known`: None of a lead that was erased since.
    """

    id: str
    lead: str
    state: TaskState
    made_at: datetime
    rep: str | None = None
    scenario: str | None = None
    step: str | None = None
    reasons: tuple[str, ...] = ()
    score: float | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    amount: int | None = None
    reason: str | None = None
    steps: int | None = None
    known: Known | None = None

    @property
    def points(self) -> float | None:
        """The total as it was shown to sales, else by the present score; None where nobody knows."""
        return self.score if self.score is not None else self.known.total if self.known is not None else None

    @property
    def ways(self) -> tuple[str, ...]:
        """How it came to sales: rules of the hot lead definition, `scenario: step` of a handoff step, or a letter."""
        found = [each.removeprefix(_HOT) for each in self.reasons if each.startswith(_HOT)]
        own = f"{self.scenario}: {self.step}"
        found += [each for each in self.reasons if each == own]
        found += [REPLIED for each in self.reasons if each == REPLIED or each.startswith(f"{REPLIED}: ")]
        return tuple(dict.fromkeys(found))

    def with_lead(self, lead: PastLead, now: Situation, fits: Iterable[str], total: float) -> PastTask:
        """Itself with what was known of its lead at `now`, the instant it was made; `fits` are segments."""
        before = (each for each in reversed(lead.events) if each.at <= self.made_at)
        last = next((each for each in before if each.type not in REACHED_BY_NOBODY), None)
        did = EventPattern(type=last.type, subject=last.subject or ANY) if last is not None else None
        return replace(self, known=Known(tuple(fits), now.phase, lead.since, did, total))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Tasks by what became of them; `amount` is the sum of the won ones that name one."""

    SHOWN: ClassVar = ("tasks", "won_rate", "returned_rate")

    open: int = 0
    won: int = 0
    lost: int = 0
    returned: int = 0
    expired: int = 0
    amount: int = 0

    @property
    def tasks(self) -> int:
        """All of them."""
        return self.open + self.closed

    @property
    def closed(self) -> int:
        """Those that sales is done with."""
        return self.won + self.lost + self.returned + self.expired

    @property
    def won_rate(self) -> Share:
        """Won among those that were won or lost."""
        return Share(self.won, self.won + self.lost)

    @property
    def returned_rate(self) -> Share:
        """Returned among those that are closed."""
        return Share(self.returned, self.closed)

    @classmethod
    def of(cls, tasks: Iterable[PastTask]) -> Outcomes:
        """Counted."""
        counts: dict[str, int] = defaultdict(int)
        for each in tasks:
            counts["open" if each.state == "accepted" else each.state] += 1
            counts["amount"] += each.amount or 0 if each.state == "won" else 0
        return cls(**counts)


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks with something in common, and whether they are won more often (`good`) or more rarely than others."""

    name: str
    outcomes: Outcomes
    share: Share
    verdict: Verdict
    steps: float | None = None
    """How many steps led to a task, in the middle; None where none is known."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Tasks divided by something. `overlapping`: one task may be in several groups, so that they add up to more."""

    by: str
    overlapping: bool
    groups: tuple[Group, ...] = field(default=())


OVERLAPPING = frozenset({"segment", "rule"})


def names_of(task: PastTask, by: By, zone: ZoneInfo) -> Sequence[str]:
    """The groups of a task; at least one."""
    match by:
        case "scenario":
            return (task.scenario or NONE,)
        case "segment":
            return (task.known.segments if task.known is not None else ()) or (NONE,)
        case "rule":
            return task.ways or (NONE,)
        case "rep":
            return (task.rep or NONE,)
        case "week":
            return (monday(task.made_at, zone).isoformat(),)
        case "month":
            return (f"{task.made_at.astimezone(zone):%Y-%m}",)


def grouped(tasks: Sequence[PastTask], by: By, zone: ZoneInfo) -> Grouping:
    """The tasks by one thing: the largest group first, weeks and months in the order of time."""
    found = divided(tasks, lambda task: names_of(task, by, zone))
    if by in ("week", "month"):
        found = tuple(sorted(found, key=lambda each: each.name))
    return Grouping(by, by in OVERLAPPING, found)


def divided(tasks: Sequence[PastTask], names: Callable[[PastTask], Iterable[str]]) -> tuple[Group, ...]:
    """The groups of the tasks, the largest first; each against all tasks that are not in it."""
    several: Mapping[str, list[PastTask]] = defaultdict(list)
    for task in tasks:
        for name in names(task):
            several[name].append(task)
    everybody = Outcomes.of(tasks).won_rate
    found = []
    for name, members in several.items():
        outcomes = Outcomes.of(members)
        steps = sorted(each.steps for each in members if each.steps is not None)
        rate = outcomes.won_rate
        others = Share(everybody.hits - rate.hits, everybody.of - rate.of)
        found.append(
            Group(
                name, outcomes, Share(len(members), len(tasks)), compared(rate, others),
                float(steps[len(steps) // 2]) if steps else None,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.outcomes.tasks, each.name)))


def compared(one: Share, other: Share) -> Verdict:
    """Whether a share is surely higher than another (`good`), surely lower (`weak`), or neither can be said."""
    if min(one.of, other.of) < ENOUGH:
        return "too_few"
    return "good" if one.low > other.value else "weak" if one.high < other.value else "fair"


def monday(at: datetime, zone: ZoneInfo) -> date:
    """The first day of the week of an instant."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())
