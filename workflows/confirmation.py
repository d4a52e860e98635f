"""Sends the mail that asks for a consent once more, as a short durable workflow; refuses to wait for the answer."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from nurture import protocol
    from nurture.commands import SendResult

AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Tried until it went, or may go no more: the activity says so once the link would have run out."""


@workflow.defn(name=protocol.CONFIRMATION_WORKFLOW)
class ConfirmationWorkflow:
    """One request for a consent, until its mail went or never will; whoever confirms comes by the web."""

    @workflow.run
    async def run(self, order: protocol.Confirm) -> SendResult:
        """How the send ended."""
        result: SendResult = await workflow.execute_activity(
            protocol.SEND_CONFIRMATION,
            order,
            task_queue=protocol.mail_queue(workflow.info().task_queue),
            result_type=SendResult,
            start_to_close_timeout=timedelta(seconds=9),
            retry_policy=AGAIN,
            summary="mail that asks for the consent",
        )
        return result
