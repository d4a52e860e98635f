"""Score, hot lead definition and sweep over what is stored: who scores what, who becomes hot, who must be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from adapters.database import leads, numbering, sweeping
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.explaining import standpoint
from adapters.database.foresight import HotBy, hot_by
from adapters.database.leads import LeadUpsert
from adapters.database.schema import deployments, events, handoffs
from adapters.database.schema import leads as lead_rows
from adapters.database.scores import points_of
from nurture.definitions import Definitions
from nurture.entries import Deployed
from nurture.explained import Standpoint
from nurture.loading import definitions_of
from tests.database.conftest import NOW

DAY = timedelta(days=1)


@pytest.fixture
def store(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder, loaded."""
    deployed.refresh()
    return deployed


def lead(store: DeploymentStore, name: str, **attributes: Any) -> None:
    """A lead with these attributes."""
    with writing(store.engine) as conn:
        said = LeadUpsert.model_validate({"id": name, "attributes": attributes})
        leads.upsert(conn, said, store=store, now=NOW - 300 * DAY)


def did(store: DeploymentStore, name: str, type: str, subject: str, at: datetime) -> None:
    """Something the lead did."""
    event = {"id": f"{name}/{type}/{subject}/{at}", "lead": name, "type": type, "subject": subject}
    with writing(store.engine) as conn:
        assert accept(conn, [event], store=store, now=at).accepted == 1
        numbering.file_events(conn, name, store)


def lower(files: Mapping[str, str], threshold: int) -> dict[str, str]:
    """The sample folder with another threshold."""
    return {**files, "hot_lead.yaml": files["hot_lead.yaml"].replace("at_least: 120", f"at_least: {threshold}")}


def scores(store: DeploymentStore, *names: str, at: datetime = NOW) -> dict[str, float]:
    """The totals of some leads."""
    with reading(store.engine) as conn:
        return {name: each.total for name, each in points_of(conn, names, store.current(), at).items()}


def test_the_score_comes_from_attributes_and_events_as_the_article_has_them(store: DeploymentStore) -> None:
    """15 for the size, 10 each for industry and title; 50 for a demo, 15 for the prices, halved after 30 days."""
    lead(store, "a", employees=120, industry="telecom", title="section_head")
    lead(store, "b")
    did(store, "a", "requested", "demo", NOW - DAY)
    did(store, "a", "visited", "/pricing", NOW - 30 * DAY)
    assert scores(store, "a", "b", "nobody") == pytest.approx({"a": 35 + 50 + 7.5, "b": 0})


def test_what_a_machine_did_and_what_was_taken_back_gives_no_points(store: DeploymentStore) -> None:
    """Both are kept, and count for nothing."""
    lead(store, "a")
    did(store, "a", "requested", "demo", NOW - DAY)
    did(store, "a", "attended", "consultation", NOW - DAY)
    with writing(store.engine) as conn:
        conn.execute(update(events).where(events.c.type == "requested").values(automatic=True))
        conn.execute(update(events).where(events.c.type == "attended").values(reversed_at=NOW))
    assert scores(store, "a") == {"a": 0}


def test_whom_a_definition_would_make_hot_is_known_before_it_is_deployed(
    store: DeploymentStore, files: Mapping[str, str]
) -> None:
    """85 points: cold at 120, hot at 80; whoever is hot already, or excluded, is not counted."""
    for name, more in (("warm", {}), ("customer", {"relation": "customer"}), ("hot_already", {}), ("cold", {})):
        lead(store, name, employees=120, industry="telecom", title="section_head", **more)
        if name != "cold":
            did(store, name, "requested", "demo", NOW - DAY)
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).where(lead_rows.c.id == "hot_already").values(position={"hot": True}))
    new = definitions_of(lower(files, 80))
    with reading(store.engine) as conn:
        assert hot_by(conn, store.current(), new, NOW).becoming == ("warm",)
        assert hot_by(conn, new, new, NOW).becoming == ()
        assert hot_by(conn, new, Definitions(), NOW).becoming == ()


def test_a_deployment_tells_whom_it_makes_hot_whether_to_hand_over(
    store: DeploymentStore, files: Mapping[str, str]
) -> None:
    """The flag travels with the entry; a lead that sleeps is woken only for a handoff."""
    lead(store, "marked")
    lead(store, "sold")
    for number, (name, sold) in enumerate((("marked", False), ("sold", True))):
        with writing(store.engine) as conn:
            deploy(conn, lower(files, 90 - number), [], by="t", now=NOW, real_now=NOW, hot=[name], hand_over=sold)
    with reading(store.engine) as conn:
        newest = {name: numbering.stored_after(conn, name, 0)[-1] for name in ("marked", "sold")}
        waiting = set(numbering.unsignalled(conn, 10))
    told = {name: entry.hand_over for name, entry in newest.items() if isinstance(entry, Deployed)}
    assert told == {"marked": False, "sold": True}
    assert waiting == {"sold"}


