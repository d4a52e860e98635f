"""Entries on their way from the database to Temporal: none is lost, none overtakes another, nobody waits for others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from adapters.database import numbering
from adapters.database.deployments import deploy
from adapters.database.engine import reading, writing
from adapters.database.schema import entries as entry_rows
from adapters.database.schema import leads as lead_rows
from adapters.delivery import MOST_BYTES
from adapters.relay import SETTLES, Relay
from nurture import protocol
from tests.relay.conftest import FILES, Post, Server, eventually

NewRelay = Callable[..., Awaitable[Relay]]


class Killed(Exception):
    """What a relay does not survive."""


class Dying(Relay):
    """A relay whose process is killed after it has signalled: a real kill cannot be timed to this instant."""

    def _mark(self, told: Mapping[str, int], others: Sequence[str]) -> None:
        raise Killed(told, others)


async def test_an_import_starts_nothing(post: Post) -> None:
    """A profile alone is no reason for a workflow."""
    post.add("a", "b")
    assert await post.relay.once() == 0
    assert await post.signals("a") == []


async def test_the_first_enrolment_starts_the_workflow(post: Post) -> None:
    """Signal with start: the profile goes along, since it has the lower number."""
    post.add("a", "b")
    assert post.enrol("a").state == "enrolled"
    assert await post.relay.once() == 1
    assert await post.signals("a") == [[1, 2]]
    assert await post.signals("b") == []
    assert await post.relay.once() == 0, "what was told is not told again"


async def test_nobody_is_told_of_a_deployment_that_no_worker_may_have_loaded(post: Post) -> None:
    """What is told comes half a second after the relay has seen the new deployment, at the earliest."""
    await post.relay.once()
    post.add("a")
    now = datetime.now(UTC)
    with writing(post.relay.engine) as conn:
        deploy(
            conn,
            {**FILES, "events.yaml": "yawned: {label: a yawn}\n"},
            [],
            by="tests",
            now=now,
            real_now=now - timedelta(days=1),
        )
    post.happen("a", "one")
    seen = datetime.now(UTC)
    await post.relay.once()
    assert await post.signals("a") == [[1, 2]]
    with reading(post.relay.engine) as conn:
        told = conn.execute(select(entry_rows.c.signalled_real).where(entry_rows.c.seq == 1)).scalars().all()
    assert min(told) >= seen + SETTLES


async def test_the_first_event_starts_the_workflow(post: Post) -> None:
    """The event is numbered and told in one round; several at once are one signal."""
    post.add("a")
    post.happen("a", "one", "two", "three")
    await post.relay.once()
    assert await post.signals("a") == [[1, 2, 3, 4]]


async def test_a_profile_is_told_to_a_workflow_that_lives(post: Post) -> None:
    """Once a workflow was started, a changed profile goes there, too."""
    post.add("a")
    post.enrol("a")
    await post.relay.once()
    post.add("a", language="en")
    await post.relay.once()
    assert await post.signals("a") == [[1, 2], [3]]


async def test_each_lead_is_told_in_the_order_of_its_numbers(post: Post) -> None:
    """Round by round and within a round, without gaps."""
    post.add("a", "b")
    for number in range(5):
        for lead in "ab":
            post.happen(lead, f"{number}-x", f"{number}-y")
        await post.relay.once()
    for lead in "ab":
        told = [seq for signal in await post.signals(lead) for seq in signal]
        assert told == list(range(1, 12))


async def test_a_relay_killed_between_signal_and_mark_repeats_harmlessly(post: Post, new_relay: NewRelay) -> None:
    """The next one signals the same numbers to the same workflow, once the claim of the first is over."""
    post.add("a")
    post.enrol("a")
    post.happen("a", "one")
    dying = await new_relay(Dying)
    with pytest.raises(Killed):
        await dying.once()
    assert await post.signals("a") == [[1, 2, 3]]
    for _ in range(200):
        if await post.relay.once():
            break
        await asyncio.sleep(0.1)
    post.happen("a", "two")
    await post.relay.once()
    assert await post.signals("a") == [[1, 2, 3], [1, 2, 3], [4]]
    runs = [each async for each in post.client.list_workflows(f"WorkflowId = 'lead/{post.name('a')}'")]
    assert len({each.run_id for each in runs}) <= 1


async def test_a_thousand_leads_are_told_at_once(post: Post) -> None:
    """Every one of them is started, with everything that is its."""
    names = [f"{number:04}" for number in range(1000)]
    post.add(*names)
    for name in names:
        post.happen(name, "one")
    while await post.relay.once():
        pass
    assert post.pending() == set()
    for name in (names[0], names[499], names[999]):
        assert await post.signals(name) == [[1, 2]]
    with reading(post.store.engine) as conn:
        assert len(conn.execute(select(lead_rows.c.id).where(lead_rows.c.started)).all()) == 1000


async def test_many_entries_of_one_lead_go_in_several_signals(post: Post) -> None:
    """Temporal refuses signals above 2 MB: what is too much for one follows with the next."""
    post.add("a")
    wide = "資料請求" * 100
    post.happen("a", *(f"{number}" for number in range(999)), subject=wide)
    while await post.relay.once():
        pass
    signals = await post.signals("a")
    assert [seq for signal in signals for seq in signal] == list(range(1, 1001))
    assert len(signals) > 3
    assert all(len(signal) * len(wide.encode()) < 2 * MOST_BYTES for signal in signals)


async def test_a_lead_whose_signal_is_refused_stops_nobody_else(post: Post) -> None:
    """It is put aside, its entries stay where they are; what the others were told is not told again."""
    post.add("a", "m", "z")
    for lead in "amz":
        post.enrol(lead)
    with writing(post.store.engine) as conn:  # wider than anything that the product itself takes in
        row = (entry_rows.c.lead == post.name("a"), entry_rows.c.seq == 1)
        body = dict(conn.execute(select(entry_rows.c.body).where(*row)).scalar_one())
        body["attributes"] = {"note": "x" * 2_500_000}
        conn.execute(update(entry_rows).where(*row).values(body=body))
    for _ in range(3):
        await post.relay.once()
    assert await post.signals("m") == [[1, 2]]
    assert await post.signals("z") == [[1, 2]]
    assert await post.signals("a") == []
    assert post.pending() == {post.name("a")}
    assert REGISTRY.get_sample_value("nurture_relay_leads_aside") == 1
    assert not post.relay.away
    post.happen("m", "one")
    await post.relay.once()
    assert await post.signals("m") == [[1, 2], [3]]


async def test_a_signal_that_temporal_itself_refuses_stops_nobody_else(post: Post) -> None:
    """An id that is too long for a workflow is refused with INVALID_ARGUMENT, at every try."""
    long = "a" * 1100
    post.add("m")
    post.enrol("m")
    with writing(post.store.engine) as conn:  # no lead gets such an id from outside
        if conn.dialect.name == "postgresql":
            for column in ("leads ALTER COLUMN id", "entries ALTER COLUMN lead"):
                conn.exec_driver_sql(f"ALTER TABLE {column} TYPE text")
        row = conn.execute(select(lead_rows).where(lead_rows.c.id == post.name("m"))).one()
        conn.execute(lead_rows.insert().values({**row._mapping, "id": long, "email": None, "pending": True}))
        entry = conn.execute(select(entry_rows).where(entry_rows.c.lead == post.name("m"))).first()
        assert entry is not None
        values = {name: value for name, value in entry._mapping.items() if name != "id"}
        conn.execute(entry_rows.insert().values({**values, "lead": long}))
    for _ in range(3):
        await post.relay.once()
    assert await post.signals("m") == [[1, 2]]
    assert post.pending() == {long}
    assert not post.relay.away


async def test_while_temporal_is_away_entries_wait_and_are_told_later(post: Post, server: Server) -> None:
    """Intake goes on; when it is back it hears what waited, and once more what it heard in the minutes before."""
    post.add("a", "b")
    post.enrol("a")
    await post.relay.once()
    stop = asyncio.Event()
    running = asyncio.create_task(post.relay.run(stop))
    try:
        await server.kill()
        await eventually(lambda: post.relay.away)  # an idle relay notices, too
        post.happen("a", "one")
        post.happen("b", "one")
        await asyncio.sleep(1)
        assert post.pending() == {post.name("a"), post.name("b")}
        assert not running.done()
        await server.start()
        await eventually(lambda: not post.relay.away and not post.pending())
    finally:
        if server.process is None:
            await server.start()
        stop.set()
        await running
    told = [seq for signal in await post.signals("a") for seq in signal]
    assert told[:2] == [1, 2]
    assert sorted(told[2:])[:2] == [1, 2], "told again, since its store may have been set back"
    assert 3 in told
    assert {seq for signal in await post.signals("b") for seq in signal} == {1, 2}


async def test_a_lead_whose_workflow_was_lost_is_started_again(post: Post) -> None:
    """The next entry starts it, whatever became of the former run; what it missed it reads itself."""
    post.add("a")
    post.enrol("a")
    await post.relay.once()
    handle = post.client.get_workflow_handle(protocol.lead_workflow_id(post.name("a")))
    await handle.terminate("lost")
    post.happen("a", "one")
    await post.relay.once()
    assert await post.signals("a") == [[3]]
    assert (await handle.describe()).status is not None


async def test_two_relays_share_the_leads_and_keep_each_in_order(post: Post, new_relay: NewRelay) -> None:
    """Side by side they tell every lead all that is its, in the order of its numbers; on PostgreSQL nothing twice."""
    names = [f"{number:03}" for number in range(100)]
    post.add(*names)
    stop = asyncio.Event()
    telling = [asyncio.create_task(relay.run(stop)) for relay in (post.relay, await new_relay())]

    def done() -> bool:
        with reading(post.store.engine) as conn:
            unfiled = numbering.leads_with_unfiled(conn, 1)
        return not unfiled and not post.pending()

    for turn in range(5):
        for name in names:
            await asyncio.to_thread(post.happen, name, f"event_{turn}")
    await eventually(done)
    stop.set()
    await asyncio.gather(*telling)
    shared = post.store.engine.dialect.name == "postgresql"
    for name in names[::9]:
        told = [seq for signal in await post.signals(name) for seq in signal]
        assert sorted(set(told)) == [1, 2, 3, 4, 5, 6]
        assert not shared or told == [1, 2, 3, 4, 5, 6]
