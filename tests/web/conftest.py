"""A whole web process in memory over a real database, with the sample folder deployed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from adapters.clock import Clock
from adapters.database import deployments
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import open_database, writing
from adapters.scenario_folder import read_folder
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated, empty database."""
    found = open_database(database_url)
    yield found
    found.dispose()


@pytest.fixture
def empty(engine: Engine, tmp_path: Path) -> Process:
    """A web process whose database holds nothing."""
    store, clock = DeploymentStore(engine), Clock(engine)
    settings = Settings(home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST)
    app = make_app(settings, engine, store=store, clock=clock)
    return Process(app, engine, store, clock, client_of(app, KEY))


@pytest.fixture
def process(empty: Process) -> Process:
    """A web process with the sample folder deployed."""
    now = datetime.now(UTC)
    with writing(empty.engine) as connection:
        deployments.deploy(connection, read_folder(Path("scenarios")), [], by="tests", now=now, real_now=now)
    empty.store.refresh()
    return empty


@pytest.fixture
def client(process: Process) -> httpx.AsyncClient:
    """A client with the admin key."""
    return process.client
