"""Where tests get their databases from: SQLite files, or a PostgreSQL server that runs as long as the tests do."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, text

from adapters.database.engine import migrate, open_database
from tests.postgresql import PostgresqlServer


class Databases(Protocol):
    """One kind of database."""

    kind: str

    def empty(self, folder: Path) -> str:
        """The URL of a database of nobody else's without any table; a file is made in `folder`."""

    def fresh(self, folder: Path) -> str:
        """The URL of a database of nobody else's with all tables, and nothing in them."""


class SqliteDatabases:
    """Files; a migrated one is made once, and copied."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._migrated = folder / "migrated.db"
        _migrate(f"sqlite:///{self._migrated}")

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'nurture.db'}"

    def fresh(self, folder: Path) -> str:
        return f"sqlite:///{shutil.copy(self._migrated, folder / 'nurture.db')}"


class PostgresqlDatabases:
    """Databases of one server; a migrated one is made once, and serves as the template of the others."""

    kind = "postgresql"

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._numbers = count(1)
        self._admin = create_engine(server.url.replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        self._create("migrated")
        _migrate(server.url_of("migrated"))

    def empty(self, folder: Path) -> str:  # noqa: ARG002 - the server keeps its files itself
        return self._create(f"test_{next(self._numbers)}")

    def fresh(self, folder: Path) -> str:  # noqa: ARG002
        return self._create(f"test_{next(self._numbers)}", template="migrated")

    def close(self) -> None:
        self._admin.dispose()

    def _create(self, name: str, template: str = "template0") -> str:
        with self._admin.connect() as conn:
            conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return self._server.url_of(name)


def _migrate(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
