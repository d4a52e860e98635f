"""What the web process asks of a lead reaches its workflow, and its answer or refusal comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.asking import Asking, NoAnswer, NothingRuns, Rejected
from adapters.settings import Settings
from nurture import protocol
from tests.workflows.conftest import LeadDesk


def asking(address: str, *, answers: float = 10) -> Asking:
    """As the web process of this server would."""
    settings = Settings(temporal_port=int(address.rpartition(":")[2]))
    return Asking(settings, answers=timedelta(seconds=answers))


async def test_a_lead_is_paused_moved_and_let_go(temporal_address: str, desk: LeadDesk) -> None:
    """Each answer says where it stands then."""
    await desk.enrol()
    await desk.at("waiting", "first")
    ask = asking(temporal_address)
    assert (await ask(desk.lead, "pause", {"reason": "a"})).status == "paused"
    assert (await ask(desk.lead, "resume", {"reason": "b"})).status == "waiting"
    assert (await ask(desk.lead, "go_to", {"step": "bye", "reason": "c"})).scenario is None


async def test_what_the_workflow_rejects_is_said_in_its_words(temporal_address: str, desk: LeadDesk) -> None:
    """And a lead without a workflow is named as such."""
    await desk.enrol()
    await desk.at("waiting", "first")
    ask = asking(temporal_address)
    with pytest.raises(Rejected, match="the lead is not paused"):
        await ask(desk.lead, "resume", {"reason": "a"})
    with pytest.raises(Rejected, match="no step 'frist' in invite; known: first, second"):
        await ask(desk.lead, "go_to", {"step": "frist", "reason": "a"})
    with pytest.raises(NothingRuns):
        await ask("nobody", "pause", {"reason": "a"})


async def test_what_no_database_keeps_is_refused_before_it_is_history(temporal_address: str, desk: LeadDesk) -> None:
    """Else the record with it could never be written, and the lead would stop for ever."""
    await desk.enrol()
    await desk.at("waiting", "first")
    with pytest.raises(Rejected, match="reason holds a NUL character"):
        await asking(temporal_address)(desk.lead, "pause", {"reason": "a\0"})
    await desk.at("waiting", "first")


async def test_what_is_asked_twice_under_one_id_is_done_once(temporal_address: str, desk: LeadDesk) -> None:
    """Both are answered; the lead arrives, and is written to, once."""
    await desk.enrol()
    await desk.at("waiting", "first")
    ask, given = asking(temporal_address), {"step": "second", "reason": "a"}
    for _ in range(2):
        assert (await ask(desk.lead, "go_to", given, once="console-0123456789abcdef")).visit == 1
    await desk.at("waiting", "second")  # the answer comes with the arrival, the mail after it
    assert [each.template for each in desk.office.mails] == ["mail_a", "mail_b"]


async def test_without_workers_the_answer_is_not_waited_for(temporal_address: str, desk: LeadDesk) -> None:
    """A workflow of a queue that nobody takes from."""
    await desk.client.start_workflow(
        "Nothing", id=protocol.lead_workflow_id("stranded"), task_queue="a queue without workers"
    )
    with pytest.raises(NoAnswer, match="it may still be done"):
        await asking(temporal_address, answers=1)("stranded", "pause", {"reason": "a"})
    await desk.client.get_workflow_handle(protocol.lead_workflow_id("stranded")).terminate()
