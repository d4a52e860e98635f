"""Measures questions about all leads where there are a million of them, and writes the figures to docs/performance.md.

    python -m tests.bench.at_size sqlite
    python -m tests.bench.at_size postgresql --leads 100000 --parts segments --dry
    python -m tests.bench.at_size sqlite --keep million.db      # filled where it is not there yet, and used again

The parts: `segments` (who fits), `rescoring` (who becomes hot by a changed model). Each runs in a process of its own,
so that the memory told is that of the questions, and not of whoever filled the tables.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, select

from adapters.database.engine import migrate, open_database, reading
from adapters.database.schema import leads
from tests.bench import rescoring, segments
from tests.bench.population import fill
from tests.bench.report import machine, write
from tests.bench.stage import free_port, say
from tests.databases import PostgresqlDatabases
from tests.postgresql import DURABLE, PostgresqlServer

ROUNDS = 2
PARTS: dict[str, Callable[[Engine], str]] = {
    "segments": segments.measure,
    "rescoring": lambda engine: rescoring.measure(engine, ROUNDS),
}


def main() -> None:
    """Fill, ask, tell."""
    said = argparse.ArgumentParser(
        prog="python -m tests.bench.at_size", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    said.add_argument("kind", choices=("sqlite", "postgresql"))
    said.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=tuple(PARTS), help="default: all")
    said.add_argument("--leads", type=int, default=1_000_000)
    said.add_argument("--events", type=int, default=20, help="of each lead")
    said.add_argument("--keep", type=Path, help="a SQLite file that is filled where it is not there yet, and kept")
    said.add_argument("--dry", action="store_true", help="write nothing into docs/performance.md")
    asked = said.parse_args()
    with database(asked.kind, asked.keep) as url:
        began = time.perf_counter()
        alone(filled, url, asked.leads, asked.events)
        say(f"{asked.kind}: everybody is there after {time.perf_counter() - began:.0f} s")
        for part in asked.parts:
            alone(told, url, part, asked.kind, asked.dry)


def alone(act: Callable[..., None], *of: object) -> None:
    """Do it in a process of its own; ends this one, too, where it fails."""
    process = multiprocessing.get_context("spawn").Process(target=act, args=of)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{act.__name__} ended with {process.exitcode}")


def filled(url: str, count: int, each: int) -> None:
    """Make the tables, and fill them where nobody is in them yet."""
    engine = open_database(url)
    migrate(engine)
    if not number_of_leads(engine):
        fill(engine, count, each)
    engine.dispose()


def told(url: str, part: str, kind: str, dry: bool) -> None:
    """Measure one part, print its table, and keep it."""
    engine = open_database(url)
    table = PARTS[part](engine)
    how = f"{number_of_leads(engine):,} leads"
    engine.dispose()
    say(f"{part}, {kind}: {machine()}\n\n{table}")
    if not dry:
        say(f"written to {write(part, kind, how, table)}")


def number_of_leads(engine: Engine) -> int:
    """How many there are."""
    with reading(engine) as conn:
        return conn.execute(select(func.count()).select_from(leads)).scalar_one()


@contextmanager
def database(kind: str, keep: Path | None) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards, or of a file that is kept."""
    with ExitStack() as stack:
        if keep is not None:
            yield f"sqlite:///{keep}"
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nurture-at-size-")))
        if kind == "sqlite":
            yield f"sqlite:///{folder / 'nurture.db'}"
            return
        server = stack.enter_context(PostgresqlServer(free_port(), DURABLE))
        databases = PostgresqlDatabases(server)
        stack.callback(databases.close)
        yield databases.empty(folder)


if __name__ == "__main__":
    main()
