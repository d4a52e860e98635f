"""Gives every test a database file of its own, with or without the sample folder deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, writing

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated, empty database."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """The sample folder, as texts."""
    return {
        path.relative_to(SCENARIOS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(SCENARIOS.rglob("*"))
        if path.suffix in {".yaml", ".md"} and path.name != "audience.yaml"
    }


@pytest.fixture
def deployed(engine: Engine, files: dict[str, str]) -> DeploymentStore:
    """The sample folder as deployment 1."""
    with writing(engine) as conn:
        deploy(conn, files, [], by="tests", now=NOW - timedelta(days=1), real_now=NOW - timedelta(days=1))
    return DeploymentStore(engine)


@pytest.fixture
def deploy_again(engine: Engine) -> Callable[[Mapping[str, str]], int]:
    """Deploy other files; returns the number."""

    def again(files: Mapping[str, str]) -> int:
        with writing(engine) as conn:
            return deploy(conn, files, [], by="tests", now=NOW, real_now=NOW).number

    return again
