"""What the report of hot leads reads: tasks as they were when they were made, moves as counts, in a few questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.past_tasks import moves, past_tasks
from adapters.database.reviewing import reviewed
from adapters.database.schema import handoffs, leads, timeline
from nurture.review.shortfall import Moves
from nurture.review.tasks import Outcomes, PastTask
from nurture.shares import Share
from tests.database.conftest import NOW
from tests.past_tasks import DAY, HOUR, RULE, SCENARIO, STEP, fill

SPAN = timedelta(days=90)


@pytest.fixture
def filled(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder with 48 leads that sales had, and two it had not."""
    with writing(deployed.engine) as conn:
        fill(conn, 48, NOW)
        fill(conn, 2, NOW, with_tasks=False, first=48)
    return deployed


def told(store: DeploymentStore, days: float = 90) -> dict[str, PastTask]:
    """The tasks by lead."""
    with reading(store.engine) as conn:
        return {each.lead: each for each in past_tasks(conn, NOW - days * DAY, NOW)}


def test_a_task_has_its_row_and_the_steps_that_led_to_it(filled: DeploymentStore) -> None:
    """Three arrivals in its enrolment, its own step among them."""
    task = told(filled)["p0005"]
    assert (task.scenario, task.step, task.steps, task.state) == (SCENARIO, STEP, 3, "expired")
    assert (task.score, task.rep, task.ways) == (45.0, "rep_2", (RULE, f"{SCENARIO}: {STEP}"))
    assert task.made_at == NOW - 80 * DAY + 15 * DAY


def test_a_reason_that_came_later_did_not_lead_to_the_task(filled: DeploymentStore) -> None:
    """A second crossing joins the open task, and says nothing of how the lead got there."""
    made = told(filled)["p0000"].made_at
    with writing(filled.engine) as conn:
        reasons = [f"{SCENARIO}: {STEP}", f"hot: {RULE}", "hot: later", "a note of clicks"]
        conn.execute(update(handoffs).where(handoffs.c.lead == "p0000").values(reasons=reasons))
        line(conn, "p0000", "reason_added", made + HOUR, kind="handoff", reason="hot: later; a note of clicks")
    assert told(filled)["p0000"].ways == (RULE, f"{SCENARIO}: {STEP}")


def line(conn: Any, lead: str, what: str, at: Any, *, kind: str = "decision", **more: Any) -> None:
    """One more line of a lead."""
    values = {"lead": lead, "what": what, "at": at, "kind": kind, "late": False, "automatic": False, **more}
    conn.execute(insert(timeline).values(**values))


def test_a_task_of_no_step_has_the_scenario_that_ended_with_it(filled: DeploymentStore) -> None:
    """Hot in the middle of a scenario without `on_hot`; one that ended otherwise has nothing to do with the task."""
    with writing(filled.engine) as conn:
        for lead, word in (("p0048", "hot"), ("p0049", "exhausted")):
            at = NOW - 5 * DAY
            line(conn, lead, "entered", at - DAY, scenario=SCENARIO)
            line(conn, lead, "arrived", at - DAY, scenario=SCENARIO, step="newsletter", visit=1)
            line(conn, lead, "finished", at, scenario=SCENARIO, step="newsletter", subject=word)
            row = {"id": f"{lead}/hot/1", "lead": lead, "queue": "inside_sales", "reasons": [f"hot: {RULE}"]}
            conn.execute(insert(handoffs).values(**row, state="open", made_at=at, scenario="", step="", visit=0))
    found = told(filled)
    assert (found["p0048"].scenario, found["p0048"].steps, found["p0048"].ways) == (SCENARIO, 1, (RULE,))
    assert (found["p0049"].scenario, found["p0049"].steps) == (None, None)


def test_tasks_of_the_time_and_all_that_are_open_are_read(filled: DeploymentStore) -> None:
    """Made or closed in the last 20 days, or open, however old; nothing that is to come."""
    found = told(filled, 20)
    everything = told(filled, 200)
    since = NOW - 20 * DAY
    assert found.keys() == {
        lead
        for lead, task in everything.items()
        if task.made_at >= since or task.closed_at is None or task.closed_at >= since
    }
    assert 0 < len(found) < len(everything) == 48


def test_moves_are_counted_by_step(filled: DeploymentStore) -> None:
    """48 leads went the same way."""
    with reading(filled.engine) as conn:
        found = moves(conn, NOW - SPAN, NOW)
        assert moves(conn, NOW - HOUR, NOW) == []
    assert set(found) == {
        Moves(SCENARIO, "newsletter", "arrived", None, None, 48),
        Moves(SCENARIO, "newsletter", "reaction", "seminar_invite", "opened", 48),
        Moves(SCENARIO, "seminar_invite", "arrived", None, None, 48),
        Moves(SCENARIO, "seminar_invite", "timeout", None, None, 48),
        Moves(SCENARIO, STEP, "arrived", None, None, 48),
    }


def test_the_whole_report_comes_of_it(filled: DeploymentStore) -> None:
    """As known when the task was made: a lead of 300 had grown by then; who is erased is counted and not known."""
    with writing(filled.engine) as conn:
        conn.execute(update(leads).where(leads.c.id == "p0001").values(status="erased", attributes={}))
    with reading(filled.engine) as conn:
        found = reviewed(conn, filled.current(), SPAN, NOW)
    states = [each.state for each in told(filled).values()]
    counted = {name: states.count(name) for name in ("won", "lost", "returned", "expired")}
    opened = states.count("open") + states.count("accepted")
    assert found.results.all == Outcomes(open=opened, **counted, amount=1000 * counted["won"])
    assert (found.leads, found.shortfall.handed_over) == (49, Share(47, 49))
    last = {each.name: each.outcomes.tasks for each in found.paths.last.groups}
    assert last == {"requested: demo": 47, "(none)": 1}


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_many_leads_need_no_more_questions_than_few(deployed: DeploymentStore) -> None:
    """Of 40 and of 480 leads, all with tasks, as many: they are asked for some hundreds at a time."""
    numbers = []
    definitions = deployed.current()
    for first, number in ((0, 40), (40, 440)):
        with writing(deployed.engine) as conn:
            fill(conn, number, NOW, first=first)
        with counting(deployed.engine) as sent, reading(deployed.engine) as conn:
            reviewed(conn, definitions, SPAN, NOW)
        numbers.append(len(sent))
    assert numbers[0] == numbers[1] < 20
