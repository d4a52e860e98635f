"""How many mail events a second the webhook acknowledges, and how long until all are applied, against a floor.

Batches of 1,000 signed events of different leads, each an open of a mail whose lead waits for a click: every one is
stored, numbered, told to its workflow and applied there. The floor (floor_web.py) takes the same bodies by turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.mail.outbox import Signer
from tests.bench.provider import Signed, client_of, event_of, post, signed
from tests.bench.stage import Bench, beside, free_port, say, until

EVENTS_OF_A_BATCH = 1000
BATCHES = 10
IN_FLIGHT = 2
"""How many requests are on their way at once: a provider does not wait for one answer before the next request."""


@dataclass
class Measured:
    """Round by round: events a second, and seconds from the first request until all were applied."""

    rates: list[float] = field(default_factory=list)
    applied: list[float] = field(default_factory=list)


def batches(signer: Signer, names: Sequence[str], before: int, turn: int) -> list[Signed]:
    """The requests of one round: every event of a lead is at another second `before`, so that no two are one."""
    of_a_round = BATCHES * EVENTS_OF_A_BATCH
    numbers = range(turn * of_a_round, (turn + 1) * of_a_round)
    events = [event_of(names[number % len(names)], "open", before - number // len(names)) for number in numbers]
    return [
        signed(signer, events[start : start + EVENTS_OF_A_BATCH]) for start in range(0, len(events), EVENTS_OF_A_BATCH)
    ]


async def handed_in(url: str, requests: Sequence[Signed]) -> float:
    """Post them all; the seconds until the last was acknowledged."""
    gate = asyncio.Semaphore(IN_FLIGHT)
    async with client_of(url) as web:

        async def one(request: Signed) -> None:
            async with gate:
                await post(web, request)

        began = time.perf_counter()
        await asyncio.gather(*(one(request) for request in requests))
        return time.perf_counter() - began


async def measure(bench: Bench, names: Sequence[str], rounds: int) -> str:
    """Floor and engine by turns; the table."""
    signer, port, before = Signer.of(bench.engine), free_port(), int(time.time())
    found = {"floor": Measured(), "webhook": Measured()}
    total = BATCHES * EVENTS_OF_A_BATCH
    with beside(bench.whole, "tests.bench.floor_web", str(port)):
        for turn in range(rounds):
            requests = batches(signer, names, before, turn)
            found["floor"].rates.append(total / await handed_in(f"http://127.0.0.1:{port}", requests))
            began = time.perf_counter()
            found["webhook"].rates.append(total / await handed_in(bench.whole.web, requests))
            await until(bench.quiet)
            found["webhook"].applied.append(time.perf_counter() - began)
            say(
                f"round {turn + 1}: floor {found['floor'].rates[-1]:.0f} events/s, webhook "
                f"{found['webhook'].rates[-1]:.0f} events/s, applied after {found['webhook'].applied[-1]:.1f} s"
            )
    return table(found, total)


def table(found: dict[str, Measured], total: int) -> str:
    """The figures as a Markdown table; the ratio is the median of the rounds' own ratios."""
    floor, engine = found["floor"], found["webhook"]
    ratio = statistics.median(mine / its for mine, its in zip(engine.rates, floor.rates, strict=True))
    applied = statistics.median(engine.applied)
    return (
        f"| | events/s acknowledged | of the floor | s until all {total} are applied | events/s applied |\n"
        "|---|---|---|---|---|\n"
        f"| floor | {statistics.median(floor.rates):.0f} | 1.00 | | |\n"
        f"| webhook | {statistics.median(engine.rates):.0f} | {ratio:.2f} | {applied:.1f} | {total / applied:.0f} |\n"
    )
