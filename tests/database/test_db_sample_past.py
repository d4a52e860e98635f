"""The weeks before a demo: sales had leads, as the report reads it, and nobody's workflow is woken by them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from adapters.database import desk
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.foresight import hot_by
from adapters.database.leads import page
from adapters.database.reviewing import reviewed
from adapters.database.schema import consents, entries, handoffs, leads
from adapters.sample_past import SOURCE, keep_past
from nurture.definitions import Definitions
from nurture.loading import definitions_of
from tests.database.conftest import NOW

TABLE = Path(__file__).parents[2] / "scenarios" / "history" / "deals.csv"


def kept(store: DeploymentStore) -> int:
    """Keep them; how many there were."""
    with writing(store.engine) as conn:
        return keep_past(
            conn, TABLE, store.current(), NOW, yours="rep_1", others="rep_2", real_now=NOW, overdue=timedelta(days=350)
        )


def test_the_report_has_something_to_tell_of_the_weeks_before(deployed: DeploymentStore) -> None:
    """Enough to have opinions; what was given back says why; nothing happened after now."""
    number = kept(deployed)
    with reading(deployed.engine) as conn:
        found = reviewed(conn, deployed.current(), timedelta(days=90), NOW)
        latest = conn.execute(select(func.max(handoffs.c.closed_at))).scalar_one()
        states = Counter(conn.execute(select(handoffs.c.state)).scalars())
    assert number == sum(states.values()) > 40
    assert found.pace.state == "enough"
    assert found.quality.returned.hits
    assert set(states) == {"won", "lost", "returned", "open"}
    assert timedelta(0) < NOW - latest < timedelta(days=2)


def test_some_wait_for_who_tries_the_desk(deployed: DeploymentStore) -> None:
    """Of one rep, one of them for more than a year nearly, each with a reason and points."""
    kept(deployed)
    with reading(deployed.engine) as conn:
        mine, following = desk.held(conn, "rep_1", 50)
        assert desk.held(conn, "rep_2", 50) == ([], None)
    assert following is None
    assert [each.task.state for each in mine] == ["open"] * 3
    assert sum(each.task.made_at < NOW - timedelta(days=350) for each in mine) == 1
    assert all(each.task.reasons[0].startswith("hot: ") and each.task.score["total"] > 100 for each in mine)


def test_nobody_is_told_of_them_and_they_are_kept_once(deployed: DeploymentStore) -> None:
    """No workflow is started, nothing waits for a relay, and consents say that they are samples."""
    assert kept(deployed) > 0
    assert kept(deployed) == 0
    with reading(deployed.engine) as conn:
        assert not conn.execute(select(leads.c.id).where(leads.c.pending | leads.c.started)).all()
        assert not conn.execute(select(entries.c.seq).where(entries.c.signalled_real.is_(None))).all()
        assert set(conn.execute(select(consents.c.source)).scalars()) == {SOURCE}


def test_nobody_of_them_is_sold_again(deployed: DeploymentStore, files: dict[str, str]) -> None:
    """Sales had them: neither this deployment nor a lower threshold hands them over; won ones are customers."""
    kept(deployed)
    lowered = {**files, "hot_lead.yaml": files["hot_lead.yaml"].replace("at_least: 120", "at_least: 10")}
    with reading(deployed.engine) as conn:
        for old in (deployed.current(), Definitions()):
            for new in (deployed.current(), definitions_of(lowered, stored=True)):
                found = hot_by(conn, old, new, NOW)
                assert (found.becoming, found.held) == ((), ())
        won = select(leads.c.attributes).join(handoffs, handoffs.c.lead == leads.c.id)
        rows = conn.execute(won.where(handoffs.c.state == "won")).scalars().all()
        others = conn.execute(won.where(handoffs.c.state != "won")).scalars().all()
    assert rows
    assert {each["relation"] for each in rows} == {"customer"}
    assert "customer" not in {each.get("relation") for each in others}


def test_they_are_found_by_a_search(deployed: DeploymentStore) -> None:
    """By their name, as any lead."""
    kept(deployed)
    with reading(deployed.engine) as conn:
        names = [each["name"] for each in page(conn, q="過去")[0]]
    assert names
    assert all("過去" in each for each in names)
