"""What workflows write (positions, tasks) and what they walk by (deployments)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from adapters.database import enrolments, handoffs, leads, numbering, positions, timeline
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.handoffs import HandoffTaken, UnknownHandoff
from adapters.database.leads import LeadUpsert
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import sends
from adapters.holidays import countries, public_holidays
from nurture.commands import CancelledSend, EnrolmentChange, Line, MakeHandoff, Position, Record
from nurture.definitions import Definitions, Sales, Scenario
from nurture.durations import Duration
from nurture.entries import Deployed, HandoffClosed, Profiled
from nurture.errors import MissingDeployment, UnknownName

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
KEY = "a/one/1/first/1"
SALES = Definitions(
    sales=Sales.model_validate(
        {
            "reps": [
                {"rep": "rep_1", "name": "例示", "email": "r1@example.co.jp", "capacity": 2},
                {"rep": "rep_2", "name": "仮名", "email": "r2@example.co.jp", "capacity": 1},
            ],
            "queues": {
                "inside": {
                    "reps": ["rep_1", "rep_2"],
                    "fallback": "rep_2",
                    "accept_within": "1bd",
                    "close_within": "90d",
                }
            },
        }
    )
)


@pytest.fixture
def store(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder deployed, and lead `a` enrolled in `one` and queued for `two`."""
    with writing(deployed.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": "a"}), store=deployed, now=NOW)
        for name in ("one", "two"):
            scenario = Scenario.model_validate({"scenario": name, "start": "end", "steps": {"end": {"finish": "done"}}})
            enrolments.decide(conn, "a", scenario, deployment=1, now=NOW)
    return deployed


def _record(store: DeploymentStore, number: int, **keys: Any) -> dict[str, str]:
    said = {"lead": "a", "number": number, "seq": number, "position": Position(), **keys}
    with writing(store.engine) as conn:
        return positions.record(conn, Record.model_validate(said))


def _line(what: str) -> Line:
    return Line(at=NOW, kind="decision", what=what)


def _told(store: DeploymentStore) -> list[str]:
    with reading(store.engine) as conn:
        return [item["what"] for item in timeline.page(conn, "a")[0]]


def _states(store: DeploymentStore) -> list[tuple[str, str | None]]:
    with reading(store.engine) as conn:
        query = select(enrolment_rows.c.state, enrolment_rows.c.finish).order_by(enrolment_rows.c.enrolment)
        return [(row.state, row.finish) for row in conn.execute(query)]


def _shown(store: DeploymentStore) -> dict[str, Any]:
    with reading(store.engine) as conn:
        shown = leads.view(conn, "a")
    assert shown is not None
    return shown


# --- positions ------------------------------------------------------------------------------------------------------


def test_a_record_written_again_replaces_its_lines(store: DeploymentStore) -> None:
    """After a crash the same number may come with other content; lines of other records stay."""
    _record(store, 1, lines=[_line("entered")])
    _record(store, 2, lines=[_line("sent"), _line("waits")])
    _record(store, 2, lines=[_line("refused")])
    assert _told(store) == ["entered", "refused"]


def test_a_position_only_moves_forward(store: DeploymentStore) -> None:
    """An older record that comes late writes its lines and moves nothing."""
    at_two = Position(
        status="waiting", scenario="one", enrolment=1, deployment=1, step="second", visit=1,
        waiting_for=({"opened": "any"},), deadline=NOW, phase="research", hot=True,
    )  # fmt: skip
    _record(store, 2, position=at_two, lines=[_line("second")])
    _record(store, 1, position=Position(status="sending", scenario="one", step="first"), lines=[_line("first")])
    shown = _shown(store)
    assert (shown["seq"], shown["status"], shown["step"], shown["hot"]) == (2, "waiting", "second", True)
    assert shown["waiting_for"] == [{"opened": "any"}]
    assert shown["deadline"] == "2026-11-02T01:00:00Z"
    assert _told(store) == ["second", "first"]
    with reading(store.engine) as conn:
        found = leads.page(conn, status="waiting", scenario="one", step="second")[0]
    assert [item["id"] for item in found] == ["a"]


def test_ends_and_beginnings_of_enrolments_are_undone_when_their_record_comes_again(store: DeploymentStore) -> None:
    """The second telling of record 2 says that nothing ended."""
    ended = EnrolmentChange(enrolment=1, state="ended", at=NOW, finish="done")
    begun = EnrolmentChange(enrolment=2, state="running", at=NOW)
    _record(store, 1, enrolments=[EnrolmentChange(enrolment=1, state="running", at=NOW)])
    _record(store, 2, enrolments=[ended, begun])
    assert _states(store) == [("ended", "done"), ("enrolled", None)]
    _record(store, 2)
    assert _states(store) == [("enrolled", None), ("queued", None)]
    _record(store, 3, enrolments=[ended])
    _record(store, 2)
    assert _states(store) == [("ended", "done"), ("queued", None)]


def test_events_that_came_late_are_marked(store: DeploymentStore) -> None:
    """On the timeline, by their id."""
    with writing(store.engine) as conn:
        accept(conn, [{"id": "e1", "lead": "a", "type": "requested", "subject": "demo"}], store=store, now=NOW)
        numbering.file_events(conn, "a", store)
    _record(store, 1, late=["e1"])
    with reading(store.engine) as conn:
        assert [(item["id"], item["late"]) for item in timeline.page(conn, "a")[0]] == [("e1", True)]


def test_a_send_that_has_not_begun_is_cancelled_and_one_that_has_is_not(store: DeploymentStore) -> None:
    """The answer says which: a new row, one held back, one in flight."""
    begun, held = "a/one/1/first/2", "a/one/1/first/3"
    with writing(store.engine) as conn:
        for key, state in ((begun, "in_flight"), (held, "held")):
            conn.execute(
                insert(sends).values(
                    key=key, lead="a", scenario="one", enrolment=1, step="first", visit=2, template="t", deployment=1,
                    state=state,
                )
            )  # fmt: skip
    cancelled = [CancelledSend(key=key, issue=4) for key in (KEY, begun, held)]
    assert _record(store, 1, cancelled=cancelled) == {KEY: "cancelled", begun: "in_flight", held: "cancelled"}
    _record(store, 1, cancelled=[CancelledSend(key=KEY, issue=2)])
    with reading(store.engine) as conn:
        row = conn.execute(select(sends).where(sends.c.key == KEY)).one()
    assert (row.scenario, row.enrolment, row.step, row.visit, row.cancelled_issue) == ("one", 1, "first", 1, 4)


def test_what_a_scenario_sets_is_written_to_the_lead(store: DeploymentStore) -> None:
    """A profile that is on its way and does not know it is followed by one that does."""
    _record(store, 3, attributes={"region": "関西"})
    assert _shown(store)["attributes"] == {"region": "関西"}
    with writing(store.engine) as conn:
        data = LeadUpsert.model_validate({"id": "a", "attributes": {"employees": 5}})
        leads.upsert(conn, data, store=store, now=NOW)
        assert numbering.stored_after(conn, "a", 4) == ()
    _record(store, 4, seq=3, attributes={"uses_competitor": True})
    with reading(store.engine) as conn:
        newest = numbering.stored_after(conn, "a", 4)[-1]
    assert isinstance(newest, Profiled)
    assert newest.attributes == {"region": "関西", "employees": 5, "uses_competitor": True}


def test_a_lead_retires_only_when_nothing_has_come_meanwhile(store: DeploymentStore) -> None:
    """Neither a stored entry nor an event without a number; the next entry wakes it up."""
    with writing(store.engine) as conn:
        numbering.mark_signalled(conn, {"a": 3}, NOW)
        assert positions.starting_point(conn, "a") is None
        assert not positions.retire(conn, "a", 2, {"seq": 2})
        accept(conn, [{"id": "e1", "lead": "a", "type": "requested"}], store=store, now=NOW)
        assert not positions.retire(conn, "a", 3, {"seq": 3})
        numbering.file_events(conn, "a", store)
        numbering.mark_signalled(conn, {"a": 4}, NOW)
        assert positions.retire(conn, "a", 4, {"seq": 4})
        assert positions.starting_point(conn, "a") == {"seq": 4}
        assert numbering.unsignalled(conn, 9) == {}
        leads.upsert(conn, LeadUpsert.model_validate({"id": "a", "language": "en"}), store=store, now=NOW)
        assert [entry.seq for entry in numbering.unsignalled(conn, 9)["a"]] == [5]


# --- tasks of sales -------------------------------------------------------------------------------------------------


def _make(store: DeploymentStore, handoff: str = "h", lead: str = "a", **keys: Any) -> handoffs.Handoff:
    said = {
        "lead": lead, "handoff": handoff, "queue": "inside", "note": None, "reasons": ("score 120",), "scenario": "one",
        "enrolment": 1, "step": "to_sales", "visit": 1, "at": NOW, "deployment": 1,
    }  # fmt: skip
    with writing(store.engine) as conn:
        if leads.view(conn, lead) is None:
            leads.upsert(conn, LeadUpsert.model_validate({"id": lead}), store=store, now=NOW)
        return handoffs.make(conn, MakeHandoff.model_validate(said | keys), SALES)


def _accept(store: DeploymentStore, rep: str, handoff: str = "h") -> handoffs.Handoff:
    with writing(store.engine) as conn:
        return handoffs.accept(conn, handoff, rep, now=NOW, definitions=SALES)


def test_a_task_is_made_once_and_a_second_reason_joins_it(store: DeploymentStore) -> None:
    """The same command again changes nothing; a further crossing of the lead adds its reason, whatever its id."""
    first, again = _make(store), _make(store)
    joined = _make(store, handoff="other", reasons=("requested demo",))
    assert first == again
    assert (joined.id, joined.reasons) == ("h", ("score 120", "requested demo"))
    assert _told(store) == ["handed_over", "reason_added"]
    with reading(store.engine) as conn:
        assert len(handoffs.page(conn)[0]) == 1


def test_a_task_goes_to_the_rep_with_the_most_free_capacity(store: DeploymentStore) -> None:
    """Ties go to the first of the queue; closed tasks free their rep; when all are full, still somebody gets it."""
    reps = [_make(store, handoff=f"h{number}", lead=f"l{number}").rep for number in range(4)]
    assert reps == ["rep_1", "rep_1", "rep_2", "rep_1"]
    with writing(store.engine) as conn:
        handoffs.close(conn, "h2", "rep_2", "lost", now=NOW)
    assert _make(store, handoff="h5", lead="l5").rep == "rep_2"


def test_a_task_is_due_on_the_next_business_day(store: DeploymentStore) -> None:
    """`accept_within: 1bd`, and after the acceptance `close_within`."""
    assert _make(store).due == NOW + timedelta(days=1)
    assert _accept(store, "rep_2").due == NOW + timedelta(days=90)


def test_a_second_accept_says_who_has_it(store: DeploymentStore) -> None:
    """So does closing what another rep has, or what is closed already."""
    _make(store)
    assert _accept(store, "rep_2").state == "accepted"
    with pytest.raises(HandoffTaken, match="accepted by 'rep_2'") as refused:
        _accept(store, "rep_1")
    assert refused.value.rep == "rep_2"
    with pytest.raises(HandoffTaken), writing(store.engine) as conn:
        handoffs.return_(conn, "h", "rep_1", "no", now=NOW)
    with writing(store.engine) as conn:
        handoffs.close(conn, "h", "rep_2", "won", now=NOW, amount=100)
    with pytest.raises(HandoffTaken, match="closed: won"):
        _accept(store, "rep_1")
    with pytest.raises(UnknownHandoff):
        _accept(store, "rep_1", "nothing")
    with pytest.raises(UnknownName, match=r"unknown rep 'rep_9'"):
        _accept(store, "rep_9")


def test_the_outcome_goes_back_to_the_lead(store: DeploymentStore) -> None:
    """Returning needs no accept; it is an entry, and on the timeline with its reason."""
    _make(store)
    with writing(store.engine) as conn:
        task = handoffs.return_(conn, "h", "rep_1", "予算なし", now=NOW)
        newest = numbering.stored_after(conn, "a", 3)[-1]
        items, _ = timeline.page(conn, "a")
    assert task.state == "returned"
    assert isinstance(newest, HandoffClosed)
    assert (newest.handoff, newest.outcome, newest.reason) == ("h", "returned", "予算なし")
    assert [(item["what"], item["reason"]) for item in items][-1] == ("returned", "予算なし")


def test_a_task_nobody_takes_goes_to_the_fallback_and_expires_in_the_end(store: DeploymentStore) -> None:
    """Overdue tasks are found by the time; an expired one is told to the lead."""
    _make(store)
    with writing(store.engine) as conn:
        assert handoffs.overdue(conn, SALES, NOW + timedelta(hours=23)) == ([], [])
        assert handoffs.overdue(conn, SALES, NOW + timedelta(days=1)) == (["h"], [])
        assert handoffs.fall_back(conn, "h", SALES, now=NOW + timedelta(days=1)).rep == "rep_2"
        assert handoffs.overdue(conn, SALES, NOW + timedelta(days=2)) == ([], [])
        assert handoffs.overdue(conn, SALES, NOW + timedelta(days=90)) == ([], ["h"])
        handoffs.expire(conn, "h", now=NOW + timedelta(days=90), reason="not closed within 90d")
        assert handoffs.get(conn, "h").state == "expired"


def test_a_lead_with_an_open_task_is_queued(store: DeploymentStore) -> None:
    """Nothing mails it until sales is done, though its enrolments have ended."""
    _make(store)
    for number in (1, 2):
        _record(store, number, enrolments=[EnrolmentChange(enrolment=number, state="ended", at=NOW, finish="left")])
    third = Scenario.model_validate({"scenario": "three", "start": "end", "steps": {"end": {"finish": "done"}}})
    with writing(store.engine) as conn:
        assert enrolments.decide(conn, "a", third, deployment=1, now=NOW).state == "queued"


def test_tasks_come_in_pages_in_the_shape_of_the_contract(store: DeploymentStore) -> None:
    """Filtered by state, rep and queue; what sales was not told of is found."""
    for number in range(3):
        _make(store, handoff=f"x/{number}", lead=f"l{number}")
    with writing(store.engine) as conn:
        first, cursor = handoffs.page(conn, 2, state="open")
        second, end = handoffs.page(conn, 2, cursor, state="open")
        assert handoffs.unnotified(conn, 1) == [("x/0", "l0")]
        handoffs.notified(conn, "x/0", NOW)
        assert handoffs.unnotified(conn, 9) == [("x/1", "l1"), ("x/2", "l2")]
        assert handoffs.notice(conn, "x/1").reasons == ("score 120",)
    assert [task.id for task in first + second] == ["x/0", "x/1", "x/2"]
    assert end is None
    assert set(first[0].shown()) == {"id", "lead", "rep", "queue", "reasons", "score", "state", "due"}


# --- deployments ----------------------------------------------------------------------------------------------------


def test_an_empty_database_has_deployment_zero(engine: Engine) -> None:
    """Empty definitions, no numbers; a number that does not exist is an error."""
    store = DeploymentStore(engine)
    assert (store.current().number, store.numbers(), dict(store.current().scenarios)) == (0, (), {})
    with pytest.raises(MissingDeployment):
        store.get(1)


def test_the_same_content_is_no_new_deployment(
    store: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """Other content is; going back to earlier content is a new number too."""
    assert store.current().number == 1
    assert deploy_again(files) == 1
    changed = {**files, "segments.yaml": files["segments.yaml"] + "\n# x\n"}
    assert deploy_again(changed) == 2
    assert deploy_again(files) == 3
    assert store.current().number == 1
    assert store.refresh() == 3
    assert store.current().number == 3
    assert store.get(3).scenarios.keys() == store.get(1).scenarios.keys()
    assert store.numbers() == (1, 2, 3)
    assert store.files(2) == changed


def test_the_holidays_of_a_deployment_stay_what_they_were(engine: Engine, files: Mapping[str, str]) -> None:
    """They are stored with it and read back as dates."""
    new_year = date(2027, 1, 1)
    with writing(engine) as conn:
        made = deploy(conn, files, public_holidays("jp", range(2027, 2028)), by=None, now=NOW, real_now=NOW)
    assert made.created
    assert new_year in DeploymentStore(engine).get(1).holidays
    assert {"jp", "us", "de"} <= countries()


def test_a_deployment_is_told_to_the_leads_it_affects(
    store: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """In a scenario, queued, blocked, or with an open task; nobody else."""
    _make(store, lead="with_task")
    for lead in ("idle", "stuck"):
        with writing(store.engine) as conn:
            leads.upsert(conn, LeadUpsert.model_validate({"id": lead}), store=store, now=NOW)
    _record(store, 1, lead="stuck", position=Position(status="blocked"))
    number = deploy_again({**files, "segments.yaml": files["segments.yaml"] + "\n# x\n"})
    told = {}
    with reading(store.engine) as conn:
        for lead in ("a", "with_task", "idle", "stuck"):
            newest = numbering.stored_after(conn, lead, 0)[-1]
            told[lead] = newest.deployment if isinstance(newest, Deployed) else None
    assert told == {"a": number, "with_task": number, "idle": None, "stuck": number}


def test_a_country_nobody_knows_is_named() -> None:
    """With the known ones."""
    with pytest.raises(UnknownName, match="unknown country 'xx'"):
        public_holidays("xx", range(2026, 2027))


def test_business_days_are_read_as_days_of_the_week() -> None:
    """A guard for `again: {after: 2bd}`: from Friday on, Tuesday."""
    friday = datetime(2026, 11, 6, 1, 0, tzinfo=UTC)
    assert enrolments.later(friday, Duration.parse("2bd")) == datetime(2026, 11, 10, 1, 0, tzinfo=UTC)
