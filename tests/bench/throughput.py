"""How many leads a second the engine takes through two mails and one event, against the floor in the same run.

All are measured from the first start call to the second mail of the last lead accepted by the sink: the floor, the
engine by direct signals, and the engine fed through web and relay, by turns on the same server; and for each way, how
many events and bytes the history of one lead has once it waits.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from temporalio.client import Client

from adapters.database.engine import reading
from adapters.database.numbering import stored_after
from adapters.database.schema import inbox
from adapters.starting import start_lead
from nurture import protocol
from nurture.clock import Epoch
from nurture.entries import Delivery, Happening
from tests.bench.floor import QUEUE, FloorWorkflow
from tests.bench.stage import Bench, for_each, say

REACTS_AFTER = 0.3
"""Seconds between the acceptance of a mail and the reaction: nobody signs up before the workflow waits for it."""


def mails(bench: Bench, prefix: str, subject: str) -> set[str]:
    """The leads of a run whose mail with this subject the sink has accepted."""
    with reading(bench.engine) as conn:
        found = conn.execute(select(inbox.c.to).where(inbox.c.to.startswith(prefix), inbox.c.subject == subject))
        return {address.partition("@")[0] for address in found.scalars()}


async def react(
    bench: Bench,
    prefix: str,
    count: int,
    subjects: tuple[str, str],
    act: Callable[[Sequence[str]], Awaitable[None]],
) -> None:
    """Let every lead react to its first mail a moment after that is seen, until all second mails are there."""
    first, second = subjects
    seen: dict[str, float] = {}
    reacted: set[str] = set()
    while len(await asyncio.to_thread(mails, bench, prefix, second)) < count:
        now = time.perf_counter()
        seen |= dict.fromkeys(await asyncio.to_thread(mails, bench, prefix, first) - seen.keys(), now)
        fresh = sorted(name for name, at in seen.items() if name not in reacted and now - at > REACTS_AFTER)
        if fresh:
            reacted |= set(fresh)
            await act(fresh)
        await asyncio.sleep(0.05)


async def floor(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The minimal workflow."""

    async def start(name: str) -> None:
        await bench.client.start_workflow(FloorWorkflow.run, name, id=f"floor/{name}", task_queue=QUEUE)

    async def signal(name: str) -> None:
        await bench.client.get_workflow_handle(f"floor/{name}").signal("signed_up")

    starting = asyncio.create_task(for_each(names, start))
    await react(bench, prefix, len(names), ("mail 1", "mail 2"), lambda fresh: for_each(fresh, signal))
    await starting
    return f"floor/{names[0]}"


async def direct(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The engine, its workflows started and signalled by hand."""
    epoch = Epoch(real=datetime.now(UTC), nurture=datetime.now(UTC))
    number = bench.store.current().number
    with reading(bench.engine) as conn:
        stored = {name: stored_after(conn, name, 0) for name in names}

    async def start(name: str) -> None:
        await start_lead(bench.client, name, epoch, stored[name])

    async def signal(name: str) -> None:
        now = datetime.now(UTC)
        event = Happening(
            id=f"{name}/1", type="signed_up", subject="seminar", seq=3, at=now, received_at=now, deployment=number
        )
        handle = bench.client.get_workflow_handle(protocol.lead_workflow_id(name))
        await handle.signal(protocol.DELIVER, Delivery(entries=(event,)))

    starting = asyncio.create_task(for_each(names, start))
    await react(bench, prefix, len(names), ("mail_a", "mail_b"), lambda fresh: for_each(fresh, signal))
    await starting
    return protocol.lead_workflow_id(names[0])


async def relayed(bench: Bench, names: Sequence[str], prefix: str) -> str:
    """The engine, fed over HTTP: enrolments and events go through web, database and relay."""
    async with bench.web() as web:

        async def sign_up(fresh: Sequence[str]) -> None:
            events = [{"id": f"{name}/1", "lead": name, "type": "signed_up", "subject": "seminar"} for name in fresh]
            (await web.post("/events", json={"events": events})).raise_for_status()

        starting = asyncio.create_task(bench.enrol("two_mails", names))
        await react(bench, prefix, len(names), ("mail_a", "mail_b"), sign_up)
        await starting
    return protocol.lead_workflow_id(names[0])


WAYS: dict[str, Callable[[Bench, Sequence[str], str], Awaitable[str]]] = {
    "floor": floor,
    "direct signals": direct,
    "web and relay": relayed,
}


@dataclass
class Measured:
    """The rates of one way, round by round, and the history of one of its leads once it was quiet."""

    rates: list[float] = field(default_factory=list)
    events: int = 0
    size: int = 0


async def measure(bench: Bench, count: int, rounds: int) -> str:
    """All ways by turns; the table."""
    found = {way: Measured() for way in WAYS}
    for turn in range(rounds):
        for way, walk in WAYS.items():
            prefix = f"{way.partition(' ')[0]}{turn}x"
            names = [f"{prefix}{number:05}" for number in range(count)]
            if walk is not floor:
                bench.made(names, told="two_mails" if walk is direct else None)
            began = time.perf_counter()
            example = await walk(bench, names, prefix)
            found[way].rates.append(count / (time.perf_counter() - began))
            await asyncio.sleep(2)  # what was begun is finished, and disturbs nobody
            found[way].events, found[way].size = await histories(bench.client, example, names)
            say(f"round {turn + 1}, {way}: {found[way].rates[-1]:.1f} leads/s")
    return table(found)


async def histories(client: Client, example: str, names: Sequence[str]) -> tuple[int, int]:
    """The median of events and bytes over some leads: how signals and answers meet differs from lead to lead.

    Looked at again until nothing is added any more: on a busy machine the last answers take a while.
    """
    some = [example.replace(names[0], name) for name in names[:: max(1, len(names) // 25)]]
    before: list[int] = []
    while True:
        told = [await client.get_workflow_handle(each).describe() for each in some]
        lengths = [each.history_length for each in told]
        if lengths == before:
            break
        before = lengths
        await asyncio.sleep(1)
    return int(statistics.median(lengths)), int(statistics.median(each.raw_info.history_size_bytes for each in told))


def table(found: dict[str, Measured]) -> str:
    """The figures as a Markdown table; the ratio is the median of the rounds' own ratios."""
    lines = ["| | leads/s | of the floor | history events | of the floor | bytes |", "|---|---|---|---|---|---|"]
    base = found["floor"]
    for way, each in found.items():
        ratio = statistics.median(mine / its for mine, its in zip(each.rates, base.rates, strict=True))
        lines.append(
            f"| {way} | {statistics.median(each.rates):.1f} | {ratio:.2f} | {each.events} "
            f"| {each.events / base.events:.2f} | {each.size} |"
        )
    return "\n".join(lines) + "\n"
