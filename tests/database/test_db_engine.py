"""Opening, locking, migrating and watching a database."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from adapters.database.engine import MIGRATIONS, Changes, migrate, open_database, reading, writing
from adapters.database.schema import audit, consents, leads, metadata
from nurture.errors import NurtureError
from tests.databases import Databases

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from datetime import UTC, datetime
from sqlalchemy import func, insert, select
from adapters.database.engine import migrate, open_database, writing
from adapters.database.schema import audit

engine = open_database(sys.argv[1])
migrate(engine)
for _ in range(int(sys.argv[2])):
    with writing(engine) as conn:
        seen = conn.execute(select(func.count()).select_from(audit)).scalar_one()
        conn.execute(insert(audit).values(at=datetime.now(UTC), by=sys.argv[3], did=str(seen)))
"""


def _write(engine: Engine, by: str) -> None:
    with writing(engine) as conn:
        seen = conn.execute(select(func.count()).select_from(audit)).scalar_one()
        conn.execute(insert(audit).values(at=AT, by=by, did=str(seen)))


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_make_exactly_the_tables_of_the_schema(engine: Engine) -> None:
    """Metadata and revisions cannot drift apart: a migrated file differs from the schema in nothing.

    But for an index of an expression, which databases tell in words of their own, or not at all: that it serves is
    tested in test_db_what_pages_ask.
    """

    def comparable(_each: object, name: str | None, kind: str, *_: object) -> bool:
        return (kind, name) != ("index", "ix_leads_company")

    how = {"compare_type": True, "include_object": comparable}
    with reading(engine) as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts=how), metadata) == []


def test_a_database_is_made_with_its_folder_and_keeps_every_commit(tmp_path: Path) -> None:
    """The folder is created; WAL, full synchronisation and foreign keys are on."""
    engine = open_database(f"sqlite:///{tmp_path}/deep/down/nurture.db")
    migrate(engine)
    with reading(engine) as conn:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        pragmas = [conn.execute(text(f"PRAGMA {name}")).scalar() for name in asked]
    engine.dispose()
    assert pragmas == ["wal", 2, 1]


def test_a_url_that_cannot_be_read_says_what_to_write() -> None:
    """The error names the setting and shows a good URL."""
    with pytest.raises(NurtureError, match=r"NURTURE_DATABASE_URL.*sqlite:///"):
        open_database("nonsense")


def test_an_entry_of_an_unknown_lead_is_refused_by_the_database(engine: Engine) -> None:
    """Foreign keys are enforced."""
    with pytest.raises(IntegrityError), writing(engine) as conn:
        conn.execute(insert(consents).values(lead="nobody", topic="t", basis="opt_in", at=AT))


def test_what_fails_leaves_nothing_behind(engine: Engine) -> None:
    """A transaction that raises is rolled back."""
    with pytest.raises(IntegrityError), writing(engine) as conn:  # noqa: PT012 - two statements make the point
        conn.execute(insert(audit).values(at=AT, by="me", did="x"))
        conn.execute(insert(consents).values(lead="nobody", topic="t", basis="opt_in", at=AT))
    with reading(engine) as conn:
        assert conn.execute(select(func.count()).select_from(audit)).scalar() == 0


def test_threads_and_processes_write_at_once_and_none_is_turned_away(tmp_path: Path) -> None:
    """Two processes that migrate and write while threads write too: no lock error, and no read-then-write is lost."""
    url = f"sqlite:///{tmp_path}/nurture.db"
    engine = open_database(url)
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, "25", f"process {number}"], cwd=ROOT)
        for number in range(2)
    ]
    migrate(engine)

    def work() -> None:
        for _ in range(10):
            _write(engine, "thread")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    with reading(engine) as conn:
        counted = list(conn.execute(select(audit.c.did).order_by(audit.c.id)).scalars())
    engine.dispose()
    assert counted == [str(number) for number in range(90)]


def test_a_reader_sees_one_state_and_blocks_nobody(engine: Engine) -> None:
    """What is committed while a reader reads is not in its view; the writer does not wait for it."""
    with reading(engine) as conn:
        before = conn.execute(select(func.count()).select_from(audit)).scalar()
        _write(engine, "somebody")
        after = conn.execute(select(func.count()).select_from(audit)).scalar()
    assert (before, after) == (0, 0)


def test_a_poller_learns_of_commits_and_of_nothing_else(engine: Engine) -> None:
    """The first answer is yes; then yes after a commit, no after reading."""
    with contextlib.closing(Changes(engine)) as changed:
        assert [changed(), changed()] == [True, False]
        with reading(engine) as conn:
            conn.execute(select(audit)).all()
        assert changed() is False
        _write(engine, "somebody")
        assert [changed(), changed()] == [True, False]


def test_a_naive_time_is_never_stored(engine: Engine) -> None:
    """An instant without a zone is refused where it would be written."""
    with pytest.raises(Exception, match="no time zone"), writing(engine) as conn:
        conn.execute(insert(audit).values(at=datetime(2026, 1, 1), by="me", did="x"))  # noqa: DTZ001


def test_records_of_before_states_were_kept_are_numbered_anew(databases: Databases, tmp_path: Path) -> None:
    """A state was kept of idle leads only: one that woke up since must not go on from it, and any record may follow."""
    engine = open_database(databases.empty(tmp_path))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        for name, retired in (("idle", True), ("awake", False)):
            conn.execute(
                text(
                    "INSERT INTO leads (id, language, attributes, created_at, last_seq, last_enrolment, started,"
                    " pending, retired, seq, record, position, status, state) VALUES (:id, 'ja', '{}',"
                    " '2026-11-02 01:00:00', 3, 0, true, false, :retired, 3, 57, '{}', 'idle',"
                    ' \'{"lead": "x", "records": 20}\')'
                ),
                {"id": name, "retired": retired},
            )
    migrate(engine)
    with reading(engine) as conn:
        rows = conn.execute(select(leads.c.id, leads.c.record, leads.c.state).order_by(leads.c.id)).all()
    engine.dispose()
    assert [(row.id, row.record, row.state) for row in rows] == [
        ("awake", 0, None), ("idle", 0, {"lead": "x", "records": 20}),
    ]  # fmt: skip
