"""Decides how a database is opened, locked, migrated and watched; refuses to know what its tables are for.

On SQLite a writer takes the lock when its transaction begins (`BEGIN IMMEDIATE`), so that it never has to give up
half-way; threads of one process queue for it in order, processes wait for each other. Use `writing` for every
transaction that writes and `reading` for the others.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from adapters.database.locks import claim
from nurture.errors import NurtureError, Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE_SECONDS = 120
"""How long a writer waits for another process before it gives up; a transaction lasts a fraction of a second."""
_BUSY_MILLISECONDS = 30_000

_WRITERS: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()


def open_database(url: str) -> Engine:
    """An engine for a SQLAlchemy URL (`sqlite:///path` or `postgresql://…`); makes the folder of a SQLite file.

    Raises NurtureError when the URL cannot be read. Nothing is migrated: see `migrate`.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise NurtureError(
            "the database URL cannot be read",
            where="NURTURE_DATABASE_URL",
            do="write sqlite:///path/to/nurture.db or postgresql://user@host/name",
        ) from error
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=16, max_overflow=48, pool_pre_ping=True, **_EVERY)
    if parsed.database and parsed.database != ":memory:":
        folder = Path(parsed.database).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"{folder} cannot be used: {error.strerror}", where="NURTURE_HOME", do="choose another folder"
            ) from error
    engine = create_engine(parsed, pool_size=16, max_overflow=112, pool_timeout=PATIENCE_SECONDS, **_EVERY)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    _WRITERS[engine] = threading.Lock()
    return engine


class Busy(Unavailable):
    """The database could not be written to in the time that whoever asks can wait; nothing was written."""

    def __init__(self) -> None:
        super().__init__("the database is busy", where="the database", do="try again in some seconds")


@contextmanager
def writing(engine: Engine, patience: timedelta | None = None) -> Iterator[Connection]:
    """A transaction that writes: committed at the end of the block, rolled back when it raises. Never nest two.

    `patience`: how long it may wait for others, in real time; then it raises Busy. None: PATIENCE_SECONDS. PostgreSQL
    lets each statement wait so long for a lock, and run four times as long; then it raises OperationalError.
    """
    lock = _WRITERS.get(engine)
    if lock is None:
        with engine.begin() as connection:
            if patience is not None:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_milliseconds(patience)}ms'")
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_milliseconds(4 * patience)}ms'")
            yield connection
        return
    give_up = None if patience is None else time.monotonic() + patience.total_seconds()
    if not lock.acquire(timeout=-1 if patience is None else patience.total_seconds()):
        raise Busy
    try:
        with engine.connect() as connection:
            connection.execution_options(
                nurture_writing=True, nurture_give_up=give_up if patience is not None else None
            )
            with connection.begin():
                yield connection
    finally:
        lock.release()


def _milliseconds(span: timedelta) -> int:
    return max(1, int(span.total_seconds() * 1000))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one consistent view, and no lock."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest revision, in one transaction; two processes may do so at once."""
    with writing(engine) as connection:
        claim(connection, ["a migration"])
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def settle_log(engine: Engine) -> None:
    """Take what was written into the file itself, so that SQLite's log keeps no copy of what was overwritten there.

    As far as readers let it: what they still look at goes with the next time. PostgreSQL sees to its own log.
    """
    if engine.dialect.name != "sqlite":
        return
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


class Changes:
    """A cheap question for pollers: may another connection have committed since it was last asked?

    Call it; close it with `close`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._kept: Connection | None = None
        self._version: object = None

    def __call__(self) -> bool:
        """True at the first call, and whenever a commit of another connection may have happened since the last one."""
        with self._lock:
            if self._kept is None:
                # out of the pool for good: SQLite's number is only comparable on one and the same connection
                self._kept = self._engine.connect()
            try:
                version = self._kept.exec_driver_sql(_VERSION[self._engine.dialect.name]).scalar()
                self._kept.rollback()
            except DBAPIError:  # the server has gone: the next question is asked on a new connection
                self._kept.close()
                self._kept = None
                raise
            changed: bool = version != self._version
            self._version = version
            return changed

    def close(self) -> None:
        """Give the kept connection back."""
        with self._lock:
            if self._kept is not None:
                self._kept.close()
                self._kept = self._version = None


_VERSION = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT CAST(pg_current_snapshot() AS text)"}
"""What differs once a transaction that wrote has ended; on PostgreSQL also once one has begun."""


def _json(value: Any) -> str:
    # as people write it, so that a search in the text of a JSON column finds Japanese words
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_EVERY: dict[str, Any] = {"json_serializer": _json, "hide_parameters": True}
"""For every engine. Parameters stay out of the texts of errors: they hold addresses, and errors go far."""


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says so
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten: people may ask to be forgotten
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        _patiently(lambda: cursor.execute("PRAGMA journal_mode = WAL"))
    cursor.close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("nurture_writing"):
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - this listener hangs on SQLite engines only
        _begin_writing(raw, connection.get_execution_options().get("nurture_give_up"))
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(raw: sqlite3.Connection, give_up: float | None) -> None:
    if give_up is None:
        _patiently(lambda: raw.execute("BEGIN IMMEDIATE"))
        return
    raw.execute(f"PRAGMA busy_timeout = {max(1, int((give_up - time.monotonic()) * 1000))}")
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Busy from error
        raise
    finally:
        raw.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")


def _patiently(act: Callable[[], object]) -> None:
    """Do it again as long as the database is locked: nothing has been written yet, so nothing can be lost."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            act()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > give_up:
                raise Busy from error
            time.sleep(0.01)
        else:
            return
