"""Records histories of the lead workflow for the replay tests of a release: `python -m tests.replay.journeys 0.1`.

Each journey is walked on a real Temporal server with an office of fakes. What is recorded stays as it is: a later
engine must replay it, so that the leads that wait in production survive its deployment.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from nurture import protocol
from nurture.definitions import Definitions, Scenario
from nurture.updates import GoTo, LeaveScenario, Pause, Resume
from tests.workflows import conftest
from tests.workflows.conftest import SCENARIO, LeadDesk, happening
from tests.workflows.office import Office
from workflows.handoff import HandoffWorkflow
from workflows.lead import LeadWorkflow
from workflows.shelf import BOOK

HERE = Path(__file__).parent
NUMBER = 101
"""The deployment of release 0.1's histories; each release takes the next hundred."""


async def to_sales(desk: LeadDesk) -> None:
    """Mail, open, mail, sign-up, handoff, returned, mail."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.tell(desk.opened())
    await desk.at("waiting", "second")
    await desk.tell(happening("signed_up", "seminar"))
    handoff = await desk.task()
    await desk.tell(desk.closed(handoff, "returned"))
    await desk.at("waiting", "second")


async def timed_out(desk: LeadDesk) -> None:
    """A timer that fires, after one that was moved away from."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("go_to", GoTo(step="brief", reason="a short wait"))
    await desk.at("idle")


async def operated(desk: LeadDesk) -> None:
    """Pause, an event meanwhile, resume, leave."""
    await desk.enrol()
    await desk.at("waiting", "first")
    await desk.ask("pause", Pause(reason="asked"))
    await desk.tell(desk.opened())
    await desk.ask("resume", Resume(reason="settled"))
    await desk.at("waiting", "second")
    await desk.ask("leave", LeaveScenario(reason="a customer now"))
    await desk.at("idle")


async def held(desk: LeadDesk) -> None:
    """A send that is held by the provider, and a lead that jumps to sales meanwhile."""
    desk.office.answer = desk.office.hold
    await desk.enrol()
    await desk.at("sending", "first")
    await desk.tell(happening("requested", "demo"))
    await desk.task()
    await desk.at("with_sales", "to_sales")


JOURNEYS: dict[str, Callable[[LeadDesk], Awaitable[None]]] = {
    "to_sales": to_sales,
    "timed_out": timed_out,
    "operated": operated,
    "held": held,
}


async def record(address: str, release: str) -> None:
    """Walk every journey and write its history, and the scenario they were walked with."""
    folder = HERE / release
    folder.mkdir(exist_ok=True)
    (folder / "scenario.json").write_text(json.dumps({"number": NUMBER, "scenario": SCENARIO}, indent=1) + "\n")
    conftest.DEPLOYMENT = NUMBER
    BOOK.add(Definitions(number=NUMBER, scenarios={"invite": Scenario.model_validate(SCENARIO)}))
    client = await Client.connect(address, data_converter=pydantic_data_converter, identity="journeys")
    for name, walk in JOURNEYS.items():
        office, queue = Office(), f"record_{name}"
        async with (
            Worker(client, task_queue=protocol.mail_queue(queue), activities=[office.send_mail]),
            Worker(client, task_queue=protocol.aside_queue(queue), activities=[office.await_mail]),
            Worker(client, task_queue=queue, workflows=[LeadWorkflow, HandoffWorkflow], activities=office.activities),
        ):
            desk = LeadDesk(client, office, queue, lead=f"{name}_{release}")
            await walk(desk)
            history = await desk.handle.fetch_history()
        (folder / f"{name}.json").write_text(history.to_json() + "\n")
        sys.stdout.write(f"{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1], sys.argv[2]))
