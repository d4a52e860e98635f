"""Says what a deployment would mean for the leads there are: who stands where, who would enter; changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, exists, func, select

from adapters.database import enrolments as enrolling
from adapters.database.members import fitting
from adapters.database.rescoring import Question, Tell, all_fitting, asleep
from adapters.database.schema import enrolments, handoffs, is_hot, leads
from adapters.database.sequence import Deployments
from nurture.backtest import matters
from nurture.conditions import AnyOf
from nurture.definitions import Definitions
from nurture.membership import Membership, ways_in

Steps = Literal["same", "other", "gone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """So many leads stand at one step of one deployment's scenario; `step` is None for those that are queued for it.

    `steps`: whether the new files have the same scenario, another one of that name, or none. They walk on in their own.
    """

    scenario: str
    deployment: int
    step: str | None
    leads: int
    steps: Steps


@dataclass(frozen=True, slots=True)
class Arriving:
    """The leads that fit the segment of an `enter` already, and what would become of each: a state, or a refusal."""

    scenario: str
    leads: tuple[str, ...]
    outcome: Mapping[str, int]


def standing(conn: Connection, store: Deployments, new: Definitions) -> list[Standing]:
    """Who walks or awaits what now, by scenario, deployment and step."""
    step = enrolments.c.state == "enrolled"
    rows = conn.execute(
        select(enrolments.c.scenario, enrolments.c.deployment, step.label("walks"), leads.c.step, func.count())
        .join(leads, leads.c.id == enrolments.c.lead)
        .where(enrolments.c.state != "ended")
        .group_by(enrolments.c.scenario, enrolments.c.deployment, step, leads.c.step)
        .order_by(enrolments.c.scenario, enrolments.c.deployment)
    )
    counted: Counter[tuple[str, int, str | None]] = Counter()
    for scenario, deployment, walks, at, count in rows:
        counted[(scenario, deployment, (at or "") if walks else None)] += count
    return [
        Standing(scenario, deployment, at, count, _steps(store.get(deployment), new, scenario))
        for (scenario, deployment, at), count in sorted(
            counted.items(), key=lambda each: (*each[0][:2], each[0][2] or "")
        )
    ]


def arriving(conn: Connection, definitions: Definitions, now: datetime) -> list[Arriving]:
    """For each scenario that a segment leads into, who fits it at `now` and would be enrolled, queued or refused."""
    found = []
    for name, asked in ways_in(definitions).items():
        fit = fitting(conn, asked, now)
        outcome = enrolling.foresee(conn, fit, definitions.scenarios[name], now)
        found.append(Arriving(name, tuple(fit), outcome))
    return found


def _steps(old: Definitions, new: Definitions, scenario: str) -> Steps:
    if scenario not in new.scenarios:
        return "gone"
    return "same" if old.scenarios.get(scenario) == new.scenarios[scenario] else "other"


@dataclass(frozen=True, slots=True)
class HotBy:
    """Whom other definitions concern, in the order of ids.

    `becoming`: they fit now, did not fit before, and are not hot already. `held`: hot and with nobody, by an earlier
    deployment or since their task could not be made; so are leads that fit and whose workflow was never started.
    In neither is whom sales had without a workflow, as leads of the past that were brought along.
    """

    becoming: tuple[str, ...]
    held: tuple[str, ...]


def hot_by(
    conn: Connection, old: Definitions, new: Definitions, now: datetime, tell: Tell = lambda _done, _of: None
) -> HotBy:
    """What the new hot lead definition makes of all leads at `now`; without one nobody is hot, nor could be sold.

    `tell` hears how many of how many leads have been looked at.
    """
    if new.hot_lead is None:
        return HotBy((), ())
    fits = all_fitting(conn, Question.of(new, old, now), tell) if _may_fit(conn, old, new) else []
    had = set(conn.execute(select(leads.c.id).where(asleep(), _was_sold())).scalars()) if fits else set()
    fits = [each for each in fits if each.lead not in had]
    becoming = [each.lead for each in fits if not (each.before or each.hot)]
    hot = (is_hot, leads.c.status != "erased")
    query = select(leads.c.id, leads.c.state).where(*hot)
    held = {row.id for row in conn.execute(query) if row.state and row.state.get("hot_unsold")}
    held |= {each.lead for each in fits if each.asleep}
    return HotBy(tuple(becoming), tuple(sorted(held - set(becoming))))


def _may_fit(conn: Connection, old: Definitions, new: Definitions) -> bool:
    """False where nobody can be found: the same leads fit as before, and each has a workflow that knows."""
    unheard = select(leads.c.id).where(asleep(), ~_was_sold()).limit(1)
    return matters(old, new) or conn.execute(unheard).first() is not None


def _was_sold() -> ColumnElement[bool]:
    """True of a lead of which sales has, or had, a task."""
    return exists().where(handoffs.c.lead == leads.c.id)


@dataclass(frozen=True, slots=True)
class Leaving:
    """The leads that walk a scenario and would meet one of its `leave` under the new files, and did not before."""

    scenario: str
    leads: tuple[str, ...]


def leaving(conn: Connection, store: Deployments, old: Definitions, new: Definitions, now: datetime) -> list[Leaving]:
    """Whom `leave` would end: its conditions are pinned, but segments, score and phases are always current."""
    walked: dict[tuple[str, int], list[str]] = {}
    running = select(enrolments.c.scenario, enrolments.c.deployment, enrolments.c.lead)
    for scenario, deployment, lead in conn.execute(running.where(enrolments.c.state == "enrolled")):
        walked.setdefault((scenario, deployment), []).append(lead)
    found: dict[str, list[str]] = {}
    for (scenario, deployment), several in sorted(walked.items()):
        pinned = store.get(deployment).scenarios.get(scenario)
        if pinned is None or not pinned.leave:
            continue
        condition = AnyOf(any=tuple(each.when for each in pinned.leave))
        fit = fitting(conn, Membership.of(condition, new), now, among=several)
        before = set(fitting(conn, Membership.of(condition, old), now, among=fit))
        found.setdefault(scenario, []).extend(lead for lead in fit if lead not in before)
    return [Leaving(scenario, tuple(sorted(several))) for scenario, several in found.items() if several]


@dataclass(frozen=True, slots=True)
class Stirred:
    """How many leads are blocked, which every deployment tries again, and how many have a mail that waits to go."""

    blocked: int
    waiting: int


def stirred(conn: Connection) -> Stirred:
    """Whose mail may go because of a deployment: current are templates, window and cap."""
    counted = Counter(conn.execute(select(leads.c.status).where(leads.c.status.in_(("blocked", "sending")))).scalars())
    return Stirred(counted["blocked"], counted["sending"])
