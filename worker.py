"""Runs a worker and nothing else: the composition root of workflows and activities.

    python worker.py

Settings come from the environment (NURTURE_…, TEMPORAL_…). SIGTERM and SIGINT drain: what is running ends, nothing
new is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

if __name__ == "__main__":  # `python worker.py` from any directory
    sys.path.insert(0, str(Path(__file__).resolve().parent))

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.bulk import BulkActivities
from activities.confirmation import ConfirmationActivities
from activities.desk import Desk
from activities.erasure import ErasureActivities
from activities.mail import MailActivities
from activities.pulse import PulseActivities
from activities.reconcile import ReconcileActivities
from activities.records import RecordActivities
from activities.tasks import TaskActivities
from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import open_database
from adapters.logging import configure_logging
from adapters.mail.link_tokens import LinkTokens, SiteLinks
from adapters.mail.provider import mailer_of, suppression_lists_of
from adapters.mail.reply_addresses import ReplyAddresses
from adapters.mail.tokens import ConfirmationTokens, UnsubscribeTokens
from adapters.metrics import VERSION
from adapters.sales_channels.chosen import channels_of
from adapters.sales_channels.telling import Teller
from adapters.settings import Settings, read_settings
from adapters.temporal_server import connect_config
from nurture import protocol
from nurture.errors import NurtureError
from nurture.plan import Book
from workflows.bulk import ReconcileWorkflow, SweepWorkflow
from workflows.confirmation import ConfirmationWorkflow
from workflows.erasure import ErasureWorkflow
from workflows.handoff import HandoffWorkflow
from workflows.lead import LeadWorkflow
from workflows.pulse import PulseWorkflow
from workflows.shelf import BOOK

log = structlog.get_logger("worker")

THREADS = 16
"""Activities run in threads: they wait for the database and the mail provider. None is ever stopped from outside in the
middle (`no_thread_cancel_exception`): that could be between taking a lock and letting go of it. Each ends by itself."""
REFRESH = timedelta(milliseconds=200)
"""How often the worker looks for a new deployment."""
SEE_TO_SWEEP = timedelta(minutes=1)
"""How often a worker sees to it that the sweep runs."""
LOOKS = 50.0
"""At how many stopped mails all workers together look a second: a hundred thousand have their turn in half an hour."""
LOOKERS = 4
"""So many threads of a worker at most."""
DRAIN = timedelta(seconds=10)
"""How long running activities may take to end after SIGTERM."""


def desk_of(settings: Settings, clock: Clock, store: DeploymentStore, runtime: Runtime) -> Desk:
    """The ports of this process, by its settings."""
    mailer = mailer_of(settings, store.engine)
    return Desk(
        engine=store.engine,
        clock=clock,
        store=store,
        mailer=mailer,
        tokens=UnsubscribeTokens.of(store.engine),
        confirmations=ConfirmationTokens.of(store.engine),
        teller=Teller(store.engine, clock, store, channels_of(settings, mailer), settings.public_url),
        public_url=settings.public_url,
        replies=ReplyAddresses.of(settings.reply_domain, store.engine),
        links=SiteLinks(LinkTokens.of(store.engine), settings.origins, settings.public_url)
        if settings.origins
        else None,
        page_view_days=settings.page_view_days,
        lists=suppression_lists_of(settings),
        meter=runtime.metric_meter,
    )


def load(store: DeploymentStore, book: Book) -> None:
    """Put every deployment on the shelf that is not there yet."""
    store.refresh()
    for number in store.numbers():
        if number not in book:
            book.add(store.get(number))
    book.add(store.get(0))


async def keep_loading(store: DeploymentStore, book: Book) -> None:
    """Look for new deployments for ever; a workflow that names one not loaded yet fails its task and is tried again."""
    while True:
        await asyncio.sleep(REFRESH.total_seconds())
        try:
            await asyncio.to_thread(load, store, book)
        except (SQLAlchemyError, NurtureError) as error:
            log.warning("deployments_not_read", error=str(error), do="tried again at once; leads of a new one wait")


def make_mail_worker(client: Client, desk: Desk, threads: ThreadPoolExecutor, rate: float | None) -> Worker:
    """A worker that hands mails out and nothing else; all of these together no more than `rate` a second."""
    return Worker(
        client,
        task_queue=protocol.MAIL_QUEUE,
        activities=[MailActivities(desk).send_mail, ConfirmationActivities(desk).send_confirmation],
        activity_executor=threads,
        max_concurrent_activities=THREADS,
        max_task_queue_activities_per_second=rate,
        graceful_shutdown_timeout=DRAIN,
    )


def make_aside_worker(client: Client, desk: Desk, threads: ThreadPoolExecutor) -> Worker:
    """A worker that looks at stopped mails and does nothing else."""
    return Worker(
        client,
        task_queue=protocol.ASIDE_QUEUE,
        activities=[MailActivities(desk).await_mail],
        activity_executor=threads,
        max_concurrent_activities=LOOKERS,
        max_task_queue_activities_per_second=LOOKS,
        graceful_shutdown_timeout=DRAIN,
    )


def make_worker(client: Client, desk: Desk, threads: ThreadPoolExecutor, **options: object) -> Worker:
    """A worker with every workflow and activity; `options` go to Temporal's Worker.

    Mail is among them: what a release without a queue for mail has handed out is still taken.
    """
    mail, records, tasks, bulk, erasure = (
        MailActivities(desk),
        RecordActivities(desk),
        TaskActivities(desk),
        BulkActivities(desk),
        ErasureActivities(desk),
    )
    return Worker(
        client,
        task_queue=protocol.TASK_QUEUE,
        workflows=[
            LeadWorkflow,
            HandoffWorkflow,
            SweepWorkflow,
            ReconcileWorkflow,
            PulseWorkflow,
            ConfirmationWorkflow,
            ErasureWorkflow,
        ],
        activities=[
            mail.send_mail,
            ConfirmationActivities(desk).send_confirmation,
            records.read_lead,
            records.write_record,
            records.gather_facts,
            records.retire_lead,
            tasks.make_handoff,
            tasks.notify_person,
            tasks.enroll_lead,
            tasks.notify_handoff,
            tasks.tend_handoff,
            bulk.sweep,
            bulk.revive,
            erasure.let_go,
            erasure.forget_history,
            erasure.scrub,
            erasure.erase_at_provider,
            erasure.keep_consents,
            ReconcileActivities(desk).reconcile,
            PulseActivities(desk).beat,
        ],
        activity_executor=threads,
        max_concurrent_activities=THREADS,
        max_concurrent_local_activities=THREADS,
        workflow_runner=UnsandboxedWorkflowRunner(),  # held to be deterministic by lint and replay: ADR 11
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=DRAIN,
        **options,  # type: ignore[arg-type]
    )


def runtime_of(settings: Settings) -> Runtime:
    """Temporal's runtime, with its metrics for Prometheus at `NURTURE_METRICS` where that is set."""
    if settings.metrics is None:
        return Runtime(telemetry=TelemetryConfig())
    shown = PrometheusConfig(
        bind_address=settings.metrics, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    runtime = Runtime(telemetry=TelemetryConfig(metrics=shown))
    build = runtime.metric_meter.create_gauge("nurture_build_info", "Always 1; the label is the version that runs")
    build.set(1, {"version": VERSION})
    return runtime


async def keep_sweeping(client: Client) -> None:
    """See to it for ever that the sweep runs, which sees to everybody else, and the pulse: one each for all workers."""
    wanted = (
        (protocol.SWEEP_WORKFLOW, protocol.SWEEP_WORKFLOW_ID),
        (protocol.PULSE_WORKFLOW, protocol.PULSE_WORKFLOW_ID),
    )
    while True:
        try:
            for name, workflow_id in wanted:
                await client.start_workflow(
                    name,
                    id=workflow_id,
                    task_queue=protocol.TASK_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except RPCError as error:
            log.warning("sweep_not_started", why=error.message, do="tried again in a minute")
        await asyncio.sleep(SEE_TO_SWEEP.total_seconds())


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = DeploymentStore(open_database(settings.database_url))
    load(store, BOOK)
    runtime = runtime_of(settings)
    client = await Client.connect(**connect_config(settings), data_converter=pydantic_data_converter, runtime=runtime)
    with Clock(store.engine) as clock, ThreadPoolExecutor(3 * THREADS) as threads:
        desk = desk_of(settings, clock, store, runtime)
        worker = make_worker(client, desk, threads)
        mails = make_mail_worker(client, desk, threads, settings.mail_rate)
        aside = make_aside_worker(client, desk, threads)
        loading = asyncio.create_task(keep_loading(store, BOOK))
        async with mails, aside, worker:
            sweeping = asyncio.create_task(keep_sweeping(client))
            log.info("worker_ready", deployments=len(store.numbers()), speed=clock.epoch.speed)
            await stop.wait()
            log.info("worker_drains")
        for each in (loading, sweeping):
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
    log.info("worker_stopped")


def main() -> int:
    """The exit code: 0 after a clean stop, 2 where the system is not available."""
    configure_logging("worker")
    try:
        asyncio.run(run(read_settings()))
    except NurtureError as error:
        log.error("worker_cannot_run", what=error.what, where=error.where, do=error.do)  # noqa: TRY400 - said whole
        return 2
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # an interpreter that ends right after its worker can abort in PyGILState_Release
