"""What an erasure does on a real Temporal server: the lead's workflow ends by itself, and no step stops the next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from nurture import protocol
from nurture.entries import Erased
from tests.workflows.conftest import LeadDesk, eventually, stamp
from tests.workflows.office import Office
from workflows.erasure import ErasureWorkflow


def erased(seq: int) -> Erased:
    """The person is to be forgotten."""
    return Erased(**stamp(seq))


async def ended(desk: LeadDesk) -> None:
    """Wait until the lead's workflow has completed."""

    async def completed() -> bool:
        return (await desk.handle.describe()).status == WorkflowExecutionStatus.COMPLETED

    await eventually(completed)


async def test_the_workflow_of_an_erased_lead_completes_and_remembers_nothing(desk: LeadDesk, office: Office) -> None:
    """In the middle of a wait; what is stored of its state holds neither attributes nor facts."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.tell(erased)
    await ended(desk)
    state = office.records[desk.lead][-1].state
    assert (state.erased, state.attributes, state.run) == (True, {}, None)
    assert office.lines(desk.lead)[-2:] == ["finished erased", "erased"]


async def test_a_pause_and_a_mail_that_the_provider_holds_do_not_keep_an_erased_lead(
    desk: LeadDesk, office: Office
) -> None:
    """The send that has not begun is cancelled; nothing is left running."""
    office.answer = office.hold
    await desk.enrol()
    await desk.at("sending", "first")
    await desk.ask("pause", {"reason": "legal asks"})
    await desk.tell(erased)
    await ended(desk)
    assert office.mails == []
    assert list(office.cancelled) == [f"{desk.lead}/invite/1/first/1"]


class Steps:
    """The activities of an erasure: each is noted, and goes wrong as it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.crashes: dict[str, int] = {}
        self.never: set[str] = set()
        self.looks = self.nights = 2

    def _do(self, name: str) -> None:
        if self.crashes.get(name, 0) > 0:
            self.crashes[name] -= 1
            raise ApplicationError("killed", next_retry_delay=timedelta(milliseconds=10))
        if name in self.never:
            raise ApplicationError("never", non_retryable=True)
        self.done.append(name)

    @activity.defn(name=protocol.LET_GO)
    async def let_go(self, _: protocol.Erase) -> protocol.LetGo:
        self._do("let_go")
        self.looks -= 1
        return protocol.LetGo(done=self.looks <= 0)

    @activity.defn(name=protocol.FORGET_HISTORY)
    async def forget_history(self, _: protocol.Erase) -> None:
        self._do("forget_history")

    @activity.defn(name=protocol.SCRUB)
    async def scrub(self, _: protocol.Erase) -> None:
        self._do("scrub")

    @activity.defn(name=protocol.ERASE_AT_PROVIDER)
    async def erase_at_provider(self, order: protocol.Erase) -> None:
        self._do("give_up" if order.give_up else "provider")

    @activity.defn(name=protocol.KEEP_CONSENTS)
    async def keep_consents(self, _: protocol.Erase) -> protocol.ConsentsKept:
        self._do("consents")
        self.nights -= 1
        return protocol.ConsentsKept(wait=timedelta(milliseconds=1) if self.nights > 0 else None)


@pytest.fixture
def steps() -> Steps:
    """None has been taken."""
    return Steps()


@pytest.fixture
async def queue(temporal_client: Client, steps: Steps) -> AsyncIterator[str]:
    """A task queue on which the steps are taken."""
    name = f"erasures_{uuid4()}"
    taken = [steps.let_go, steps.forget_history, steps.scrub, steps.erase_at_provider, steps.keep_consents]
    async with Worker(temporal_client, task_queue=name, workflows=[ErasureWorkflow], activities=taken):
        yield name


async def run(client: Client, queue: str) -> None:
    """One erasure from beginning to end."""
    order = protocol.Erase(lead="lead_1")
    await client.execute_workflow(ErasureWorkflow.run, order, id=f"erasure/{uuid4()}", task_queue=queue)


@pytest.mark.parametrize("crashes", [0, 2])
async def test_every_step_is_taken_in_order_whatever_dies_meanwhile(
    temporal_client: Client, steps: Steps, queue: str, crashes: int
) -> None:
    """It waits for the lead to let go, and sleeps until the record of consent may go."""
    steps.crashes = dict.fromkeys(("let_go", "forget_history", "scrub", "provider", "consents"), crashes)
    await run(temporal_client, queue)
    assert steps.done == ["let_go", "let_go", "forget_history", "scrub", "provider", "consents", "consents"]


async def test_neither_temporal_nor_the_provider_can_keep_a_person_in_the_tables(
    temporal_client: Client, steps: Steps, queue: str
) -> None:
    """A worker that may not delete histories, and a provider that never answers: the rest is done, and it is noted."""
    steps.never = {"forget_history", "provider"}
    await run(temporal_client, queue)
    assert steps.done == ["let_go", "let_go", "scrub", "give_up", "consents", "consents"]
