"""Whom the nightly sweep finds: those for whom time alone may have changed something, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import update

from adapters.database import enrolments, leads, numbering, sweeping
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.leads import LeadUpsert
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import events
from adapters.database.schema import leads as lead_rows
from nurture.entries import Ticked
from tests.database.conftest import NOW

DAY = timedelta(days=1)
SCENARIO = """\
scenario: dormant
language: ja
leave:
  - {when: {not: [{did: any, within: 30d}]}, finish: silent}
  - {when: {not: [{did: {visited: /pricing}, within: 7d}]}, finish: cold}
start: only
steps:
  only:
    wait: {until: [{requested: demo}], timeout: 300d}
    then: bye
  bye: {finish: over}
"""


@pytest.fixture
def store(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> DeploymentStore:
    """The sample folder with a scenario that leads leave by silence."""
    deploy_again({**files, "dormant.yaml": SCENARIO})
    deployed.refresh()
    return deployed


def walks(store: DeploymentStore, name: str, scenario: str = "dormant") -> None:
    """A lead that walks a scenario."""
    current = store.current()
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": name}), store=store, now=NOW - 90 * DAY)
        enrolments.decide(conn, name, current.scenarios[scenario], deployment=current.number, now=NOW)


def did(store: DeploymentStore, name: str, type: str, subject: str, ago: timedelta) -> None:
    """Something the lead did so long before NOW."""
    event = {"id": f"{name}/{type}/{ago}", "lead": name, "type": type, "subject": subject}
    with writing(store.engine) as conn:
        accept(conn, [event], store=store, now=NOW - ago)
        numbering.file_events(conn, name, store)


def found(store: DeploymentStore, *, nights: int = 1) -> list[str]:
    """Whom the sweep of NOW finds, where the last one was so many nights before."""
    with reading(store.engine) as conn:
        current = store.current().number
        return sweeping.concerned(conn, store, current, NOW - nights * DAY, NOW)


def test_a_lead_is_found_in_the_night_in_which_its_event_leaves_a_window(store: DeploymentStore) -> None:
    """29, 30 and 31 days: only the second left the 30 days since last night; a week's window sees /pricing alone."""
    for name, kind, subject, ago in (
        ("young", "attended", "seminar", 29 * DAY),
        ("due", "attended", "seminar", 30 * DAY + DAY / 2),
        ("old", "attended", "seminar", 31 * DAY + DAY / 2),
        ("pricing", "visited", "/pricing/plans", 7 * DAY + DAY / 2),
        ("elsewhere", "visited", "/pricing_old", 7 * DAY + DAY / 2),
    ):
        walks(store, name)
        did(store, name, kind, subject, ago)
    assert found(store) == ["due", "pricing"]
    assert found(store, nights=2) == ["due", "old", "pricing"]


def test_machines_and_other_scenarios_are_left_alone(store: DeploymentStore) -> None:
    """A click of a machine never counted; whoever walks elsewhere, or nowhere, cannot leave this scenario."""
    for name, scenario in (("machine", "dormant"), ("elsewhere", "seminar_to_demo"), ("done", "dormant")):
        walks(store, name, scenario)
        did(store, name, "attended", "seminar", 30 * DAY + DAY / 2)
    with writing(store.engine) as conn:
        conn.execute(update(events).where(events.c.lead == "machine").values(automatic=True))
        conn.execute(update(enrolment_rows).where(enrolment_rows.c.lead == "done").values(state="ended"))
    assert found(store) == []


def test_each_gets_one_tick_and_the_night_is_noted(store: DeploymentStore) -> None:
    """A sweep that never ran begins now: what happened before is nobody's change by time alone."""
    walks(store, "due")
    with writing(store.engine) as conn:
        assert sweeping.swept_until(conn, NOW) == NOW
        assert sweeping.tick(conn, ["due", "nobody"], NOW + DAY) == 1
        sweeping.finish(conn, NOW + DAY, 1)
        assert sweeping.swept_until(conn, NOW + 2 * DAY) == NOW + DAY
        newest = numbering.stored_after(conn, "due", 0)[-1]
    assert isinstance(newest, Ticked)
    assert newest.at == NOW + DAY


COOLS = """\
scenario: warm_only
language: ja
leave:
  - {when: {score: behaviours, at_most: 5}, finish: cooled}
start: only
steps:
  only:
    wait: {until: [{requested: demo}], timeout: 300d}
    then: bye
  bye: {finish: over}
"""
FADES = """\
behaviours:
  - {item: pricing, when: {visited: /pricing}, points: 10, repeat: each, cap: 20, fades: {half_life: 7d}}
"""


@pytest.fixture
def fading(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> Callable[[Mapping[str, str]], DeploymentStore]:
    """Deploys the sample folder with a scenario that leads leave as their points fade, and what else is given."""

    def deploy(more: Mapping[str, str]) -> DeploymentStore:
        deploy_again({**files, "warm_only.yaml": COOLS, "score.yaml": FADES, **more})
        deployed.refresh()
        return deployed

    return deploy


def test_a_lead_whose_points_have_faded_is_found_where_its_scenario_says_leave(
    fading: Callable[[Mapping[str, str]], DeploymentStore],
) -> None:
    """Ten points of a visit are below five after more than one half-life of a week; nothing else has happened."""
    store = fading({})
    for name, ago in (("warm", 5 * DAY), ("cool", 8 * DAY)):
        walks(store, name, "warm_only")
        did(store, name, "visited", "/pricing", ago)
    walks(store, "elsewhere", "seminar_to_demo")
    did(store, "elsewhere", "visited", "/pricing", 8 * DAY)
    assert found(store) == ["cool"]


def test_a_lead_that_becomes_hot_by_a_score_that_falls_is_found(
    fading: Callable[[Mapping[str, str]], DeploymentStore],
) -> None:
    """A definition may ask for a score of at most so much, though few will: the night finds who begins to fit it."""
    few = "queue: inside_sales\nany: [{all: [{did: {visited: /pricing}}, {score: total, at_most: 5}]}]\n"
    store = fading({"hot_lead.yaml": few})
    for name, ago in (("warm", 5 * DAY), ("cool", 8 * DAY)):
        walks(store, name, "seminar_to_demo")
        did(store, name, "visited", "/pricing", ago)
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).values(started=True))
    assert found(store) == ["cool"]
