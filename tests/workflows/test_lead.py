"""A lead's workflow on a real Temporal server."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import WorkflowUpdateFailedError

from nurture.records import Position
from nurture.updates import GoTo, LeaveScenario, Pause, Resume, Retry
from tests.workflows.conftest import LeadDesk, enrolled, eventually, happening, profiled
from tests.workflows.office import Office


async def test_a_lead_walks_from_the_first_mail_to_sales(desk: LeadDesk, office: Office) -> None:
    """Mail, open, mail, sign-up, handoff, outcome: each entry moves the lead one step."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.tell(desk.opened())
    await desk.at("waiting", "second")
    await desk.tell(happening("signed_up", "seminar"))
    await desk.at("with_sales", "to_sales")
    handoff = await desk.task()
    await desk.tell(desk.closed(handoff, "won"))
    await desk.at("idle")
    assert [mail.template for mail in office.mails] == ["mail_a", "mail_b"]
    assert "finished handed_over" in office.lines(desk.lead)

    async def told() -> bool:
        return office.told == [handoff]

    await eventually(told)


async def test_a_returned_handoff_goes_where_the_scenario_says(desk: LeadDesk, office: Office) -> None:
    """`returned` leads back to a step, which sends again under the next visit."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.tell(happening("requested", "demo"))
    handoff = await desk.task()
    await desk.tell(desk.closed(handoff, "returned"))
    await desk.at("waiting", "second")
    assert office.mails[-1].template == "mail_b"


async def test_a_stopped_mail_takes_no_place_of_other_mail_however_often_it_is_looked_at(
    desk: LeadDesk, office: Office
) -> None:
    """It is tried once, then looked at on a queue of its own, and tried again when it may go."""
    office.stopped = True
    await desk.enrol()

    async def looked_at() -> bool:
        return office.looks >= 5

    await eventually(looked_at)
    assert (office.tries, office.mails) == (1, [])
    office.stopped = False
    await desk.at("waiting", "first")
    assert (office.tries, len(office.mails)) == (2, 1)


async def test_a_stopped_mail_that_is_no_longer_needed_is_looked_at_no_more(desk: LeadDesk, office: Office) -> None:
    """The lead jumps to sales meanwhile; nothing goes after the stop is over."""
    office.stopped = True
    await desk.enrol()

    async def looked_at() -> bool:
        return office.looks >= 2

    await eventually(looked_at)
    await desk.tell(happening("requested", "demo"))
    await desk.task()
    office.stopped = False
    await desk.at("with_sales", "to_sales")
    assert (office.tries, office.mails) == (1, [])


async def test_a_gap_is_read_from_the_store(desk: LeadDesk, office: Office) -> None:
    """An entry that was stored but never signalled is applied before the one that was."""
    await desk.enrol()
    await desk.at("waiting", "first")
    desk.store(desk.opened())
    await desk.tell(happening("visited", "/pricing"))
    await desk.at("waiting", "second")
    assert office.records[desk.lead][-1].seq == 4


async def test_entries_delivered_twice_and_out_of_order_count_once(desk: LeadDesk, office: Office) -> None:
    """Repeats and disorder change nothing: the lead opened once and got one second mail."""
    await desk.enrol()
    await desk.at("waiting", "first")
    (opened,) = desk.store(desk.opened())
    (visited,) = desk.store(happening("visited", "/pricing"))
    await desk.signal([visited])
    await desk.signal([opened, visited])
    await desk.signal([opened])
    await desk.at("waiting", "second")
    assert [mail.template for mail in office.mails] == ["mail_a", "mail_b"]


async def test_stored_entries_are_read_before_a_timeout_is_decided(desk: LeadDesk, office: Office) -> None:
    """What was stored but never signalled is applied before the deadline decides."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="brief", reason="to a short wait"))
    desk.store(happening("visited", "/pricing"))

    async def over() -> bool:
        return office.records[desk.lead][-1].position.status == "idle"

    await eventually(over)
    assert office.records[desk.lead][-1].seq == 3
    assert "timeout" in office.lines(desk.lead)


