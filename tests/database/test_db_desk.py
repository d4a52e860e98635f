"""The desk of sales: what waits and who gets it, reminders and snoozes, and never more than a rep can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from adapters.database import erasures, giving, handoffs, leads, scrubbing, stirring, task_notices, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.handoffs import Handoff, HandoffTaken
from adapters.database.leads import LeadUpsert
from adapters.database.loads import team
from adapters.database.schema import handoffs as tasks
from adapters.database.tending import Tended, tend
from nurture.commands import MakeHandoff
from nurture.definitions import Definitions, Sales
from tests.database.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def desk(*reps: dict[str, Any], **queue: Any) -> Definitions:
    """One queue, `inside`; without reps said, two who hold one task each."""
    team = reps or ({"rep": "rep_1", "capacity": 1}, {"rep": "rep_2", "capacity": 1})
    rules = {"reps": [each["rep"] for each in team], "wait_for": ["capacity"], **queue}
    return Definitions(
        sales=Sales.model_validate({
            "reps": [{"name": each["rep"], "email": "a@example.com", **each} for each in team],
            "queues": {"inside": rules},
        })
    )  # fmt: skip


def make(
    store: DeploymentStore, lead: str, rules: Definitions, *, score: float = 0, at: datetime = NOW, **said: Any
) -> Handoff:
    """A task about a new lead."""
    command = MakeHandoff(
        lead=lead, handoff=f"h/{lead}", queue="inside", note=None, reasons=("score",), scenario="one", enrolment=1,
        step="s", visit=1, at=at, deployment=1,
    )  # fmt: skip
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": lead, **said}), store=store, now=NOW)
        return handoffs.make(conn, command, rules, score={"total": score})


def give_out(store: DeploymentStore, rules: Definitions, now: datetime = NOW) -> list[str]:
    """What the relay does: who got something, in order, as `task rep`."""
    with reading(store.engine) as conn:
        several = giving.to_give(conn, rules, now)
    given = []
    for handoff in several:
        with writing(store.engine) as conn:
            task = giving.give(conn, handoff, rules, now=now)
        if task is not None:
            given.append(f"{task.lead} {task.rep}")
    return given


def looked(store: DeploymentStore, lead: str, rules: Definitions, now: datetime) -> Tended:
    """What the task's workflow does."""
    with writing(store.engine) as conn:
        return tend(conn, f"h/{lead}", rules, now=now)


def told(store: DeploymentStore, lead: str) -> list[tuple[str, str]]:
    """The notices of a task that nobody was told yet, which are told by this."""
    with writing(store.engine) as conn:
        found = task_notices.untold(conn, f"h/{lead}")
        for each in found:
            task_notices.told(conn, each.key, NOW)
    return [(each.kind, each.to) for each in found]


def lines(store: DeploymentStore, lead: str) -> list[tuple[str, str]]:
    """The lines about the task, each with its reason."""
    with reading(store.engine) as conn:
        items, _ = timeline.page(conn, lead)
    return [(item["what"], item["reason"] or "") for item in items if item["kind"] == "handoff"]


def close(store: DeploymentStore, lead: str, rep: str) -> None:
    """The rep is done with it."""
    with writing(store.engine) as conn:
        handoffs.close(conn, f"h/{lead}", rep, "lost", now=NOW)


def test_rule_6_a_task_for_whom_nobody_has_room_is_made_and_waits(deployed: DeploymentStore) -> None:
    """Open, without a rep, due as any other; its workflow lives on; the marketer hears once a day and queue."""
    rules = desk(accept_within="1d")
    assert [make(deployed, lead, rules).rep for lead in ("a", "b")] == ["rep_1", "rep_2"]
    waiting = [make(deployed, lead, rules) for lead in ("c", "d")]
    assert [(task.state, task.rep, task.waiting, task.due) for task in waiting] == [("open", None, True, NOW + DAY)] * 2
    assert [what for what, _ in lines(deployed, "c")] == ["handed_over", "waiting"]
    assert "nobody has room" in lines(deployed, "c")[1][1]
    assert looked(deployed, "c", rules, NOW).waits
    assert [told(deployed, lead) for lead in ("a", "c", "d")] == [[], [("waiting", "inside")], []]
    make(deployed, "e", rules, at=NOW + DAY)
    assert told(deployed, "e") == [("waiting", "inside")]


