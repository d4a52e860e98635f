"""Measures the engine on one kind of database, and writes the figures to docs/performance.md.

    python -m tests.bench sqlite
    python -m tests.bench postgresql --parts webhook latency --leads 1000 --rounds 1 --dry

The parts share one start of everything: `throughput` (leads a second), `memory` (of the worker, by waiting leads),
`webhook` (events a second, and until they are applied), `latency` (from a click to the next mail), `hot` (from an event
that makes a lead hot to its task). `pages` (how soon the console answers) needs only a database and the web process.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench import hot, latency, memory, pages, throughput, webhook
from tests.bench.report import write
from tests.bench.stage import bench_of, say, stage
from tests.e2e.whole import Whole

PARTS = ("throughput", "memory", "webhook", "latency", "hot", "pages")


async def run(whole: Whole, asked: argparse.Namespace) -> None:
    """The parts asked for, in an order that lets one use the leads of another."""

    def report(part: str, how: str, table: str) -> None:
        tell(asked, part, how, table)

    bench = await bench_of(whole)
    count, rounds, parts = asked.leads, asked.rounds, asked.parts
    names: list[str] = []
    if "throughput" in parts:
        some = max(1, count // 10)
        found = await throughput.measure(bench, some, rounds)
        report("throughput", f"{some} leads, {rounds} rounds", found)
    if "memory" in parts:
        found, names = await memory.measure(bench, asked.waiting)
        names = names[:count]
        report("memory", f"a cache of {memory.CACHE} workflows", found)
    if {"webhook", "latency"} & set(parts) and len(names) < count:
        names = await bench.waiting("waitx", count)
        say(f"{count} leads wait")
    if "webhook" in parts:
        found = await webhook.measure(bench, names, rounds)
        of_a_round = f"{webhook.BATCHES} batches of {webhook.EVENTS_OF_A_BATCH}"
        report("webhook", f"{count} waiting leads, {of_a_round}, {webhook.IN_FLIGHT} at once, {rounds} rounds", found)
    if "latency" in parts:
        some = min(300, count)
        found = await latency.measure(bench, names[:some], rounds)
        report("latency", f"{some} clicks, {latency.EVENTS_PER_SECOND} a second, {rounds} rounds", found)
    if "hot" in parts:
        some = min(500, max(20, count // 4))
        with tempfile.TemporaryDirectory(prefix="nurture-bench-hot-") as folder:
            found = await hot.measure(bench, Path(folder), some, rounds)
        report("hot", f"{some} events, {hot.EVENTS_PER_SECOND} a second, {rounds} rounds", found)
    bench.engine.dispose()


def tell(asked: argparse.Namespace, part: str, how: str, table: str) -> None:
    """Print a table, and keep it."""
    say(f"{part}, {asked.kind}: {how}\n\n{table}")
    if not asked.dry:
        say(f"written to {write(part, asked.kind, how, table)}")


def main() -> None:
    """Start everything, measure, stop."""
    say_how = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    say_how.add_argument("kind", choices=("sqlite", "postgresql"))
    say_how.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    say_how.add_argument("--leads", type=int, default=2000, help="how many wait; a tenth goes through throughput")
    say_how.add_argument("--waiting", type=int, default=10_000, help="how many wait where memory is measured")
    say_how.add_argument("--rounds", type=int, default=3, help="how often floor and engine take turns")
    say_how.add_argument("--page-leads", type=int, default=100_000, help="how many there are where pages are asked for")
    say_how.add_argument("--page-events", type=int, default=2_000_000, help="how many events they have together")
    say_how.add_argument("--dry", action="store_true", help="write nothing into docs/performance.md")
    asked = say_how.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was done"))  # what was started is stopped
    if {"pages"} & set(asked.parts):
        tell(asked, "pages", *pages.measure(asked.kind, asked.page_leads, asked.page_events))
    if set(asked.parts) - {"pages"}:
        with stage(asked.kind) as whole:
            asyncio.run(run(whole, asked))


if __name__ == "__main__":
    main()