def test_who_is_hot_by_a_deployment_and_not_handed_over_can_be_found(store: DeploymentStore) -> None:
    """By the state its workflow has written."""
    for name, unsold in (("held", ["score total at least 80"]), ("sold", [])):
        lead(store, name)
        with writing(store.engine) as conn:
            state = {"lead": name, "hot": True, "hot_unsold": unsold}
            conn.execute(update(lead_rows).where(lead_rows.c.id == name).values(position={"hot": True}, state=state))
    with reading(store.engine) as conn:
        assert hot_by(conn, store.current(), store.current(), NOW).held == ("held",)
        assert hot_by(conn, store.current(), Definitions(), NOW).held == (), "nobody could say to whom"


def test_leads_that_fit_and_never_had_a_workflow_are_hot_and_with_nobody(
    store: DeploymentStore, files: Mapping[str, str]
) -> None:
    """By attributes alone: only a handover, or their next event, starts them."""
    lead(store, "asleep", employees=120, industry="telecom", title="section_head")
    lead(store, "awake", employees=120, industry="telecom", title="section_head")
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).where(lead_rows.c.id == "awake").values(started=True))
    with reading(store.engine) as conn:
        lowered = definitions_of(lower(files, 35))
        assert hot_by(conn, lowered, lowered, NOW) == HotBy((), ("asleep",))


def test_the_night_looks_at_hot_leads_cooled_ones_and_windows_of_the_definition(
    store: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """The latch, the end of a cool-down, an event that leaves a window of a phase; of those with a workflow only."""
    journey = files["journey_map.yaml"].replace("{did: {attended: seminar}}", "{did: {attended: seminar}, within: 90d}")
    deploy_again({**files, "journey_map.yaml": journey})
    store.refresh()
    for name in ("hot", "cooled", "cooling", "window", "asleep", "other"):
        lead(store, name)
    for name, days in (("window", 90.5), ("asleep", 90.5), ("other", 80.5)):
        did(store, name, "attended", "seminar", NOW - days * DAY)
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).where(lead_rows.c.id != "asleep").values(started=True))
        conn.execute(update(lead_rows).where(lead_rows.c.id == "hot").values(position={"hot": True}))
        for name, days in (("cooled", 30.5), ("cooling", 29.5)):
            closed = {"state": "lost", "made_at": NOW - 40 * DAY, "closed_at": NOW - days * DAY}
            conn.execute(insert(handoffs).values(id=name, lead=name, queue="inside_sales", reasons=[], **closed))
    with reading(store.engine) as conn:
        found = sweeping.concerned(conn, store, store.current().number, NOW - DAY, NOW)
    assert found == ["cooled", "hot", "window"]


def test_a_past_score_can_be_had_as_known_then_and_as_known_now(store: DeploymentStore) -> None:
    """Told late, taken back since, changed in the profile since: each counts on one of the two only."""
    with writing(store.engine) as conn:
        small = LeadUpsert.model_validate({"id": "a", "attributes": {"employees": 60}})
        leads.upsert(conn, small, store=store, now=NOW - 60 * DAY)
        large = LeadUpsert.model_validate({"id": "a", "attributes": {"employees": 120}})
        leads.upsert(conn, large, store=store, now=NOW - 20 * DAY)
    did(store, "a", "requested", "demo", NOW - 40 * DAY)
    late = {"id": "late", "lead": "a", "type": "attended", "subject": "seminar", "at": (NOW - 35 * DAY).isoformat()}
    with writing(store.engine) as conn:
        accept(conn, [late], store=store, now=NOW - 10 * DAY)
        conn.execute(
            update(events).where(events.c.type == "requested").values(automatic=True, reversed_at=NOW - 5 * DAY)
        )
    with writing(store.engine) as conn:
        conn.execute(update(deployments).values(deployed_at=NOW - 100 * DAY))
    day = NOW - 30 * DAY
    with reading(store.engine) as conn:
        then = standpoint(conn, "a", store, 1, NOW, at=day, known="then")
        now = standpoint(conn, "a", store, 1, NOW, at=day)
        assert standpoint(conn, "nobody", store, 1, NOW, at=day) is None
    assert then is not None
    assert now is not None
    assert points(then) == {"employees_50": 7, "demo_request": 50}
    assert points(now) == {"employees_100": 15, "seminar": 10}
    assert (then.score().phase, now.score().phase) == ("decision", "comparison")


def points(seen: Standpoint) -> dict[str, float]:
    """The items that give points."""
    return {each.item: each.points for each in seen.score().items if each.points}
