"""Decides which rep gets a sales task, or what it waits for, with the reason in words; refuses to store anything.

Of the reps of a queue only those count who are active and speak the lead's language. Among them come first those who
are at work and have room; what `wait_for` of the queue names must hold, everything else only says who is asked first.
Then comes who talks with the lead's company already, then the queue's way to share. Equals: in the order written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Literal

from nurture.definitions import Definitions, Queue, Rep, Sales
from nurture.working_hours import at_work

WaitsFor = Literal["capacity", "hours", "rep"]


@dataclass(frozen=True, slots=True)
class Load:
    """What a rep has: tasks not closed yet, of all queues, and how many this queue gave them of late."""

    open: int = 0
    given: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """The rep that gets a task, or None and what it waits for; `why` is for the timeline, None where nothing is said.

    `fallback`: it went to the queue's fallback because nobody of the queue fits.
    """

    rep: str | None
    why: str | None = None
    waits_for: WaitsFor | None = None
    fallback: bool = False


def assign(
    queue: str,
    definitions: Definitions,
    loads: Mapping[str, Load],
    now: datetime,
    *,
    language: str | None = None,
    company_reps: Sequence[str] = (),
) -> Assignment:
    """Who of a queue of sales.yaml gets a task of a lead with this language.

    `company_reps`: who has open tasks of the lead's company, the newest last. Raises KeyError for a queue that is none.
    """
    sales = definitions.sales
    if sales is None:
        raise KeyError(queue)
    rules = sales.queues[queue]
    active = [rep for name in rules.reps if (rep := sales.rep(name)) is not None and rep.active]
    if not active:
        return _to_fallback(rules, sales, f"nobody of {queue} is active") or _waits(
            "rep", f"waits in {queue}: nobody of it is active"
        )
    why = None
    fit = [rep for rep in active if rep.speaks(language)]
    if not fit:
        silent = f"nobody of {queue} speaks {language}"
        to_fallback = _to_fallback(rules, sales, silent)
        if to_fallback is not None:
            return to_fallback
        fit, why = active, silent
    there = _asked_first(rules, fit, definitions, loads, now)
    if not there:
        return _nobody(queue, rules, fit, definitions, loads, now)
    known = [rep for rep in there if rules.keep_companies and rep.rep in company_reps]
    if known:
        newest = max(known, key=lambda rep: company_reps.index(rep.rep))
        return Assignment(newest.rep, _words(why, f"{newest.rep} has an open task of this company"))
    if rules.keep_companies and company_reps:
        why = _words(why, f"{company_reps[-1]} has an open task of this company, but cannot take it now")
    return Assignment(_share(rules, there, loads).rep, why)


def plain_company(name: str) -> str:
    """By what two names of companies are one: whatever their width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def holds(rep: Rep, loads: Mapping[str, Load]) -> int:
    """How many more tasks a rep can take; negative where they have too many."""
    return rep.capacity - loads.get(rep.rep, Load()).open


def with_one_more(loads: Mapping[str, Load], rep: str) -> dict[str, Load]:
    """The loads after a rep was given one more task."""
    before = loads.get(rep, Load())
    return {**loads, rep: replace(before, open=before.open + 1, given=before.given + 1)}


def _asked_first(
    rules: Queue, fit: list[Rep], definitions: Definitions, loads: Mapping[str, Load], now: datetime
) -> list[Rep]:
    """Those who come first; empty where the task has to wait."""
    here = [rep for rep in fit if at_work(rep, now, definitions)]
    room = [rep for rep in fit if holds(rep, loads) > 0]
    choices = [[rep for rep in here if rep in room]]
    if "hours" not in rules.wait_for:
        choices.append(room)
    if "capacity" not in rules.wait_for:
        choices.append(here)
    if not rules.wait_for:
        choices.append(fit)
    return next((each for each in choices if each), [])


def _nobody(
    queue: str, rules: Queue, fit: list[Rep], definitions: Definitions, loads: Mapping[str, Load], now: datetime
) -> Assignment:
    full = all(holds(rep, loads) <= 0 for rep in fit if at_work(rep, now, definitions))
    anybody = any(at_work(rep, now, definitions) for rep in fit)
    if "capacity" in rules.wait_for and full and (anybody or "hours" not in rules.wait_for):
        return _waits("capacity", f"waits in {queue}: nobody has room")
    return _waits("hours", f"waits in {queue}: nobody is at work")


def _to_fallback(rules: Queue, sales: Sales, why: str) -> Assignment | None:
    rep = sales.rep(rules.fallback)
    if rep is None or not rep.active:
        return None
    return Assignment(rep.rep, f"{why}: to {rep.rep}", fallback=True)


def _waits(what: WaitsFor, why: str) -> Assignment:
    return Assignment(None, why, waits_for=what)


def _share(rules: Queue, there: list[Rep], loads: Mapping[str, Load]) -> Rep:
    if rules.share == "most_room" or all(holds(rep, loads) <= 0 for rep in there):
        return max(there, key=lambda rep: holds(rep, loads))
    # highest averages: over many tasks each gets a share like the room they have
    return max(there, key=lambda rep: Fraction(max(holds(rep, loads), 0), loads.get(rep.rep, Load()).given + 1))


def _words(first: str | None, then: str) -> str:
    return f"{first}; {then}" if first else then
