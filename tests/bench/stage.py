"""Starts everything that is measured, once for all parts: the whole product, the floor's worker, and eyes for both."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import Engine, func, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.database import enrolments, leads
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import open_database, reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.numbering import mark_signalled
from adapters.database.schema import events, sends, webhook_outbox
from adapters.database.schema import leads as lead_rows
from tests.databases import PostgresqlDatabases
from tests.e2e.conftest import write_folder
from tests.e2e.whole import ROOT, Whole
from tests.postgresql import DURABLE, PostgresqlServer
from tests.temporal_cluster import TemporalCluster

AT_ONCE = 32
PATIENCE = timedelta(minutes=4)
"""How long anything that is measured may take before the run is given up."""
TWO_MAILS = """\
scenario: two_mails
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [{signed_up: seminar}], timeout: 3d}
    then:
      - {when: {signed_up: seminar}, go: second}
      - {otherwise: bye}
  second:
    send: mail_b
    wait: {until: [{requested: demo}], timeout: 30d}
    then: bye
  bye: {finish: over}
"""
WAITING = """\
scenario: waiting
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [clicked], timeout: 30d}
    then:
      - {when: clicked, go: second}
      - {when: opened, go: bye}
      - {otherwise: bye}
  second:
    send: mail_b
    wait: {until: [{requested: demo}], timeout: 30d}
    then: bye
  bye: {finish: over}
"""
"""A lead waits for a click in its first mail. Opens are named, so each of them goes to the workflow and is applied."""


@dataclass
class Bench:
    """Everything that runs, and how to look at it."""

    whole: Whole
    client: Client
    engine: Engine
    store: DeploymentStore

    def made(self, names: Sequence[str], *, told: str | None = None) -> None:
        """Leads with consent; `told`: and their enrolment in this scenario, as if Temporal knew of it already."""
        now = datetime.now(UTC)
        consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "bench"}
        for start in range(0, len(names), 200):
            with writing(self.engine) as conn:
                for name in names[start : start + 200]:
                    said = {"id": name, "email": f"{name}@example.com", "name": name, "consent": consent}
                    leads.upsert(conn, LeadUpsert.model_validate(said), store=self.store, now=now)
                    if told is not None:
                        current = self.store.current()
                        enrolments.decide(conn, name, current.scenarios[told], deployment=current.number, now=now)
                if told is not None:
                    mark_signalled(conn, dict.fromkeys(names[start : start + 200], 2), now)

    def web(self) -> httpx.AsyncClient:
        """A client of the web process with the admin key; no proxy of the environment."""
        return httpx.AsyncClient(
            base_url=self.whole.web, headers=self.whole._headers, trust_env=False, timeout=PATIENCE.total_seconds()
        )

    async def enrol(self, scenario: str, names: Sequence[str]) -> None:
        """Through the API, as a marketer would."""
        async with self.web() as web:
            for start in range(0, len(names), 500):
                body = {"scenario": scenario, "leads": list(names[start : start + 500])}
                (await web.post("/api/enrollments", json=body)).raise_for_status()

    async def waiting(self, prefix: str, count: int) -> list[str]:
        """So many leads that have their first mail and wait for a click in it; all that was told of them is applied."""
        names = [f"{prefix}{number:05}" for number in range(count)]
        await asyncio.to_thread(self.made, names)
        await self.enrol("waiting", names)
        await until(lambda: self.accepted(prefix, "first") >= count)
        await until(self.quiet)
        return names

    def accepted(self, prefix: str, step: str) -> int:
        """How many mails of a step the provider has taken, of leads whose id begins so."""
        wanted = (sends.c.lead.startswith(prefix), sends.c.step == step, sends.c.state == "accepted")
        with reading(self.engine) as conn:
            return conn.execute(select(func.count()).where(*wanted)).scalar_one()

    def quiet(self) -> bool:
        """True once no mail event is untold, none lacks its number, and every workflow has applied what was stored."""
        with reading(self.engine) as conn:
            untold = conn.execute(select(func.count()).select_from(webhook_outbox)).scalar_one()
            unfiled = select(events.c.id).where(events.c.filed.is_(False), events.c.lead.is_not(None)).limit(1)
            behind = select(lead_rows.c.id).where(lead_rows.c.started, lead_rows.c.seq < lead_rows.c.last_seq).limit(1)
            return not untold and conn.execute(unfiled).first() is None and conn.execute(behind).first() is None


async def until(holds: Callable[[], bool], *, look_every: float = 0.1) -> None:
    """Return once it holds; look so many seconds apart. Raises TimeoutError where that takes too long."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - other processes are looked at
            await asyncio.sleep(look_every)


async def for_each(names: Sequence[str], act: Callable[[str], Awaitable[None]]) -> None:
    """The same for every name, a bounded number at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            await act(name)

    await asyncio.gather(*(one(name) for name in names))


def say(what: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{datetime.now():%H:%M:%S} {what}\n")  # noqa: DTZ005 - for whoever waits here
    sys.stdout.flush()


async def bench_of(whole: Whole) -> Bench:
    """Connected to everything."""
    client = await Client.connect(
        whole.temporal_address, namespace=whole.namespace, data_converter=pydantic_data_converter
    )
    engine = open_database(whole.database_url)
    return Bench(whole, client, engine, DeploymentStore(engine))


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def beside(whole: Whole, module: str, *words: str) -> Iterator[None]:
    """One more process with the settings of the whole, `python -m MODULE WORDS…`, from its line `ready` on."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *words], cwd=ROOT, env=whole.settings, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None or "ready" not in process.stdout.readline():
            raise SystemExit(f"{module} did not start")
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def stage(kind: str) -> Iterator[Whole]:
    """Everything that runs: `sqlite` with Temporal inside, or `postgresql` with a Temporal cluster on it."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nurture-bench-")))
        home, ports = scratch / "home", (free_port(), free_port(), free_port())
        began = time.perf_counter()
        if kind == "sqlite":
            whole = Whole(home, ports, f"sqlite:///{home / 'nurture.db'}")
        else:
            server = stack.enter_context(PostgresqlServer(free_port(), DURABLE))
            cluster = stack.enter_context(TemporalCluster(server, free_port, scratch / "cluster"))
            there = {"TEMPORAL_ADDRESS": cluster.address, "TEMPORAL_NAMESPACE": asyncio.run(cluster.namespace())}
            databases = PostgresqlDatabases(server)
            stack.callback(databases.close)
            whole = Whole(home, ports, databases.empty(home), environment=there)
        whole.start()
        stack.callback(whole.stop)
        deployed = whole.run("deploy", str(write_folder(scratch / "scenarios", TWO_MAILS, waiting=WAITING)))
        if deployed.returncode:
            raise SystemExit(deployed.stderr)
        stack.enter_context(beside(whole, "tests.bench.floor_worker"))
        say(f"{kind}: everything runs after {time.perf_counter() - began:.0f} s")
        yield whole
