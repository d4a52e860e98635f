"""Measures questions about all leads on one kind of database with a million of them, and prints the figures.

python -m tests.bench.at_size sqlite
python -m tests.bench.at_size postgresql --leads 100000
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from adapters.database.engine import migrate, open_database
from tests.bench import segments
from tests.bench.population import fill
from tests.bench.report import machine
from tests.bench.stage import free_port, say
from tests.databases import PostgresqlDatabases
from tests.postgresql import DURABLE, PostgresqlServer


def main() -> None:
    """Fill, ask, tell."""
    said = argparse.ArgumentParser(
        prog="python -m tests.bench.at_size", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    said.add_argument("kind", choices=("sqlite", "postgresql"))
    said.add_argument("--leads", type=int, default=1_000_000)
    said.add_argument("--events", type=int, default=20, help="of each lead")
    asked = said.parse_args()
    with database(asked.kind) as url:
        began = time.perf_counter()
        # in a process of its own, so that the memory told is that of the questions
        filling = multiprocessing.get_context("spawn").Process(target=filled, args=(url, asked.leads, asked.events))
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit("the database could not be filled")
        say(f"{asked.kind}: {asked.leads} leads, {asked.events} events each, after {time.perf_counter() - began:.0f} s")
        engine = open_database(url)
        conditions = {"four axes and behaviour": segments.FOUR_AXES, "behaviour of all": segments.SLEEPERS}
        table = segments.measure(engine, {name: yaml.safe_load(text) for name, text in conditions.items()})
        engine.dispose()
        say(f"segments, {asked.kind}: {machine()}\n\n{table}")


def filled(url: str, count: int, each: int) -> None:
    """Make the tables, and fill them."""
    engine = open_database(url)
    migrate(engine)
    fill(engine, count, each)
    engine.dispose()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    with ExitStack() as stack:
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
