"""Fills a database with leads that sales had: what they did, their tasks, and the lines of the steps they walked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from adapters.database.schema import enrolments, entries, events, handoffs, leads, timeline

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STATES = ("won", "won", "lost", "lost", "returned", "expired", "open", "accepted")
Rows = dict[Any, list[dict[str, Any]]]
SCENARIO, STEP, RULE = "seminar_to_demo", "to_sales", "score total at least 120"


def fill(conn: Connection, number: int, now: datetime, *, with_tasks: bool = True, first: int = 0) -> None:
    """Leads `p0000` and on of the sample folder, a day apart in cycles of 60; the task of each is ten days later.

    Every lead was smaller before (10 employees) than it is since its second day; it asks for a demo, which makes the
    task, and after that for a consultation. Large ones are won more often.
    """
    rows: Rows = {each: [] for each in (leads, entries, events, enrolments, handoffs, timeline)}
    for index in range(first, first + number):
        name, since = f"p{index:04}", now - 80 * DAY + (index % 60) * DAY
        large = index % 3 == 0
        state = ("won" if large and index % 2 else STATES[index % len(STATES)]) if with_tasks else None
        _lead(rows, name, since, large=large)
        if state is not None:
            _task(rows, name, since + 10 * DAY, state, index)
    for table, several in rows.items():
        if several:
            conn.execute(insert(table), several)


def _lead(rows: Rows, name: str, since: datetime, *, large: bool) -> None:
    employees = 300 if large else 40
    attributes = {"employees": employees, "industry": "telecom" if large else "other", "relation": "prospect"}
    rows[leads].append(
        {"id": name, "email": f"{name}@secret.example", "language": "ja", "attributes": attributes, "created_at": since}
    )
    for seq, (at, told) in enumerate(((since, {**attributes, "employees": 10}), (since + DAY, attributes)), start=1):
        rows[entries].append(
            {"lead": name, "seq": seq, "kind": "profile", "deployment": 1, "at": at, "received_at": at,
             "body": {"attributes": told}}
        )  # fmt: skip
    did = [(2, "visited", "/pricing"), (10, "requested", "demo"), (12, "requested", "consultation")]
    did += [(3, "downloaded", "whitepaper/rollout")] if large else []
    for days, kind, subject in did:
        at = since + days * DAY
        rows[events].append(
            {"event": f"{name}/{kind}/{subject}", "lead": name, "type": kind, "subject": subject, "at": at,
             "received_at": at, "automatic": False, "properties": {}, "filed": True}
        )  # fmt: skip


def _task(rows: Rows, name: str, made: datetime, state: str, index: int) -> None:
    closed = made + (1 + index % 5) * DAY if state not in ("open", "accepted") else None
    accepted = made + (1 + index % 7) * HOUR if index % 4 else None
    rows[enrolments].append(
        {"lead": name, "enrolment": 1, "scenario": SCENARIO, "deployment": 1, "priority": 50, "state": "ended",
         "decided_at": made - 9 * DAY, "ended_at": made}
    )  # fmt: skip
    rows[handoffs].append(
        {"id": f"{name}/{SCENARIO}/1/{STEP}/1", "lead": name, "queue": "inside_sales", "rep": f"rep_{1 + index % 2}",
         "reasons": [f"{SCENARIO}: {STEP}", *([f"hot: {RULE}"] if index % 5 == 0 else [])],
         "score": {"total": 40 + index % 100}, "state": state, "made_at": made, "scenario": SCENARIO, "step": STEP,
         "visit": 1, "accepted_at": accepted if state != "open" else None, "closed_at": closed,
         "amount": 1000 if state == "won" else None, "reason": "予算なし" if state == "returned" else None}
    )  # fmt: skip
    lines = [
        ("entered", None, 9.0, None), ("arrived", "newsletter", 9.0, None), ("reaction", "newsletter", 5.0, "opened"),
        ("arrived", "seminar_invite", 5.0, None), ("timeout", "seminar_invite", 1.0, None),
        ("arrived", STEP, 0.0, None),
    ]  # fmt: skip
    for what, step, days, reason in lines:
        rows[timeline].append(
            {"lead": name, "kind": "decision", "what": what, "at": made - days * DAY, "scenario": SCENARIO,
             "step": step, "visit": 1 if step else None, "reason": reason,
             "subject": "seminar_invite" if what == "reaction" else None, "late": False, "automatic": False}
        )  # fmt: skip
