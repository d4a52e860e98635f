"""What a plan says of the open tasks of sales is what becomes of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from adapters.database import handoffs
from adapters.database.deployments import DeploymentStore
from adapters.database.desk_foresight import DeskForesight, tasks_under
from adapters.database.engine import reading, writing
from adapters.database.schema import handoffs as tasks
from nurture.definitions import Definitions
from tests.database.conftest import NOW
from tests.database.test_db_desk import HOUR, desk, give_out, looked, make

LATER = NOW + 5 * HOUR


def team(*left: str, capacity: int = 1, **queue: Any) -> Definitions:
    """Three reps, of whom the last is the fallback; `left`: who is not active."""
    reps = [{"rep": rep, "capacity": capacity, "active": rep not in left} for rep in ("rep_1", "rep_2", "boss")]
    return desk(*reps, **{"reps": ["rep_1", "rep_2"], "fallback": "boss", **queue})


def foretold(store: DeploymentStore, rules: Definitions) -> DeskForesight:
    """As the plan says."""
    with reading(store.engine) as conn:
        return tasks_under(conn, rules, LATER)


def test_nothing_is_foretold_where_nothing_changes(deployed: DeploymentStore) -> None:
    """The same files again."""
    rules = team()
    for lead in "abc":
        make(deployed, lead, rules)
    assert foretold(deployed, rules) == DeskForesight()
    assert foretold(deployed, Definitions()) == DeskForesight()


def test_more_room_gives_out_what_waits(deployed: DeploymentStore) -> None:
    """As many as there is room for."""
    for number in range(6):
        make(deployed, f"l{number}", team())
    more = team(capacity=2)
    assert foretold(deployed, more) == DeskForesight(given=2)
    assert len(give_out(deployed, more, LATER)) == 2


def test_who_leaves_passes_on_what_they_had(deployed: DeploymentStore) -> None:
    """What they had accepted goes to the fallback, the rest to others."""
    rules = team(capacity=2)
    held = [make(deployed, f"l{number}", rules) for number in range(4)]
    first = next(task for task in held if task.rep == "rep_1")
    with writing(deployed.engine) as conn:
        handoffs.accept(conn, first.id, "rep_1", now=NOW)
    without = team("rep_1", capacity=2)
    assert foretold(deployed, without) == DeskForesight(fallback=1, passed_on=1)
    give_out(deployed, without, LATER)
    with reading(deployed.engine) as conn:
        holders = dict(conn.execute(select(tasks.c.id, tasks.c.rep)).all())
    assert holders[first.id] == "boss"
    assert "rep_1" not in holders.values()


def test_shorter_times_expire_fall_back_and_remind(deployed: DeploymentStore) -> None:
    """Each as the task's workflow does it when it looks again."""
    for lead in ("late", "old", "slow"):
        make(deployed, lead, team(capacity=3, accept_within="1d"))
    with writing(deployed.engine) as conn:
        conn.execute(update(tasks).where(tasks.c.id == "h/late").values(due=NOW + HOUR))
        conn.execute(update(tasks).where(tasks.c.id == "h/old").values(made_at=NOW - timedelta(days=3)))
    escalate = {"to": "boss", "after": "2h"}
    short = team(capacity=3, accept_within="1d", close_within="2d", remind_after="2h", escalate_after=escalate)
    assert foretold(deployed, short) == DeskForesight(fallback=1, expired=1, reminded=1, escalated=2)
    for lead in ("late", "old", "slow"):
        looked(deployed, lead, short, LATER)
    with reading(deployed.engine) as conn:
        found = {lead: handoffs.get(conn, f"h/{lead}") for lead in ("late", "old", "slow")}
    assert (found["late"].rep, found["old"].state) == ("boss", "expired")
    assert (found["slow"].reminded_at, found["slow"].escalated_at) == (LATER, LATER)
    assert (found["late"].reminded_at, found["late"].escalated_at) == (None, LATER)
