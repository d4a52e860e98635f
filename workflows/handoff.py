"""One sales task as one durable workflow: it tells sales, and sees to it that the task is not forgotten.

It knows of no clock but its timers, and each of them is only a hint: what is due, the activity decides.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Tried for as long as the receiver, or the database, is down."""
MOST_EVENTS = 2000
"""A history that is longer is continued as new, once everything was told."""

with workflow.unsafe.imports_passed_through():
    from nurture import protocol


@workflow.defn(name=protocol.HANDOFF_WORKFLOW)
class HandoffWorkflow:
    """A task's own life, whatever becomes of the lead's workflow."""

    def __init__(self) -> None:
        self._stirred = False
        self._untold = True

    @workflow.run
    async def run(self, start: protocol.HandoffStart) -> None:
        """Tell sales; meanwhile look at the task whenever something about it may be due, until nothing can be."""
        telling = asyncio.create_task(self._tell(start))
        while True:
            tended = await self._tend(start)
            if tended.tell:
                self._untold = True
                if telling.done():
                    telling = asyncio.create_task(self._tell(start))
            if tended.wait is None and not tended.waits:
                await self._told_or_stirred(telling)
                if telling.done():
                    await telling
                    if not self._stirred:
                        return
            await self._sleep(tended.wait)
            if telling.done() and workflow.info().get_current_history_length() > MOST_EVENTS:
                workflow.continue_as_new(start)

    @workflow.signal(name=protocol.LOOK_AGAIN)
    def look_again(self) -> None:
        """Something about the task has changed that may be due sooner, or was to be told."""
        self._stirred = True

    async def _told_or_stirred(self, telling: asyncio.Task[None]) -> None:
        """Until all is told; not deaf meanwhile, since a channel may be down for days."""
        await workflow.wait_condition(lambda: telling.done() or self._stirred)

    async def _sleep(self, wait: timedelta | None) -> None:
        """Until the time is over, or somebody stirs; without a time until somebody stirs."""
        longest = max(wait, timedelta(milliseconds=100)) if wait is not None else None
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._stirred, timeout=longest, timeout_summary="until the task is due"
            )
        self._stirred = False

    async def _tell(self, start: protocol.HandoffStart) -> None:
        """Tell everything there is to tell, also what comes up while the receiver is down."""
        while self._untold:
            self._untold = False
            await workflow.execute_activity(
                protocol.NOTIFY_HANDOFF,
                start,
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=AGAIN,
                summary="tell sales",
            )

    async def _tend(self, start: protocol.HandoffStart) -> protocol.HandoffTended:
        tended: protocol.HandoffTended = await workflow.execute_activity(
            protocol.TEND_HANDOFF,
            start,
            result_type=protocol.HandoffTended,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=AGAIN,
            summary="look what is due",
        )
        return tended
