"""Runs the embedded whole in the foreground: decides the order of start and when all is ready; knows no lead."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio.client import Client

from adapters.settings import Settings
from adapters.temporal_cli import TemporalCli
from adapters.temporal_server import (
    TemporalNotServing,
    connect_config,
    is_polled_by,
    register_search_attributes,
    server_argv,
    wait_until_serving,
)
from cli.supervisor import Child, Supervisor, require_free_port, say_on_stderr
from nurture.errors import NurtureError
from nurture.protocol import TASK_QUEUE

Hook = Callable[[Settings], Awaitable[None]]
"""Something to do at one moment of the start; gets the settings with the API key filled in."""

_ROOT = Path(__file__).resolve().parent.parent


def up(
    settings: Settings,
    *,
    prepare: Hook | None = None,
    on_ready: Hook | None = None,
    children: Callable[[Settings], Sequence[Child]] | None = None,
    task_queue: str | None = TASK_QUEUE,
) -> int:
    """Runs everything until SIGTERM or SIGINT; the exit code: 0 after a clean stop, 2 where it could not start.

    `prepare` runs once Temporal serves and before any other child starts; `on_ready` runs beside the children once
    everything answers, and is cancelled at the stop. Prints one line on stdout when ready (the web process answers and
    the worker polls `task_queue`, unless that is None); all else is on stderr.
    """
    return asyncio.run(_Whole(settings, prepare, on_ready, children or application, task_queue).run())


def application(settings: Settings) -> list[Child]:
    """The processes besides Temporal, in the order of their start."""
    environment = {**settings.environment(), "PYTHONUNBUFFERED": "1"}
    return [
        Child("relay", [sys.executable, "-m", "cli.main", "relay"], {**environment, **_metrics_beside(settings)}),
        Child("worker", [sys.executable, str(_ROOT / "worker.py")], environment),
        Child("web", [sys.executable, "-m", "cli.main", "web"], environment),
    ]


def _metrics_beside(settings: Settings) -> dict[str, str]:
    """Worker and relay each show their own metrics: the relay on the port after the worker's."""
    if settings.metrics is None:
        return {}
    host, _, port = settings.metrics.rpartition(":")
    return {"NURTURE_METRICS": f"{host}:{int(port) + 1}"}


def with_api_key(settings: Settings) -> Settings:
    """The settings with an API key: the given one, or one made at the first start and kept in `<home>/api_key`."""
    if settings.api_key is not None:
        return settings
    kept = settings.home / "api_key"
    try:
        key = kept.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        key = ""
    if not key:
        key = secrets.token_urlsafe(32)
        kept.unlink(missing_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key}\n")
    return settings.model_copy(update={"api_key": SecretStr(key)})


