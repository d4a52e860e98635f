"""Keeps the newest of the sample's past deals as leads that sales had, so that a demo has weeks to look back at.

Tasks are made and closed as sales would have, at the days of the table, moved so that the last of them was yesterday.
Refuses to start any workflow, and to add to a database that has leads.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from adapters.database import consents, handoffs, lead_words, timeline
from adapters.database.schema import enrolments, entries, events, leads
from adapters.database.sequence import append
from adapters.history_file import open_history
from nurture.commands import MakeHandoff
from nurture.definitions import Definitions
from nurture.entries import Profiled
from nurture.history import PastLead
from nurture.qualification import hot_condition
from nurture.records import Line
from nurture.retrospect import Retrospect
from nurture.review.report import EVERYTHING

SOURCE = "sample"
"""Where consents and events of these leads say they come from: nobody is to take them for real."""
WEEKS = timedelta(days=120)
"""How far back tasks go that are decided."""
_GIVEN_UP_AFTER = timedelta(days=30)
_NEWEST, _LEFT_OPEN = 25, 2
"""Of so many undecided deals the busiest wait for the person who tries the desk, and one more, which is overdue."""
_MORNING = timedelta(hours=1)
"""Days of the table are midnights in UTC; at ten in Tokyo somebody is at work."""
_FAMILY = ("過去", "以前", "前例", "既往", "先年")
_GIVEN = ("一葉", "二葉", "三葉", "四葉", "五葉", "六葉", "七葉", "八葉", "九葉", "十和")
_WHY: Mapping[str, tuple[str, ...]] = {
    "lost": ("予算が付かなかった", "他社に決まった", "時期が合わなかった"),
    "returned": ("まだ情報収集の段階だった", "決裁者に届いていなかった"),
}
Ending = Literal["won", "lost", "returned", "open"]


@dataclass(frozen=True, slots=True)
class _Deal:
    """A past lead with what its sales did: `taken_up` on a day, and how it ended when."""

    lead: PastLead
    company: str
    taken_up: datetime
    ending: Ending
    closed: datetime | None


def keep_past(
    conn: Connection,
    table: Path,
    definitions: Definitions,
    now: datetime,
    *,
    yours: str,
    others: str,
    real_now: datetime,
    overdue: timedelta,
) -> int:
    """Keep them if nobody is there yet; returns how many. The definitions are the current deployment.

    Decided tasks are the reps' in turn; those left open are of the rep `yours`, one of them made `overdue` before its
    day. Raises as `open_history`.
    """
    if conn.execute(select(leads.c.id).limit(1)).first() is not None:
        return 0
    hot = definitions.hot_lead
    ways = [each for each in definitions.scenarios.values() if each.on_hot in each.steps and each.enter.segment]
    if hot is None or not ways:
        return 0
    scenario = max(ways, key=lambda each: len(each.steps))  # the one that most is told of
    looking, kept = Retrospect(definitions, [EVERYTHING, hot_condition(hot)]), list[str]()
    for number, deal in enumerate(_deals(table, now, overdue), start=1):
        rep = yours if deal.ending == "open" else (yours, others)[number % 2]
        kept.append(deal.lead.id)
        _lead(conn, deal, number, scenario.scenario, scenario.priority, definitions)
        _task(conn, deal, number, looking, rep=rep, queue=hot.queue, scenario=scenario.scenario,
              step=str(scenario.on_hot))  # fmt: skip
    theirs = update(entries).where(entries.c.lead.in_(kept))  # there is no workflow that waits to hear of them
    conn.execute(theirs.values(signalled_real=real_now))
    return len(kept)


def _deals(table: Path, now: datetime, overdue: timedelta) -> Iterator[_Deal]:
    """Those to keep, by the day they were taken up, on days up to yesterday; the late one `overdue` earlier."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["lead"]: row for row in csv.DictReader(file)}
    several = {each.id: each for each in open_history(table).leads()}
    days = [each.closed_at for each in several.values() if each.closed_at is not None]
    if not days:
        return
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(days)
    shift = today - timedelta(days=1) - end
    found = []
    for name, lead in several.items():
        said = rows.get(name, {}).get("taken_up_on") or ""
        if said:
            taken_up = datetime.fromisoformat(said).replace(tzinfo=UTC)
            found.append((taken_up, name, _moved(lead, shift)))
    found.sort(key=lambda each: each[:2])
    undecided = [each for each in found if each[2].closed_at is None]
    busiest = sorted(undecided[-_NEWEST:], key=lambda each: (-len(each[2].events), each[1]))[: _LEFT_OPEN + 1]
    left, late = {name for _, name, _ in busiest}, busiest[0][1] if busiest else None
    given_back = {name for _, name, _ in undecided[::3]}
    for taken_up, name, lead in found:
        at, company = taken_up + shift + _MORNING, rows[name].get("company") or ""
        if name == late:
            yield _Deal(_moved(lead, -overdue), company, at - overdue, "open", None)
        elif name in left:
            yield _Deal(lead, company, at, "open", None)
        elif taken_up < end - WEEKS:
            continue
        elif lead.result is not None and lead.closed_at is not None:
            yield _Deal(lead, company, at, lead.result, max(lead.closed_at, at) + 6 * _MORNING)
        elif name in given_back and taken_up < end - _GIVEN_UP_AFTER:
            yield _Deal(lead, company, at, "returned", at + timedelta(days=3))


