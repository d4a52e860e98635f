"""One sales task as one durable workflow: it tells sales, and sees to it that the task is not forgotten.

It knows of no clock but its timers, and each of them is only a hint: what is due, the activity decides.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Tried for as long as the receiver, or the database, is down."""

with workflow.unsafe.imports_passed_through():
    from nurture import protocol


@workflow.defn(name=protocol.HANDOFF_WORKFLOW)
class HandoffWorkflow:
    """A task's own life, whatever becomes of the lead's workflow."""

    @workflow.run
    async def run(self, start: protocol.HandoffStart) -> None:
        """Notify once; meanwhile look at the task whenever something about it may be due, until nothing can be."""
        telling = asyncio.create_task(self._tell(start))
        while (wait := await self._tend(start)) is not None:
            await workflow.sleep(max(wait, timedelta(milliseconds=100)), summary="until the task is due")
        await telling

    async def _tell(self, start: protocol.HandoffStart) -> None:
        await workflow.execute_activity(
            protocol.NOTIFY_HANDOFF,
            start,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=AGAIN,
            summary="tell sales",
        )

    async def _tend(self, start: protocol.HandoffStart) -> timedelta | None:
        tended: protocol.HandoffTended = await workflow.execute_activity(
            protocol.TEND_HANDOFF,
            start,
            result_type=protocol.HandoffTended,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=AGAIN,
            summary="look what is due",
        )
        return tended.wait
