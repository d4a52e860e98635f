"""Asks the workflow of one lead for what a person wants of it, and waits for the answer; refuses to judge the wish.

The workflow judges: what it rejects has changed nothing. What it answers has been written down.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, select
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from adapters.database.merges import goes_on
from adapters.database.schema import leads
from adapters.database.sequence import UnknownLead
from adapters.settings import Settings
from adapters.temporal_server import connect_config
from nurture import protocol
from nurture.errors import NurtureError, Unavailable

Wish = Literal["pause", "resume", "leave", "go_to", "retry"]
WISHES: tuple[Wish, ...] = get_args(Wish)
CONNECTS = timedelta(seconds=3)
ANSWERS = timedelta(seconds=10)
"""How long a worker may take; a healthy one needs a fraction of a second."""


class Rejected(NurtureError):
    """The lead's workflow did not do it, and why; nothing was changed."""


class NothingRuns(NurtureError):
    """No workflow runs for this lead, so there is nobody to ask."""


class NoAnswer(Unavailable):
    """Temporal, or the workers behind it, did not answer in time; the wish may still be carried out."""


class NotReached(NoAnswer):
    """Temporal was not reached at all; nothing was asked."""


class Asking:
    """Asks leads; one connection for all, made when it is first needed."""

    def __init__(self, settings: Settings, *, answers: timedelta = ANSWERS) -> None:
        self._settings, self._answers = settings, answers
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def __call__(
        self, lead: str, wish: Wish, given: dict[str, Any], *, once: str | None = None
    ) -> protocol.Explanation:
        """Where the lead stands afterwards. `once`: an id; what is asked again under the same one is done once.

        Raises:
            Rejected: the workflow refused, with its reason.
            NothingRuns: there is no such workflow at this moment.
            NoAnswer: nobody answered in time; the wish may still be carried out, unless it is a NotReached.
        """
        handle = (await self._connected()).get_workflow_handle(protocol.lead_workflow_id(lead))
        try:
            async with asyncio.timeout(self._answers.total_seconds()):
                found: protocol.Explanation = await handle.execute_update(
                    wish, given, id=once, result_type=protocol.Explanation
                )
        except WorkflowUpdateFailedError as error:
            why = getattr(error.cause, "message", None) or str(error.cause)
            raise Rejected(why, where=f"lead {lead}", do="look at where the lead stands, then ask again") from error
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise NothingRuns(
                    f"no workflow of lead {lead!r} runs",
                    where="Temporal",
                    do="if it walks a scenario, its workflow is started again within minutes: ask again then",
                ) from error
            raise self._silent(lead, f"Temporal says {error.status.name}") from error
        except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError) as error:
            raise self._silent(lead, f"no answer within {self._answers.total_seconds():g} s") from error
        return found

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None:
                try:
                    async with asyncio.timeout(CONNECTS.total_seconds()):
                        self._client = await Client.connect(
                            **connect_config(self._settings), data_converter=pydantic_data_converter,
                            retry_config=RetryConfig(max_retries=0),
                        )  # fmt: skip
                except (RuntimeError, TimeoutError) as error:
                    raise NotReached(
                        f"no Temporal server answers at {self._settings.temporal_address}; nothing was changed",
                        where="Temporal",
                        do="see /health/ready, then try again",
                    ) from error
            return self._client

    def _silent(self, lead: str, why: str) -> NoAnswer:
        return NoAnswer(
            f"the workflow of lead {lead!r} did not answer: {why}",
            where="Temporal, or the workers",
            do="it may still be done: look at its timeline before asking again",
        )


def may_be_asked(conn: Connection, lead: str) -> str:
    """The id under which the lead goes on, if a workflow may run for it.

    Raises:
        UnknownLead: there is no such lead.
        NothingRuns: the person is forgotten, or the lead walks nothing and so has no workflow.
    """
    lead = goes_on(conn, lead)
    columns = (leads.c.status, leads.c.started, leads.c.pending, leads.c.retired)
    row = conn.execute(select(*columns).where(leads.c.id == lead)).first()
    if row is None:
        raise UnknownLead(lead)
    if row.status == "erased":
        raise NothingRuns(f"lead {lead!r} was erased", do="nothing is left that could be moved")
    if not (row.started or row.pending) or row.retired:
        raise NothingRuns(
            f"lead {lead!r} walks no scenario, and nothing runs for it", do="enrol it first: POST /api/enrollments"
        )
    return lead
