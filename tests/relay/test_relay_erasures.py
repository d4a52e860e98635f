"""Erasures on their way to Temporal: each starts one workflow, and one that was lost is started again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from temporalio.client import WorkflowExecutionStatus

from adapters.database import erasures
from adapters.database.engine import writing
from adapters.database.schema import erasures as rows
from nurture import protocol
from tests.relay.conftest import Post


async def test_an_erasure_starts_one_workflow_and_a_lost_one_again(post: Post) -> None:
    """Named after the lead, with its id as the whole input; it is looked after again once it may have been lost."""
    post.add("a", email="a@example.com")
    now = datetime.now(UTC)
    with writing(post.store.engine) as conn:
        erasures.ask(conn, post.name("a"), by="ops", now=now, real_now=now)
    assert await post.relay.once() == 1
    handle = post.client.get_workflow_handle(protocol.erasure_workflow_id(post.name("a")))
    started = await handle.describe()
    assert (started.workflow_type, started.status) == (protocol.ERASURE_WORKFLOW, WorkflowExecutionStatus.RUNNING)
    assert "example.com" not in (await handle.fetch_history()).to_json()
    assert await post.relay.once() == 0
    await handle.terminate()
    with writing(post.store.engine) as conn:
        conn.execute(update(rows).values(due_real=now - timedelta(seconds=1)))
    assert await post.relay.once() == 1
    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
