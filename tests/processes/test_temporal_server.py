"""The Temporal server of a developer's machine: found, started, waited for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest
from temporalio.client import Client
from temporalio.worker import Worker

from adapters.settings import Settings
from adapters.temporal_cli import PreparationStopped, TemporalCli, TemporalCliMissing
from adapters.temporal_server import (
    SEARCH_ATTRIBUTES,
    TemporalNotServing,
    connect_config,
    is_polled_by,
    lacking_search_attributes,
    register_search_attributes,
    server_argv,
    wait_until_serving,
)


@workflow.defn(sandboxed=False)
class Nothing:
    """A workflow that nobody starts."""

    @workflow.run
    async def run(self) -> None:
        """Ends at once."""


def executable(path: Path, script: str) -> Path:
    """A shell script that stands for a command."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without a Temporal command line and without Go: an empty PATH and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # The download fails at once, as where there is no network at all.
    monkeypatch.setattr("adapters.temporal_cli._DOWNLOAD", "raise SystemExit('no network')")
    return tmp_path


def test_the_named_command_line_comes_before_the_one_on_the_path(nowhere: Path) -> None:
    """NURTURE_TEMPORAL_CLI wins over PATH, PATH over the cache."""
    named = executable(nowhere / "named", "echo temporal version 1")
    on_path = executable(nowhere / "bin" / "temporal", "echo temporal version 1")
    cached = executable(TemporalCli().cache / "temporal", "echo temporal version 1")
    assert TemporalCli(named=named).find() == named
    assert TemporalCli().find() == on_path
    on_path.unlink()
    assert TemporalCli().find() == cached


def test_a_named_command_line_that_does_not_run_is_refused(nowhere: Path) -> None:
    """What a person named is never replaced silently by something else."""
    executable(nowhere / "bin" / "temporal", "echo temporal version 1")
    broken = executable(nowhere / "broken", "exit 1")
    with pytest.raises(TemporalCliMissing, match="NURTURE_TEMPORAL_CLI"):
        TemporalCli(named=broken).find()


def test_a_broken_command_line_on_the_path_is_passed_over(nowhere: Path) -> None:
    """A `temporal` of another kind on PATH does not hide the one in the cache."""
    executable(nowhere / "bin" / "temporal", "echo something else")
    cached = executable(TemporalCli().cache / "temporal", "echo temporal version 1")
    assert TemporalCli().find() == cached


def test_where_nothing_can_be_downloaded_it_is_built_with_go(nowhere: Path) -> None:
    """The build lands in the cache, is said on the way, and is there at once the next time."""
    executable(
        nowhere / "bin" / "go",
        'printf "#!/bin/sh\\necho temporal version built from $2\\n" > "$GOBIN/temporal"\n'
        '/bin/chmod +x "$GOBIN/temporal"',
    )
    said: list[str] = []
    built = TemporalCli(say=said.append).find()
    assert built == TemporalCli().cache / "temporal"
    assert "v1.5.1" in subprocess.run([built], capture_output=True, text=True, check=True).stdout
    assert any("building" in line for line in said)
    (nowhere / "bin" / "go").unlink()
    assert TemporalCli().find() == built


def test_where_nothing_works_the_error_says_what_to_type(nowhere: Path) -> None:
    """Without network and Go the exact command is named."""
    said: list[str] = []
    with pytest.raises(TemporalCliMissing, match=r"go install github\.com/temporalio/cli/cmd/temporal@v1\.5\.1"):
        TemporalCli(say=said.append).find()
    assert any("no network" in line for line in said)


