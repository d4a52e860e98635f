"""A worker with the real workflows, an office of fakes, and a desk from which a lead is told things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from nurture import protocol
from nurture.clock import Epoch
from nurture.conditions import Outcome
from nurture.definitions import Definitions, Scenario
from nurture.entries import AnyEntry, Delivery, Enrolled, HandoffClosed, Happening, Profiled
from nurture.state import ENGINE
from tests.workflows.office import Office, real_now
from workflows.handoff import HandoffWorkflow
from workflows.lead import LeadWorkflow
from workflows.shelf import BOOK

_numbers = count(1)
DEPLOYMENT = 1
"""The deployment that entries name."""

SCENARIO = {
    "scenario": "invite",
    "language": "ja",
    "topic": "newsletter",
    "anywhere": [{"when": {"requested": "demo"}, "go": "to_sales"}],
    "start": "first",
    "steps": {
        "first": {
            "send": "mail_a",
            "wait": {"until": ["opened"], "timeout": "30d"},
            "then": [{"when": "opened", "go": "second"}, {"otherwise": "bye"}],
        },
        "second": {
            "send": "mail_b",
            "wait": {"until": [{"signed_up": "seminar"}], "timeout": "30d"},
            "then": [{"when": {"signed_up": "seminar"}, "go": "to_sales"}, {"otherwise": "bye"}],
        },
        "to_sales": {
            "handoff": {"queue": "inside"},
            "then": [{"when": {"outcome": "returned"}, "go": "second"}, {"otherwise": "done"}],
        },
        "brief": {
            "wait": {"until": [{"downloaded": "guide"}], "timeout": "2s"},
            "then": [{"when": {"downloaded": "guide"}, "go": "second"}, {"otherwise": "bye"}],
        },
        "bye": {"finish": "exhausted"},
        "done": {"finish": "handed_over"},
    },
}


@pytest.fixture(scope="session", autouse=True)
def deployment() -> int:
    """One deployment with one scenario, on the shelf of this process."""
    BOOK.add(Definitions(number=DEPLOYMENT, scenarios={"invite": Scenario.model_validate(SCENARIO)}))
    return 1


@dataclass
class LeadDesk:
    """One lead, and the means to tell it things in order or not."""

    client: Client
    office: Office
    queue: str
    lead: str = field(default_factory=lambda: f"lead_{next(_numbers)}")
    epoch: Epoch = field(default_factory=lambda: Epoch(real=real_now(), nurture=real_now()))

    @property
    def handle(self) -> WorkflowHandle[LeadWorkflow, None]:
        return self.client.get_workflow_handle_for(LeadWorkflow.run, protocol.lead_workflow_id(self.lead))

    def store(self, *made: Callable[[int], AnyEntry]) -> list[AnyEntry]:
        """Number and store entries, without telling the workflow."""
        kept = self.office.entries[self.lead]
        found = []
        for make in made:
            kept.append(make(len(kept) + 1))
            found.append(kept[-1])
        return found

    async def tell(self, *made: Callable[[int], AnyEntry]) -> None:
        """Store entries and signal them, starting the workflow where none runs."""
        await self.signal(self.store(*made))

    async def signal(self, entries: list[AnyEntry]) -> None:
        """Signal entries, whatever their order."""
        await self.client.start_workflow(
            LeadWorkflow.run,
            protocol.LeadStart(lead=self.lead, epoch=self.epoch, engine=ENGINE),
            id=protocol.lead_workflow_id(self.lead),
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=protocol.DELIVER,
            start_signal_args=[Delivery(entries=tuple(entries))],
        )

    async def enrol(self) -> None:
        """A profile and an enrolment: the lead's first two entries."""
        await self.tell(profiled, enrolled)

    async def ask(self, update: str, request: object, id: str | None = None) -> protocol.Explanation:
        """Ask for an update, as a person does; `id` where it matters that it is the same asking."""
        found: protocol.Explanation = await self.handle.execute_update(
            update, request, id=id, result_type=protocol.Explanation
        )
        return found

    async def at(self, status: str, step: str | None = None) -> protocol.Explanation:
        """Wait until the lead stands so."""

        async def look() -> protocol.Explanation | None:
            found = await self.handle.query(LeadWorkflow.explain)
            return found if found.status == status and step in (None, found.step) else None

        explained: protocol.Explanation = await eventually(look)
        return explained

    async def task(self) -> str:
        """Wait until a handoff is made; its id."""

        async def made() -> str | None:
            return self.office.handoffs[-1].handoff if self.office.handoffs else None

        found: str = await eventually(made)
        return found

    def closed(self, handoff: str, outcome: Outcome) -> Callable[[int], HandoffClosed]:
        """Sales has closed a task."""
        return lambda seq: HandoffClosed(handoff=handoff, outcome=outcome, **stamp(seq))

    def opened(self) -> Callable[[int], Happening]:
        """An open of the newest mail."""
        return happening("opened", self.office.mails[-1].template, send=self.office.mails[-1].key)


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """The first thing that `look` finds; fails after 15 real seconds."""
    for _ in range(300):
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)
    pytest.fail("it did not happen within 15 s")


def stamp(seq: int) -> dict[str, Any]:
    """What every entry has."""
    return {"seq": seq, "at": real_now(), "received_at": real_now(), "deployment": DEPLOYMENT}


def profiled(seq: int) -> Profiled:
    """What the lead is."""
    return Profiled(**stamp(seq))


def enrolled(seq: int) -> Enrolled:
    """The lead runs the scenario."""
    return Enrolled(scenario="invite", enrolment=1, **stamp(seq))


def happening(type: str, subject: str = "", send: str | None = None) -> Callable[[int], Happening]:
    """Something the lead did just now."""
    return lambda seq: Happening(id=f"event {seq}", type=type, subject=subject, send=send, **stamp(seq))


@pytest.fixture
def office() -> Office:
    """A fresh office."""
    return Office()


@pytest.fixture
async def desk(temporal_client: Client, office: Office) -> AsyncIterator[LeadDesk]:
    """A running worker, and one lead nobody has told anything yet."""
    queue = f"queue_{next(_numbers)}_{datetime.now(UTC).timestamp()}"
    restrictions = SandboxRestrictions.default.with_passthrough_modules("nurture", "workflows", "pydantic")
    no_time = timedelta(seconds=0)
    mails, aside = (
        Worker(temporal_client, task_queue=name, activities=[activity], graceful_shutdown_timeout=no_time)
        for name, activity in (
            (protocol.mail_queue(queue), office.send_mail),
            (protocol.aside_queue(queue), office.await_mail),
        )
    )
    everything = Worker(
        temporal_client,
        task_queue=queue,
        workflows=[LeadWorkflow, HandoffWorkflow],
        activities=office.activities,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        graceful_shutdown_timeout=no_time,
    )
    async with mails, aside, everything:
        yield LeadDesk(temporal_client, office, queue)
