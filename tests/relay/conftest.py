"""A relay over a real database file and a Temporal server of its own, which may be killed and started again."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from adapters.clock import Clock
from adapters.database import leads, numbering
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, reading, writing
from adapters.database.enrolments import Decision, decide
from adapters.database.events import accept
from adapters.database.leads import LeadUpsert
from adapters.relay import Relay, connected
from adapters.settings import Settings
from adapters.temporal_cli import TemporalCli
from adapters.temporal_server import server_argv, wait_until_serving
from nurture import protocol
from nurture.entries import Delivery

FILES = {
    "invite.yaml": """\
scenario: invite
language: ja
start: first
steps:
  first:
    wait: {until: [{signed_up: seminar}], timeout: 30d}
    then:
      - {when: {signed_up: seminar}, finish: signed_up}
      - {otherwise: bye}
  bye: {finish: exhausted}
"""
}


@dataclass
class Server:
    """One Temporal development server on a file."""

    port: int
    argv: list[str]
    log: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, on what it stored before, and wait until it serves."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        await wait_until_serving(self.address)

    async def kill(self) -> None:
        """SIGKILL it."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> AsyncIterator[Server]:
    """A server of one file of tests alone: they use the product's own task queue, and kill it."""
    directory, port = tmp_path_factory.mktemp("relay"), free_port()
    cli = TemporalCli(named=Settings().temporal_cli).find()
    argv = server_argv(cli, port=port, ui_port=None, database=directory / "temporal.db")
    made = Server(port, argv, directory / "log")
    await made.start()
    yield made
    await made.kill()


@pytest.fixture(scope="module")
async def client(server: Server) -> Client:
    """What a test looks at the server with; it tries patiently, while the server starts again."""
    return await Client.connect(server.address, data_converter=pydantic_data_converter)


@dataclass
class Post:
    """The office a relay serves: stores what comes in, and reads what Temporal was told."""

    relay: Relay
    client: Client
    prefix: str
    told: dict[str, int] = field(default_factory=dict)

    @property
    def store(self) -> DeploymentStore:
        return self.relay.store

    def name(self, lead: str) -> str:
        """The id of a lead of this test alone: all tests share one server."""
        return f"{self.prefix}_{lead}"

    def add(self, *names: str, **data: Any) -> None:
        """Import leads."""
        with writing(self.store.engine) as conn:
            for lead in names:
                body = LeadUpsert.model_validate({"id": self.name(lead), **data})
                leads.upsert(conn, body, store=self.store, now=datetime.now(UTC))

    def enrol(self, lead: str, scenario: str = "invite") -> Decision:
        """Enrol a lead in a scenario of the current deployment."""
        with writing(self.store.engine) as conn:
            current = self.store.current()
            return decide(
                conn, self.name(lead), current.scenarios[scenario], deployment=current.number, now=datetime.now(UTC)
            )

    def happen(self, lead: str, *ids: str, type: str = "signed_up", subject: str = "") -> None:
        """Acknowledge events of a lead."""
        told = [
            {"id": f"{self.name(lead)}/{each}", "lead": self.name(lead), "type": type, "subject": subject or each}
            for each in ids
        ]
        with writing(self.store.engine) as conn:
            assert accept(conn, told, store=self.store, now=datetime.now(UTC)).accepted == len(ids)

    def pending(self) -> set[str]:
        """The leads with something that Temporal was not told."""
        with reading(self.store.engine) as conn:
            return set(numbering.unsignalled(conn, 2000))

    async def signals(self, lead: str) -> list[list[int]]:
        """The numbers of the entries in each signal a lead's workflow got, in order; none where none was started."""
        handle = self.client.get_workflow_handle(protocol.lead_workflow_id(self.name(lead)))
        try:
            history = await handle.fetch_history()
        except RPCError:
            return []
        found = []
        for event in history.events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                payloads = event.workflow_execution_signaled_event_attributes.input.payloads
                (delivery,) = await pydantic_data_converter.decode(payloads, [Delivery])
                found.append([entry.seq for entry in delivery.entries])
        return found


@pytest.fixture
def new_relay(server: Server, tmp_path: Path, database_url: str) -> Iterator[Callable[[], Any]]:
    """Makes relays over the one database of this test, as `nurture relay` would."""
    engine = open_database(database_url)
    now = datetime.now(UTC)
    with writing(engine) as conn:
        deploy(conn, FILES, [], by="tests", now=now, real_now=now - timedelta(minutes=1))
    settings = Settings(home=tmp_path, temporal_port=server.port)

    async def make(kind: type[Relay] = Relay) -> Relay:
        return kind(engine, await connected(settings), Clock(engine), DeploymentStore(engine))

    yield make
    engine.dispose()


@pytest.fixture
async def post(new_relay: Callable[[], Any], client: Client, request: pytest.FixtureRequest) -> Post:
    """A relay that does one round whenever a test says so."""
    name = "".join(word[:2] for word in str(request.node.name).split("_"))
    return Post(await new_relay(), client, name)


async def eventually(look: Callable[[], Any], *, within: timedelta = timedelta(seconds=60)) -> None:
    """Wait until `look` holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within.total_seconds()
    while not look():
        if loop.time() > end:
            pytest.fail(f"it did not happen within {within}")
        await asyncio.sleep(0.1)
