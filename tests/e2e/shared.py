"""One whole for a file of tests: it takes longer to start than most of them last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from nurture import protocol
from tests.e2e.whole import NewWhole, Whole


@contextmanager
def running(
    home: Path, new_whole: NewWhole, *, speed: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Whole]:
    """A whole that runs, until the end of the block."""
    made = new_whole(home, speed=speed, environment=environment or {})
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            assert made.stop() == 0


def person(name: str, **more: Any) -> dict[str, Any]:
    """A lead that agreed to the newsletter, as `POST /api/leads` takes it."""
    consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
    return {"id": name, "email": f"{name}@example.com", "consent": consent, **more}


def tell(nurture: Whole, lead: str, id: str, type: str, subject: str = "", **more: Any) -> Any:
    """Post one event; the answer."""
    event = {"id": f"{lead}/{id}", "lead": lead, "type": type, "subject": subject, **more}
    answer = nurture.post("/events", {"events": [event]})
    assert answer.status_code == 202, answer.text
    return answer.json()


def lines(nurture: Whole, lead: str, *fields: str) -> list[Any]:
    """The timeline, as tuples of the named fields (or the one field alone)."""
    found = [tuple(line[name] for name in fields) for line in nurture.all(f"/api/leads/{lead}/timeline?limit=200")]
    return [each[0] for each in found] if len(fields) == 1 else found


async def temporal(nurture: Whole) -> Client:
    """A client of the Temporal server that a whole runs on."""
    return await Client.connect(
        nurture.temporal_address, namespace=nurture.namespace, data_converter=pydantic_data_converter
    )


async def handle(nurture: Whole, lead: str) -> WorkflowHandle[Any, Any]:
    """The lead's workflow, as ops reach it."""
    client = await temporal(nurture)
    return client.get_workflow_handle(protocol.lead_workflow_id(lead))