def test_what_waits_goes_to_whoever_has_room_the_best_first(deployed: DeploymentStore) -> None:
    """By score, then the newest; its rep hears of it, its workflow is woken, its timeline says so."""
    rules = desk({"rep": "rep_1", "capacity": 1})
    make(deployed, "a", rules)
    for number, (lead, score) in enumerate((("low", 1), ("old", 9), ("new", 9))):
        make(deployed, lead, rules, score=score, at=NOW + number * HOUR)
    assert give_out(deployed, rules) == []
    for done, following in (("a", "new"), ("new", "old"), ("old", "low")):
        close(deployed, done, "rep_1")
        assert give_out(deployed, rules) == [f"{following} rep_1"]
        assert give_out(deployed, rules) == []
    assert lines(deployed, "new")[2] == ("given", "it waited in inside since 2026-11-02T03:00+00:00")
    with reading(deployed.engine) as conn:
        stirred = stirring.stirred(conn, 9)
    assert sorted(task.handoff for task in stirred) == ["h/low", "h/new", "h/old"]
    seen = looked(deployed, "low", rules, NOW + 5 * HOUR)
    assert not seen.waits
    with writing(deployed.engine) as conn:
        for each in stirred:
            stirring.settle(conn, each)
        assert stirring.stirred(conn, 9) == []


def test_more_capacity_or_the_beginning_of_hours_gives_out_what_waits(deployed: DeploymentStore) -> None:
    """Two tasks wait for room, and two places give room for two; at night nobody gets what waits for hours."""
    for lead in ("a", "b", "c", "d", "e"):
        make(deployed, lead, desk())
    more = desk({"rep": "rep_1", "capacity": 2}, {"rep": "rep_2", "capacity": 2})
    assert sorted(each.split()[1] for each in give_out(deployed, more)) == ["rep_1", "rep_2"]
    early = {"days": ["tue"], "from": "00:00", "to": "02:00"}
    hours = desk({"rep": "rep_1", "capacity": 9, "hours": early}, wait_for=["hours"])
    assert give_out(deployed, hours, NOW) == ["b None", "d None"]  # their rep is written there no more
    assert give_out(deployed, hours, NOW) == []
    assert len(give_out(deployed, hours, NOW + DAY)) == 3


def test_nobody_waits_longer_than_was_promised(deployed: DeploymentStore) -> None:
    """At its due the fallback gets it, beyond capacity; without one it goes on waiting, and says so."""
    rules = desk({"rep": "rep_1", "capacity": 0}, accept_within="1d", fallback="rep_1")
    assert make(deployed, "a", rules).rep is None
    looked(deployed, "a", rules, NOW + DAY)
    assert lines(deployed, "a")[-1] == ("reassigned", "not accepted within 1d: from nobody to rep_1")
    alone = desk({"rep": "rep_1", "capacity": 0}, accept_within="1d")
    make(deployed, "b", alone)
    assert looked(deployed, "b", alone, NOW + DAY) == Tended(waits=True)
    assert lines(deployed, "b")[-1][0] == "waiting"


