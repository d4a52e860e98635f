"""One sales task as one durable workflow: the notification is tried for as long as the receiver is down."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from nurture import protocol


@workflow.defn(name=protocol.HANDOFF_WORKFLOW)
class HandoffWorkflow:
    """A task's own life, whatever becomes of the lead's workflow."""

    @workflow.run
    async def run(self, start: protocol.HandoffStart) -> None:
        """Notify once."""
        await workflow.execute_activity(
            protocol.NOTIFY_HANDOFF,
            start,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
            summary="tell sales",
        )
