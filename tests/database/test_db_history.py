"""What became of leads, read for those who judge definitions by results."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, update

from adapters.database import leads, positions
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.history import past_leads
from adapters.database.leads import LeadUpsert
from adapters.database.schema import events, handoffs
from adapters.database.schema import leads as lead_rows
from nurture.history import PastLead
from nurture.records import Line, Position, Record
from nurture.retrospect import attributes_at
from nurture.state import State
from tests.database.conftest import NOW

DAY = timedelta(days=1)


def lead(store: DeploymentStore, name: str, *visits: datetime) -> None:
    """A lead with some visits to the pricing page."""
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert(id=name, attributes={"employees": 80}), store=store, now=NOW - 90 * DAY)
        told = [
            {"id": f"{name}/{at}", "lead": name, "type": "visited", "subject": "/pricing", "at": at.isoformat()}
            for at in visits
        ]
        assert accept(conn, told, store=store, now=NOW).accepted == len(visits)


def closed(store: DeploymentStore, name: str, state: str, at: datetime | None) -> None:
    """A task about the lead, closed at some time or still open."""
    with writing(store.engine) as conn:
        conn.execute(
            insert(handoffs).values(
                id=f"{name}/{state}/{at}", lead=name, queue="inside_sales", state=state, made_at=NOW, closed_at=at
            )
        )


def history(store: DeploymentStore) -> dict[str, PastLead]:
    """Everybody, by id."""
    with reading(store.engine) as conn:
        return {each.id: each for each in past_leads(conn)}


def test_what_leads_did_comes_in_the_order_of_time_without_what_machines_did(deployed: DeploymentStore) -> None:
    """Three visits told in disorder, of which one turned out to be a machine's and one was taken back."""
    times = [NOW - 2 * DAY, NOW - 9 * DAY, NOW - 5 * DAY, NOW - 3 * DAY, NOW - 4 * DAY]
    lead(deployed, "one", *times)
    with writing(deployed.engine) as conn:
        conn.execute(update(events).where(events.c.at == NOW - 3 * DAY).values(automatic=True))
        conn.execute(update(events).where(events.c.at == NOW - 4 * DAY).values(reversed_at=NOW))
    found = history(deployed)["one"]
    assert [each.at for each in found.events] == [NOW - 9 * DAY, NOW - 5 * DAY, NOW - 2 * DAY]
    assert (found.attributes, found.since, found.result) == ({"employees": 80}, NOW - 90 * DAY, None)


def test_what_a_lead_was_before_is_known_by_its_profiles(deployed: DeploymentStore) -> None:
    """Each change left an entry; only the leads that are asked for are read."""
    lead(deployed, "one")
    lead(deployed, "other")
    with writing(deployed.engine) as conn:
        changed = LeadUpsert(id="one", attributes={"relation": "customer"})
        leads.upsert(conn, changed, store=deployed, now=NOW - 5 * DAY)
    with reading(deployed.engine) as conn:
        (found,) = past_leads(conn, ["one", "nobody"])
    assert found.profiles == (
        (NOW - 90 * DAY, {"employees": 80}),
        (NOW - 5 * DAY, {"employees": 80, "relation": "customer"}),
    )
    assert found.attributes == found.profiles[-1][1]


def test_what_a_scenario_has_set_is_a_change_of_the_lead(deployed: DeploymentStore) -> None:
    """It leaves a line and no profile: a number, a word, and that something is no longer so; the next profile has both.

    So a lead is judged by what was set from the instant at which it was, and not before.
    """
    lead(deployed, "one")
    with writing(deployed.engine) as conn:
        for number, (days, name, value, text) in enumerate(
            [(40, "employees", 900, "900"), (30, "relation", "prospect", "prospect"), (20, "industry", None, "null"),
             (3, "employees", 1000, "1000")], start=1
        ):  # fmt: skip
            if days == 3:
                changed = LeadUpsert(id="one", attributes={"title": "chief"})
                leads.upsert(conn, changed, store=deployed, now=NOW - 10 * DAY)
            line = Line(at=NOW - days * DAY, kind="decision", what="set", subject=name, reason=text)
            state = State(lead="one", records=number, seq=number)
            record = Record(
                lead="one", number=number, state=state, position=Position(), attributes={name: value}, lines=(line,)
            )
            positions.write(conn, "one", [record])
    found = history(deployed)["one"]
    assert [((NOW - at) / DAY, attributes) for at, attributes in found.profiles] == [
        (90, {"employees": 80}),
        (40, {"employees": 900}),
        (30, {"employees": 900, "relation": "prospect"}),
        (20, {"employees": 900, "relation": "prospect"}),
        (10, {"employees": 900, "relation": "prospect", "title": "chief"}),
        (3, {"employees": 1000, "relation": "prospect", "title": "chief"}),
    ]
    assert attributes_at(found, NOW) == found.attributes == found.profiles[-1][1]


def test_a_lead_is_won_once_it_was_won_else_lost_at_the_last(deployed: DeploymentStore) -> None:
    """A deal after a lost one, a loss after a deal, two losses, a task that is open, one that came back."""
    for name in ("late_win", "lost_again", "lost", "open", "returned"):
        lead(deployed, name)
    for name, *states in (
        ("late_win", "lost", "won", "won"),
        ("lost_again", "won", "lost"),
        ("lost", "lost", "lost"),
        ("returned", "returned"),
    ):
        for day, state in enumerate(states):
            closed(deployed, name, state, NOW + day * DAY)
    closed(deployed, "open", "open", None)
    assert {name: (each.result, each.closed_at) for name, each in history(deployed).items()} == {
        "late_win": ("won", NOW + DAY),
        "lost_again": ("won", NOW),
        "lost": ("lost", NOW + DAY),
        "open": (None, None),
        "returned": (None, None),
    }
    lead(deployed, "nobody_s")
    tasked = {name for name, each in history(deployed).items() if each.handed_over}
    assert tasked == {"late_win", "lost_again", "lost", "open", "returned"}


def test_everybody_is_read_but_those_who_were_erased(deployed: DeploymentStore) -> None:
    """More leads than are read in one question."""
    with writing(deployed.engine) as conn:
        conn.execute(
            insert(lead_rows),
            [
                {"id": f"lead_{n:04}", "language": "ja", "attributes": {}, "created_at": NOW, "position": {}}
                for n in range(1201)
            ],
        )
        conn.execute(update(lead_rows).where(lead_rows.c.id == "lead_0007").values(status="erased"))
    assert len(history(deployed)) == 1200
