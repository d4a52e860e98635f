"""What workflows write (positions, tasks) and what they walk by (deployments)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from adapters import starting
from adapters.database import enrolments, handoffs, leads, numbering, positions, task_notices, timeline
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.handoffs import HandoffTaken, UnknownHandoff
from adapters.database.leads import LeadUpsert
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import sends
from adapters.holidays import countries, public_holidays
from nurture.commands import AnyCommand, MakeHandoff, NotifyPerson
from nurture.definitions import Definitions, Sales, Scenario
from nurture.durations import Duration
from nurture.entries import Deployed, HandoffClosed, Profiled
from nurture.errors import MissingDeployment, UnknownName
from nurture.records import CancelledSend, EnrolmentChange, Line, Position, Record
from nurture.state import State

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


def _made(
    number: int, *, lead: str = "a", seq: int | None = None, asks: Sequence[AnyCommand] = (), **keys: Any
) -> Record:
    state = State(lead=lead, seq=number if seq is None else seq, records=number, unanswered=tuple(asks))
    return Record.model_validate({"lead": lead, "number": number, "state": state, "position": Position(), **keys})


def _record(store: DeploymentStore, number: int, **keys: Any) -> dict[str, str] | None:
    made = _made(number, **keys)
    with writing(store.engine) as conn:
        return positions.write(conn, made.lead, [made])


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


def test_a_record_is_written_once_and_the_first_one_stands(store: DeploymentStore) -> None:
    """After a crash the same number may come with another decision: nothing of it is written, which is answered."""
    at_two = Position(
        status="waiting", scenario="one", enrolment=1, deployment=1, step="second", visit=1,
        waiting_for=({"opened": "any"},), deadline=NOW, phase="research", hot=True,
    )  # fmt: skip
    ended = EnrolmentChange(enrolment=1, state="ended", at=NOW, finish="done")
    assert _record(store, 1, lines=[_line("entered")]) == {}
    assert _record(store, 2, position=at_two, lines=[_line("sent"), _line("waits")]) == {}
    for number in (1, 2):
        assert _record(store, number, lines=[_line("refused")], enrolments=[ended], cancelled=[]) is None
    assert _told(store) == ["entered", "sent", "waits"]
    assert _states(store)[0] == ("enrolled", None)
    shown = _shown(store)
    assert (shown["seq"], shown["status"], shown["step"], shown["hot"]) == (2, "waiting", "second", True)
    assert shown["waiting_for"] == [{"opened": "any"}]
    assert shown["deadline"] == "2026-11-02T01:00:00Z"
    with reading(store.engine) as conn:
        found = leads.page(conn, status="waiting", scenario="one", step="second")[0]
    assert [item["id"] for item in found] == ["a"]


def test_records_that_are_not_known_to_be_written_come_along_and_stay_in_order(store: DeploymentStore) -> None:
    """The one that rides in an activity is written by whatever comes first, once."""
    first, second, third = (_made(number, lines=[_line(f"line {number}")]) for number in (1, 2, 3))
    with writing(store.engine) as conn:
        assert positions.write(conn, "a", [first, second]) == {}
        assert positions.write(conn, "a", [second, third]) == {}
    assert _told(store) == ["line 1", "line 2", "line 3"]


def test_a_record_that_builds_on_another_decision_is_refused(store: DeploymentStore) -> None:
    """The store has its own number 2: number 3 of whoever decided otherwise there is not written on top of it."""
    _record(store, 1)
    _record(store, 2, lines=[_line("left")])
    other = [_made(2, seq=7, lines=[_line("mailed")]), _made(3, lines=[_line("waits")])]
    with writing(store.engine) as conn:
        assert positions.write(conn, "a", other) is None
    assert _told(store) == ["left"]


def test_an_order_is_taken_up_only_while_the_stored_state_gives_it(store: DeploymentStore) -> None:
    """Its records are written with its first attempt; a later attempt finds them; one from a lost past is refused."""
    wanted, unwanted = (
        NotifyPerson(lead="a", key=f"a/one/1/{step}/1", to="inside", text="t", deployment=1, at=NOW)
        for step in ("first", "second")
    )
    ordered = _made(1, lines=[_line("arrived")], asks=[wanted])
    with writing(store.engine) as conn:
        positions.take_up(conn, "a", [ordered], wanted)
        positions.take_up(conn, "a", [ordered], wanted)
        with pytest.raises(positions.Superseded, match="does not ask for this"):
            positions.take_up(conn, "a", [_made(1, lines=[_line("strayed")], asks=[unwanted])], unwanted)
        with pytest.raises(positions.Superseded):
            positions.take_up(conn, "a", [], unwanted)
    _record(store, 2, asks=[wanted])
    with writing(store.engine) as conn:
        positions.take_up(conn, "a", [ordered], wanted)
    _record(store, 3)
    with writing(store.engine) as conn, pytest.raises(positions.Superseded):
        positions.take_up(conn, "a", [ordered], wanted)
    assert _told(store) == ["arrived"]


def test_the_state_of_the_newest_record_is_where_a_workflow_goes_on_from(store: DeploymentStore) -> None:
    """Only where it is beyond what the workflow knows."""
    _record(store, 1)
    _record(store, 2, seq=5)
    with reading(store.engine) as conn:
        assert positions.starting_point(conn, "a") == State(lead="a", seq=5, records=2)
        assert positions.starting_point(conn, "a", beyond=1) is not None
        assert positions.starting_point(conn, "a", beyond=2) is None
        assert positions.starting_point(conn, "nobody") is None


def test_enrolments_begin_and_end_with_their_records(store: DeploymentStore) -> None:
    """The first ends, the queued one begins; an end is for good."""
    ended = EnrolmentChange(enrolment=1, state="ended", at=NOW, finish="done")
    _record(store, 1, enrolments=[EnrolmentChange(enrolment=1, state="running", at=NOW)])
    _record(store, 2, enrolments=[ended, EnrolmentChange(enrolment=2, state="running", at=NOW)])
    assert _states(store) == [("ended", "done"), ("enrolled", None)]
    _record(store, 3, enrolments=[ended.model_copy(update={"finish": "again"})])
    assert _states(store) == [("ended", "done"), ("enrolled", None)]


def test_a_queued_enrolment_that_is_dropped_ends_without_having_begun(store: DeploymentStore) -> None:
    """Its scenario may be asked for again by the rules of any that ended."""
    _record(store, 1, enrolments=[EnrolmentChange(enrolment=2, state="ended", at=NOW, finish="unsubscribed")])
    assert _states(store) == [("enrolled", None), ("ended", "unsubscribed")]


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
    _record(store, 2, cancelled=[CancelledSend(key=KEY, issue=2)])
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
        assert not positions.retire(conn, "a", State(lead="a", seq=2))
        accept(conn, [{"id": "e1", "lead": "a", "type": "requested"}], store=store, now=NOW)
        assert not positions.retire(conn, "a", State(lead="a", seq=3))
        numbering.file_events(conn, "a", store)
        numbering.mark_signalled(conn, {"a": 4}, NOW)
        assert positions.retire(conn, "a", State(lead="a", seq=4))
        assert positions.starting_point(conn, "a") == State(lead="a", seq=4)
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


def test_a_second_letter_to_the_same_mail_is_not_taken_for_the_first(store: DeploymentStore) -> None:
    """Both say the same words: while the task is open it joins, once however often it is told; closed, it is late."""
    first: dict[str, Any] = {"reasons": ("replied: m_a",), "letters": ("replied: m_a",)}
    second, third = (first | {"at": NOW + timedelta(hours=hours)} for hours in (1, 2))
    assert _make(store, **first) == _make(store, **first)
    joined = _make(store, **second)
    assert joined == _make(store, **second)
    assert joined.reasons == ("replied: m_a",)
    with writing(store.engine) as conn:
        handoffs.close(conn, "h", "rep_1", "lost", now=NOW)
    assert _make(store, **first).state == _make(store, **second).state == "lost", "they were heard while it was open"
    with pytest.raises(HandoffTaken, match="closed: lost"):
        _make(store, **third)
    assert _told(store) == ["handed_over", "reason_added", "lost"]
    with reading(store.engine) as conn:
        assert "replied: m_a (again)" in [item["reason"] for item in timeline.page(conn, "a")[0]]


def test_a_letter_beside_a_new_reason_is_told_once_more(store: DeploymentStore) -> None:
    """The order that brings both is known again by its letter."""
    letter = ("replied: m_a",)
    _make(store, reasons=letter, letters=letter)
    both: dict[str, Any] = {"reasons": ("hot: score", *letter), "letters": letter, "at": NOW + timedelta(minutes=1)}
    assert _make(store, **both) == _make(store, **both)
    assert _told(store) == ["handed_over", "reason_added"]


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


# --- whose workflow should run --------------------------------------------------------------------------------------


def test_the_leads_and_tasks_whose_workflow_should_run(store: DeploymentStore) -> None:
    """Started and not idle; told to nobody yet, or with something still to become due."""
    for name in ("never_started", "idle"):
        with writing(store.engine) as conn:
            leads.upsert(conn, LeadUpsert.model_validate({"id": name}), store=store, now=NOW)
    for number, lead in enumerate(("untold", "told", "closed")):
        _make(store, handoff=f"h{number}", lead=lead)
    with writing(store.engine) as conn:
        numbering.mark_signalled(conn, {"a": 3, "idle": 1}, NOW)
        assert positions.retire(conn, "idle", State(lead="idle", seq=1))
        for handoff in ("h1", "h2"):
            handoffs.notified(conn, handoff, NOW)
        handoffs.close(conn, "h2", "rep_1", "won", now=NOW)
        assert starting.living_leads(conn) == ["a"]
        assert starting.living_tasks(conn, SALES) == {"h0": "untold", "h1": "told"}
        handoffs.fall_back(conn, "h1", SALES, now=NOW + timedelta(days=1))  # nothing is due, but it still expires
        assert starting.living_tasks(conn, SALES) == {"h0": "untold", "h1": "told"}
        assert starting.living_tasks(conn, Definitions()) == {"h0": "untold", "h1": "told"}  # the fallback is to hear
        for each in task_notices.untold(conn, "h1"):
            task_notices.told(conn, each.key, NOW)
        assert starting.living_tasks(conn, Definitions()) == {"h0": "untold"}


def test_a_mail_that_had_begun_is_not_said_to_be_stopped(store: DeploymentStore) -> None:
    """The lead moved on while its mail was with the provider: the line says that it goes all the same."""
    begun, never = "a/one/1/first/1", "a/one/1/first/2"
    with writing(store.engine) as conn:
        conn.execute(
            insert(sends).values(
                key=begun, lead="a", scenario="one", enrolment=1, step="first", visit=1, template="t", deployment=1,
                state="in_flight",
            )
        )  # fmt: skip
    said = {"at": NOW, "kind": "send", "what": "send_not_needed", "scenario": "one", "step": "first", "reason": "left"}
    lines = [Line.model_validate({**said, "visit": visit}) for visit in (1, 2)]
    _record(store, 1, lines=lines, cancelled=[CancelledSend(key=key, issue=1) for key in (begun, never)])
    with reading(store.engine) as conn:
        told = [(item["what"], item["reason"]) for item in timeline.page(conn, "a")[0]]
    assert told == [("send_not_stopped", "it had begun; left"), ("send_not_needed", "left")]
