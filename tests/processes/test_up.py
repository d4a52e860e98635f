"""The embedded whole in the foreground: real processes, started, killed and stopped."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.temporal_cli import TemporalCli
from cli.supervisor import identity

NAMES = ("relay", "temporal", "web", "worker")


def until(fact: Callable[[], object], seconds: float) -> None:
    """Waits for a fact that other processes bring about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return
        time.sleep(0.05)
    raise AssertionError(f"it did not come true within {seconds} s")


@dataclass
class Whole:
    """One home with its ports, in which `up` may be started several times."""

    home: Path
    web: int
    temporal: int
    ui: int
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def up(self, terminal: int | None = None) -> subprocess.Popen[str]:
        """Starts it; stdout is a pipe, stderr is appended to `<home>/said`, or is the terminal given."""
        self.home.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
        environment |= {
            "NURTURE_HOME": str(self.home),
            "NURTURE_WEB": f"127.0.0.1:{self.web}",
            "NURTURE_TEMPORAL_PORT": str(self.temporal),
            "NURTURE_TEMPORAL_UI_PORT": str(self.ui),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        with (self.home / "said").open("a") as said:
            process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("small_whole.py")],
                env=environment,
                cwd=self.home,
                stdout=subprocess.PIPE,
                stderr=said if terminal is None else terminal,
                text=True,
            )
        self.started.append(process)
        return process

    def ready(self, terminal: int | None = None) -> subprocess.Popen[str]:
        """Starts it and waits for its line."""
        process = self.up(terminal)
        assert process.stdout is not None
        line = process.stdout.readline()
        wanted = (
            f"ready web=http://127.0.0.1:{self.web} temporal=127.0.0.1:{self.temporal} ui=http://127.0.0.1:{self.ui}"
        )
        assert line == f"{wanted}\n", self.said()
        return process

    def said(self) -> str:
        """Everything on stderr so far."""
        return (self.home / "said").read_text()

    def pids(self) -> dict[str, int]:
        """The pids that scripts read: the first line of each file."""
        return {path.stem: int(path.read_text().splitlines()[0]) for path in sorted((self.home / "run").glob("*.pid"))}

    def end(self) -> None:
        """Ends what a failing test may have left."""
        for process in self.started:
            process.kill()
            process.communicate()
        for pid in self.pids().values():
            if identity(pid) is not None:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def whole(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Whole]:
    """A fresh home and free ports."""
    TemporalCli().find()
    whole = Whole(tmp_path / "home", free_port(), free_port(), free_port())
    yield whole
    whole.end()


def gone(pid: int) -> bool:
    """True where that process does not run any more."""
    return identity(pid) is None


def test_up_says_ready_once_and_stops_cleanly(whole: Whole) -> None:
    """Four children run; a signal ends them in reverse order and `up` with 0; stdout held one line."""
    process = whole.ready()
    pids = whole.pids()
    assert tuple(pids) == NAMES
    assert (whole.home / "prepared").read_text() == "temporal"
    # Each leads its own group, so that Ctrl-C in a terminal does not reach it.
    assert all(os.getpgid(pid) == pid for pid in pids.values())
    process.terminate()
    rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, ""), whole.said()
    assert all(gone(pid) for pid in pids.values())
    assert whole.pids() == {}
    assert (whole.home / "ended").read_text().split() == ["web", "worker", "relay"]


def test_a_terminal_that_was_closed_does_not_keep_it_from_stopping(whole: Whole) -> None:
    """Nothing can be said any more, and everything ends all the same."""
    ours, theirs = os.openpty()
    process = whole.ready(theirs)
    os.close(theirs)
    pids = [int((whole.home / "run" / f"{name}.pid").read_text().split()[0]) for name in NAMES]
    os.close(ours)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert all(gone(pid) for pid in pids)


def test_a_killed_child_is_back_within_five_seconds(whole: Whole) -> None:
    """Each of the four comes back under a new pid, and everything stays ready."""
    whole.ready()
    before = whole.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_back() -> bool:
        now = whole.pids()
        return tuple(now) == NAMES and all(now[name] != before[name] and not gone(now[name]) for name in NAMES)

    until(all_back, seconds=5)
    until(lambda: _answers(whole.web) and _answers(whole.ui), seconds=5)
    assert "worker ended (SIGKILL)" in whole.said()


def test_the_next_up_ends_what_a_killed_one_left(whole: Whole) -> None:
    """`up` killed alone leaves its children; the next one ends them, takes the same ports and keeps the key."""
    first = whole.ready()
    left = whole.pids()
    key = _get(whole.web)
    first.kill()
    first.wait()
    assert not any(gone(pid) for pid in left.values())
    whole.ready()
    assert all(gone(pid) for pid in left.values())
    assert _get(whole.web) == key == (whole.home / "api_key").read_text().strip()
    assert stat.S_IMODE((whole.home / "api_key").stat().st_mode) == 0o600


def test_a_second_up_of_the_same_home_takes_over(whole: Whole) -> None:
    """The first one stops cleanly instead of fighting for the ports."""
    first = whole.ready()
    whole.ready()
    assert first.wait(timeout=30) == 0
    assert not any(gone(pid) for pid in whole.pids().values())


def test_a_pid_that_now_belongs_to_a_stranger_is_left_alone(whole: Whole) -> None:
    """Pid files are never a reason to refuse, nor to end a process that is not ours; Ctrl-C ends `up` with 0 too."""
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        run = whole.home / "run"
        run.mkdir(parents=True)
        (run / "worker.pid").write_text(f"{stranger.pid}\nanother boot/1\n")
        (run / "web.pid").write_text(f"{stranger.pid}\n")
        (run / "relay.pid").write_text("nonsense")
        process = whole.ready()
        assert stranger.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(whole: Whole) -> None:
    """A stranger on a port: exit code 2, nothing started, and the words to mend it."""
    with socket.create_server(("127.0.0.1", whole.ui)):
        process = whole.up()
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert f"port {whole.ui}" in whole.said()
    assert "NURTURE_TEMPORAL_UI_PORT" in whole.said()
    assert whole.pids() == {}


def _get(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready") as answer:
        content: bytes = answer.read()
        return content.decode()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
