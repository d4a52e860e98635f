"""Gives every test a real Temporal development server, one for the whole run; knows no lead and no scenario."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.settings import Settings
from adapters.temporal_cli import TemporalCli
from adapters.temporal_server import server_argv, wait_until_serving


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
