"""Starts the workflows of leads and of sales tasks, and starts again those that somebody or something ended.

Refuses to know what they do. Starting one that runs changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Connection, and_, or_, select
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from adapters.database.loads import OPEN
from adapters.database.schema import handoffs, leads, task_notices
from nurture import protocol
from nurture.clock import Epoch
from nurture.definitions import Definitions
from nurture.entries import AnyEntry, Delivery
from nurture.state import ENGINE

TASK_TIMEOUT = timedelta(seconds=5)
"""How soon a workflow task of a dead worker goes to another one."""
CALLS_AT_ONCE = 16

log = structlog.get_logger(__name__)


async def start_lead(client: Client, lead: str, epoch: Epoch, entries: Sequence[AnyEntry] = ()) -> None:
    """Start a lead's workflow where none runs, and signal these entries to it."""
    await client.start_workflow(
        protocol.LEAD_WORKFLOW,
        protocol.LeadStart(lead=lead, epoch=epoch, engine=ENGINE),
        id=protocol.lead_workflow_id(lead),
        task_queue=protocol.TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        start_signal=protocol.DELIVER,
        start_signal_args=[Delivery(entries=tuple(entries))],
        task_timeout=TASK_TIMEOUT,
        rpc_timeout=timedelta(seconds=5),
    )


async def start_task(client: Client, handoff: str, lead: str, *, look_again: bool = False) -> None:
    """Start the workflow of a sales task where none runs; `look_again`: one that runs looks what is due, too."""
    order = protocol.HandoffStart(handoff=handoff, lead=lead)
    signal = protocol.LOOK_AGAIN if look_again else None
    await _start(client, protocol.HANDOFF_WORKFLOW, order, protocol.handoff_workflow_id(handoff), signal=signal)


async def start_confirmation(client: Client, request: int) -> None:
    """Start the workflow that sends the mail of a request for a consent, where none runs."""
    order = protocol.Confirm(request=request)
    await _start(client, protocol.CONFIRMATION_WORKFLOW, order, protocol.confirmation_workflow_id(request))


async def start_erasure(client: Client, lead: str) -> None:
    """Start the workflow that lets a person be forgotten, where none runs."""
    await _start(client, protocol.ERASURE_WORKFLOW, protocol.Erase(lead=lead), protocol.erasure_workflow_id(lead))


async def _start(client: Client, workflow: str, order: object, workflow_id: str, *, signal: str | None = None) -> None:
    await client.start_workflow(
        workflow,
        order,
        id=workflow_id,
        task_queue=protocol.TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        start_signal=signal,
        rpc_timeout=timedelta(seconds=5),
    )


def living_leads(conn: Connection) -> list[str]:
    """The leads whose workflow should run: it was started, and has not ended by itself."""
    wanted = (leads.c.started, leads.c.retired.is_(False), leads.c.status != "erased")
    return list(conn.execute(select(leads.c.id).where(*wanted)).scalars())


def living_tasks(conn: Connection, definitions: Definitions) -> dict[str, str]:
    """The tasks whose workflow should run, each with its lead: sales was not told yet, or something will be due."""
    queues = definitions.sales.queues if definitions.sales is not None else {}
    expire = [name for name, queue in queues.items() if queue.close_within is not None]
    ask = [name for name, queue in queues.items() if queue.remind_after or queue.escalate_after]
    due = handoffs.c.state.in_(OPEN) & or_(
        handoffs.c.due.is_not(None),
        handoffs.c.snoozed_until.is_not(None),
        handoffs.c.queue.in_(expire),
        and_(handoffs.c.state == "open", handoffs.c.queue.in_(ask)),
    )
    untold = handoffs.c.id.in_(select(task_notices.c.handoff).where(task_notices.c.told_real.is_(None)))
    reaches = or_(handoffs.c.rep.is_not(None), handoffs.c.state.in_(OPEN))
    wanted = or_(and_(handoffs.c.notified_real.is_(None), reaches), due, untold)
    return {row.id: row.lead for row in conn.execute(select(handoffs.c.id, handoffs.c.lead).where(wanted))}


async def revive(client: Client, alive: Sequence[str], tasks: dict[str, str], epoch: Epoch) -> int:
    """Start whatever of these has no workflow in Temporal; how many there were. One that is refused stops no other."""
    gate = asyncio.Semaphore(CALLS_AT_ONCE)

    async def again(start: Awaitable[None]) -> None:
        async with gate:
            try:
                await start
            except RPCError as error:
                log.warning("workflow_not_started", why=error.message, do="tried again in some minutes")

    leads_gone = await _gone(client, protocol.LEAD_WORKFLOW, {protocol.lead_workflow_id(lead): lead for lead in alive})
    tasks_gone = await _gone(
        client, protocol.HANDOFF_WORKFLOW, {protocol.handoff_workflow_id(handoff): handoff for handoff in tasks}
    )
    await asyncio.gather(
        *(again(start_lead(client, lead, epoch)) for lead in leads_gone),
        *(again(start_task(client, handoff, tasks[handoff])) for handoff in tasks_gone),
    )
    return len(leads_gone) + len(tasks_gone)


async def _gone(client: Client, kind: str, wanted: dict[str, str]) -> list[str]:
    query = f"WorkflowType = '{kind}' AND ExecutionStatus = 'Running'"
    if not wanted:
        return []
    running = {each.id async for each in client.list_workflows(query, page_size=1000)}
    return [name for workflow, name in wanted.items() if workflow not in running]
