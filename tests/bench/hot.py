"""How long from the 202 of an event that makes a lead hot to the row of its task, at 50 events a second.

Each event is a request of its own to `POST /events`, of a lead that no event has touched; half of the leads walk a
scenario, half are in none. Measured from the answer to the moment at which the row is first seen by whoever asks the
database every 20 ms. Once every event makes its lead hot, once every tenth does and the others give points only. The
floor is a signal to a minimal workflow whose one activity inserts a row, at the same rate by turns.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine, select

from adapters.database.engine import reading
from adapters.database.schema import handoffs
from tests.bench.floor import QUEUE, FloorTask
from tests.bench.floor_worker import sent
from tests.bench.latency import Measured
from tests.bench.stage import TWO_MAILS, WAITING, Bench, for_each, say, until
from tests.e2e.conftest import write_folder

EVENTS_PER_SECOND = 50
LOOK_EVERY = 0.02
SCORE = """\
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 15}
behaviours:
  - {item: demo_request, when: {requested: demo}, points: 50}
  - {item: pricing_page, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 30d}}
  - {item: seminar, when: {attended: seminar}, points: 10, repeat: each_subject, cap: 30}
  - {item: newsletter_open, when: {opened: any}, points: 3, repeat: each_subject, cap: 15, fades: {half_life: 60d}}
"""
HOT = """\
any:
  - {score: total, at_least: 50}
  - all: [{phase: {at_least: comparison}}, {did: {attended: consultation}}, {did: {attended: seminar}}]
queue: inside
"""
MAP = """\
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {any: [{did: {attended: seminar}}, {did: {visited: /pricing}}]}}
  - {phase: decision, reached_when: {did: {requested: any}}}
"""
ATTRIBUTES = "employees: {type: number, axis: demographic}\n"
Seen = Callable[[Sequence[str]], set[str]]


def with_definition(folder: Path) -> Path:
    """The folder of the other parts with a score, phases and a hot lead definition as the sample has them."""
    more = {"score": SCORE, "hot_lead": HOT, "journey_map": MAP, "attributes": ATTRIBUTES}
    return write_folder(folder, TWO_MAILS, waiting=WAITING, **more)


def with_sales(engine: Engine, names: Sequence[str]) -> set[str]:
    """Which of these leads have a task."""
    with reading(engine) as conn:
        return set(conn.execute(select(handoffs.c.lead).where(handoffs.c.lead.in_(names))).scalars())


def in_floor(engine: Engine, names: Sequence[str]) -> set[str]:
    """Which of these minimal workflows have inserted their row."""
    keys = {f"{name}/task": name for name in names}
    with reading(engine) as conn:
        return {keys[key] for key in conn.execute(select(sent.c.key).where(sent.c.key.in_(keys))).scalars()}


async def paced(names: Sequence[str], act: Callable[[str], Awaitable[None]], of: set[str], seen: Seen) -> list[float]:
    """Act for each name in its turn, whether or not earlier ones were answered; the milliseconds of those `of` whom."""
    began, answered, found = time.perf_counter(), dict[str, float](), dict[str, float]()

    async def one(place: int, name: str) -> None:
        await asyncio.sleep(place / EVENTS_PER_SECOND - (time.perf_counter() - began))
        await act(name)
        answered[name] = time.perf_counter()

    def look() -> bool:
        missing = [name for name in of if name not in found]
        now_there = seen(missing)
        at = time.perf_counter()
        found.update(dict.fromkeys(now_there, at))
        return len(found) == len(of)

    watching = asyncio.create_task(until(look, look_every=LOOK_EVERY))
    await asyncio.gather(*(one(place, name) for place, name in enumerate(names)), watching)
    return [max(0.0, found[name] - answered[name]) * 1000 for name in of]


async def measure(bench: Bench, folder: Path, leads: int, rounds: int) -> str:
    """Floor, every event hot, every tenth hot, by turns; the table."""
    done = bench.whole.run("deploy", str(with_definition(folder)))
    if done.returncode:
        raise SystemExit(done.stderr)
    bench.store.refresh()
    inside = await bench.waiting("hotin", leads * rounds)
    outside = [f"hotout{number:05}" for number in range(leads * rounds)]
    await asyncio.to_thread(bench.made, outside)
    names = [name for pair in zip(inside, outside, strict=True) for name in pair]
    floors = [f"hotfloor{number:05}" for number in range(leads * rounds)]

    async def start(name: str) -> None:
        await bench.client.start_workflow(FloorTask.run, name, id=f"floor/{name}", task_queue=QUEUE)

    async def signal(name: str) -> None:
        await bench.client.get_workflow_handle(f"floor/{name}").signal("hot")

    await for_each(floors, start)
    await until(bench.quiet)
    found = {way: Measured() for way in ("floor", "every event", "every tenth event")}
    async with bench.web() as web:

        def tells(hot: set[str]) -> Callable[[str], Awaitable[None]]:
            async def tell(name: str) -> None:
                what = ("requested", "demo") if name in hot else ("visited", "/pricing")
                event = {"id": f"{name}/{what[0]}", "lead": name, "type": what[0], "subject": what[1]}
                answer = (await web.post("/events", json={"events": [event]})).raise_for_status()
                if answer.status_code != 202:
                    raise RuntimeError(answer.text)

            return tell

        for turn in range(rounds):
            mine = floors[turn * leads : (turn + 1) * leads]
            every = names[turn * leads * 2 : turn * leads * 2 + leads]
            some = names[turn * leads * 2 + leads : (turn + 1) * leads * 2]
            ways = {
                "floor": (mine, signal, set(mine), lambda names: in_floor(bench.engine, names)),
                "every event": (every, tells(set(every)), set(every), lambda names: with_sales(bench.engine, names)),
                "every tenth event": (
                    some, tells(set(some[::10])), set(some[::10]), lambda names: with_sales(bench.engine, names),
                ),
            }  # fmt: skip
            for way, (whom, act, of, seen) in ways.items():
                found[way].rounds.append(await paced(whom, act, of, seen))
                await until(bench.quiet)
                await asyncio.sleep(2)
                last = Measured(found[way].rounds[-1:])
                say(f"round {turn + 1}, {way}: p50 {last.percentile(0.5):.0f} ms, p99 {last.percentile(0.99):.0f} ms")
    return table(found)


def table(found: dict[str, Measured]) -> str:
    """The figures as a Markdown table."""
    lines = ["| makes a lead hot | p50 | p99 | p50 of the floor | p99 of the floor |", "|---|---|---|---|---|"]
    for way, each in found.items():
        ratios = [f"{each.of(found['floor'], share):.2f}" for share in (0.5, 0.99)]
        lines.append(
            f"| {way} | {each.percentile(0.5):.0f} ms | {each.percentile(0.99):.0f} ms | {' | '.join(ratios)} |"
        )
    return "\n".join(lines) + "\n"
