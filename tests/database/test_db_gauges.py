"""What ops watch is counted as it is: each fact moves its own figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from adapters.database import sends as ledger
from adapters.database.engine import open_database, reading, writing
from adapters.database.gauges import FAULTS, STATUSES, Fault, Gauges, look
from adapters.database.schema import entries, events, handoffs, leads, sends
from adapters.mail.variables import TemplateBlocked

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def seen(engine: Engine) -> Gauges:
    """A look at NOW, on both clocks."""
    with reading(engine) as conn:
        return look(conn, NOW, NOW)


def add_lead(engine: Engine, lead: str, **values: Any) -> None:
    """A lead with only what a test is about."""
    row = {"id": lead, "language": "ja", "created_at": NOW, "attributes": {}, "position": {}, **values}
    with writing(engine) as conn:
        conn.execute(insert(leads).values(row))


def add_entry(engine: Engine, lead: str, seq: int, kind: str, at: datetime, **values: Any) -> None:
    """An entry that came at an instant."""
    row = {"lead": lead, "seq": seq, "kind": kind, "deployment": 1, "at": at, "received_at": at, "body": {}, **values}
    with writing(engine) as conn:
        conn.execute(insert(entries).values(row))


def add_event(engine: Engine, event: str, lead: str | None, at: datetime, *, filed: bool = False) -> None:
    """An event that came at an instant."""
    row = {"event": event, "lead": lead, "type": "visited", "at": at, "received_at": at, "filed": filed}
    with writing(engine) as conn:
        conn.execute(insert(events).values({**row, "properties": {}}))


def test_an_empty_database_shows_every_status_and_fault_at_nought(engine: Engine) -> None:
    """A figure that is absent raises no alert, so none is."""
    empty = seen(engine)
    assert empty.statuses == dict.fromkeys(STATUSES, 0)
    assert empty.faults == dict.fromkeys(FAULTS, 0)
    assert (empty.entries, empty.unfiled, empty.parked, empty.held_mails) == (0, 0, 0, 0)
    assert (empty.lag, empty.trouble, empty.held_for, empty.deployment) == (timedelta(0), None, timedelta(0), 0)


def test_leads_are_counted_by_status(engine: Engine) -> None:
    """Two wait, one is paused."""
    for lead, status in (("a", "waiting"), ("b", "waiting"), ("c", "paused")):
        add_lead(engine, lead, status=status)
    assert seen(engine).statuses == {**dict.fromkeys(STATUSES, 0), "waiting": 2, "paused": 1}


@pytest.mark.parametrize(
    ("why", "fault"),
    [
        (str(TemplateBlocked("news", "a", variable="lead.name")), "value"),
        (str(TemplateBlocked("news", "a", fault="division by zero")), "template"),
        ("no address in deployment 3 (ja): mend it and deploy", "address"),
        ("no template 'news' in deployment 3 (ja): mend it and deploy", "definition"),
        ("no sender.yaml in deployment 3 (ja): mend it and deploy", "definition"),
        ("no queue 'inside' in sales.yaml of deployment 3: add it and deploy", "definition"),
        ("no scenario 'invite' in deployment 3", "definition"),
        ("no day is open within 400 days: mend sender.yaml, then deploy", "window"),
        ("no reaction fits and there is no `otherwise`: mend the scenario, then retry", "scenario"),
        ("something that nobody foresaw", "other"),
    ],
)
def test_a_blocked_lead_is_counted_by_what_has_to_be_mended(engine: Engine, why: str, fault: Fault) -> None:
    """The reason that people read decides, and a reason of a lead that goes on again does not count."""
    add_lead(engine, "a", status="blocked", position={"status": "blocked", "why": why})
    add_lead(engine, "b", status="waiting", position={"status": "waiting", "why": why})
    assert seen(engine).faults == {**dict.fromkeys(FAULTS, 0), fault: 1}


def test_the_backlog_is_what_the_relay_must_tell_and_its_age_that_of_the_oldest(engine: Engine) -> None:
    """What was told, and what nobody has to be told, is no backlog."""
    add_lead(engine, "a", started=True, pending=True)
    add_entry(engine, "a", 1, "event", NOW - 5 * HOUR, signalled_real=NOW)
    add_entry(engine, "a", 2, "event", NOW - 2 * HOUR)
    add_entry(engine, "a", 3, "event", NOW - HOUR)
    add_lead(engine, "imported")
    add_entry(engine, "imported", 1, "profile", NOW - 9 * HOUR)
    assert (seen(engine).entries, seen(engine).lag) == (2, 2 * HOUR)
    add_event(engine, "e1", "a", NOW - 3 * HOUR)
    assert (seen(engine).unfiled, seen(engine).lag) == (1, 3 * HOUR)


def test_a_profile_begins_to_wait_with_the_first_enrolment(engine: Engine) -> None:
    """It was stored long before: that is no lag of the relay. One of a lead that walks already is."""
    add_lead(engine, "a", pending=True)
    add_entry(engine, "a", 1, "profile", NOW - 90 * HOUR)
    add_entry(engine, "a", 2, "enrolment", NOW - HOUR)
    assert (seen(engine).entries, seen(engine).lag) == (2, HOUR)
    with writing(engine) as conn:
        conn.execute(update(leads).values(started=True))
    assert seen(engine).lag == 90 * HOUR


def test_an_event_of_nobody_is_parked_and_no_backlog(engine: Engine) -> None:
    """It waits for its lead, not for the relay."""
    add_event(engine, "e1", None, NOW - HOUR)
    assert (seen(engine).parked, seen(engine).unfiled, seen(engine).lag) == (1, 0, timedelta(0))


def test_only_a_held_mail_that_its_lead_still_wants_is_counted(engine: Engine) -> None:
    """A row of a lead that has gone on stays in the ledger."""
    for lead, status in (("a", "sending"), ("b", "waiting")):
        add_lead(engine, lead, status=status)
        row = {"key": f"{lead}/s/1/x/1", "lead": lead, "scenario": "s", "enrolment": 1, "step": "x", "visit": 1}
        with writing(engine) as conn:
            conn.execute(insert(sends).values({**row, "template": "t", "deployment": 1, "state": "held"}))
    assert seen(engine).held_mails == 1


@pytest.mark.parametrize(
    ("reason", "alert", "trouble"),
    [
        ("429: too many requests", False, "rate_limit"),
        ("503: down", False, "outage"),
        ("401: wrong key", True, "needs_person"),
    ],
)
def test_a_hold_on_all_mail_says_whether_somebody_has_to_come(
    engine: Engine, reason: str, alert: bool, trouble: str
) -> None:
    """It counts from its beginning until a mail goes again, however often it was prolonged."""
    with writing(engine) as conn:
        for ago in (3, 1):
            ledger.hold_all(conn, now_real=NOW - ago * HOUR, until=NOW, reason=reason, alert=alert)
    assert (seen(engine).trouble, seen(engine).held_for) == (trouble, 3 * HOUR)
    with writing(engine) as conn:
        ledger.release(conn)
    assert (seen(engine).trouble, seen(engine).held_for) == (None, timedelta(0))


def test_tasks_are_counted_by_queue_with_those_that_are_late_or_untold(engine: Engine) -> None:
    """Whoever is through with a task is late no more, and need not be told of it; nobody is told of what waits."""
    add_lead(engine, "a")
    rows: list[dict[str, Any]] = [
        {"queue": "inside", "state": "open", "due": NOW - HOUR, "notified_real": NOW},
        {"queue": "inside", "state": "accepted", "due": NOW + HOUR, "notified_real": NOW},
        {"queue": "inside", "state": "won", "due": None, "notified_real": None},
        {"queue": "field", "state": "open", "due": None, "notified_real": None, "rep": "rep_1"},
        {"queue": "field", "state": "open", "due": None, "notified_real": None},
    ]
    with writing(engine) as conn:
        for number, row in enumerate(rows):
            conn.execute(insert(handoffs).values(id=str(number), lead="a", reasons=[], made_at=NOW, **row))
    inside, field = seen(engine).queues["inside"], seen(engine).queues["field"]
    assert (inside.states, inside.overdue, inside.untold) == ({"open": 1, "accepted": 1, "won": 1}, 1, 0)
    assert (field.states, field.overdue, field.untold, field.waiting) == ({"open": 2}, 0, 1, 1)
