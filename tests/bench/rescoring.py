"""Measures how long it takes to say who becomes hot by a changed model, of all leads there are.

    python -m tests.bench.rescoring sqlite
    python -m tests.bench.rescoring postgresql --leads 100000 --rounds 1
    python -m tests.bench.rescoring sqlite --keep /tmp/bench.db     # filled once, used again

The floor is one plain pass: one process that fetches the same rows in the same order and does nothing with them.
The server of PostgreSQL is not counted in the memory: it has what its settings give it.
"""

from __future__ import annotations

import argparse
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from adapters.database.engine import migrate, open_database, reading
from adapters.database.foresight import hot_by
from adapters.database.rescoring import _EVERYBODY, Question, _Judge, _leads
from adapters.database.schema import leads
from adapters.scenario_folder import read_folder
from nurture.definitions import Definitions
from nurture.loading import definitions_of
from tests.bench.population import NOW, fill
from tests.postgresql import DURABLE, PostgresqlServer

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
EVENTS_EACH = 20


def definitions() -> tuple[Definitions, Definitions]:
    """The sample folder, and one in which points and threshold have changed."""
    old = read_folder(SCENARIOS)
    new = {
        **old,
        "score.yaml": old["score.yaml"].replace("points: 50", "points: 60"),
        "hot_lead.yaml": old["hot_lead.yaml"].replace("at_least: 120", "at_least: 110"),
    }
    return definitions_of(old), definitions_of(new)


def peak() -> float:
    """MiB at most: of this process, and of two others that judge, each as large as the largest ever was.

    Its own is not what `getrusage` says, which begins with what the process had that started it.
    """
    told = Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2]
    return int(told.split()[0]) / 1024 + 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def pass_over(conn: Connection, question: Question) -> int:
    """Fetch all that is asked for, and do nothing with it; how many events that were."""
    judge = _Judge(question)
    fetched = sum(1 for _ in judge._did(conn, _EVERYBODY))
    for _ in conn.execute(_leads(conn, _EVERYBODY)):
        pass
    return fetched


def say(what: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"{datetime.now():%H:%M:%S} {what}\n")  # noqa: DTZ005 - for whoever waits here
    sys.stdout.flush()


def cpu() -> float:
    """Seconds of processors so far, of this process and of those that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measure(engine: Engine, rounds: int) -> str:
    """Both, taking turns; as a table."""
    old, new = definitions()
    rows, became = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        with reading(engine) as conn:
            fetched = pass_over(conn, Question.of(new, old, NOW))
        floor, began, worked = time.perf_counter() - began, time.perf_counter(), cpu()
        with reading(engine) as conn:
            several = conn.execute(select(func.count()).select_from(leads)).scalar_one()
            became = len(hot_by(conn, old, new, NOW).becoming)
        taken = time.perf_counter() - began
        say(f"{fetched} rows fetched in {floor:.1f} s; {several} leads judged in {taken:.1f} s, {became} become hot")
        rows.append((taken, floor, cpu() - worked))
    taken, floor, worked = min(rows)
    return (
        "| | seconds | of processors | leads/s | times the floor | MiB at most |\n|---|---|---|---|---|---|\n"
        f"| {several:,} leads, {fetched:,} events that count | {taken:.0f} | {worked:.0f} | {several / taken:,.0f} | "
        f"{taken / floor:.2f} | {peak():.0f} |\n"
    )


@contextmanager
def database(kind: str, keep: Path | None) -> Iterator[str]:
    """The URL of an empty database, or of a file that is kept."""
    if keep is not None:
        yield f"sqlite:///{keep}"
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="nurture-bench-") as scratch:
            yield f"sqlite:///{scratch}/nurture.db"
    else:
        with PostgresqlServer(free_port(), DURABLE) as server:
            yield server.url


def main() -> None:
    """Fill, measure, tell."""
    say_how = argparse.ArgumentParser(
        prog="python -m tests.bench.rescoring",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    say_how.add_argument("kind", choices=("sqlite", "postgresql"))
    say_how.add_argument("--leads", type=int, default=1_000_000)
    say_how.add_argument("--rounds", type=int, default=2, help="how often both take turns; the best counts")
    say_how.add_argument("--keep", type=Path, help="a SQLite file that is filled where it is not there yet, and kept")
    say_how.add_argument("--url", help="a database that is filled already: only measure")
    asked = say_how.parse_args()
    if asked.url is not None:
        engine = open_database(asked.url)
        sys.stdout.write(measure(engine, asked.rounds))
        engine.dispose()
        return
    there = asked.keep is not None and asked.keep.exists()
    with database(asked.kind, asked.keep) as url:
        if not there:
            engine = open_database(url)
            migrate(engine)
            fill(engine, asked.leads, EVENTS_EACH)
            engine.dispose()
            say(f"{asked.leads} leads with {EVENTS_EACH} events each are there")
        # a process of its own: filling has taken more memory than judging does
        words = [asked.kind, "--url", url, "--rounds", str(asked.rounds)]
        subprocess.run([sys.executable, "-m", "tests.bench.rescoring", *words], check=True)


if __name__ == "__main__":
    main()
