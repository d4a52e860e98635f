"""Carries entries from the database to Temporal: numbers new events, signals each lead once, remembers what it told.

Refuses to decide anything about a lead. Losing it loses nothing: what was not marked is told again, and a workflow
drops repeats.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from adapters.clock import Clock
from adapters.database import confirmations, erasures, giving, numbering, stirring
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import Changes, open_database, reading, writing
from adapters.database.sequence import current_deployment, lock_many
from adapters.database.stirring import Stirred
from adapters.delivery import of_one_message
from adapters.metrics import serve_metrics
from adapters.settings import Settings
from adapters.starting import start_confirmation, start_erasure, start_lead, start_task
from adapters.temporal_server import TemporalNotServing, connect_config
from nurture.entries import AnyEntry
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
TOO_MANY_BYTES = 2_000_000
"""Temporal refuses a payload above 2 MB."""
LOOK_EVERY = timedelta(milliseconds=500)
"""How often an idle relay looks whether Temporal is still there."""
SETTLES = timedelta(milliseconds=500)
"""How long after it sees a new deployment a relay tells nobody anything. Workers look for one every 200 ms, and a
workflow that hears of one its worker has not loaded tries again only after ten seconds."""
GIVE_OUT = timedelta(seconds=1)
"""How often it is looked whether a task of sales that waits for a rep has one now."""
CLAIM = timedelta(seconds=10)
"""How long other relays leave the leads of one round alone; a round that lasts longer is one of a dead relay."""
TRY_AGAIN = timedelta(seconds=30)
"""How long a lead whose signal Temporal refuses is put aside, so that it stops nobody else."""
_OF_THE_LEAD = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE)
"""What Temporal answers where one signal is at fault; after anything else it is tried again at once."""


TOLD = Counter("nurture_relay_leads_told", "Leads whose workflow was signalled")
FILED = Counter("nurture_relay_leads_filed", "Leads whose new events were numbered")
REFUSED = Counter("nurture_relay_signals_refused", "Signals that Temporal refused, put aside for half a minute")
ASIDE = Gauge("nurture_relay_leads_aside", "Leads put aside at this moment, since Temporal refused their signal")
AWAY = Gauge("nurture_relay_temporal_away", "1 while Temporal does not answer")
ROUND = Histogram("nurture_relay_round_seconds", "How long one round with something to tell lasted")


@dataclass(slots=True)
class Relay:
    """One relay. On SQLite there is one; on PostgreSQL several share the leads between them."""

    engine: Engine
    client: Client
    clock: Clock
    store: DeploymentStore
    _away_since: datetime | None = None
    _newest: int = 0
    _aside: dict[str, float] = field(default_factory=dict)
    _gave_out: float = 0.0

    @property
    def away(self) -> bool:
        """True while Temporal does not answer."""
        return self._away_since is not None

    async def run(self, stop: asyncio.Event) -> None:
        """Tell and rest until `stop` is set."""
        with contextlib.closing(Changes(self.engine)) as changed:
            await self._run(stop, changed)

    async def _run(self, stop: asyncio.Event, changed: Changes) -> None:
        last = looked = 0.0
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            # a look at least every second, whatever the database says of changes
            busy = False
            try:
                if changed() or loop.time() - last > 1:
                    last = loop.time()
                    busy = await self.once() > 0
                if not busy and loop.time() - looked > LOOK_EVERY.total_seconds():
                    await self._look()
                    looked = loop.time()
            except OperationalError as error:  # the database is away, or two transactions stood in each other's way
                log.warning("database_does_not_answer", reason=type(error.orig).__name__, do="tried again at once")
            if not busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE.total_seconds())

    async def once(self) -> int:
        """One round: how many leads had something that can be told. Never raises for an absent Temporal."""
        unfiled, requests, forgotten, settled = await asyncio.to_thread(self._file, datetime.now(UTC))
        if requests:
            unfiled += await self._ask_to_confirm(requests)
        if forgotten:
            unfiled += await self._erase(forgotten)
        if not settled:
            await asyncio.sleep(SETTLES.total_seconds())
        unfiled += await self._tell_leads()
        return unfiled + await self._see_to_tasks()

    async def _tell_leads(self) -> int:
        """Signal those who have something to be told; how many, also of those that Temporal did not take."""
        waiting = await asyncio.to_thread(self._waiting, self._put_aside())
        if not waiting:
            return 0
        gate = asyncio.Semaphore(CALLS_AT_ONCE)
        with ROUND.time():
            answers = await asyncio.gather(*(self._tell(gate, lead, entries) for lead, entries in waiting.items()))
        told = {lead: seq for lead, seq in zip(waiting, answers, strict=True) if seq}
        TOLD.inc(len(told))
        await asyncio.to_thread(self._mark, told, [lead for lead in waiting if lead not in told])
        not_taken = answers.count(None)
        if told and not not_taken:
            await self._back()
        elif not told:
            await asyncio.sleep(0.5)
        if not_taken and not self.away:
            log.warning("temporal_is_slow", leads=not_taken, do="they are told again")
        return len(told) + not_taken

    def _file(self, now: datetime) -> tuple[int, list[int], list[str], bool]:
        """File new events: of how many leads; whose consent to ask for, whom to erase, whether a deployment settled."""
        with reading(self.engine) as conn:
            unfiled = numbering.leads_with_unfiled(conn, LEADS_AT_ONCE)
            requests = confirmations.due(conn, now, LEADS_AT_ONCE)
            forgotten = erasures.due(conn, now, LEADS_AT_ONCE)
            newest = current_deployment(conn)
        settled, self._newest = newest == self._newest, newest
        if not unfiled:
            return 0, requests, forgotten, settled
        with writing(self.engine) as conn:
            mine = lock_many(conn, unfiled, skip_locked=True)
            numbering.file_all(conn, mine, self.store)
        FILED.inc(len(mine))
        return len(mine), requests, forgotten, settled

    async def _see_to_tasks(self) -> int:
        """Give out tasks of sales that wait, and wake the workflows of those that changed; how many there were."""
        stirred = await asyncio.to_thread(self._give_out)
        gate = asyncio.Semaphore(CALLS_AT_ONCE)
        answers = await asyncio.gather(*(self._tell_task(gate, each) for each in stirred))
        told = [each for each, taken in zip(stirred, answers, strict=True) if taken]
        if told:
            await asyncio.to_thread(self._settle, told)
        return len(told)

    async def _tell_task(self, gate: asyncio.Semaphore, task: Stirred) -> bool:
        """Have its workflow look again; False where Temporal did not answer."""
        async with gate:
            if self.away:
                return False
            try:
                await start_task(self.client, task.handoff, task.lead, look_again=True)
            except RPCError as error:
                if error.status not in _OF_THE_LEAD:
                    self._lost_if_away(error)
                    return False
                log.warning(
                    "task_not_told", handoff=task.handoff, why=error.message, do="tried again with its next change"
                )
        return True

    def _give_out(self) -> list[Stirred]:
        """Every task in a transaction of its own, since each is locked by its lead; those to be looked at again."""
        passed = time.monotonic()
        now = self.clock.now()
        with reading(self.engine) as conn:
            due = passed - self._gave_out > GIVE_OUT.total_seconds()
            definitions = self.store.get(current_deployment(conn)) if due else None
            several = giving.to_give(conn, definitions, now) if definitions is not None else []
        for handoff in several[:LEADS_AT_ONCE]:
            if definitions is not None:
                with writing(self.engine) as conn:
                    giving.give(conn, handoff, definitions, now=now)
        if due and len(several) <= LEADS_AT_ONCE:  # else the others come at once, after the leads
            self._gave_out = passed
        with reading(self.engine) as conn:
            return stirring.stirred(conn, LEADS_AT_ONCE)

    def _settle(self, told: Sequence[Stirred]) -> None:
        """Each by itself: a deployment stirs all of them in an order of its own."""
        for each in told:
            with writing(self.engine) as conn:
                stirring.settle(conn, each)

    async def _ask_to_confirm(self, requests: Sequence[int]) -> int:
        """See to it that the mails go which ask for a consent; how many workflows were started.

        A workflow that was lost is started again after a minute: its mail has one row in the ledger, so it goes once.
        """
        started: list[int] = []
        for request in requests:
            try:
                await start_confirmation(self.client, request)
            except RPCError as error:
                self._lost_if_away(error)
                break
            started.append(request)
        if started:
            await asyncio.to_thread(self._asked, started)
        return len(started)

    def _asked(self, requests: Sequence[int]) -> None:
        with writing(self.engine) as conn:
            confirmations.told(conn, requests, datetime.now(UTC))

    async def _erase(self, several: Sequence[str]) -> int:
        """See to it that these are forgotten; how many workflows were started, or were there."""
        started: list[str] = []
        for lead in several:
            try:
                await start_erasure(self.client, lead)
            except RPCError as error:
                self._lost_if_away(error)
                break
            started.append(lead)
        if started:
            await asyncio.to_thread(self._erasing, started)
        return len(started)

    def _erasing(self, several: Sequence[str]) -> None:
        with writing(self.engine) as conn:
            erasures.told(conn, several, datetime.now(UTC))

    def _waiting(self, without: Sequence[str]) -> Mapping[str, Sequence[AnyEntry]]:
        if self.engine.dialect.name == "sqlite":  # there is no other relay, so nothing to claim
            with reading(self.engine) as conn:
                return numbering.unsignalled(conn, LEADS_AT_ONCE, without=without)
        now = datetime.now(UTC)
        with writing(self.engine) as conn:
            mine = numbering.claim_pending(conn, LEADS_AT_ONCE, now, now + CLAIM, without=without)
            return numbering.unsignalled(conn, LEADS_AT_ONCE, only=mine) if mine else {}

    def _put_aside(self) -> Sequence[str]:
        now = asyncio.get_running_loop().time()
        self._aside = {lead: until for lead, until in self._aside.items() if until > now}
        ASIDE.set(len(self._aside))
        return tuple(self._aside)

    def _mark(self, told: Mapping[str, int], others: Sequence[str]) -> None:
        with writing(self.engine) as conn:
            lock_many(conn, [*told, *others])
            numbering.mark_signalled(conn, told, datetime.now(UTC))
            numbering.unclaim(conn, others)

    async def _tell(self, gate: asyncio.Semaphore, lead: str, entries: Sequence[AnyEntry]) -> int | None:
        """Signal one lead, starting its workflow where none runs: the last number told.

        None where Temporal did not answer; 0 where it refuses this very signal, and the lead is put aside for a while.
        """
        told, size = of_one_message(entries)
        if size > TOO_MANY_BYTES:
            return self._refused(lead, f"entry {told[0].seq} is {size} bytes long")
        async with gate:
            try:
                await start_lead(self.client, lead, self.clock.epoch, told)
            except RPCError as error:
                if error.status in _OF_THE_LEAD:
                    return self._refused(lead, error.message)
                self._lost_if_away(error)
                return None
        return told[-1].seq

    def _refused(self, lead: str, why: str) -> int:
        REFUSED.inc()
        self._aside[lead] = asyncio.get_running_loop().time() + TRY_AGAIN.total_seconds()
        ASIDE.set(len(self._aside))
        log.error("lead_not_told", lead=lead, why=why, do="its entries wait and are tried again; others go on")
        return 0

    async def _look(self) -> None:
        """Notice that Temporal goes and comes back, even while there is nothing to tell."""
        try:
            await self.client.service_client.check_health(timeout=timedelta(seconds=2))
        except RPCError as error:
            self._lost_if_away(error)
        else:
            await self._back()

    def _lost_if_away(self, error: RPCError) -> None:
        if error.status is RPCStatusCode.UNAVAILABLE and self._away_since is None:
            self._away_since = datetime.now(UTC)
            AWAY.set(1)
            log.warning("temporal_away", do="entries wait and are told later")

    async def _back(self) -> None:
        AWAY.set(0)
        if self._away_since is not None:
            again = await asyncio.to_thread(self._forget, self._away_since - TELL_AGAIN)
            self._away_since = None
            log.warning("temporal_back", told_again=again)

    def _forget(self, since: datetime) -> int:
        with writing(self.engine) as conn:
            return numbering.unsignal_since(conn, since)


async def connected(settings: Settings) -> Client:
    """A client of the Temporal server the settings name; raises TemporalNotServing where none answers.

    It tries no call again by itself: the relay does, and could not notice otherwise that Temporal was away.
    """
    try:
        return await Client.connect(
            **connect_config(settings), data_converter=pydantic_data_converter, retry_config=RetryConfig(max_retries=0)
        )
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
    if settings.metrics is not None:
        serve_metrics(settings.metrics)
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