class _Whole:
    """One run of everything."""

    def __init__(
        self,
        settings: Settings,
        prepare: Hook | None,
        on_ready: Hook | None,
        children: Callable[[Settings], Sequence[Child]],
        task_queue: str | None,
    ) -> None:
        self._settings = settings
        self._prepare = prepare
        self._on_ready = on_ready
        self._children = children
        self._task_queue = task_queue
        self._stop = asyncio.Event()

    async def run(self) -> int:
        try:
            supervisor = Supervisor(self._settings.home)
        except OSError as error:
            say_on_stderr(f"{self._settings.home} cannot be used: {error}. Choose another directory with NURTURE_HOME")
            return 2
        self._listen_for_signals(supervisor)
        serving = asyncio.create_task(self._serve(supervisor), name="serve")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopped = stopping.done()
        stopping.cancel()
        serving.cancel()
        code = 0
        try:
            await serving
        except asyncio.CancelledError:
            pass
        except NurtureError as error:
            if not stopped:
                say_on_stderr(str(error))
                code = 2
        finally:
            await supervisor.stop()
        return code

    def _listen_for_signals(self, supervisor: Supervisor) -> None:
        def asked() -> None:
            if self._stop.is_set():
                supervisor.hurry()
                return
            self._stop.set()
            successor = supervisor.successor()
            why = f"another `nurture up` of this home takes its place (pid {successor}): " if successor else ""
            say_on_stderr(f"{why}stopping; once more kills what is still running")

        loop = asyncio.get_running_loop()
        for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # `nohup` has the hang-up ignored, and means it.
            if which is not signal.SIGHUP or signal.getsignal(which) is not signal.SIG_IGN:
                loop.add_signal_handler(which, asked)

    async def _serve(self, supervisor: Supervisor) -> None:
        cli = None
        if self._settings.embeds_temporal:
            finder = TemporalCli(named=self._settings.temporal_cli, say=say_on_stderr, stopped=self._stop.is_set)
            cli = await asyncio.to_thread(finder.find)
        await supervisor.take_over()
        settings = with_api_key(self._settings)
        self._require_free_ports()
        if cli is not None:
            await self._start_temporal(supervisor, cli)
        temporal = await self._reach_temporal()
        if self._prepare is not None:
            await self._prepare(settings)
        for child in self._children(settings):
            await supervisor.start(child)
        await self._until_ready(supervisor, temporal)
        self._announce(settings)
        if self._on_ready is not None:
            try:
                await self._on_ready(settings)
            except NurtureError as error:
                say_on_stderr(str(error))
        await self._stop.wait()

    def _require_free_ports(self) -> None:
        require_free_port(self._settings.web_host, self._settings.web_port, setting="NURTURE_WEB")
        if self._settings.embeds_temporal:
            require_free_port("127.0.0.1", self._settings.temporal_port, setting="NURTURE_TEMPORAL_PORT")
            require_free_port("127.0.0.1", self._settings.temporal_ui_port, setting="NURTURE_TEMPORAL_UI_PORT")

    async def _start_temporal(self, supervisor: Supervisor, cli: Path) -> None:
        argv = server_argv(
            cli,
            port=self._settings.temporal_port,
            ui_port=self._settings.temporal_ui_port,
            database=self._settings.home / "temporal.db",
        )
        await supervisor.start(Child("temporal", argv))
        await wait_until_serving(self._settings.temporal_address)

    async def _reach_temporal(self) -> Client:
        config = connect_config(self._settings)
        try:
            client = await Client.connect(**config)
        except RuntimeError as error:
            raise TemporalNotServing(
                f"no Temporal server answers at {self._settings.temporal_address}: {error}",
                where="TEMPORAL_ADDRESS",
                do="start it, mend the TEMPORAL_… variables, or unset TEMPORAL_ADDRESS to have an embedded one",
            ) from error
        if self._settings.embeds_temporal:
            return client
        try:
            await register_search_attributes(client.service_client, namespace=client.namespace)
        except TemporalNotServing as error:
            say_on_stderr(str(error))  # its operator may have registered them without letting us look
        return client

    async def _until_ready(self, supervisor: Supervisor, temporal: Client) -> None:
        """Returns once the web process says that it is ready, and the worker takes tasks."""
        loop = asyncio.get_running_loop()
        tell = loop.time() + 15
        # A proxy of the environment has no business between processes of one machine.
        async with httpx.AsyncClient(trust_env=False, timeout=5) as web:
            while lacking := await self._lacking(supervisor, temporal, web):
                if loop.time() > tell:
                    say_on_stderr(f"not ready yet: {lacking}")
                    tell = loop.time() + 15
                await asyncio.sleep(0.1)

    async def _lacking(self, supervisor: Supervisor, temporal: Client, web: httpx.AsyncClient) -> str | None:
        try:
            answer = await web.get(f"{self._settings.web_url}/health/ready")
        except httpx.HTTPError as error:
            return f"web does not answer ({type(error).__name__})"
        if answer.status_code != httpx.codes.OK:
            return f"web says {answer.status_code}: {answer.text[:300]}"
        if self._task_queue is not None and not await is_polled_by(
            temporal.service_client,
            supervisor.pid_of("worker"),
            namespace=temporal.namespace,
            queue=self._task_queue,
        ):
            return "the worker takes no tasks yet"
        return None

    def _announce(self, settings: Settings) -> None:
        if self._settings.api_key is None and settings.api_key is not None:
            say_on_stderr(f"API key (kept in {settings.home / 'api_key'}): {settings.api_key.get_secret_value()}")
        say_on_stderr(f"data and logs are in {settings.home}; Ctrl-C stops")
        with contextlib.suppress(BrokenPipeError):
            ui = settings.temporal_ui or "-"
            sys.stdout.write(f"ready web={settings.web_url} temporal={settings.temporal_address} ui={ui}\n")
            sys.stdout.flush()
