"""Decides how a Temporal server is started, reached and told its search attributes; knows nothing of leads."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

from adapters.settings import Settings
from nurture.errors import NurtureError

SEARCH_ATTRIBUTES: dict[str, str] = {
    "NurtureScenario": "Keyword",
    "NurtureStep": "Keyword",
    "NurturePhase": "Keyword",
    "NurtureStatus": "Keyword",
    "NurtureScoreBand": "Keyword",
    "NurtureBlocked": "Keyword",
    "NurtureDeployment": "Int",
    "NurtureHot": "Bool",
    "NurtureDeadline": "Datetime",
}
"""What people filter leads by in the Temporal UI: name → Temporal's type."""

_INDEXED = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


class TemporalNotServing(NurtureError):
    """The Temporal server did not answer in time, or refused what it was asked."""


def server_argv(cli: Path, *, port: int, database: Path, ui_port: int | None, log_level: str = "warn") -> list[str]:
    """The command that runs a development server on 127.0.0.1, its state in the SQLite file `database`.

    Without `ui_port` there is no UI. A server whose file exists takes the search attributes again without complaint.
    """
    argv = [str(cli), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--log-level", log_level]
    argv += ["--headless"] if ui_port is None else ["--ui-ip", "127.0.0.1", "--ui-port", str(ui_port)]
    # More than twice the leads per second of the default journal.
    argv += ["--db-filename", str(database)]
    argv += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
    for name, kind in SEARCH_ATTRIBUTES.items():
        argv += ["--search-attribute", f"{name}={kind}"]
    return argv


def connect_config(settings: Settings) -> ClientConnectConfig:
    """What `Client.connect(**…)` needs: the embedded server, or the one that Temporal's own environment names."""
    if settings.embeds_temporal:
        return ClientConnectConfig(target_host=settings.temporal_address, namespace="default")
    return ClientConfig.load_client_connect_config(config_file_strict=True)


async def wait_until_serving(address: str, *, at_most: timedelta = timedelta(seconds=60)) -> None:
    """Returns once the development server at HOST:PORT answers and knows every search attribute (plain, no TLS).

    Raises:
        TemporalNotServing: it did not within `at_most`.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + at_most.total_seconds()
    while True:
        try:
            service = await ServiceClient.connect(ConnectConfig(target_host=address))
            if not await lacking_search_attributes(service, namespace="default"):
                return
            # A state file of an older release: the server registers attributes only with a new namespace.
            await register_search_attributes(service, namespace="default")
        except (RPCError, RuntimeError, TemporalNotServing) as error:
            if loop.time() > end:
                raise TemporalNotServing(
                    f"no Temporal server is ready at {address} after {at_most.total_seconds():.0f} s: {error}",
                    do="read temporal.log in the log directory of NURTURE_HOME",
                ) from error
        await asyncio.sleep(0.1)


async def lacking_search_attributes(service: ServiceClient, *, namespace: str) -> list[str]:
    """The search attributes that the server does not know in `namespace`."""
    known = await service.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace), timeout=timedelta(seconds=5)
    )
    return [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]


async def register_search_attributes(service: ServiceClient, *, namespace: str) -> None:
    """Adds the search attributes the server lacks, for a server of one's own and for a state file of an older release.

    Raises:
        TemporalNotServing: the server refuses, for example since its operator service is closed to this user.
    """
    try:
        lacking = await lacking_search_attributes(service, namespace=namespace)
        if lacking:
            await service.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=namespace,
                    search_attributes={name: _INDEXED[SEARCH_ATTRIBUTES[name]] for name in lacking},
                )
            )
    except RPCError as error:
        if error.status == RPCStatusCode.ALREADY_EXISTS:
            return
        wanted = " ".join(f"--name {name} --type {kind}" for name, kind in SEARCH_ATTRIBUTES.items())
        raise TemporalNotServing(
            f"the search attributes could not be registered: {error.message}",
            where=f"namespace {namespace}",
            do=f"let its operator run `temporal operator search-attribute create {wanted}`",
        ) from error


async def is_polled_by(service: ServiceClient, pid: int, *, namespace: str, queue: str) -> bool:
    """True where the process `pid` of this machine takes workflow tasks from `queue`.

    Earlier workers stay listed for minutes, so that only the pid in the identity tells whose polls they are.
    """
    try:
        told = await service.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=timedelta(seconds=5),
        )
    except RPCError:
        return False
    return any(poller.identity.startswith(f"{pid}@") for poller in told.pollers)
