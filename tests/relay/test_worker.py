"""`python worker.py` as a process: how it ends, what it does about what it does not know yet, how much it can read."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from temporalio.common import MetricMeter

from activities.desk import Desk
from adapters.database import leads
from adapters.database.deployments import deploy
from adapters.database.engine import reading, writing
from adapters.database.enrolments import decide
from adapters.database.schema import sends
from nurture import protocol
from nurture.loading import definitions_of
from tests.mail.fake_provider import FakeProvider
from tests.relay.conftest import FILES, Post, Server, eventually
from worker import LOOKS, THREADS, make_aside_worker, make_mail_worker, make_worker

ROOT = Path(__file__).parents[2]
MAILS = {
    "mails.yaml": """\
scenario: mails
language: ja
topic: newsletter
start: first
steps:
  first:
    send: hello
    wait: {until: [opened], timeout: 30d}
    then: bye
  bye: {finish: exhausted}
""",
    "sender.yaml": """\
legal_name: Example Trading Ltd.
postal_address: 1 Example Street, Tokyo
contact: info@example.com
from: {name: Example, email: news@example.com}
time_zone: Asia/Tokyo
window: always
holidays: none
topics: [newsletter]
""",
    "templates/hello.ja.md": "---\nsubject: ご案内\n---\nこんにちは\n",
}


class SlowProvider(FakeProvider):
    """Takes every mail, and its time."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.taken_at: list[float] = []

    def take(self, mails: Any, request: dict[str, Any]) -> None:
        self.taken_at.append(time.monotonic())
        self.began.set()
        time.sleep(2)
        super().take(mails, request)


@pytest.fixture
def provider() -> Iterator[SlowProvider]:
    """A provider that runs for one test."""
    with SlowProvider() as running:
        yield running