def test_a_rep_is_reminded_once_and_somebody_else_told_once(deployed: DeploymentStore) -> None:
    """Each at its time, whatever is looked in between; the fallback is told of what it gets and reminded anew."""
    rules = desk(accept_within="3h", remind_after="1h", escalate_after={"to": "rep_2", "after": "2h"}, fallback="rep_2")
    make(deployed, "a", rules)
    with writing(deployed.engine) as conn:
        handoffs.notified(conn, "h/a", NOW)
    assert looked(deployed, "a", rules, NOW).at == NOW + HOUR
    assert looked(deployed, "a", rules, NOW + HOUR).at == NOW + 2 * HOUR
    assert looked(deployed, "a", rules, NOW + HOUR).tell
    assert told(deployed, "a") == [("reminder", "rep_1")]
    assert looked(deployed, "a", rules, NOW + 2 * HOUR).at == NOW + 3 * HOUR
    assert told(deployed, "a") == [("escalated", "rep_2")]
    assert looked(deployed, "a", rules, NOW + 3 * HOUR).at == NOW + 4 * HOUR
    assert told(deployed, "a") == [("given", "rep_2")]
    assert looked(deployed, "a", rules, NOW + 9 * HOUR).at is None
    assert told(deployed, "a") == [("reminder", "rep_2")]
    assert [what for what, _ in lines(deployed, "a")] == [
        "handed_over", "reminded", "escalated", "reassigned", "reminded",
    ]  # fmt: skip


def test_a_task_that_is_put_off_sleeps_and_wakes_with_a_reminder(deployed: DeploymentStore) -> None:
    """No reminder and no fallback before; the time to accept begins anew; an accept ends it."""
    rules = desk(accept_within="3h", remind_after="1h", fallback="rep_2")
    make(deployed, "a", rules)
    until = NOW + DAY
    with writing(deployed.engine) as conn:
        task = giving.snooze(conn, "h/a", "rep_1", until, "call tomorrow", now=NOW, definitions=rules)
    assert (task.snoozed_until, task.due) == (until, until + 3 * HOUR)
    assert looked(deployed, "a", rules, NOW + 5 * HOUR) == Tended(at=until)
    assert looked(deployed, "a", rules, until).at == until + 3 * HOUR
    assert told(deployed, "a") == [("woken", "rep_1")]
    looked(deployed, "a", rules, until + 3 * HOUR)
    assert [what for what, _ in lines(deployed, "a")] == ["handed_over", "snoozed", "woken", "reassigned"]
    assert "call tomorrow" in lines(deployed, "a")[1][1]


@pytest.mark.parametrize("until", [NOW, NOW + 91 * DAY, NOW + 31 * DAY])
def test_a_task_is_put_off_within_limits(deployed: DeploymentStore, until: datetime) -> None:
    """Into the future, by 90 days at most, never beyond its end; and by its own rep only."""
    rules = desk(close_within="30d")
    make(deployed, "a", rules)
    with pytest.raises(giving.SnoozeRefused), writing(deployed.engine) as conn:
        giving.snooze(conn, "h/a", "rep_1", until, None, now=NOW, definitions=rules)
    with pytest.raises(HandoffTaken, match="given to 'rep_1'"), writing(deployed.engine) as conn:
        giving.snooze(conn, "h/a", "rep_2", NOW + DAY, None, now=NOW, definitions=rules)


def test_what_a_rep_had_who_left_goes_to_others(deployed: DeploymentStore) -> None:
    """The open one by the rules; the accepted one to the fallback with a note; what nobody can take waits."""
    before = desk({"rep": "gone", "capacity": 3})
    for lead in ("a", "b", "c"):
        make(deployed, lead, before)
    with writing(deployed.engine) as conn:
        handoffs.accept(conn, "h/b", "gone", now=NOW, definitions=before)
    after = desk(
        {"rep": "gone", "active": False}, {"rep": "rep_1", "capacity": 1}, {"rep": "boss", "capacity": 0},
        fallback="boss",
    )  # fmt: skip
    assert sorted(give_out(deployed, after, NOW + HOUR)) == ["a rep_1", "b boss", "c None"]
    assert give_out(deployed, after, NOW + HOUR) == []
    with reading(deployed.engine) as conn:
        task = handoffs.get(conn, "h/b")
        assert team(conn)["boss"] == {"open": 1, "accepted": 0, "snoozed": 0}
    assert (task.state, task.accepted_at) == ("open", None)
    assert task.reasons[-1] == "gone had accepted this and is not active any more"
    assert lines(deployed, "a")[-1] == ("reassigned", "gone is not active any more: to rep_1")
    assert "waits in inside: nobody has room" in lines(deployed, "c")[-1][1]


