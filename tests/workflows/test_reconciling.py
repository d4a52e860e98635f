"""The nightly comparison with the provider's lists begins with the night and keeps nobody waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from nurture import protocol
from workflows.bulk import ReconcileWorkflow, SweepWorkflow


@dataclass
class Nights:
    """Nights that follow each other at once, and a provider that does not answer until it is told to."""

    swept: int = 0
    begun: int = 0
    every: int = 1
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name=protocol.SWEEP)
    async def sweep(self) -> protocol.Swept:
        """Every n-th round is a night."""
        self.swept += 1
        return protocol.Swept(wait=timedelta(milliseconds=100), night=self.swept % self.every == 0)

    @activity.defn(name=protocol.REVIVE)
    async def revive(self) -> int:
        """Nobody is lost."""
        return 0

    @activity.defn(name=protocol.RECONCILE)
    async def reconcile(self) -> int:
        """Waits for the provider."""
        self.begun += 1
        await self.answers.wait()
        return 0


@pytest.fixture
async def nights(temporal_client: Client) -> AsyncIterator[Nights]:
    """A sweep that runs, on a queue of its own."""
    made, queue = Nights(), f"nights_{uuid4()}"
    async with Worker(
        temporal_client,
        task_queue=queue,
        workflows=[SweepWorkflow, ReconcileWorkflow],
        activities=[made.sweep, made.revive, made.reconcile],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = await temporal_client.start_workflow(SweepWorkflow.run, id=f"sweep_{uuid4()}", task_queue=queue)
        yield made
        made.answers.set()
        await handle.terminate()
        with contextlib.suppress(RPCError):  # it may just have ended
            await temporal_client.get_workflow_handle(protocol.RECONCILE_WORKFLOW_ID).terminate()


async def reached(nights: Nights, swept: int) -> None:
    """Wait until so many rounds were swept."""
    while nights.swept < swept:  # noqa: ASYNC110 - a counter of the test
        await asyncio.sleep(0.05)


async def test_a_provider_that_is_away_keeps_no_night_waiting_and_is_asked_once_at_a_time(nights: Nights) -> None:
    """Nights go on while it does not answer; when it does, the next one asks again."""
    async with asyncio.timeout(60):
        await reached(nights, 4)
        assert nights.begun == 1
        nights.answers.set()
        await reached(nights, nights.swept + 4)
        assert nights.begun > 1
