"""Gives tests a real Temporal server and real databases, one of each for the whole run; knows no lead or scenario.

`pytest --database postgresql` runs those tests again that use a database, on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.settings import Settings
from adapters.temporal_cli import TemporalCli
from adapters.temporal_server import server_argv, wait_until_serving
from tests.databases import Databases, PostgresqlDatabases, SqliteDatabases
from tests.postgresql import PostgresqlServer
from tests.temporal_cluster import TemporalCluster


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the suite runs on."""
    parser.addoption(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="what tests keep their data in"
    )
    parser.addoption(
        "--temporal", choices=("embedded", "cluster"), default="embedded", help="what end-to-end tests run Temporal on"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only tests that use a database are run: the others would say the same once more.

    So it is with the cluster; tests of the embedded server are not for it.
    """
    other_database, cluster = config.getoption("database") != "sqlite", config.getoption("temporal") == "cluster"

    def says_more(item: pytest.Item) -> bool:
        uses = getattr(item, "fixturenames", ())
        if cluster:
            return "new_whole" in uses and item.get_closest_marker("embedded") is None
        return item.get_closest_marker("cluster") is None and (not other_database or "databases" in uses)

    kept = [item for item in items if says_more(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that names a port of 127.0.0.1 nobody listens on."""
    return _free_port


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of the kind that the run was asked for."""
    if request.config.getoption("database") == "sqlite":
        yield SqliteDatabases(tmp_path_factory.mktemp("databases"))
        return
    with PostgresqlServer(_free_port()) as server:
        made = PostgresqlDatabases(server)
        yield made
        made.close()


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TemporalCluster | None]:
    """A Temporal server over PostgreSQL, where the run was asked for it."""
    if request.config.getoption("temporal") == "embedded":
        yield None
        return
    with (
        PostgresqlServer(_free_port()) as server,
        TemporalCluster(server, _free_port, tmp_path_factory.mktemp("cluster")) as made,
    ):
        yield made


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> str:
    """The URL of a migrated, empty database of this test."""
    return databases.fresh(tmp_path)


@pytest.fixture(scope="session")
async def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """HOST:PORT of a development server with the search attributes, its state in a directory of this run."""
    directory = tmp_path_factory.mktemp("temporal")
    cli = TemporalCli(named=Settings().temporal_cli).find()
    port = _free_port()
    with (directory / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *server_argv(cli, port=port, ui_port=None, database=directory / "temporal.db"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        await wait_until_serving(f"127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()  # nothing of it is needed again, and a clean stop takes a second
        await server.wait()


@pytest.fixture(scope="session")
async def temporal_client(temporal_address: str) -> Client:
    """A client of that server which carries pydantic models; workflows and queues of a test need names of their own."""
    return await Client.connect(temporal_address, data_converter=pydantic_data_converter)
