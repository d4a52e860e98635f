"""What concerns many leads at once, as durable workflows; refuses to know any single one of them."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from nurture import protocol

AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Tried for as long as the database is down."""
LONGEST_WAIT = timedelta(minutes=10)
"""A workflow that was terminated or lost is back after so long; and the clock may have begun anew meanwhile."""
LONGEST_RECONCILING = timedelta(hours=20)
"""The next night asks for the same again."""
ROUNDS = 100
"""A history is continued as new after so many rounds."""


@workflow.defn(name=protocol.SWEEP_WORKFLOW)
class SweepWorkflow:
    """Once a night each lead for whom time alone may have changed something gets a tick.

    More often it sees to it that nobody stands still because a workflow was terminated or lost.
    """

    @workflow.run
    async def run(self) -> None:
        """Look whether it is night; the activity decides, and says how long it is until the next one."""
        for _ in range(ROUNDS):
            swept: protocol.Swept = await workflow.execute_activity(
                protocol.SWEEP,
                result_type=protocol.Swept,
                start_to_close_timeout=timedelta(hours=1),
                heartbeat_timeout=timedelta(seconds=30),
                retry_policy=AGAIN,
                summary="tick whom time alone concerns, if it is night",
            )
            if swept.night:
                await self._reconcile()
            await workflow.execute_activity(
                protocol.REVIVE,
                start_to_close_timeout=timedelta(minutes=10),
                retry_policy=AGAIN,
                summary="start again what was terminated or lost",
            )
            wait = min(max(swept.wait, timedelta(milliseconds=100)), LONGEST_WAIT)
            await workflow.sleep(wait, summary="until the next night")
        workflow.continue_as_new()

    async def _reconcile(self) -> None:
        """Begin it beside: a provider that is away for hours must keep nobody's night waiting."""
        with contextlib.suppress(WorkflowAlreadyStartedError):  # that of a night before is not done yet
            await workflow.start_child_workflow(
                protocol.RECONCILE_WORKFLOW,
                id=protocol.RECONCILE_WORKFLOW_ID,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            )


@workflow.defn(name=protocol.RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Once a night what the mail provider knows of addresses that want or take no mail is compared with what we know.

    Events of the provider that were lost are found this way.
    """

    @workflow.run
    async def run(self) -> int:
        """How much was lacking."""
        found: int = await workflow.execute_activity(
            protocol.RECONCILE,
            schedule_to_close_timeout=LONGEST_RECONCILING,
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=AGAIN,
            summary="take over from the provider's lists what is lacking here",
        )
        return found
