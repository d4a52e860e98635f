"""How many leads a second the engine takes through two mails and one event, against the floor in the same run.

    python tests/bench/throughput.py [sqlite|postgresql] [LEADS] [ROUNDS]

All are measured from the first start call to the second mail of the last lead accepted by the sink: the floor, the
engine by direct signals, and the engine fed through web and relay, by turns on the same server. Prints a table, and for
each way how many events and bytes the history of one lead has once it waits.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - the path comes first
from sqlalchemy import Engine, select  # noqa: E402
from temporalio.client import Client  # noqa: E402
from temporalio.contrib.pydantic import pydantic_data_converter  # noqa: E402

from adapters.database import enrolments, leads  # noqa: E402
from adapters.database.deployments import DeploymentStore  # noqa: E402
from adapters.database.engine import open_database, reading, writing  # noqa: E402
from adapters.database.leads import LeadUpsert  # noqa: E402
from adapters.database.numbering import mark_signalled, stored_after  # noqa: E402
from adapters.database.schema import inbox  # noqa: E402
from adapters.starting import start_lead  # noqa: E402
from nurture import protocol  # noqa: E402
from nurture.clock import Epoch  # noqa: E402
from nurture.entries import Delivery, Happening  # noqa: E402
from tests.bench.floor import QUEUE, FloorWorkflow  # noqa: E402
from tests.bench.report import write  # noqa: E402
from tests.databases import PostgresqlDatabases  # noqa: E402
from tests.e2e.conftest import write_folder  # noqa: E402
from tests.e2e.whole import Whole  # noqa: E402
from tests.postgresql import DURABLE, PostgresqlServer  # noqa: E402
from tests.temporal_cluster import TemporalCluster  # noqa: E402

AT_ONCE = 32
REACTS_AFTER = 0.3
"""Seconds between the acceptance of a mail and the reaction: nobody signs up before the workflow waits for it."""
SCENARIO = """\
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


@dataclass
class Bench:
    """Everything that runs, and how to look at it."""

    whole: Whole
    client: Client
    engine: Engine
    store: DeploymentStore
    names: list[str] = field(default_factory=list)

    def mails(self, prefix: str, subject: str) -> set[str]:
        """The leads of a run whose mail with this subject the sink has accepted."""
        with reading(self.engine) as conn:
            found = conn.execute(select(inbox.c.to).where(inbox.c.to.startswith(prefix), inbox.c.subject == subject))
            return {address.partition("@")[0] for address in found.scalars()}

    async def react(
        self, prefix: str, count: int, first: str, second: str, act: Callable[[Sequence[str]], Awaitable[None]]
    ) -> None:
        """Let every lead react to its first mail a moment after that is seen, until all second mails are there."""
        seen: dict[str, float] = {}
        reacted: set[str] = set()
        while len(await asyncio.to_thread(self.mails, prefix, second)) < count:
            now = time.perf_counter()
            seen |= dict.fromkeys(await asyncio.to_thread(self.mails, prefix, first) - seen.keys(), now)
            fresh = sorted(name for name, at in seen.items() if name not in reacted and now - at > REACTS_AFTER)
            if fresh:
                reacted |= set(fresh)
                await act(fresh)
            await asyncio.sleep(0.05)


async def each(names: Sequence[str], act: Callable[[str], Awaitable[None]]) -> None:
    """The same for every name, a bounded number at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            await act(name)

    await asyncio.gather(*(one(name) for name in names))


async def floor(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The minimal workflow."""

    async def start(name: str) -> None:
        await bench.client.start_workflow(FloorWorkflow.run, name, id=f"floor/{name}", task_queue=QUEUE)

    async def signal(name: str) -> None:
        await bench.client.get_workflow_handle(f"floor/{name}").signal("signed_up")

    starting = asyncio.create_task(each(names, start))
    await bench.react(prefix, len(names), "mail 1", "mail 2", lambda fresh: each(fresh, signal))
    await starting
    return f"floor/{names[0]}"


def made(bench: Bench, names: Sequence[str], *, enrolled: bool) -> None:
    """Leads with consent; `enrolled`: and their enrolment, as if they had been told to Temporal already."""
    scenario, now = bench.store.current().scenarios["two_mails"], datetime.now(UTC)
    consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "bench"}
    for start in range(0, len(names), 200):
        with writing(bench.engine) as conn:
            for name in names[start : start + 200]:
                said = {"id": name, "email": f"{name}@example.com", "name": name, "consent": consent}
                leads.upsert(conn, LeadUpsert.model_validate(said), store=bench.store, now=now)
                if enrolled:
                    enrolments.decide(conn, name, scenario, deployment=bench.store.current().number, now=now)
            if enrolled:
                mark_signalled(conn, dict.fromkeys(names[start : start + 200], 2), now)