def _moved(lead: PastLead, shift: timedelta) -> PastLead:
    return PastLead(
        lead.id, lead.attributes, tuple(type(each)(each.at + shift, each.type, each.subject) for each in lead.events),
        lead.since + shift if lead.since is not None else None, lead.result,
        lead.closed_at + shift if lead.closed_at is not None else None,
    )  # fmt: skip


def _lead(conn: Connection, deal: _Deal, number: int, scenario: str, priority: int, definitions: Definitions) -> None:
    """The lead, what it agreed to and did, and that it came to the end of its scenario."""
    lead, since = deal.lead, deal.lead.since or deal.taken_up
    attributes = {**lead.attributes, "company": deal.company}
    name = f"{_FAMILY[number % len(_FAMILY)]} {_GIVEN[number * 7 % len(_GIVEN)]}"
    conn.execute(
        insert(leads).values(
            id=lead.id, email=f"{lead.id.replace('_', '')}@past.example.jp", name=name, language="ja",
            time_zone="Asia/Tokyo", attributes=attributes, created_at=since,
        )
    )  # fmt: skip
    told = Profiled(
        seq=0, at=since, received_at=since, deployment=definitions.number, time_zone="Asia/Tokyo",
        attributes=attributes,
    )  # fmt: skip
    append(conn, lead.id, told)
    lead_words.keep_as_stored(conn, lead.id)
    if deal.ending == "won" and deal.closed is not None and _knows_customers(definitions):
        bought = {**attributes, "relation": "customer"}
        append(
            conn, lead.id, told.model_copy(update={"at": deal.closed, "received_at": deal.closed, "attributes": bought})
        )
        conn.execute(update(leads).where(leads.c.id == lead.id).values(attributes=bought))
    topics = ["newsletter", "seminars"]
    consents.consent(conn, lead.id, consents.Consent(topics=topics, basis="opt_in", source=SOURCE, at=since))
    did = [
        {"event": f"{SOURCE}/{lead.id}/{place}", "lead": lead.id, "type": each.type, "subject": each.subject,
         "at": each.at, "received_at": each.at, "automatic": False, "properties": {}, "filed": True}
        for place, each in enumerate(lead.events)
    ]  # fmt: skip
    if did:
        conn.execute(insert(events), did)
    conn.execute(
        insert(enrolments).values(
            lead=lead.id, enrolment=1, scenario=scenario, deployment=definitions.number, priority=priority,
            state="ended", decided_at=since, ended_at=deal.closed or deal.taken_up, finish="handed_over",
        )
    )  # fmt: skip
    conn.execute(update(leads).where(leads.c.id == lead.id).values(last_enrolment=1))


def _knows_customers(definitions: Definitions) -> bool:
    """True where a lead can be told to be a customer, as the sample's can."""
    relation = definitions.attributes.get("relation")
    return relation is not None and "customer" in (relation.values or {})


def _task(
    conn: Connection, deal: _Deal, number: int, looking: Retrospect, *, rep: str, queue: str, scenario: str, step: str
) -> None:
    """The task with the reasons and the score that it would have had, and what its rep did with it."""
    definitions, lead, at = looking.definitions, deal.lead, deal.taken_up
    now = looking.seen(lead, at)
    reasons = tuple(f"hot: {each}" for each in looking.qualification.reasons(now)) or (f"{scenario}: {step}",)
    key = f"{lead.id}/{scenario}/1/{step}/1"
    _say(conn, lead.id, "entered", lead.since or at, scenario, None)
    _say(conn, lead.id, "arrived", at, scenario, step)
    command = MakeHandoff(
        lead=lead.id, handoff=key, queue=queue, note=None, reasons=reasons, scenario=scenario, enrolment=1, step=step,
        visit=1, at=at, deployment=definitions.number,
    )  # fmt: skip
    handoffs.make(conn, command, definitions, score=looking.qualification.measure(now).shown())
    if deal.ending == "open" or deal.closed is None:
        handoffs.change(conn, key, rep=rep, given_at=at)
        return
    called = at + timedelta(hours=1 + number * 7 % 5, minutes=number * 13 % 60)
    handoffs.accept(conn, key, rep, now=called, definitions=definitions)
    words = _WHY.get(deal.ending)
    why = words[number % len(words)] if words else None
    if deal.ending == "returned":
        handoffs.return_(conn, key, rep, why, now=deal.closed, definitions=definitions)
    else:
        worth = 10_000 * (20 + number * 17 % 120) if deal.ending == "won" else None
        handoffs.close(
            conn, key, rep, deal.ending, amount=worth, reason=why, now=deal.closed, definitions=definitions
        )  # fmt: skip
    _say(conn, lead.id, "finished", deal.closed, scenario, step, "handed_over")


def _say(
    conn: Connection, lead: str, what: str, at: datetime, scenario: str, step: str | None, subject: str | None = None
) -> None:
    visit = 1 if step is not None else None
    line = Line(at=at, kind="decision", what=what, subject=subject, scenario=scenario, step=step, visit=visit)
    timeline.add(conn, lead, line)
