"""Beats while workers take workflow tasks and activities, the way leads are moved; refuses to know any lead.

A process that lives says nothing: one may hang, poll nothing, or have no thread left. This asks what leads ask.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from nurture import protocol

EVERY = timedelta(minutes=1)
"""In real time, whatever nurture's clock does."""
ROUNDS = 500
"""A history is continued as new after so many beats."""


@workflow.defn(name=protocol.PULSE_WORKFLOW)
class PulseWorkflow:
    """One for all workers: it stands still when none of them takes anything any more."""

    @workflow.run
    async def run(self) -> None:
        """Beat for ever."""
        for _ in range(ROUNDS):
            await workflow.execute_activity(
                protocol.BEAT,
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=RetryPolicy(maximum_interval=timedelta(minutes=1)),
                summary="a worker has come round to it",
            )
            await workflow.sleep(EVERY, summary="until the next beat")
        workflow.continue_as_new()