async def direct(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The engine, its workflows started and signalled by hand."""
    epoch = Epoch(real=datetime.now(UTC), nurture=datetime.now(UTC))
    number = bench.store.current().number
    with reading(bench.engine) as conn:
        stored = {name: stored_after(conn, name, 0) for name in names}

    async def start(name: str) -> None:
        await start_lead(bench.client, name, epoch, stored[name])

    async def signal(name: str) -> None:
        now = datetime.now(UTC)
        event = Happening(
            id=f"{name}/1", type="signed_up", subject="seminar", seq=3, at=now, received_at=now, deployment=number
        )
        handle = bench.client.get_workflow_handle(protocol.lead_workflow_id(name))
        await handle.signal(protocol.DELIVER, Delivery(entries=(event,)))

    starting = asyncio.create_task(each(names, start))
    await bench.react(prefix, len(names), "mail_a", "mail_b", lambda fresh: each(fresh, signal))
    await starting
    return protocol.lead_workflow_id(names[0])


async def relayed(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The engine, fed over HTTP: enrolments and events go through web, database and relay."""
    headers = bench.whole._headers
    async with httpx.AsyncClient(base_url=bench.whole.web, headers=headers, trust_env=False, timeout=30) as web:

        async def enrol() -> None:
            for start in range(0, len(names), 500):
                body = {"scenario": "two_mails", "leads": list(names[start : start + 500])}
                (await web.post("/api/enrollments", json=body)).raise_for_status()

        async def sign_up(fresh: Sequence[str]) -> None:
            events = [{"id": f"{name}/1", "lead": name, "type": "signed_up", "subject": "seminar"} for name in fresh]
            (await web.post("/events", json={"events": events})).raise_for_status()

        starting = asyncio.create_task(enrol())
        await bench.react(prefix, len(names), "mail_a", "mail_b", sign_up)
        await starting
    return protocol.lead_workflow_id(names[0])


WAYS: dict[str, Callable[[Bench, Sequence[str], str], Awaitable[str]]] = {
    "floor": floor,
    "direct signals": direct,
    "web and relay": relayed,
}


@dataclass
class Measured:
    """The rates of one way, round by round, and the history of one of its leads once it was quiet."""

    rates: list[float] = field(default_factory=list)
    events: int = 0
    size: int = 0


async def run(whole: Whole, count: int, rounds: int) -> dict[str, Measured]:
    """All ways by turns."""
    client = await Client.connect(
        whole.temporal_address, namespace=whole.namespace, data_converter=pydantic_data_converter
    )
    engine = open_database(whole.database_url)
    bench = Bench(whole, client, engine, DeploymentStore(engine))
    found = {way: Measured() for way in WAYS}
    for turn in range(rounds):
        for way, walk in WAYS.items():
            prefix = f"{way.partition(' ')[0]}{turn}x"
            names = [f"{prefix}{number:05}" for number in range(count)]
            if walk is not floor:
                made(bench, names, enrolled=walk is direct)
            began = time.perf_counter()
            example = await walk(bench, names, prefix)
            found[way].rates.append(count / (time.perf_counter() - began))
            await asyncio.sleep(2)  # what was begun is finished, and disturbs nobody
            found[way].events, found[way].size = await histories(client, example, names)
            sys.stdout.write(f"round {turn + 1}, {way}: {found[way].rates[-1]:.1f} leads/s\n")
            sys.stdout.flush()
    engine.dispose()
    return found


async def histories(client: Client, example: str, names: Sequence[str]) -> tuple[int, int]:
    """The median of events and bytes over some leads: how signals and answers meet differs from lead to lead."""
    some = [example.replace(names[0], name) for name in names[:: max(1, len(names) // 25)]]
    told = [await client.get_workflow_handle(each).describe() for each in some]
    events = statistics.median(each.history_length for each in told)
    return int(events), int(statistics.median(each.raw_info.history_size_bytes for each in told))


def table(found: dict[str, Measured]) -> str:
    """The figures as a Markdown table; the ratio is the median of the rounds' own ratios."""
    lines = ["| | leads/s | of the floor | history events | of the floor | bytes |", "|---|---|---|---|---|---|"]
    base = found["floor"]
    for way, each in found.items():
        ratio = statistics.median(mine / its for mine, its in zip(each.rates, base.rates, strict=True))
        lines.append(
            f"| {way} | {statistics.median(each.rates):.1f} | {ratio:.2f} | {each.events} "
            f"| {each.events / base.events:.2f} | {each.size} |"
        )
    return "\n".join(lines) + "\n"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def stage(kind: str) -> Iterator[Whole]:
    """Everything that runs: `sqlite` with Temporal inside, or `postgresql` with a Temporal cluster on it."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nurture-bench-")))
        home, ports = scratch / "home", (free_port(), free_port(), free_port())
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
        deployed = whole.run("deploy", str(write_folder(scratch / "scenarios", SCENARIO)))
        if deployed.returncode:
            raise SystemExit(deployed.stderr)
        worker = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("floor_worker.py"))],
            env=whole.settings, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(worker.wait)
        stack.callback(worker.kill)
        if worker.stdout is None or "ready" not in worker.stdout.readline():
            raise SystemExit("the worker of the floor did not start")
        yield whole


def main() -> None:
    """Start everything, measure, stop; the table goes to stdout and into docs/performance.md."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with stage(kind) as whole:
        found = table(asyncio.run(run(whole, count, rounds)))
    sys.stdout.write(found)
    written = write("throughput", kind, f"{count} leads, {rounds} rounds", found)
    sys.stdout.write(f"written to {written}\n")


if __name__ == "__main__":
    main()