def test_a_person_hands_a_task_to_whom_they_will(deployed: DeploymentStore) -> None:
    """Beyond capacity, with a reason; never to somebody who left, nor once it is closed."""
    rules = desk({"rep": "rep_1"}, {"rep": "rep_2", "capacity": 0}, {"rep": "gone", "active": False})
    make(deployed, "a", rules)
    with writing(deployed.engine) as conn:
        handoffs.accept(conn, "h/a", "rep_1", now=NOW, definitions=rules)
        task = giving.hand_to(conn, "h/a", "rep_2", by="lead", reason="knows them", now=NOW, definitions=rules)
    assert (task.rep, task.state, task.accepted_at) == ("rep_2", "open", None)
    assert lines(deployed, "a")[-1] == ("reassigned", "from rep_1 to rep_2 by lead: knows them")
    with pytest.raises(giving.RepInactive), writing(deployed.engine) as conn:
        giving.hand_to(conn, "h/a", "gone", by="lead", reason="x", now=NOW, definitions=rules)
    close(deployed, "a", "rep_2")
    with pytest.raises(HandoffTaken), writing(deployed.engine) as conn:
        giving.hand_to(conn, "h/a", "rep_1", by="lead", reason="x", now=NOW, definitions=rules)


def test_a_company_is_that_of_the_attribute_else_of_the_address(deployed: DeploymentStore) -> None:
    """An address at a free mail provider says nothing."""
    rules = desk({"rep": "rep_1", "capacity": 9}, {"rep": "rep_2", "capacity": 9}, keep_companies=True)
    made = [
        make(deployed, "a", rules, email="a@firma.example"),
        make(deployed, "b", rules, email="b@gmail.com"),
        make(deployed, "c", rules, email="c@gmail.com"),
        make(deployed, "d", rules, email="d@firma.example"),
    ]
    assert [task.company for task in made] == ["firma.example", None, None, "firma.example"]
    assert [task.rep for task in made] == ["rep_1", "rep_2", "rep_1", "rep_1"]


def test_two_at_one_moment_never_get_the_last_place(deployed: DeploymentStore) -> None:
    """Sixteen tasks at once for five places, then as many givings out at once: five are held, never six."""
    rules = desk({"rep": "rep_1", "capacity": 3}, {"rep": "rep_2", "capacity": 2})
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: make(deployed, f"l{number}", rules), range(16)))
    assert sum(not task.waiting for task in made) == 5
    more = desk({"rep": "rep_1", "capacity": 4}, {"rep": "rep_2", "capacity": 4})

    def one(task: Handoff) -> None:
        with writing(deployed.engine) as conn:
            giving.give(conn, task.id, more, now=NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, made))
    with reading(deployed.engine) as conn:
        held = {rep: mine["open"] for rep, mine in team(conn).items()}
    assert held == {"rep_1": 4, "rep_2": 4}


