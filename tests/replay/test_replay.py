"""Histories recorded by every release replay on the present code: leads that wait survive an upgrade."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from nurture.definitions import Definitions, Scenario
from workflows.handoff import HandoffWorkflow
from workflows.lead import LeadWorkflow
from workflows.shelf import BOOK

HISTORIES = sorted(each for each in Path(__file__).parent.glob("*/*.json") if each.name != "scenario.json")


def replayer() -> Replayer:
    """One that runs workflows as the worker does."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules("nurture", "workflows", "pydantic")
    return Replayer(
        workflows=[LeadWorkflow, HandoffWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


def load(file: Path) -> WorkflowHistory:
    """A recorded history, with its release's deployment on the shelf."""
    kept = json.loads((file.parent / "scenario.json").read_text())
    BOOK.add(Definitions(number=kept["number"], scenarios={"invite": Scenario.model_validate(kept["scenario"])}))
    return WorkflowHistory.from_json(f"lead/{file.stem}_{file.parent.name}", file.read_text())


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_a_recorded_history_replays(file: Path) -> None:
    """The same commands come out of the same history."""
    await replayer().replay_workflow(load(file))


async def test_a_history_that_does_not_fit_is_noticed() -> None:
    """The replay can fail: under a deployment whose first step ends at once, the recorded commands do not fit."""
    file = next(each for each in HISTORIES if each.stem == "to_sales")
    kept = json.loads((file.parent / "scenario.json").read_text())
    kept["scenario"]["steps"]["first"] = {"finish": "exhausted"}
    other = kept["number"] + 90
    BOOK.add(Definitions(number=other, scenarios={"invite": Scenario.model_validate(kept["scenario"])}))
    history = json.loads(file.read_text())
    for event in history["events"]:
        for attributes in (value for name, value in event.items() if name.endswith("EventAttributes")):
            for payload in _payloads(attributes):
                text = base64.b64decode(payload["data"]).decode()
                changed = text.replace(f'"deployment":{kept["number"]}', f'"deployment":{other}')
                payload["data"] = base64.b64encode(changed.encode()).decode()
    changed_history = WorkflowHistory.from_json("lead/other", json.dumps(history))
    result = await replayer().replay_workflow(changed_history, raise_on_replay_failure=False)
    assert result.replay_failure is not None


def _payloads(value: Any) -> Iterator[dict[str, str]]:
    """Every payload anywhere in an event's attributes."""
    if isinstance(value, dict):
        if "data" in value and "metadata" in value:
            yield value
        for each in value.values():
            yield from _payloads(each)
    elif isinstance(value, list):
        for each in value:
            yield from _payloads(each)
