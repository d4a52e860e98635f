"""The floor: the least that a Temporal workflow can do for two mails, one wait and one signal.

`python tests/bench/floor.py` runs its worker. The same HTTP call to the same sink, one insert into the same database
for each mail, one timer, one signal. It knows no scenario, no consent, no window and no timeline.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from sqlalchemy import Column, Engine, MetaData, String, Table, insert
    from temporalio.client import Client
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.worker import Worker
    from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

    from adapters.database.engine import open_database, writing
    from adapters.mail.port import Accepted, Mail, Mailer
    from adapters.mail.provider import mailer_of
    from adapters.settings import read_settings
    from adapters.temporal_server import connect_config

QUEUE = "floor"
THREADS = 16
sent = Table("floor_sent", MetaData(), Column("key", String(200), primary_key=True), Column("at", String(40)))


@dataclass
class Post:
    """One mail of one lead."""

    lead: str
    number: int


@workflow.defn(name="Floor")
class FloorWorkflow:
    """Send, wait three days or for the signal, send."""

    def __init__(self) -> None:
        self._signed_up = False

    @workflow.signal
    def signed_up(self) -> None:
        self._signed_up = True

    @workflow.run
    async def run(self, lead: str) -> None:
        await self._send(Post(lead, 1))
        timer = asyncio.create_task(workflow.sleep(timedelta(days=3)))
        await workflow.wait_condition(lambda: self._signed_up or timer.done())
        timer.cancel()
        await self._send(Post(lead, 2))

    async def _send(self, post: Post) -> None:
        await workflow.execute_activity("floor_send", post, start_to_close_timeout=timedelta(seconds=10))


class Sending:
    """The one activity."""

    def __init__(self, mailer: Mailer, engine: Engine) -> None:
        self._mailer, self._engine = mailer, engine

    @activity.defn(name="floor_send")
    def send(self, post: Post) -> None:
        key = f"{post.lead}/floor/1/mail_{post.number}/1"
        mail = Mail(
            to=f"{post.lead}@example.com", to_name=post.lead, from_email="news@example.com", from_name="Example",
            subject=f"mail {post.number}", text="A mail." * 60, html="<p>A mail.</p>" * 60, send_key=key,
        )  # fmt: skip
        answer = self._mailer.send(mail)
        if not isinstance(answer, Accepted):
            raise RuntimeError(str(answer))  # noqa: TRY004 - a failed call, and Temporal tries it again
        with writing(self._engine) as conn:
            conn.execute(insert(sent).values(key=key, at=datetime.now(UTC).isoformat()))


async def main() -> None:
    """A worker of the floor, until it is killed."""
    settings = read_settings()
    engine = open_database(settings.database_url)
    sent.create(engine, checkfirst=True)
    client = await Client.connect(**connect_config(settings), data_converter=pydantic_data_converter)
    restrictions = SandboxRestrictions.default.with_passthrough_modules("floor", "pydantic")
    with ThreadPoolExecutor(THREADS) as threads:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[FloorWorkflow],
            activities=[Sending(mailer_of(settings, engine), engine).send],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        )
        sys.stdout.write("floor worker ready\n")
        sys.stdout.flush()
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