async def test_an_event_stored_in_time_wins_over_the_timer(desk: LeadDesk, office: Office) -> None:
    """The awaited download was acknowledged before the deadline, and nobody told the workflow: no timeout."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="brief", reason="to a short wait"))
    desk.store(happening("downloaded", "guide"))
    await desk.at("waiting", "second")
    assert "timeout" not in office.lines(desk.lead)


async def test_pause_freezes_and_resume_judges_what_came(desk: LeadDesk, office: Office) -> None:
    """While paused nothing is sent; the open that came meanwhile counts on resume."""
    await desk.enrol()
    await desk.at("waiting", "first")
    paused = await desk.ask("pause", Pause(reason="legal asks"))
    assert paused.status == "paused"
    assert paused.why == "legal asks"
    await desk.tell(desk.opened())
    await asyncio.sleep(0.5)
    assert len(office.mails) == 1
    await desk.ask("resume", Resume(reason="settled"))
    await desk.at("waiting", "second")


async def test_an_update_that_makes_no_sense_is_refused_without_a_trace(desk: LeadDesk) -> None:
    """The validator answers with the known steps; a malformed request is refused too; neither is in the history."""
    await desk.enrol()
    await desk.at("waiting", "first")
    before = len((await desk.handle.fetch_history()).events)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.ask("go_to", GoTo(step="nowhere", reason="typing error"))
    assert "known: first, second" in str(refused.value.cause)
    with pytest.raises(WorkflowUpdateFailedError):
        await desk.handle.execute_update("pause", {"raeson": "typing error"})
    with pytest.raises(WorkflowUpdateFailedError):
        await desk.ask("retry", Retry(reason="not blocked"))
    names = [event.WhichOneof("attributes") for event in (await desk.handle.fetch_history()).events[before:]]
    assert not [name for name in names if name and "update" in name]


async def test_leave_ends_the_enrolment_and_cancels_a_held_send(desk: LeadDesk, office: Office) -> None:
    """A send the provider does not take is no longer needed once the lead has left."""
    office.answer = office.hold
    await desk.enrol()
    await desk.at("sending", "first")
    await desk.ask("leave", LeaveScenario(reason="a customer now"))
    await desk.at("idle")
    assert list(office.cancelled) == [f"{desk.lead}/invite/1/first/1"]
    assert office.mails == []


async def test_a_fault_of_the_lead_blocks_its_step_until_retry(desk: LeadDesk, office: Office) -> None:
    """Blocked, never failed: the reason is shown, and `retry` carries the same visit out again."""
    fine = office.answer
    office.answer = lambda mail: office.accept(mail).model_copy(update={"outcome": "blocked", "reason": "no name"})
    await desk.enrol()
    blocked = await desk.at("blocked", "first")
    assert blocked.why == "no name"
    office.answer = fine
    await desk.ask("retry", Retry(reason="the name is there now"))
    await desk.at("waiting", "first")
    assert [mail.key for mail in office.mails] == [f"{desk.lead}/invite/1/first/1"]


async def test_a_long_history_is_continued_as_new_with_the_same_deadline(
    desk: LeadDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Continue-as-new carries the state: same step, same visit, same absolute deadline."""
    monkeypatch.setattr("workflows.lead.MOST_EVENTS", 30)
    await desk.enrol()
    before = await desk.at("waiting", "first")
    first_run = (await desk.handle.describe()).run_id
    for number in range(12):
        await desk.tell(happening("visited", f"/page/{number}"))
        await asyncio.sleep(0.1)

    async def continued() -> bool:
        return (await desk.handle.describe()).run_id != first_run

    await eventually(continued)
    after = await desk.at("waiting", "first")
    assert (after.step, after.visit, after.deadline) == (before.step, before.visit, before.deadline)


