"""Reads how a run ended, from the sink's own record and from the database, and says in what two runs differ.

Two runs are equal where every person passed the same steps in the same order (visits and last word included), got
the same mails, made the same tasks with the same outcome, and stands at the same score, item by item. Times are not
compared: a mail that was held went later, and everything after it as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, and_, func, select

from adapters.database.engine import reading
from adapters.database.schema import events, handoffs, leads, sends, timeline, webhook_outbox
from tests.e2e.faults.people import People
from tests.e2e.whole import Whole

LATE = timedelta(hours=5)
"""An event of a mail that came so much later than it happened was held back: as a rule it takes half an hour."""
PASSED = ("arrived", "passed", "finished")
"""The lines of a timeline that make a path."""


@dataclass
class Person:
    """How one person fared. `lost`: mails of which nobody ever learned whether they went."""

    path: list[tuple[str, ...]] = field(default_factory=list)
    mails: Counter[tuple[str, ...]] = field(default_factory=Counter)
    score: Mapping[str, Any] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


@dataclass
class Outcome:
    """How a run ended. `wrong`: what must never be, in words; empty where everything held. `late`: events of mails."""

    people: dict[int, Person]
    wrong: list[str]
    mails: int
    events: int
    unknown: int
    late: int

    @property
    def lost(self) -> set[int]:
        """Whose mail was lost: they go on as people who were not mailed, and rightly go another way."""
        return {number for number, person in self.people.items() if person.lost}

    def differs_from(self, other: Outcome) -> list[str]:
        """In what the people of both runs differ, those left out whose mail was lost in one of them."""
        found = []
        for number in sorted(self.people.keys() - self.lost - other.lost):
            mine, theirs = self.people[number], other.people[number]
            for what in ("path", "mails", "score", "tasks"):
                here, there = getattr(mine, what), getattr(theirs, what)
                if here != there:
                    found.append(f"person {number}: {what} {here} instead of {there}")
        return found


def quiet(engine: Engine) -> bool:
    """True once no mail event is untold, none lacks its number, and every workflow has applied what was stored."""
    with reading(engine) as conn:
        untold = conn.execute(select(func.count()).select_from(webhook_outbox)).scalar_one()
        unfiled = select(events.c.id).where(events.c.filed.is_(False), events.c.lead.is_not(None)).limit(1)
        behind = select(leads.c.id).where(leads.c.started, leads.c.seq < leads.c.last_seq).limit(1)
        return not untold and conn.execute(unfiled).first() is None and conn.execute(behind).first() is None


def outcome_of(nurture: Whole, engine: Engine, people: People, taken: Counter[str], tried: Counter[str]) -> Outcome:
    """How a group fared; `taken` and `tried`: what it was told had been taken, and what it tried."""
    numbers = {people.lead(number): number for number in range(people.count)}
    found = {number: Person() for number in numbers.values()}
    wrong: list[str] = []
    of_key: Counter[str] = Counter()
    for mail in nurture.all("/api/inbox?limit=200"):
        key = mail["custom_args"]["nurture_send"]
        lead, _, *place = key.rsplit("/", 4)
        if lead in numbers:
            of_key[key] += 1
            found[numbers[lead]].mails[tuple(place)] += 1
    wrong += [f"{count} mails with the key {key}" for key, count in of_key.items() if count > 1]
    for lead, number in numbers.items():
        found[number].score = nurture.get(f"/api/leads/{lead}")["score"]["items"]
    with reading(engine) as conn:
        _paths(conn, numbers, found)
        wrong += _unapplied(conn, numbers)
        told = _told(conn, numbers)
        late = _late(conn, numbers)
        for row in conn.execute(select(handoffs.c.lead, handoffs.c.state).order_by(handoffs.c.id)):
            if row.lead in numbers:
                found[numbers[row.lead]].tasks.append(row.state)
        unknown = 0
        for sent in conn.execute(select(sends.c.lead, sends.c.key, sends.c.state)):
            if sent.lead in numbers and sent.state == "unknown":
                unknown += 1
                found[numbers[sent.lead]].lost.add(sent.key)
            elif sent.lead in numbers and sent.state == "accepted" and not of_key[sent.key]:
                wrong.append(f"{sent.key} is accepted, and the sink has no such mail")
    wrong += _untrue(taken, tried, told)
    return Outcome(found, wrong, sum(of_key.values()), sum(told.values()), unknown, late)


def _paths(conn: Any, numbers: Mapping[str, int], found: Mapping[int, Person]) -> None:
    row = timeline.c
    wanted = select(row.lead, row.what, row.step, row.visit, row.subject).where(
        row.kind == "decision", row.what.in_(PASSED)
    )
    for each in conn.execute(wanted.order_by(row.id)):
        if each.lead in numbers:
            word = each.subject if each.what == "finished" else ""
            found[numbers[each.lead]].path.append((each.what, each.step or "", str(each.visit or ""), word or ""))


def _told(conn: Any, numbers: Mapping[str, int]) -> Counter[str]:
    """How often each deed of a person stands in the database, in the words of the audience."""
    verbs = {"opened": "open", "clicked": "click", "unsubscribed": "unsubscribe", "group_unsubscribed": "unsubscribe"}
    found: Counter[str] = Counter()
    row = events.c
    for each in conn.execute(select(row.lead, row.event, row.send, row.type, row.automatic, row.at)):
        if each.lead not in numbers or each.automatic:
            continue
        if each.send is None:
            found[f"event {each.event}"] += 1
        elif each.type in verbs:
            found[f"{verbs[each.type]} {each.send}"] += 1
    return found


def _late(conn: Any, numbers: Mapping[str, int]) -> int:
    row = events.c
    found = conn.execute(select(row.lead, row.at, row.received_at).where(row.send.is_not(None)))
    return sum(1 for each in found if each.lead in numbers and each.received_at - each.at > LATE)


def _unapplied(conn: Any, numbers: Mapping[str, int]) -> list[str]:
    """Events of a person that stand on the timeline not exactly once."""
    on = and_(timeline.c.event == events.c.event, timeline.c.kind == "event")
    row = events.c
    counted = (
        select(row.lead, row.event, row.type, func.count(timeline.c.id).label("lines"))
        .select_from(events.outerjoin(timeline, on))
        .where(row.automatic.is_(False), row.lead.is_not(None))
        .group_by(row.id, row.lead, row.event, row.type)
    )
    return [
        f"{each.type} {each.event} stands {each.lines} times on the timeline of {each.lead}"
        for each in conn.execute(counted)
        if each.lead in numbers and each.lines != 1
    ]


def _untrue(taken: Counter[str], tried: Counter[str], told: Counter[str]) -> list[str]:
    """Deeds that were acknowledged and are not there, or are there more often than they were done."""
    found = []
    for name, count in taken.items():
        verb, _, _ = name.partition(" ")
        if verb == "close":
            continue
        most = 1 if verb == "event" else tried[name]
        if not 1 <= told[name] <= most:
            found.append(f"{name}: acknowledged {count}, tried {tried[name]}, stored {told[name]} times")
    return found


def few(wrong: list[str], most: int = 5) -> str:
    """The first few, for whoever reads a failure."""
    return f"{len(wrong)} in all:\n" + "\n".join(wrong[:most])