@pytest.fixture
def start_worker(
    server: Server, tmp_path: Path, database_url: str, provider: FakeProvider
) -> Iterator[Callable[[], Any]]:
    """Starts `python worker.py`; whatever still runs is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**more: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "NURTURE_HOME": str(tmp_path),
            "NURTURE_DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": server.address,
            "NURTURE_MAIL": "sendgrid",
            "NURTURE_SENDGRID_HOST": provider.host,
            "SENDGRID_API_KEY": "a-key-for-tests-only",
            **more,
        }
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, str(ROOT / "worker.py")], cwd=tmp_path, env=environment,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )
            )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def deploy_mails(post: Post) -> int:
    """Make the scenario with a mail current; its number."""
    now = datetime.now(UTC)
    with writing(post.store.engine) as conn:
        number = deploy(conn, FILES | MAILS, [], by="tests", now=now, real_now=now - timedelta(minutes=1)).number
    post.store.refresh()
    return number


def standing(post: Post, lead: str) -> dict[str, Any]:
    """What the API would show of a lead."""
    with reading(post.store.engine) as conn:
        found = leads.view(conn, post.name(lead))
    assert found is not None
    return found


CONSENT = {"topics": ["newsletter"], "basis": "opt_in", "source": "tests"}


async def test_sigterm_lets_a_running_send_end(
    post: Post, start_worker: Callable[[], subprocess.Popen[bytes]], provider: SlowProvider, tmp_path: Path
) -> None:
    """The answer that was under way is written down, the exit code is 0, and the next worker sends nothing again."""
    deploy_mails(post)
    post.add("a", email="a@example.com", consent=CONSENT)
    worker = start_worker()
    post.enrol("a", "mails")
    await post.relay.once()
    await eventually(provider.began.is_set)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0, (tmp_path / "worker.log").read_text()[-3000:]
    with reading(post.store.engine) as conn:
        assert conn.execute(select(sends.c.state)).scalars().all() == ["accepted"]

    start_worker()
    await eventually(lambda: standing(post, "a")["status"] == "waiting")
    assert list(provider.keys().values()) == [1]


async def test_mail_goes_no_faster_than_the_provider_takes_it(
    post: Post, start_worker: Callable[..., subprocess.Popen[bytes]], provider: SlowProvider
) -> None:
    """A mail a second: one worker has threads for all of them at once, and hands them over one after another."""
    deploy_mails(post)
    names = ("a", "b", "c", "d", "e")
    for name in names:
        post.add(name, email=f"{name}@example.com", consent=CONSENT)
        post.enrol(name, "mails")
    start_worker(NURTURE_MAIL_RATE="1")
    await post.relay.once()
    await eventually(lambda: all(standing(post, name)["status"] == "waiting" for name in names))
    assert sorted(provider.keys().values()) == [1] * len(names)
    assert provider.taken_at[-1] - provider.taken_at[0] > 2.5, "all at once they would be handed over within a second"


def test_mail_has_queues_of_its_own_and_what_an_earlier_release_handed_out_is_still_taken(post: Post) -> None:
    """Both kinds of mail are on the queue of the workflows too; looks at stopped mails are not, and have a rate.

    A hundred thousand of them would else keep what tells sales waiting.
    """
    desk = cast("Desk", SimpleNamespace(meter=MetricMeter.noop))
    with ThreadPoolExecutor(THREADS) as threads:
        made = (
            make_worker(post.client, desk, threads),
            make_mail_worker(post.client, desk, threads, None),
            make_aside_worker(post.client, desk, threads),
        )
    said = [worker.config() for worker in made]
    assert [each["task_queue"] for each in said] == [protocol.TASK_QUEUE, protocol.MAIL_QUEUE, protocol.ASIDE_QUEUE]
    taken = [{getattr(each, "__temporal_activity_definition").name for each in of["activities"]} for of in said]
    mail = {protocol.SEND_MAIL, protocol.SEND_CONFIRMATION}
    assert mail <= taken[0]
    assert taken[1:] == [mail, {protocol.AWAIT_MAIL}]
    assert protocol.AWAIT_MAIL not in taken[0]
    assert said[2]["max_task_queue_activities_per_second"] == LOOKS


async def test_a_deployment_that_is_not_loaded_fails_the_task_and_mends_itself(
    post: Post, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """The lead is named a deployment that nobody knows; once it is there, the lead goes on by itself."""
    start_worker()
    post.add("a", email="a@example.com", consent=CONSENT)
    scenario = definitions_of(FILES | MAILS, holidays=frozenset(), number=2).scenarios["mails"]
    with writing(post.store.engine) as conn:
        decide(conn, post.name("a"), scenario, deployment=2, now=datetime.now(UTC))
    await post.relay.once()
    handle = post.client.get_workflow_handle(f"lead/{post.name('a')}")

    async def failed() -> bool:
        events = (await handle.fetch_history()).events
        return any(event.HasField("workflow_task_failed_event_attributes") for event in events)

    for _ in range(600):
        if await failed():
            break
        await asyncio.sleep(0.1)
    assert await failed()
    description = await handle.describe()
    assert description.status is not None
    assert description.status.name == "RUNNING"

    assert deploy_mails(post) == 2
    await eventually(lambda: standing(post, "a")["status"] == "waiting")
    assert standing(post, "a")["step"] == "first"


async def flood(post: Post) -> None:
    """2,700 events of the lead, more than two megabytes; the relay tells what one message carries."""
    for batch in range(3):
        numbers = (f"{batch}-{number}" for number in range(900))
        post.happen("a", *numbers, subject="資料請求" * 100)
    while await post.relay.once():
        pass


async def test_a_lead_with_more_than_two_megabytes_to_read_is_read(
    post: Post, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Neither a signal nor the answer of an activity may be larger; a history that was lost is longer."""
    post.add("a")
    post.enrol("a", "invite")
    await flood(post)
    start_worker()
    await eventually(lambda: standing(post, "a")["seq"] == 2702)
    assert standing(post, "a")["status"] == "waiting"
    post.happen("a", "one", subject="seminar")
    await post.relay.once()
    await eventually(lambda: standing(post, "a")["seq"] == 2703)
    assert standing(post, "a")["status"] == "idle"
    history = await post.client.get_workflow_handle(f"lead/{post.name('a')}").fetch_history()
    assert not [each for each in history.events if each.HasField("workflow_task_failed_event_attributes")]


async def test_a_lead_that_has_walked_before_reads_as_much_from_where_it_stood(
    post: Post, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Its workflow was terminated, and more came than one answer carries: every page goes on from the one before."""
    post.add("a")
    post.enrol("a", "invite")
    worker = start_worker()
    await post.relay.once()
    await eventually(lambda: standing(post, "a")["seq"] == 2)
    worker.kill()
    worker.wait()
    await post.client.get_workflow_handle(f"lead/{post.name('a')}").terminate("a mistake")
    await flood(post)
    start_worker()
    await eventually(lambda: standing(post, "a")["seq"] == 2702)
    assert standing(post, "a")["status"] == "waiting"
