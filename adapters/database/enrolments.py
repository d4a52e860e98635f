"""Decides whether a lead may walk a scenario, under the lock on its row; refuses to move it: its workflow does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, exists, insert, or_, select, update

from adapters.database import timeline
from adapters.database.merges import goes_on
from adapters.database.schema import enrolments, handoffs, leads
from adapters.database.sequence import append, lock
from nurture.definitions import Definitions, Scenario
from nurture.durations import Duration
from nurture.entries import AnyEntry, Enrolled
from nurture.records import Line

State = Literal["enrolled", "queued", "refused"]
Refusal = Literal["unknown_lead", "already_in", "entered_before", "busy"]

_AT_ONCE = 500
# made once: building a statement takes longer than SQLite takes to run it
_BEFORE = select(enrolments).where(enrolments.c.lead == bindparam("of")).order_by(enrolments.c.enrolment)
_OPEN = or_(handoffs.c.state == "open", handoffs.c.state == "accepted")
_TASK = select(exists().where(handoffs.c.lead == bindparam("of"), _OPEN))
_COUNTED = update(leads).where(leads.c.id == bindparam("of")).values(last_enrolment=bindparam("number"))
_DECIDED = insert(enrolments)


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one wish to enrol one lead. `reason` for `refused` only; `enrolment` and `entry` otherwise."""

    lead: str
    scenario: str
    state: State
    reason: Refusal | None = None
    enrolment: int | None = None
    entry: AnyEntry | None = None


def decide(
    conn: Connection, lead: str, scenario: Scenario, *, deployment: int, now: datetime, front: bool = False
) -> Decision:
    """Enrol the lead in the scenario, queue it, or refuse with a reason that is also on its timeline.

    `deployment` is the one the scenario comes from: the enrolment stays pinned to it.
    """
    row = lock(conn, lead)
    if row is not None and row.status == "erased" and (keep := goes_on(conn, lead)) != lead:
        return decide(conn, keep, scenario, deployment=deployment, now=now, front=front)
    if row is None or row.status == "erased":
        return Decision(lead, scenario.scenario, "refused", "unknown_lead")
    before = conn.execute(_BEFORE, {"of": lead}).all()
    verdict = _verdict(scenario, before, now, with_sales=bool(conn.execute(_TASK, {"of": lead}).scalar()))
    if verdict.reason is not None:
        timeline.add(
            conn,
            lead,
            Line(at=now, kind="decision", what="enrolment_refused", scenario=scenario.scenario, reason=verdict.reason),
        )
        return Decision(lead, scenario.scenario, "refused", verdict.reason)

    number = row.last_enrolment + 1
    conn.execute(_COUNTED, {"of": lead, "number": number})
    conn.execute(
        _DECIDED,
        {
            "lead": lead,
            "enrolment": number,
            "scenario": scenario.scenario,
            "deployment": deployment,
            "priority": scenario.priority,
            "state": verdict.state,
            "decided_at": now,
        },
    )
    entry = append(
        conn,
        lead,
        Enrolled(
            seq=0,
            at=now,
            received_at=now,
            deployment=deployment,
            scenario=scenario.scenario,
            enrolment=number,
            replaces=verdict.replaces,
            front=front,
        ),
    )
    return Decision(lead, scenario.scenario, verdict.state, None, number, entry)


def foresee(conn: Connection, several: Sequence[str], scenario: Scenario, now: datetime) -> Counter[str]:
    """How many of these leads would be `enrolled`, `queued`, or refused for which reason; decides nothing."""
    counted: Counter[str] = Counter()
    for start in range(0, len(several), _AT_ONCE):
        some = several[start : start + _AT_ONCE]
        before: dict[str, list[Row[Any]]] = {lead: [] for lead in some}
        for row in conn.execute(select(enrolments).where(enrolments.c.lead.in_(some))):
            before[row.lead].append(row)
        tasks = set(conn.execute(select(handoffs.c.lead).where(handoffs.c.lead.in_(some), _OPEN)).scalars())
        for lead in some:
            verdict = _verdict(scenario, before[lead], now, with_sales=lead in tasks)
            counted[verdict.reason or verdict.state] += 1
    return counted


def entered_by_event(definitions: Definitions, type: str, subject: str) -> list[Scenario]:
    """The scenarios that take in whoever does this."""
    return [
        scenario
        for scenario in definitions.scenarios.values()
        if scenario.enter.event is not None and scenario.enter.event.matches(type, subject)
    ]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a wish to enrol; `replaces`: the running enrolment ends."""

    state: State
    reason: Refusal | None = None
    replaces: bool = False


def _verdict(scenario: Scenario, before: Sequence[Row[Any]], now: datetime, *, with_sales: bool) -> _Verdict:
    """By the lead's enrolments so far; while sales works on a task of it nothing mails it, so enrolments wait."""
    reason = _refusal(scenario, before, now)
    busy = [each for each in before if each.state != "ended"]
    if reason is None and (busy or with_sales) and scenario.when_busy == "skip":
        reason = "busy"
    if reason is not None:
        return _Verdict("refused", reason)
    if not (busy or with_sales):
        return _Verdict("enrolled")
    running = next((each for each in reversed(busy) if each.state == "enrolled"), None)
    yields = running is not None and running.priority <= scenario.priority and not with_sales
    replaces = scenario.when_busy == "replace" and yields
    return _Verdict("enrolled" if replaces else "queued", replaces=replaces)


def _refusal(scenario: Scenario, before: Sequence[Row[Any]], now: datetime) -> Refusal | None:
    same = [each for each in before if each.scenario == scenario.scenario]
    if any(each.state != "ended" for each in same):
        return "already_in"
    if not same:
        return None
    again = scenario.enter.again
    if again is None:
        return "entered_before"
    last: datetime = max(each.ended_at for each in same)
    return "entered_before" if now < later(last, again.after) else None


def later(start: datetime, duration: Duration) -> datetime:
    """`duration` after `start`; business days count Monday to Friday here, since no lead waits for this instant."""
    day, left = start + duration.span, duration.business_days
    while left > 0:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day
