"""Tasks of sales and the relay: their workflows hear of changes, many at once, and no lead waits for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from adapters.database import handoffs, stirring
from adapters.database.deployments import deploy
from adapters.database.engine import reading, writing
from adapters.relay import Relay
from nurture import protocol
from nurture.commands import MakeHandoff
from tests.relay.conftest import FILES, Post

NewRelay = Callable[..., Awaitable[Relay]]
MANY = 60
SALES = """\
reps: [{rep: rep_1, name: 営業 一郎, email: rep1@example.co.jp, capacity: 1000}]
queues:
  inside: {reps: [rep_1]}
"""


class Watched(Relay):
    """A relay that remembers what leads had still to be told when it came to the tasks."""

    leads_first = False

    async def _see_to_tasks(self) -> int:
        with reading(self.engine) as conn:
            Watched.leads_first = bool(stirring.stirred(conn, 1)) and not self._waiting([])
        return await super()._see_to_tasks()


async def test_a_deployment_stirs_every_task_and_no_lead_waits_for_them(post: Post, new_relay: NewRelay) -> None:
    """Leads are told before; all tasks are told in the same round, each once."""
    names = [f"{number:03}" for number in range(MANY)]
    post.add(*names)
    now = datetime.now(UTC)
    with writing(post.store.engine) as conn:
        deploy(conn, {**FILES, "sales.yaml": SALES}, [], by="tests", now=now, real_now=now)
    post.store.refresh()
    with writing(post.store.engine) as conn:
        for name in names:
            command = MakeHandoff(
                lead=post.name(name), handoff=f"{post.name(name)}/hot/1", queue="inside", note=None, reasons=("hot",),
                scenario="", enrolment=0, step="", visit=0, at=now, deployment=2,
            )  # fmt: skip
            handoffs.make(conn, command, post.store.current())
        stirring.stir_all(conn)
    post.enrol(names[0])
    relay = await new_relay(Watched)
    assert await relay.once() == 1 + MANY
    assert Watched.leads_first
    assert await post.signals(names[0]) == [[1, 2]]
    with reading(post.store.engine) as conn:
        assert stirring.stirred(conn, MANY) == []
    for name in (names[0], names[-1]):
        handle = post.client.get_workflow_handle(protocol.handoff_workflow_id(f"{post.name(name)}/hot/1"))
        signals = [
            event
            async for event in handle.fetch_history_events()
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]
        assert len(signals) == 1
    assert await relay.once() == 0
