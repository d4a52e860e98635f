"""Carries entries from the database to Temporal: numbers new events, signals each lead once, remembers what it told.

Refuses to decide anything about a lead. Losing it loses nothing: what was not marked is told again, and a workflow
drops repeats.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from adapters.clock import Clock
from adapters.database import numbering
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import changes, open_database, reading, writing
from adapters.settings import Settings
from adapters.temporal_server import TemporalNotServing, connect_config
from nurture import protocol
from nurture.entries import AnyEntry, Delivery
from nurture.errors import NurtureError

log = structlog.get_logger(__name__)

LEADS_AT_ONCE = 200
"""How many leads are told in one round."""
CALLS_AT_ONCE = 32
"""How many calls to Temporal run at the same time."""
PAUSE = timedelta(milliseconds=50)
"""How long the relay rests when there is nothing to tell."""
TELL_AGAIN = timedelta(minutes=10)
"""After Temporal was away, what was told this long before is told again: a crash may have set its store back."""
TASK_TIMEOUT = timedelta(seconds=5)
"""How soon a workflow task of a dead worker goes to another one."""


@dataclass(slots=True)
class Relay:
    """One relay. On SQLite there is one; several are for PostgreSQL."""

    engine: Engine
    client: Client
    clock: Clock
    store: DeploymentStore
    _away_since: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Tell and rest until `stop` is set."""
        changed = changes(self.engine)
        last = 0.0
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            # a look at least every second, whatever the database says of changes
            busy = (changed() or loop.time() - last > 1) and await self.once() > 0
            if not busy:
                last = loop.time()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE.total_seconds())

    async def once(self) -> int:
        """One round: how many leads had something to be told. Never raises for an absent Temporal."""
        unfiled = await asyncio.to_thread(self._file)
        waiting = await asyncio.to_thread(self._waiting)
        if not waiting:
            return unfiled
        gate = asyncio.Semaphore(CALLS_AT_ONCE)
        answers = await asyncio.gather(*(self._tell(gate, lead, entries) for lead, entries in waiting.items()))
        told = {lead: waiting[lead][-1].seq for lead, done in zip(waiting, answers, strict=True) if done}
        await asyncio.to_thread(self._mark, told)
        await self._note(reached=bool(told))
        return len(told) + unfiled

    def _file(self) -> int:
        with reading(self.engine) as conn:
            unfiled = numbering.leads_with_unfiled(conn, LEADS_AT_ONCE)
        if unfiled:
            with writing(self.engine) as conn:
                for lead in unfiled:
                    numbering.file_events(conn, lead, self.store)
        return len(unfiled)

    def _waiting(self) -> Mapping[str, Sequence[AnyEntry]]:
        with reading(self.engine) as conn:
            return numbering.unsignalled(conn, LEADS_AT_ONCE)

    def _mark(self, told: Mapping[str, int]) -> None:
        if told:
            with writing(self.engine) as conn:
                numbering.mark_signalled(conn, told, datetime.now(UTC))

    async def _tell(self, gate: asyncio.Semaphore, lead: str, entries: Sequence[AnyEntry]) -> bool:
        """Signal one lead, starting its workflow where none runs; False where Temporal did not take it."""
        async with gate:
            try:
                await self.client.start_workflow(
                    protocol.LEAD_WORKFLOW,
                    protocol.LeadStart(lead=lead, epoch=self.clock.epoch),
                    id=protocol.lead_workflow_id(lead),
                    task_queue=protocol.TASK_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    start_signal=protocol.DELIVER,
                    start_signal_args=[Delivery(entries=tuple(entries))],
                    task_timeout=TASK_TIMEOUT,
                    rpc_timeout=timedelta(seconds=5),
                )
            except RPCError as error:
                if self._away_since is None:
                    self._away_since = datetime.now(UTC)
                    log.warning("temporal_away", code=error.status.name, do="entries wait and are told later")
                return False
        return True

    async def _note(self, *, reached: bool) -> None:
        if not reached:
            await asyncio.sleep(0.5)
        elif self._away_since is not None:
            since, self._away_since = self._away_since - TELL_AGAIN, None
            again = await asyncio.to_thread(self._forget, since)
            log.warning("temporal_back", told_again=again)

    def _forget(self, since: datetime) -> int:
        with writing(self.engine) as conn:
            return numbering.unsignal_since(conn, since)


async def connected(settings: Settings) -> Client:
    """A client of the Temporal server the settings name; raises TemporalNotServing where none answers."""
    try:
        return await Client.connect(**connect_config(settings), data_converter=pydantic_data_converter)
    except RuntimeError as error:
        raise TemporalNotServing(
            f"no Temporal server answers at {settings.temporal_address}: {error}",
            do="start it, or look at the TEMPORAL_… variables",
        ) from error


async def run_until_stopped(settings: Settings) -> None:
    """Relay until SIGTERM or SIGINT; waits for a Temporal server that is not there yet."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = DeploymentStore(open_database(settings.database_url))
    with Clock(store.engine) as clock:
        client = await connected(settings)
        log.info("relay_ready", speed=clock.epoch.speed)
        await Relay(store.engine, client, clock, store).run(stop)
    log.info("relay_stopped")


def main(settings: Settings) -> int:
    """The `relay` process: 0 after a clean stop, 2 where Temporal or the database is not available."""
    try:
        asyncio.run(run_until_stopped(settings))
    except NurtureError as error:
        log.error("relay_cannot_run", what=error.what, where=error.where, do=error.do)  # noqa: TRY400 - said whole
        return 2
    return 0
