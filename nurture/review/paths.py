"""How did hot leads get there? By rule, scenario and what they did last; refuses to guess where nothing is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from nurture.review.advice import Advice
from nurture.review.tasks import NONE, Group, Grouping, PastTask, Verdict, divided, grouped
from nurture.shares import median


@dataclass(frozen=True, slots=True)
class Paths:
    """By rules (a task may have several), by scenario with its steps, by phase and by the last thing the lead did.

    `to_hot`: from becoming known to the task, in the middle. `verdict`: `weak` where some rule is surely won more
    rarely than the others.
    """

    verdict: Verdict
    rules: Grouping
    scenarios: Grouping
    phases: Grouping
    last: Grouping
    to_hot: timedelta | None
    advice: tuple[Advice, ...]


def paths(tasks: Sequence[PastTask], zone: ZoneInfo) -> Paths:
    """The answer for these tasks."""
    rules = grouped(tasks, "rule", zone)
    last = divided(tasks, lambda task: (str(task.known.last) if task.known and task.known.last else NONE,))
    phases = divided(tasks, lambda task: ((task.known.phase if task.known else None) or NONE,))
    known = (task.made_at - task.known.since for task in tasks if task.known and task.known.since)
    weak, good = (_of(rules.groups, verdict) for verdict in ("weak", "good"))
    judged = [each for each in rules.groups if each.verdict != "too_few"]
    verdict: Verdict = "too_few" if not judged else "weak" if weak else "good" if good else "fair"
    return Paths(
        verdict, rules, grouped(tasks, "scenario", zone), Grouping("phase", False, phases),
        Grouping("last", False, last), median(each for each in known if each >= timedelta(0)),
        (*(_about("tighten_rule", each) for each in weak), *(_about("more_of", each) for each in good)),
    )  # fmt: skip


def _of(groups: Sequence[Group], verdict: str) -> list[Group]:
    return [each for each in groups if each.verdict == verdict and each.name != NONE]


def _about(what: str, group: Group) -> Advice:
    return Advice("more_of" if what == "more_of" else "tighten_rule", (group.name,), group.outcomes.won_rate)
