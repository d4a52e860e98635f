"""Small children, kept alive and ended."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from cli.supervisor import Child, PortTaken, Supervisor, identity, require_free_port
from nurture.errors import NurtureError

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def python(name: str, code: str, drain: timedelta = timedelta(seconds=15)) -> Child:
    """A child that runs a line of Python, without its start-up costs."""
    return Child(name, [sys.executable, "-S", "-E", "-c", code], drain=drain)


@dataclass
class Kept:
    """A supervisor with what it said."""

    home: Path
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.home, say=self.said.append)

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text().splitlines()[0])

    async def until_logged(self, name: str, text: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.supervisor.log_of(name).read_text().count(text) < times:  # noqa: ASYNC110 -- another process writes
                await asyncio.sleep(0.02)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """A supervisor of a fresh home, stopped after the test."""
    kept = Kept(tmp_path / "home")
    yield kept
    kept.supervisor.hurry()
    await kept.supervisor.stop()


async def test_a_child_that_does_not_end_is_killed(kept: Kept) -> None:
    """SIGTERM, the time to drain, then SIGKILL; nothing survives a stop."""
    await kept.supervisor.start(python("stubborn", STUBBORN, drain=timedelta(seconds=0.1)))
    await kept.until_logged("stubborn", "up")
    pid = kept.pid("stubborn")
    await kept.supervisor.stop()
    assert identity(pid) is None
    assert "stubborn did not end by itself: killed" in kept.said


async def test_a_person_in_a_hurry_does_not_wait_for_a_drain(kept: Kept) -> None:
    """Asking a second time kills what is still running."""
    await kept.supervisor.start(python("stubborn", STUBBORN, drain=timedelta(hours=1)))
    await kept.until_logged("stubborn", "up")
    stopping = asyncio.create_task(kept.supervisor.stop())
    await asyncio.sleep(0)
    kept.supervisor.hurry()
    async with asyncio.timeout(10):
        await stopping


async def test_a_child_that_keeps_dying_is_started_again_and_its_reason_is_shown(kept: Kept) -> None:
    """What the child wrote last reaches the person, and the supervisor does not give up."""
    await kept.supervisor.start(python("failing", "raise SystemExit('no such table: leads')"))
    await kept.until_logged("failing", "no such table", times=3)
    assert any("failing ended (exit code 1)" in line for line in kept.said)
    assert "  failing | no such table: leads" in kept.said


async def test_a_command_that_does_not_exist_is_an_error(kept: Kept) -> None:
    """It names the child and the command."""
    with pytest.raises(NurtureError, match=r"ghost cannot be started.*/nowhere/ghost"):
        await kept.supervisor.start(Child("ghost", ["/nowhere/ghost"]))


async def test_output_is_appended_and_a_large_log_is_put_aside(kept: Kept) -> None:
    """A log grows over restarts; above 10 MB it becomes `.log.1` at the next start."""
    log = kept.supervisor.log_of("talking")
    log.write_text("before\n")
    await kept.supervisor.start(python("talking", "print('now', flush=True); import time; time.sleep(600)"))
    await kept.until_logged("talking", "now")
    assert log.read_text() == "before\nnow\n"
    with log.open("ab") as file:
        file.truncate(11 * 1024 * 1024)
    os.kill(kept.pid("talking"), 9)
    async with asyncio.timeout(10):
        while not log.with_suffix(".log.1").exists():  # noqa: ASYNC110 -- the file system tells nobody
            await asyncio.sleep(0.02)
    await kept.until_logged("talking", "now")
    assert log.stat().st_size < 1024


def test_a_port_somebody_listens_on_is_refused_and_a_free_one_is_not() -> None:
    """The error names the port and the setting."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port}.*NURTURE_WEB"):
            require_free_port("127.0.0.1", port, setting="NURTURE_WEB")
    require_free_port("127.0.0.1", port, setting="NURTURE_WEB")


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    """The identity stays while a process lives and is gone with it, even before it is reaped."""
    assert identity(os.getpid()) == identity(os.getpid()) is not None
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert identity(pid) is None
    os.waitpid(pid, 0)
    assert identity(pid) is None
