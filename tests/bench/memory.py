"""How much memory of the worker's process leads take that wait, with its workflow cache as it is by default.

The worker is a new one, warmed by a few leads. Its resident memory is read again each time more leads wait: up to the
size of the cache each costs something, beyond it the oldest is put out, and costs nothing until it is wanted again.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from adapters.temporal_server import is_polled_by
from nurture.protocol import TASK_QUEUE
from tests.bench.stage import Bench, say

CACHE = 1000
"""Temporal's default: how many workflows a worker keeps in memory."""
WARM = 50


def pid_of_worker(bench: Bench) -> int:
    """The worker's process."""
    return int((bench.whole.home / "run" / "worker.pid").read_text(encoding="ascii").split()[0])


def resident(pid: int) -> float:
    """MiB of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/{pid}/status shows no VmRSS: memory is measured on Linux only")


async def new_worker(bench: Bench) -> int:
    """End the worker; the pid of the one that has taken its place and polls."""
    old = bench.whole.kill("worker")
    for _ in range(300):
        pid = pid_of_worker(bench)
        if pid != old and await is_polled_by(
            bench.client.service_client, pid, namespace=bench.client.namespace, queue=TASK_QUEUE
        ):
            return pid
        await asyncio.sleep(0.1)
    raise SystemExit("no new worker took tasks within 30 s")


async def measure(bench: Bench, count: int) -> tuple[str, list[str]]:
    """Let leads wait, half the cache at a time, and look each time they are twice as many; the table, and the leads."""
    pid = await new_worker(bench)
    await bench.waiting("warm", WARM)
    await asyncio.sleep(3)
    without = resident(pid)
    say(f"worker without waiting leads: {without:.0f} MiB")
    names: list[str] = []
    seen: list[tuple[int, float]] = []
    while len(names) < count:
        names += await bench.waiting(f"wait{len(names)}x", min(CACHE // 2, count - len(names)))
        await asyncio.sleep(3)
        more = resident(pid) - without
        say(f"{len(names)} leads wait: {more:.1f} MiB more")
        if len(names) in (count, CACHE // 2) or (seen and len(names) >= 2 * seen[-1][0]):
            seen.append((len(names), more))
    return table(without, seen), names


def table(without: float, seen: list[tuple[int, float]]) -> str:
    """The figures as a Markdown table; beyond the cache the last figure stands for any number of leads."""
    lines = ["| waiting leads | MiB of the worker | more than without |", "|---|---|---|"]
    lines += [f"| {leads} | {without + more:.0f} | {more:.1f} |" for leads, more in [(0, 0.0), *seen]]
    return "\n".join(lines) + "\n"
