"""Who enters a scenario because its segment began to fit between two nights: an edge, never a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from adapters.database import enrolments, leads, numbering
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.entering import entering
from adapters.database.events import accept
from adapters.database.leads import LeadUpsert
from adapters.database.members import fitting
from adapters.database.schema import deployments, events
from adapters.database.schema import enrolments as enrolment_rows
from nurture.membership import way_in
from tests.database.conftest import NOW

DAY = timedelta(days=1)
DORMANT = """\
scenario: dormant
language: ja
enter: {segment: silent, again: {after: 90d}}
start: only
steps:
  only: {wait: 3d, then: bye}
  bye: {finish: over}
"""
BUSY = DORMANT.replace("scenario: dormant", "scenario: busy").replace("segment: silent", "segment: regulars")
SEGMENTS = """\
silent: {when: {all: [{did: any}, {not: {did: any, within: 30d}}, {not: {attribute: relation, is: customer}}]}}
regulars: {when: {did: {visited: any}, within: 7d, at_least: 2}}
midsize_infrastructure: {when: {attribute: employees, at_least: 50, at_most: 100}}
"""


@pytest.fixture
def store(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> DeploymentStore:
    """The sample folder, with two scenarios entered by what leads did; in place for a year."""
    deploy_again({**files, "segments.yaml": SEGMENTS, "dormant.yaml": DORMANT, "busy.yaml": BUSY})
    with writing(deployed.engine) as conn:
        conn.execute(update(deployments).values(deployed_at=NOW - 365 * DAY))
    deployed.refresh()
    return deployed


def lead(store: DeploymentStore, name: str, **attributes: Any) -> None:
    """A lead that has been there for long."""
    with writing(store.engine) as conn:
        said = LeadUpsert.model_validate({"id": name, "attributes": attributes})
        leads.upsert(conn, said, store=store, now=NOW - 300 * DAY)


def did(
    store: DeploymentStore, name: str, at: datetime, *, told: datetime | None = None, type: str = "visited"
) -> None:
    """Something the lead did, told at once or later."""
    event = {"id": f"{name}/{type}/{at}", "lead": name, "type": type, "subject": "/", "at": at.isoformat()}
    with writing(store.engine) as conn:
        answer = accept(conn, [event], store=store, now=told or at)
        assert answer.accepted == 1
        numbering.file_events(conn, name, store)


def found(store: DeploymentStore, *, since: datetime = NOW - DAY, now: datetime = NOW) -> dict[str, list[str]]:
    """Whom the sweep of `now` lets in, where the last one was at `since`."""
    with reading(store.engine) as conn:
        return {
            scenario: several
            for scenario, several in entering(conn, store, store.current().number, since, now).items()
            if several
        }


def test_a_lead_enters_in_the_night_in_which_it_has_been_silent_for_long_enough(store: DeploymentStore) -> None:
    """29, 30 and 31 days of silence: one began to fit since last night; a missed night is made up for."""
    for name, ago in (("young", 29 * DAY), ("due", 30 * DAY + DAY / 2), ("old", 31 * DAY + DAY / 2)):
        lead(store, name)
        did(store, name, NOW - ago)
    assert found(store) == {"dormant": ["due"]}
    assert found(store, since=NOW - 2 * DAY) == {"dormant": ["due", "old"]}


def test_whoever_came_back_in_between_is_not_let_in(store: DeploymentStore) -> None:
    """The old event left the window, a new one is in it; and what a machine did keeps nobody awake."""
    for name in ("awake", "asleep"):
        lead(store, name)
        did(store, name, NOW - 30 * DAY - DAY / 2)
        did(store, name, NOW - 3 * DAY)
    with writing(store.engine) as conn:
        conn.execute(
            update(events).where(events.c.lead == "asleep", events.c.at > NOW - 4 * DAY).values(automatic=True)
        )
    assert found(store) == {"dormant": ["asleep"]}


def test_attributes_are_asked_too(store: DeploymentStore) -> None:
    """A customer is no dormant prospect, however silent."""
    lead(store, "customer", relation="customer")
    did(store, "customer", NOW - 30 * DAY - DAY / 2)
    assert found(store) == {}


def entered(store: DeploymentStore, scenario: str) -> list[tuple[str, datetime]]:
    """Who was enrolled in a scenario when, in the order of ids; once for each time."""
    query = select(enrolment_rows.c.lead, enrolment_rows.c.decided_at).where(enrolment_rows.c.scenario == scenario)
    with reading(store.engine) as conn:
        return [(row.lead, row.decided_at) for row in conn.execute(query.order_by(enrolment_rows.c.lead))]


def test_an_event_lets_a_lead_in_at_once_and_the_night_does_not_let_it_in_again(store: DeploymentStore) -> None:
    """Two visits within a week, told late or at once; one visit is not enough. The last visit enters, no later one."""
    for name, days in (("regular", (3, 1, 0)), ("once", (0,)), ("long_ago", (30, 5))):
        lead(store, name)
        for ago in days:
            did(store, name, NOW - ago * DAY - DAY / 4)
    lead(store, "told_late")
    did(store, "told_late", NOW - 4 * DAY)
    did(store, "told_late", NOW - 3 * DAY, told=NOW - DAY / 8)
    said = LeadUpsert.model_validate({"id": "regular", "attributes": {"relation": "prospect"}})
    with writing(store.engine) as conn:
        assert leads.upsert(conn, said, store=store, now=NOW).decisions == ()
    assert entered(store, "busy") == [("regular", NOW - DAY - DAY / 4), ("told_late", NOW - DAY / 8)]
    assert found(store) == {}
    assert found(store, since=NOW - 2 * DAY) == {}


def test_several_events_of_one_delivery_let_a_lead_in_once_by_what_holds_after_them(store: DeploymentStore) -> None:
    """Filed together, for several leads: judged once, after the last event; the enrolment has the next number."""
    for name in ("a", "b", "c"):
        lead(store, name)
    told = [
        {"id": f"{name}/{number}", "lead": name, "type": "visited", "subject": "/", "at": NOW.isoformat()}
        for name, many in (("a", 3), ("b", 1), ("c", 2)) for number in range(many)
    ]  # fmt: skip
    with writing(store.engine) as conn:
        assert accept(conn, told, store=store, now=NOW).accepted == 6
        assert numbering.file_all(conn, ["a", "b", "c"], store) == 6
        assert [entry.kind for entry in numbering.stored_after(conn, "a", 1)] == ["event"] * 3 + ["enrolment"]
    assert entered(store, "busy") == [("a", NOW), ("c", NOW)]
    assert found(store) == {}


def test_deploying_lets_nobody_in_and_neither_does_the_next_event(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """Who fits already when the segment is deployed is inside it: another such event is no edge."""
    for name in ("old", "new"):
        lead(deployed, name)
    for ago in (3, 2):
        did(deployed, "old", NOW - ago * DAY)
    did(deployed, "new", NOW - DAY)
    deploy_again({**files, "segments.yaml": SEGMENTS, "busy.yaml": BUSY})
    deployed.refresh()
    for name in ("old", "new"):
        did(deployed, name, NOW)
    assert entered(deployed, "busy") == [("new", NOW)]


def test_points_let_a_lead_in_with_the_event_that_gives_them(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """A segment by score is asked about whatever the score counts; 20 points for a consultation are enough."""
    warm = BUSY.replace("scenario: busy", "scenario: warm").replace("segment: regulars", "segment: warm")
    deploy_again(
        {**files, "segments.yaml": SEGMENTS + "warm: {when: {score: total, at_least: 20}}\n", "warm.yaml": warm}
    )
    deployed.refresh()
    lead(deployed, "warmer")
    did(deployed, "warmer", NOW - DAY)
    assert entered(deployed, "warm") == []
    event = {"id": "c", "lead": "warmer", "type": "attended", "subject": "consultation", "at": NOW.isoformat()}
    with writing(deployed.engine) as conn:
        accept(conn, [event], store=deployed, now=NOW)
        numbering.file_events(conn, "warmer", deployed)
    assert entered(deployed, "warm") == [("warmer", NOW)]


def test_what_a_machine_did_lets_nobody_in(store: DeploymentStore) -> None:
    """Neither does an event that no segment asks about."""
    lead(store, "scanned")
    did(store, "scanned", NOW - DAY)
    with writing(store.engine) as conn:
        machine = {"event": "m", "lead": "scanned", "type": "visited", "subject": "/", "at": NOW, "received_at": NOW}
        conn.execute(insert(events).values(**machine, automatic=True))
        assert numbering.file_events(conn, "scanned", store) == 1
    did(store, "scanned", NOW, type="downloaded")
    assert entered(store, "busy") == []


def test_what_was_taken_back_counts_as_never_done(store: DeploymentStore) -> None:
    """The only sign of life of the last 30 days was reversed since last night."""
    lead(store, "reversed")
    did(store, "reversed", NOW - 40 * DAY)
    did(store, "reversed", NOW - 10 * DAY)
    assert found(store) == {}
    with writing(store.engine) as conn:
        conn.execute(
            update(events).where(events.c.at > NOW - 11 * DAY).values(automatic=True, reversed_at=NOW - DAY / 2)
        )
    assert found(store) == {"dormant": ["reversed"]}


def test_a_scenario_that_was_deployed_since_lets_in_nobody_who_fitted_already(
    store: DeploymentStore, deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """Deploying enrols nobody: only a change after it is one. Another name for the same segment changes nothing."""
    for name, ago in (("before", 30 * DAY + 3 * DAY / 4), ("after", 30 * DAY + DAY / 4)):
        lead(store, name)
        did(store, name, NOW - ago)
    files = store.files(store.current().number)
    deploy_again({**files, "segments.yaml": SEGMENTS.replace("silent:", "quiet:"), "dormant.yaml": DORMANT.replace(
        "segment: silent", "segment: quiet")})  # fmt: skip
    with writing(store.engine) as conn:
        conn.execute(update(deployments).where(deployments.c.number == 3).values(deployed_at=NOW - DAY / 2))
    store.refresh()
    assert found(store) == {"dormant": ["after", "before"]}
    deploy_again({**files, "segments.yaml": SEGMENTS.replace("is: customer", "is: competitor")})
    with writing(store.engine) as conn:
        conn.execute(update(deployments).where(deployments.c.number == 4).values(deployed_at=NOW - DAY / 2))
    store.refresh()
    assert found(store) == {"dormant": ["after"]}


def test_whoever_is_in_it_or_was_enrolled_tonight_is_left_out(store: DeploymentStore) -> None:
    """So a sweep that died and begins again refuses nobody what it has just given."""
    for name in ("in_it", "tonight", "due"):
        lead(store, name)
        did(store, name, NOW - 30 * DAY - DAY / 2)
    with writing(store.engine) as conn:
        current = store.current()
        enrolments.decide(conn, "in_it", current.scenarios["dormant"], deployment=current.number, now=NOW - 200 * DAY)
        row = {"lead": "tonight", "enrolment": 1, "scenario": "dormant", "deployment": 2, "priority": 50}
        conn.execute(
            insert(enrolment_rows).values(**row, state="ended", decided_at=NOW - DAY / 9, ended_at=NOW - DAY / 9)
        )
    assert found(store) == {"dormant": ["due"]}


def test_an_import_lets_in_a_lead_that_newly_fits_by_what_it_is_and_did(store: DeploymentStore) -> None:
    """Silent for long as a customer, it enters the day it is a prospect again; saying so again changes nothing."""
    lead(store, "was_customer", relation="customer")
    did(store, "was_customer", NOW - 60 * DAY)
    said = LeadUpsert.model_validate({"id": "was_customer", "attributes": {"relation": "prospect"}})
    with writing(store.engine) as conn:
        first = leads.upsert(conn, said, store=store, now=NOW)
        again = leads.upsert(conn, said, store=store, now=NOW)
    assert [(each.scenario, each.state) for each in first.decisions] == [("dormant", "enrolled")]
    assert again.decisions == ()


def test_all_who_fit_are_found_at_any_instant(store: DeploymentStore) -> None:
    """For lists by segment: the same judgement, over all leads and over more than one batch."""
    for number in range(7):
        lead(store, f"lead_{number}")
        did(store, f"lead_{number}", NOW - (28 + number) * DAY)
    asked = way_in(store.current(), "dormant")
    assert asked is not None
    with reading(store.engine) as conn:
        assert fitting(conn, asked, NOW) == ["lead_3", "lead_4", "lead_5", "lead_6"]
        assert fitting(conn, asked, NOW, among=["lead_0", "lead_6", "nobody"]) == ["lead_6"]
        assert fitting(conn, asked, NOW, known=NOW - 34 * DAY) == ["lead_6"]


def test_a_backlog_lets_a_lead_in_at_the_event_that_made_it_fit(store: DeploymentStore) -> None:
    """Filed together after an outage as if filed one by one: a later event of another kind closes no window."""
    for name in ("late", "prompt"):
        lead(store, name)
        for days, kind in ((10, "visited"), (9, "visited"), (0, "downloaded")):
            at = NOW - days * DAY
            event = {"id": f"{name}/{days}", "lead": name, "type": kind, "subject": "/", "at": at.isoformat()}
            with writing(store.engine) as conn:
                accept(conn, [event], store=store, now=at)
                if name == "prompt":
                    numbering.file_events(conn, name, store)
    with writing(store.engine) as conn:
        numbering.file_events(conn, "late", store)
    assert entered(store, "busy") == [("late", NOW - 9 * DAY), ("prompt", NOW - 9 * DAY)]
