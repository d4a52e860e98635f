"""Keeps child processes alive and ends them in order; knows their commands, not what they do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from nurture.errors import NurtureError

_LOG_KEPT = 10 * 1024 * 1024
_PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0)
"""Seconds before a start, by how often the child died young in a row; never so long that it is not back within 5 s."""

_YOUNG = timedelta(seconds=10)


class PortTaken(NurtureError):
    """Somebody else listens where one of our processes wants to."""


@dataclass(frozen=True, slots=True)
class Child:
    """One command to keep alive; `environment` adds to the supervisor's own, `drain` is its time to end by itself."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    drain: timedelta = timedelta(seconds=15)


def say_on_stderr(line: str) -> None:
    """The supervisor's voice: stdout belongs to the one line that says everything is ready."""
    with contextlib.suppress(OSError):  # the pipe, or the terminal, has gone; what is to be done is done all the same
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class Supervisor:
    """Starts children, starts them again when they die, and stops them in reverse order.

    Pids are in `<home>/run/<name>.pid` (first line; the second tells whether that pid is still the same process),
    output in `<home>/log/<name>.log`. Every child leads its own process group, so that Ctrl-C in a terminal reaches
    the supervisor alone.
    """

    def __init__(self, home: Path, *, say: Callable[[str], None] = say_on_stderr) -> None:
        self._run = home / "run"
        self._log = home / "log"
        # Not among the pids of the children: whoever goes through those means the children.
        self._own_pid = home / "up.pid"
        self._successor = home / "up.next"
        self._say = say
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, Child] = {}
        self._stopping = False
        self._hurry = asyncio.Event()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._run.mkdir(exist_ok=True)
        self._log.mkdir(exist_ok=True)

    async def take_over(self) -> None:
        """Ends what an earlier supervisor of this home left: itself, if it still runs, and every child it named.

        A pid that has become another process in the meantime is left alone. Records this process as the supervisor.
        """
        self._successor.write_text(f"{os.getpid()}\n", encoding="ascii")
        await self._end_recorded([self._own_pid], "a `nurture up`", timedelta(seconds=30))
        left = {path.stem: path for path in self._run.glob("*.pid")}
        # Temporal goes last: the others can still finish what they hold.
        await self._end_recorded(
            [path for name, path in left.items() if name != "temporal"], "a process", timedelta(seconds=15)
        )
        await self._end_recorded([path for path in left.values() if path.exists()], "a process", timedelta(seconds=15))
        _record(self._own_pid, os.getpid())
        self._successor.unlink(missing_ok=True)

    def successor(self) -> str | None:
        """The pid of the supervisor that has come to take this one's place, if one has."""
        try:
            return self._successor.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    async def start(self, child: Child) -> None:
        """Starts `child` and keeps it alive until `stop`.

        Raises:
            NurtureError: its command does not exist on this machine.
        """
        if self._stopping:
            return
        try:
            await self._spawn(child)
        except OSError as error:
            raise NurtureError(
                f"{child.name} cannot be started: {error}",
                where=" ".join(child.argv[:4]),
                do="install the project again (`make demo` does), and see that the directory can be written",
            ) from error
        self._children[child.name] = child
        self._watchers[child.name] = asyncio.create_task(self._watch(child), name=f"watch {child.name}")

    async def stop(self) -> None:
        """Ends every child, the last started first: SIGTERM, its time to drain, then SIGKILL."""
        self._stopping = True
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        for name, child in reversed(self._children.items()):
            await self._end(child, self._processes[name])
            self._pid_file(name).unlink(missing_ok=True)
        self._own_pid.unlink(missing_ok=True)

    def hurry(self) -> None:
        """Cuts short every drain that is under way: a person asked a second time."""
        self._hurry.set()

    def pid_of(self, name: str) -> int:
        """The pid under which a started child runs, or ran last."""
        return self._processes[name].pid

    def log_of(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._log / f"{name}.log"

    def _pid_file(self, name: str) -> Path:
        return self._run / f"{name}.pid"

    async def _spawn(self, child: Child) -> None:
        _rotate(self.log_of(child.name))
        with self.log_of(child.name).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **child.environment},
                start_new_session=True,
            )
        self._processes[child.name] = process
        _record(self._pid_file(child.name), process.pid)

    async def _watch(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        young = 0
        while True:
            born = loop.time()
            code = await self._processes[child.name].wait()
            lived = loop.time() - born
            young = young + 1 if lived < _YOUNG.total_seconds() else 0
            pause = _PAUSES[min(young, len(_PAUSES)) - 1] if young else 0.0
            self._say(
                f"{child.name} ended ({_ending(code)}) after {lived:.1f} s, is started again: {self.log_of(child.name)}"
            )
            if code > 0 and young <= 2:
                # Killed from outside there is nothing to read; ended by itself, the reason is in its last lines.
                for line in _last_lines(self.log_of(child.name)):
                    self._say(f"  {child.name} | {line}")
            await asyncio.sleep(pause)
            try:
                await self._spawn(child)
            except OSError as error:  # a full disk, for example: it may have room again
                self._say(f"{child.name} cannot be started: {error}")
                await asyncio.sleep(_PAUSES[-1])

    async def _end(self, child: Child, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
        hurried = asyncio.create_task(self._hurry.wait())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({hurried, ended}, timeout=child.drain.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            self._say(f"{child.name} did not end by itself: killed")
            _signal_group(process.pid, signal.SIGKILL)
        await ended

    async def _end_recorded(self, files: Iterable[Path], what: str, drain: timedelta) -> None:
        found = {path: _recorded(path) for path in files}
        ours = {path: pid for path, pid in found.items() if pid is not None and pid != os.getpid()}
        for path, pid in ours.items():
            self._say(f"{what} of this home runs and is ended, this one takes its place: pid {pid} ({path.name})")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        loop = asyncio.get_running_loop()
        end = loop.time() + drain.total_seconds()
        # They are not our children: nothing tells when they end, so that they are looked at again and again.
        while any(_recorded(path) is not None for path in ours) and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for path, pid in ours.items():
            if _recorded(path) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                while _recorded(path) is not None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        for path in found:
            path.unlink(missing_ok=True)


def require_free_port(host: str, port: int, *, setting: str) -> None:
    """Refuses a port on which somebody listens.

    Raises:
        PortTaken: with the setting that chooses another one.
    """
    with contextlib.ExitStack() as closing:
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            probe = closing.enter_context(socket.socket(family, kind, protocol))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection in TIME_WAIT is no listener
            probe.bind(where)
        except OSError as error:
            raise PortTaken(
                f"port {port} of {host} cannot be used: {error.strerror}",
                where=setting,
                do=f"end the program that listens there, or choose another port with {setting}",
            ) from error


def identity(pid: int) -> str | None:
    """What tells a process from a later one with the same pid; None where it does not run (a zombie does not)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name, in parentheses, may hold spaces: the fixed fields begin after its end.
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return _identity_by_ps(pid) if not Path("/proc/self/stat").exists() else None
    return None if after_name[0] in {"Z", "X"} else f"{boot}/{after_name[19]}"


def _identity_by_ps(pid: int) -> str | None:
    done = subprocess.run(  # noqa: S603 -- a number as the only argument
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = done.stdout.strip().partition(" ")
    return started.strip() if state and not state.startswith("Z") else None


def _record(path: Path, pid: int) -> None:
    scratch = path.with_suffix(".new")
    scratch.write_text(f"{pid}\n{identity(pid) or ''}\n", encoding="ascii")
    scratch.replace(path)


def _recorded(path: Path) -> int | None:
    """The pid a file names, where that very process still runs."""
    try:
        first, _, second = path.read_text(encoding="utf-8", errors="replace").partition("\n")
        pid = int(first)
    except (FileNotFoundError, ValueError):
        return None
    token = second.strip()
    return pid if token and identity(pid) == token else None


def _signal_group(leader: int, which: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, which)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_KEPT:
        log.replace(log.with_suffix(".log.1"))


def _last_lines(log: Path, count: int = 5) -> list[str]:
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - 4000))
        return source.read().decode(errors="replace").splitlines()[-count:]


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