def test_a_long_build_can_be_stopped(nowhere: Path) -> None:
    """A person who presses Ctrl-C is not kept waiting, and the build does not go on behind their back."""
    executable(nowhere / "bin" / "go", f"echo $$ > {nowhere}/pid; exec /bin/sleep 600")
    with pytest.raises(PreparationStopped):
        TemporalCli(stopped=(nowhere / "pid").exists).find()
    pid = int((nowhere / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_two_processes_do_not_build_at_once(nowhere: Path) -> None:
    """The second waits for the first and takes what it built."""
    executable(
        nowhere / "bin" / "go",
        f"echo built >> {nowhere}/builds; /bin/sleep 0.3\n"
        'printf "#!/bin/sh\\necho temporal version 1\\n" > "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"',
    )
    first, second = await asyncio.gather(
        asyncio.to_thread(TemporalCli(say=lambda _: None).find), asyncio.to_thread(TemporalCli(say=lambda _: None).find)
    )
    assert first == second
    assert (nowhere / "builds").read_text().splitlines() == ["built"]


async def test_search_attributes_that_a_server_lacks_are_added(temporal_client: Client) -> None:
    """A state file of an older release gets the new ones; adding them twice is no error."""
    service = temporal_client.service_client
    assert await lacking_search_attributes(service, namespace="default") == []
    await temporal_client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(namespace="default", search_attributes=["NurtureHot"])
    )
    assert await lacking_search_attributes(service, namespace="default") == ["NurtureHot"]
    await wait_until_serving(service.config.target_host)
    await register_search_attributes(service, namespace="default")
    assert await lacking_search_attributes(service, namespace="default") == []


async def test_a_worker_is_known_by_its_pid(temporal_client: Client) -> None:
    """Only the process that polls the queue counts, not another one that did."""
    service, here = temporal_client.service_client, os.getpid()
    async with Worker(temporal_client, task_queue="known", workflows=[Nothing]):
        async with asyncio.timeout(10):
            while not await is_polled_by(  # noqa: ASYNC110 -- the server tells nobody
                service, here, namespace="default", queue="known"
            ):
                await asyncio.sleep(0.05)
        assert not await is_polled_by(service, here + 1, namespace="default", queue="known")
    assert not await is_polled_by(service, here, namespace="default", queue="unknown")


async def test_a_server_started_again_on_its_file_keeps_its_state(
    tmp_path: Path, free_port: Callable[[], int], temporal_address: str
) -> None:
    """The search attributes given at every start are no obstacle to the second one, and workflows are still there."""
    port = free_port()
    argv = server_argv(TemporalCli().find(), port=port, ui_port=None, database=tmp_path / "temporal.db")
    assert argv.count("--search-attribute") == len(SEARCH_ATTRIBUTES)
    for run in (1, 2):
        server = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await wait_until_serving(f"127.0.0.1:{port}")
            client = await Client.connect(f"127.0.0.1:{port}")
            if run == 1:
                await client.start_workflow("Nobody", id="lead/kept", task_queue="nobody")
            described = await client.get_workflow_handle("lead/kept").describe()
            assert described.id == "lead/kept"
        finally:
            server.kill()
            await server.wait()


async def test_waiting_for_a_server_that_never_comes_ends_with_an_error(free_port: Callable[[], int]) -> None:
    """The error names the address and where to read on."""
    with pytest.raises(TemporalNotServing, match=r"temporal\.log"):
        await wait_until_serving(f"127.0.0.1:{free_port()}", at_most=timedelta(seconds=0))


def test_the_client_follows_temporals_own_variables_only_where_an_address_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With an embedded server a key or namespace meant for another one is not used."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")
    assert connect_config(Settings(temporal_port=7299)) == {"target_host": "127.0.0.1:7299", "namespace": "default"}
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.co.jp:7233")
    config = connect_config(Settings())
    assert (config["target_host"], config["namespace"]) == ("temporal.example.co.jp:7233", "elsewhere")


def test_the_finder_prints_the_path_for_scripts() -> None:
    """`python -m adapters.temporal_cli` gives one path on stdout, ready to run."""
    done = subprocess.run([sys.executable, "-m", "adapters.temporal_cli"], capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_file()
