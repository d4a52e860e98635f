"""The workflow of a sales task: it looks when stirred, lives while the task waits, tells what is to be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from adapters.starting import start_task
from nurture import protocol
from nurture.protocol import HandoffStart, HandoffTended
from tests.workflows.conftest import eventually
from workflows.handoff import HandoffWorkflow

LONG = timedelta(days=30)


class Task:
    """What the activities find: the answers of looking, one after the other, and a receiver that may be down."""

    def __init__(self) -> None:
        self.answers: list[HandoffTended] = []
        self.looked = self.told = 0
        self.down = False

    @activity.defn(name=protocol.TEND_HANDOFF)
    async def tend(self, _: HandoffStart) -> HandoffTended:
        self.looked += 1
        return self.answers.pop(0) if self.answers else HandoffTended()

    @activity.defn(name=protocol.NOTIFY_HANDOFF)
    async def notify(self, _: HandoffStart) -> None:
        if self.down:
            raise ApplicationError("down", next_retry_delay=timedelta(milliseconds=100))
        self.told += 1


@pytest.fixture
async def task(temporal_client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Task]:
    """A worker for one task, on the queue that `start_task` starts it on."""
    made, queue = Task(), f"task-{uuid4()}"
    monkeypatch.setattr(protocol, "TASK_QUEUE", queue)
    async with Worker(
        temporal_client, task_queue=queue, workflows=[HandoffWorkflow], activities=[made.tend, made.notify]
    ):
        yield made


async def after(task: Task, looks: int) -> None:
    """Once it was looked at so often."""

    async def there() -> bool:
        return task.looked >= looks

    await eventually(there)


async def test_a_task_that_is_stirred_is_looked_at_at_once(temporal_client: Client, task: Task) -> None:
    """Though its timer would ring in a month; what is told was told once, by the first telling."""
    name = str(uuid4())
    task.answers = [HandoffTended(wait=LONG), HandoffTended(wait=LONG, tell=True), HandoffTended()]
    await start_task(temporal_client, name, "l")
    handle = temporal_client.get_workflow_handle(protocol.handoff_workflow_id(name))
    await after(task, 1)
    await start_task(temporal_client, name, "l", look_again=True)
    await after(task, 2)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await start_task(temporal_client, name, "l", look_again=True)
    await asyncio.wait_for(handle.result(), 30)
    assert (task.looked, task.told) == (3, 2)


async def test_a_task_that_waits_for_a_rep_keeps_its_workflow(temporal_client: Client, task: Task) -> None:
    """Without any timer; it ends once it was stirred and nothing more is due."""
    name = str(uuid4())
    task.answers = [HandoffTended(waits=True)]
    await start_task(temporal_client, name, "l")
    handle = temporal_client.get_workflow_handle(protocol.handoff_workflow_id(name))
    await after(task, 1)
    await asyncio.sleep(0.3)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await start_task(temporal_client, name, "l", look_again=True)
    await asyncio.wait_for(handle.result(), 30)
    kinds = [event.event_type for event in (await handle.fetch_history()).events]
    assert 17 not in kinds  # no timer was started


async def test_what_comes_up_while_the_receiver_is_down_is_told_when_it_is_back(
    temporal_client: Client, task: Task
) -> None:
    """The task is looked at all the while, and its workflow ends only when everything was told."""
    name = str(uuid4())
    task.down = True
    task.answers = [
        HandoffTended(wait=timedelta(milliseconds=200)), HandoffTended(wait=timedelta(milliseconds=200), tell=True),
    ]  # fmt: skip
    await start_task(temporal_client, name, "l")
    handle = temporal_client.get_workflow_handle(protocol.handoff_workflow_id(name))
    await after(task, 3)
    assert task.told == 0
    task.down = False
    await asyncio.wait_for(handle.result(), 30)
    assert task.told == 2


async def test_a_task_is_looked_at_though_a_channel_is_down_and_nothing_more_is_due(
    temporal_client: Client, task: Task
) -> None:
    """Somebody gave it to another rep meanwhile: that is told as soon as the receiver is back, and so is the rest."""
    name = str(uuid4())
    task.down = True
    task.answers = [HandoffTended(), HandoffTended(tell=True)]
    await start_task(temporal_client, name, "l")
    handle = temporal_client.get_workflow_handle(protocol.handoff_workflow_id(name))
    await after(task, 1)
    await start_task(temporal_client, name, "l", look_again=True)
    await after(task, 2)
    assert task.told == 0
    task.down = False
    await asyncio.wait_for(handle.result(), 30)
    assert task.told == 2