def test_a_deployment_lets_every_open_task_be_looked_at_again(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """What is due may be something else now."""
    make(deployed, "a", desk())
    make(deployed, "b", desk())
    close(deployed, "b", "rep_2")
    deploy_again({**files, "segments.yaml": files["segments.yaml"] + "\n# x\n"})
    with reading(deployed.engine) as conn:
        assert [task.handoff for task in stirring.stirred(conn, 9)] == ["h/a"]


def test_a_relay_settles_only_the_change_that_it_told(deployed: DeploymentStore) -> None:
    """Two relays tell one change, and the task changes between what one and the other do: that is told, too."""
    rules = desk()
    make(deployed, "a", rules)

    def put_off(hours: int) -> stirring.Stirred:
        with writing(deployed.engine) as conn:
            giving.snooze(conn, "h/a", "rep_1", NOW + hours * HOUR, None, now=NOW, definitions=rules)
            return stirring.stirred(conn, 9)[0]

    first = put_off(1)
    with writing(deployed.engine) as conn:
        stirring.settle(conn, first)
    second = put_off(2)
    with writing(deployed.engine) as conn:
        stirring.settle(conn, first)
        assert stirring.stirred(conn, 9) == [second]


@pytest.mark.parametrize("how", ["accept", "close", "return", "expire", "erase", "scrub"])
def test_the_workflow_of_a_task_that_waited_hears_what_became_of_it(deployed: DeploymentStore, how: str) -> None:
    """It waits without a timer: it would live on for ever."""
    rules = desk({"rep": "rep_1", "capacity": 1})
    make(deployed, "a", rules)
    assert make(deployed, "b", rules).waiting
    with writing(deployed.engine) as conn:
        match how:
            case "accept":
                handoffs.accept(conn, "h/b", "rep_1", now=NOW)
            case "close":
                handoffs.close(conn, "h/b", "rep_1", "won", now=NOW)
            case "return":
                handoffs.return_(conn, "h/b", "rep_1", None, now=NOW)
            case "expire":
                handoffs.expire(conn, "h/b", now=NOW, reason="late")
            case _:
                erasures.ask(conn, "b", by="test", now=NOW, real_now=NOW)
                if how == "scrub":  # as if it was made a moment later
                    conn.execute(update(tasks).where(tasks.c.id == "h/b").values(state="open", stirred=0))
                    scrubbing.scrub(conn, "b", NOW)
        assert [task.handoff for task in stirring.stirred(conn, 9)] == ["h/b"]


def test_the_workflow_of_a_task_hears_what_became_of_it_though_it_was_closed_at_once(
    deployed: DeploymentStore,
) -> None:
    """It was given to a rep who closed it before the relay came by: what stirred it then stands."""
    rules = desk({"rep": "rep_1", "capacity": 1})
    make(deployed, "a", rules)
    make(deployed, "b", rules)
    close(deployed, "a", "rep_1")
    assert give_out(deployed, rules) == ["b rep_1"]
    close(deployed, "b", "rep_1")
    with reading(deployed.engine) as conn:
        assert [task.handoff for task in stirring.stirred(conn, 9)] == ["h/b"]


def waiting_tasks(store: DeploymentStore, number: int, **values: Any) -> None:
    """So many tasks that wait, of one lead: only who gets them matters here."""
    rows = [
        {"id": f"w/{each}", "lead": "a", "queue": "inside", "reasons": [], "state": "open", "made_at": NOW, **values}
        for each in range(number)
    ]
    with writing(store.engine) as conn:
        conn.execute(insert(tasks), rows)


def test_many_that_nobody_can_take_keep_nobody_else_waiting(deployed: DeploymentStore) -> None:
    """Hundreds with a better score wait for somebody who is full; one that another can take is given out."""
    rules = Definitions(
        sales=Sales.model_validate({
            "reps": [{"rep": rep, "name": rep, "email": "a@example.com", "capacity": 1} for rep in ("rep_1", "rep_2")],
            "queues": {
                "inside": {"reps": ["rep_1"], "wait_for": ["capacity"], "keep_companies": True},
                "field": {"reps": ["rep_2"], "wait_for": ["capacity"]},
            },
        })
    )  # fmt: skip
    make(deployed, "a", rules)
    waiting_tasks(deployed, 700, total=99, company="架空商事")
    with writing(deployed.engine) as conn:
        conn.execute(insert(tasks).values(id="h/field", lead="a", queue="field", reasons=[], state="open", made_at=NOW))
    asked: list[str] = []
    event.listen(deployed.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    with reading(deployed.engine) as conn:
        assert giving.to_give(conn, rules, NOW) == ["h/field"]
    assert len(asked) < 12, "as many questions however many wait"
