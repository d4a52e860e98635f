"""Lets one person be forgotten, as one durable workflow that any crash may interrupt; refuses to see any of the data.

It carries the lead's id and nothing else. Every step is safe to run again, and what was asked for holds from the
beginning: the address is shut before this is started.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from nurture import protocol

AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""Tried for as long as the database is down."""
PROVIDER_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10))
PROVIDER_PATIENCE = timedelta(days=3)
"""How long the provider is asked again while it does not answer, or refuses the key."""
HISTORY_PATIENCE = timedelta(minutes=10)
"""How long Temporal is asked to delete the lead's history; else its retention does."""
LOOKS, BETWEEN = 300, timedelta(seconds=2)
"""How often, and how far apart, it is looked whether the lead's workflow has let go; then it is ended."""
LONGEST_SLEEP = timedelta(days=1)
"""The clock may have begun anew meanwhile."""
ONE_TRANSACTION = timedelta(seconds=30)
Answer = TypeVar("Answer")


@workflow.defn(name=protocol.ERASURE_WORKFLOW)
class ErasureWorkflow:
    """One erasure, from the lead's last step to the last thing that the law wants kept."""

    @workflow.run
    async def run(self, order: protocol.Erase) -> None:
        """Let go, forget here, forget at the provider, and in the end what was agreed to."""
        for _ in range(LOOKS):
            if (await self._ask(protocol.LET_GO, order, protocol.LetGo, "see that nothing is under way")).done:
                break
            await workflow.sleep(BETWEEN, summary="until the lead's workflow has let go")
        await self._forget_history(order)
        await self._do(protocol.SCRUB, order, "take the person out of every table")
        await self._erase_at_provider(order)
        while (wait := await self._kept(order)) is not None:
            pause = min(max(wait, timedelta(milliseconds=100)), LONGEST_SLEEP)
            await workflow.sleep(pause, summary="until the record of consent need not be kept any more")

    async def _forget_history(self, order: protocol.Erase) -> None:
        try:
            await workflow.execute_activity(
                protocol.FORGET_HISTORY,
                order,
                start_to_close_timeout=ONE_TRANSACTION,
                schedule_to_close_timeout=HISTORY_PATIENCE,
                retry_policy=AGAIN,
                summary="delete the histories of the lead",
            )
        except ActivityError:
            workflow.logger.error("history_not_deleted: Temporal's retention deletes it")

    async def _erase_at_provider(self, order: protocol.Erase) -> None:
        try:
            await workflow.execute_activity(
                protocol.ERASE_AT_PROVIDER,
                order,
                start_to_close_timeout=ONE_TRANSACTION,
                schedule_to_close_timeout=PROVIDER_PATIENCE,
                retry_policy=PROVIDER_AGAIN,
                summary="have the mail provider forget the address",
            )
        except ActivityError:
            gave_up = order.model_copy(update={"give_up": True})
            await self._do(protocol.ERASE_AT_PROVIDER, gave_up, "note that the provider did not answer")

    async def _kept(self, order: protocol.Erase) -> timedelta | None:
        summary = "let go what was agreed to, if it is time"
        return (await self._ask(protocol.KEEP_CONSENTS, order, protocol.ConsentsKept, summary)).wait

    async def _do(self, name: str, order: protocol.Erase, summary: str) -> None:
        await workflow.execute_activity(
            name, order, start_to_close_timeout=ONE_TRANSACTION, retry_policy=AGAIN, summary=summary
        )

    async def _ask(self, name: str, order: protocol.Erase, answer: type[Answer], summary: str) -> Answer:
        found: Answer = await workflow.execute_activity(
            name,
            order,
            result_type=answer,
            start_to_close_timeout=ONE_TRANSACTION,
            retry_policy=AGAIN,
            summary=summary,
        )
        return found
