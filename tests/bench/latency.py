"""How long from a click told to the webhook to the next mail, at 20 events a second, against a floor.

A click of a waiting lead is posted, signed, as a request of its own; measured to the instant that the send ledger gives
to the acceptance of the next mail. The floor is a signal to the minimal workflow (floor.py) to the instant of its
second mail, at the same rate by turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from adapters.database.engine import reading
from adapters.database.schema import sends
from adapters.mail.outbox import Signer
from tests.bench.floor import QUEUE, FloorWorkflow
from tests.bench.floor_worker import sent
from tests.bench.provider import client_of, event_of, post, signed
from tests.bench.stage import Bench, for_each, say, until

EVENTS_PER_SECOND = 20


@dataclass
class Measured:
    """Milliseconds, round by round."""

    rounds: list[list[float]] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Over all rounds."""
        values = sorted(value for each in self.rounds for value in each)
        return values[min(int(len(values) * share), len(values) - 1)]

    def of(self, floor: Measured, share: float) -> float:
        """The median of the rounds' own ratios."""
        pairs = zip(self.rounds, floor.rounds, strict=True)
        return statistics.median(
            Measured([mine]).percentile(share) / Measured([its]).percentile(share) for mine, its in pairs
        )


def told_by_engine(engine: Engine, names: Sequence[str]) -> dict[str, datetime]:
    """When the provider took the second mail of each lead."""
    with reading(engine) as conn:
        rows = conn.execute(
            select(sends.c.lead, sends.c.accepted_at).where(
                sends.c.lead.in_(names), sends.c.step == "second", sends.c.accepted_at.is_not(None)
            )
        )
        return {row.lead: row.accepted_at for row in rows}


def told_by_floor(engine: Engine, names: Sequence[str], mail: int = 2) -> dict[str, datetime]:
    """When the provider took a mail of each minimal workflow."""
    keys = {f"{name}/floor/1/mail_{mail}/1": name for name in names}
    with reading(engine) as conn:
        rows = conn.execute(select(sent).where(sent.c.key.in_(keys)))
        return {keys[row.key]: datetime.fromisoformat(row.at) for row in rows}


async def paced(
    names: Sequence[str], act: Callable[[str], Awaitable[None]], arrived: Callable[[], dict[str, datetime]]
) -> list[float]:
    """Act for each name in its turn, whether or not earlier ones were answered; the milliseconds of each."""
    began, since = time.perf_counter(), dict[str, datetime]()

    async def one(place: int, name: str) -> None:
        await asyncio.sleep(place / EVENTS_PER_SECOND - (time.perf_counter() - began))
        since[name] = datetime.now(UTC)
        await act(name)

    await asyncio.gather(*(one(place, name) for place, name in enumerate(names)))
    await until(lambda: len(arrived()) == len(names))
    return [(at - since[name]).total_seconds() * 1000 for name, at in arrived().items()]


async def measure(bench: Bench, names: list[str], rounds: int) -> str:
    """Floor and engine by turns, the names shared out between the rounds; the table."""
    signer, found = Signer.of(bench.engine), {"floor": Measured(), "webhook": Measured()}

    async def start(name: str) -> None:
        await bench.client.start_workflow(FloorWorkflow.run, name, id=f"floor/{name}", task_queue=QUEUE)

    async def signal(name: str) -> None:
        await bench.client.get_workflow_handle(f"floor/{name}").signal("signed_up")

    await for_each(names, start)
    await until(lambda: len(told_by_floor(bench.engine, names, 1)) == len(names))
    await until(bench.quiet)
    await asyncio.sleep(2)  # what was begun is finished, and disturbs nobody
    async with client_of(bench.whole.web) as web:

        async def click(name: str) -> None:
            link = {"url": "https://example.com/mail_a", "url_offset": {"index": 0, "type": "html"}}
            await post(web, signed(signer, [event_of(name, "click", int(time.time()), **link)]))

        for turn in range(rounds):
            mine = names[turn::rounds]
            ways = {
                "floor": (signal, lambda mine=mine: told_by_floor(bench.engine, mine)),
                "webhook": (click, lambda mine=mine: told_by_engine(bench.engine, mine)),
            }
            for way, (act, arrived) in ways.items():
                found[way].rounds.append(await paced(mine, act, arrived))
                await asyncio.sleep(1)
                last = Measured(found[way].rounds[-1:])
                say(f"round {turn + 1}, {way}: p50 {last.percentile(0.5):.0f} ms, p99 {last.percentile(0.99):.0f} ms")
    return table(found)


def table(found: dict[str, Measured]) -> str:
    """The figures as a Markdown table."""
    lines = ["| | p50 | p99 | p50 of the floor | p99 of the floor |", "|---|---|---|---|---|"]
    for way, each in found.items():
        ratios = [f"{each.of(found['floor'], share):.2f}" for share in (0.5, 0.99)]
        lines.append(
            f"| {way} | {each.percentile(0.5):.0f} ms | {each.percentile(0.99):.0f} ms | {' | '.join(ratios)} |"
        )
    return "\n".join(lines) + "\n"