async def test_a_lead_without_a_deadline_outlives_its_continuation(
    desk: LeadDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had one, which was unset: the next run begins with the attributes that have a value, and can read them."""
    monkeypatch.setattr("workflows.lead.MOST_EVENTS", 30)
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("leave", {"reason": "no longer with us"})
    first_run = (await desk.handle.describe()).run_id
    for number in range(12):
        await desk.tell(happening("visited", f"/page/{number}"))
        await asyncio.sleep(0.1)

    async def continued() -> bool:
        return (await desk.handle.describe()).run_id != first_run

    await eventually(continued)
    await desk.tell(happening("visited", "/the/last/page"))
    last = len(desk.office.entries[desk.lead])

    async def applied() -> bool:
        return desk.office.records[desk.lead][-1].seq == last

    await eventually(applied)
    assert (await desk.at("idle")).deadline is None
    seen = (await desk.handle.describe()).search_attributes
    assert seen["NurtureStatus"] == ["idle"]
    assert "NurtureDeadline" not in seen


async def test_ops_find_the_lead_by_its_search_attributes(desk: LeadDesk) -> None:
    """Scenario, step, status and deadline are in the visibility store; the address is nowhere."""
    await desk.enrol()
    explained = await desk.at("waiting", "first")

    async def found() -> object:
        query = f"NurtureStep = 'first' AND NurtureStatus = 'waiting' AND WorkflowId = 'lead/{desk.lead}'"
        return [each async for each in desk.client.list_workflows(query)]

    (seen,) = await eventually(found)
    assert explained.deadline is not None
    assert seen.search_attributes["NurtureScenario"] == ["invite"]
    assert seen.search_attributes["NurtureDeployment"] == [1]


async def test_the_timer_says_what_it_waits_for(desk: LeadDesk) -> None:
    """The summary on the timer is in the history: ops read the wait without another tool."""
    await desk.enrol()
    await desk.at("waiting", "first")

    async def summaries() -> object:
        events = (await desk.handle.fetch_history()).events
        timers = [each for each in events if each.HasField("timer_started_event_attributes")]
        return [each.user_metadata.summary.data.decode() for each in timers]

    assert await eventually(summaries) == ['"wait for opened: first, 30d"']


async def test_one_timer_serves_one_wait(desk: LeadDesk) -> None:
    """Events that do not end the wait start no further timer."""
    await desk.enrol()
    await desk.at("waiting", "first")
    for number in range(3):
        await desk.tell(happening("visited", f"/page/{number}"))
        await asyncio.sleep(0.2)
    events = (await desk.handle.fetch_history()).events
    assert len([each for each in events if each.HasField("timer_started_event_attributes")]) == 1


async def test_a_lead_told_of_only_later_entries_reads_from_the_start(desk: LeadDesk, office: Office) -> None:
    """At every start the stored entries are read: the first two were never signalled."""
    desk.store(profiled, enrolled)
    await desk.tell(happening("visited", "/"))
    await desk.at("waiting", "first")
    assert office.records[desk.lead][-1].seq == 3


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (None, "pause was asked without a JSON object"),
        ("stop", "pause was asked without a JSON object"),
        ({}, "pause was asked wrongly: reason is missing"),
        ({"reason": ""}, "pause was asked wrongly: reason must not be empty"),
        ({"reason": "x", "until": "friday"}, "pause was asked wrongly: until is not known"),
    ],
)
async def test_an_update_that_cannot_be_read_is_refused_with_what_to_write(
    desk: LeadDesk, asked: object, why: str
) -> None:
    """In one sentence, whatever was typed into the form of the Temporal UI."""
    await desk.enrol()
    await desk.at("waiting", "first")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await desk.ask("pause", asked)
    assert why in str(refused.value.cause)
    assert '{"reason": "…"}' in str(refused.value.cause)
    await desk.at("waiting", "first")


# --- crashes that set this run, or its store, back -------------------------------------------------------------------


async def ended(desk: LeadDesk) -> None:
    """Somebody terminates the workflow in the Temporal UI."""
    await desk.handle.terminate("a mistake")


async def test_a_terminated_lead_goes_on_from_its_stored_state(desk: LeadDesk, office: Office) -> None:
    """What a person asked for before is not forgotten: a paused lead is paused, one that was moved stays moved."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="second", reason="asked by phone"))
    await desk.at("waiting", "second")
    paused = await desk.ask("pause", Pause(reason="legal asks"))
    await ended(desk)
    await desk.tell(happening("visited", "/pricing"))
    again = await desk.at("paused", "second")
    assert (again.visit, again.since, again.why) == (paused.visit, paused.since, "legal asks")
    assert [mail.template for mail in office.mails] == ["mail_a", "mail_b"]
    await desk.ask("resume", Resume(reason="settled"))
    assert (await desk.at("waiting", "second")).visit == 1


async def test_a_lead_that_left_stays_out_after_its_workflow_was_terminated(desk: LeadDesk, office: Office) -> None:
    """The enrolment that ended is not walked again from the stored entries."""
    await desk.enrol()
    await desk.at("waiting", "first")
    opened = desk.opened()
    await desk.ask("leave", LeaveScenario(reason="a customer now"))
    await ended(desk)
    await desk.tell(opened)
    await desk.at("idle")

    async def applied() -> bool:
        return office.records[desk.lead][-1].seq == 3

    await eventually(applied)
    assert [mail.template for mail in office.mails] == ["mail_a"]
    assert office.lines(desk.lead).count("finished left") == 1


async def test_what_was_asked_of_the_outside_world_is_asked_again_after_a_termination(
    desk: LeadDesk, office: Office
) -> None:
    """The mail was held when the workflow was ended: its next run sends it, once, under the same key and issue."""
    office.answer = office.hold
    await desk.enrol()
    await desk.at("sending", "first")

    async def held() -> bool:
        return bool(office.records[desk.lead])

    await eventually(held)
    await ended(desk)
    office.answer = office.accept
    await desk.tell(happening("visited", "/pricing"))
    await desk.at("waiting", "first")
    assert [(mail.template, mail.visit, mail.issue) for mail in office.mails] == [("mail_a", 1, 1)]


@pytest.mark.parametrize("signalled", [True, False], ids=["by an entry", "by its own deadline"])
async def test_a_run_that_was_set_back_goes_on_from_the_stored_state(
    desk: LeadDesk, office: Office, *, signalled: bool
) -> None:
    """Temporal lost the newest part of its store: the store of this run ends before a `leave` that was answered."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="brief", reason="a short wait"))
    lost = office.records[desk.lead][-1]
    left = lost.model_copy(
        update={
            "number": lost.number + 1,
            "state": replace(lost.state, records=lost.number + 1, run=None, finished="left"),
            "lines": (lost.lines[0].model_copy(update={"what": "finished", "subject": "left"}),),
            "position": Position(status="idle", why="in no scenario"),
        }
    )
    office.records[desk.lead].append(left)
    if signalled:
        await desk.tell(happening("downloaded", "guide"))
    await desk.at("idle")
    assert [mail.template for mail in office.mails] == ["mail_a"]
    assert "finished exhausted" not in office.lines(desk.lead)


async def test_a_request_is_granted_once_however_often_a_crash_repeats_it(desk: LeadDesk, office: Office) -> None:
    """The record of the move was written, and the task that wrote it was lost before the answer."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="second", reason="asked by phone"), id="once")
    await desk.at("waiting", "second")
    await ended(desk)
    await desk.tell(happening("visited", "/pricing"))
    await desk.at("waiting", "second")
    again = await desk.ask("go_to", GoTo(step="second", reason="asked by phone"), id="once")
    assert (again.step, again.visit) == ("second", 1)
    assert (await desk.ask("go_to", GoTo(step="second", reason="asked by phone"), id="twice")).visit == 2
