"""Consents that are asked for by mail, on their way to Temporal: each once, again where it was lost, none too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus

from adapters.database import confirmations
from adapters.database.engine import reading, writing
from adapters.database.schema import confirmations as requests
from nurture import protocol
from nurture.definitions import Form
from tests.relay.conftest import Post

FORM = Form.model_validate(
    {
        "event": {"signed_up": "letter"}, "fields": {"email": "required"}, "topic": "newsletter",
        "consent": {"version": "1", "text": "Yes."}, "confirm": "confirm",
    }
)  # fmt: skip


def ask(post: Post, lead: str, number: int) -> int:
    """Post a form of a new lead; the request. All tests share one server, so each has numbers of its own."""
    address = f"{post.name(lead)}@example.com"
    post.add(lead, email=address)
    now = datetime.now(UTC)
    with writing(post.store.engine) as conn:
        moment = confirmations.Asking(now, now)
        confirmations.ask(conn, post.name(lead), "letter", FORM, address=address, moment=moment)
        conn.execute(update(requests).where(requests.c.lead == post.name(lead)).values(id=number))
    return number


def change(post: Post, **values: Any) -> None:
    """Change every request behind the relay's back."""
    with writing(post.store.engine) as conn:
        conn.execute(update(requests).values(values))


async def workflow(post: Post, number: int) -> WorkflowExecutionDescription:
    """The workflow of a request as Temporal knows it."""
    return await post.client.get_workflow_handle(protocol.confirmation_workflow_id(number)).describe()


async def test_a_request_starts_one_workflow(post: Post) -> None:
    """Named after it, without an address in its input; once started it is left alone."""
    number = ask(post, "a", 1001)
    assert await post.relay.once() == 1
    started = await workflow(post, number)
    assert (started.workflow_type, started.status) == (
        protocol.CONFIRMATION_WORKFLOW, WorkflowExecutionStatus.RUNNING,
    )  # fmt: skip
    assert await post.relay.once() == 0
    assert (await workflow(post, number)).run_id == started.run_id


async def test_a_workflow_that_was_lost_is_started_again_and_one_that_runs_is_not(post: Post) -> None:
    """A minute later the relay looks after what has not ended."""
    lost, running = ask(post, "a", 1002), ask(post, "b", 1003)
    await post.relay.once()
    before = await workflow(post, running)
    await post.client.get_workflow_handle(protocol.confirmation_workflow_id(lost)).terminate()
    change(post, told_real=datetime.now(UTC) - confirmations.TELL_AGAIN - timedelta(seconds=1))
    assert await post.relay.once() == 2
    assert (await workflow(post, lost)).status == WorkflowExecutionStatus.RUNNING
    assert (await workflow(post, running)).run_id == before.run_id


async def test_neither_what_has_ended_nor_what_is_not_due_is_told(post: Post) -> None:
    """A mail that went is done with; another form's mail waits for its ten minutes."""
    ask(post, "a", 1004)
    change(post, due_real=datetime.now(UTC) + timedelta(minutes=1))
    assert await post.relay.once() == 0
    change(post, due_real=datetime.now(UTC), ended_real=datetime.now(UTC))
    assert await post.relay.once() == 0
    with reading(post.store.engine) as conn:
        assert conn.execute(select(requests.c.told_real)).scalar_one() is None
