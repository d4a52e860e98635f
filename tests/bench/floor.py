"""The floor: the least that a Temporal workflow can do for two mails, one wait and one signal; or for one task.

It knows no scenario, no consent, no window and no timeline. Its worker is floor_worker.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

QUEUE = "floor"


@dataclass
class Post:
    """One mail of one lead."""

    lead: str
    number: int


@workflow.defn(name="Floor")
class FloorWorkflow:
    """Send, wait three days or for the signal, send."""

    def __init__(self) -> None:
        self._signed_up = False

    @workflow.signal
    def signed_up(self) -> None:
        """What ends the wait."""
        self._signed_up = True

    @workflow.run
    async def run(self, lead: str) -> None:
        """The whole journey."""
        await self._send(Post(lead, 1))
        timer = asyncio.create_task(workflow.sleep(timedelta(days=3)))
        await workflow.wait_condition(lambda: self._signed_up or timer.done())
        timer.cancel()
        await self._send(Post(lead, 2))

    async def _send(self, post: Post) -> None:
        await workflow.execute_activity("floor_send", post, start_to_close_timeout=timedelta(seconds=10))


@workflow.defn(name="FloorTask")
class FloorTask:
    """Wait for the signal, insert one row."""

    def __init__(self) -> None:
        self._hot = False

    @workflow.signal
    def hot(self) -> None:
        """What ends the wait."""
        self._hot = True

    @workflow.run
    async def run(self, lead: str) -> None:
        """The whole of it."""
        await workflow.wait_condition(lambda: self._hot)
        await workflow.execute_activity("floor_task", lead, start_to_close_timeout=timedelta(seconds=10))
