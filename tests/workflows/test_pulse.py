"""The pulse beats while a worker takes workflow tasks and activities, and no longer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.database import pulse
from adapters.database.engine import open_database, reading, writing
from nurture import protocol
from workflows import pulse as pulse_workflow
from workflows.pulse import PulseWorkflow


async def test_a_beat_follows_the_other_for_as_long_as_a_worker_takes_them(
    temporal_client: Client, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that takes nothing any more leaves no mark, though its workflow goes on waiting."""
    monkeypatch.setattr(pulse_workflow, "EVERY", timedelta(milliseconds=100))
    engine, queue = open_database(database_url), f"pulse_{uuid4()}"
    beats = 0

    @activity.defn(name=protocol.BEAT)
    async def beat() -> None:
        nonlocal beats
        with writing(engine) as conn:
            pulse.beat(conn, datetime.now(UTC))
        beats += 1

    async with Worker(
        temporal_client,
        task_queue=queue,
        workflows=[PulseWorkflow],
        activities=[beat],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = await temporal_client.start_workflow(PulseWorkflow.run, id=f"pulse_{uuid4()}", task_queue=queue)
        async with asyncio.timeout(60):
            while beats < 3:  # noqa: ASYNC110 - a counter of the test
                await asyncio.sleep(0.05)
    stopped = datetime.now(UTC)
    await asyncio.sleep(1)
    with reading(engine) as conn:
        silent = pulse.silent_for(conn, datetime.now(UTC))
    assert silent is not None
    assert silent >= datetime.now(UTC) - stopped - timedelta(milliseconds=200)
    await handle.terminate()
    engine.dispose()
