"""A worker of the floor, until it is killed: `python -m tests.bench.floor_worker`.

A mail is the same HTTP call to the same sink as the engine's, and one insert into the same database.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import Column, Engine, MetaData, String, Table, insert
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.database.engine import open_database, writing
from adapters.mail.port import Accepted, Mail, Mailer
from adapters.mail.provider import mailer_of
from adapters.settings import read_settings
from adapters.temporal_server import connect_config
from tests.bench.floor import QUEUE, FloorTask, FloorWorkflow, Post

THREADS = 16
sent = Table("floor_sent", MetaData(), Column("key", String(200), primary_key=True), Column("at", String(40)))


class Sending:
    """The activities, one for each workflow."""

    def __init__(self, mailer: Mailer, engine: Engine) -> None:
        self._mailer, self._engine = mailer, engine

    @activity.defn(name="floor_send")
    def send(self, post: Post) -> None:
        """Hand one mail over, and write that down."""
        key = f"{post.lead}/floor/1/mail_{post.number}/1"
        mail = Mail(
            to=f"{post.lead}@example.com", to_name=post.lead, from_email="news@example.com", from_name="Example",
            subject=f"mail {post.number}", text="A mail." * 60, html="<p>A mail.</p>" * 60, send_key=key,
        )  # fmt: skip
        answer = self._mailer.send(mail)
        if not isinstance(answer, Accepted):
            raise RuntimeError(str(answer))  # noqa: TRY004 - a failed call, and Temporal tries it again
        self._note(key)

    @activity.defn(name="floor_task")
    def task(self, lead: str) -> None:
        """Make one task: a row."""
        self._note(f"{lead}/task")

    def _note(self, key: str) -> None:
        with writing(self._engine) as conn:
            conn.execute(insert(sent).values(key=key, at=datetime.now(UTC).isoformat()))


async def main() -> None:
    """Connect, say so, and work."""
    settings = read_settings()
    engine = open_database(settings.database_url)
    sent.create(engine, checkfirst=True)
    client = await Client.connect(**connect_config(settings), data_converter=pydantic_data_converter)
    with ThreadPoolExecutor(THREADS) as threads:
        sending = Sending(mailer_of(settings, engine), engine)
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[FloorWorkflow, FloorTask],
            activities=[sending.send, sending.task],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        sys.stdout.write("floor worker ready\n")
        sys.stdout.flush()
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
