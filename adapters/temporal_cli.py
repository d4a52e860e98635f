"""Decides which Temporal command line is used, and gets one where there is none; knows nothing of its server's data."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from adapters.settings import SettingsRefused, read_settings
from nurture.errors import NurtureError

CLI_VERSION = "v1.5.1"
"""The newest release that the Go module proxy can build: later ones replace a module by a local one."""

CLI_MODULE = "github.com/temporalio/cli/cmd/temporal"

_DOWNLOAD_STALLS_AFTER = timedelta(seconds=20)
_DOWNLOAD_TAKES_AT_MOST = timedelta(minutes=15)
_BUILD_TAKES_AT_MOST = timedelta(minutes=30)


class TemporalCliMissing(NurtureError):
    """No usable Temporal command line, and none could be downloaded or built; says the commands that mend it."""


class PreparationStopped(NurtureError):
    """A download or build was given up because the person (or the supervisor) asked to stop."""


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class TemporalCli:
    """Finds the Temporal command line, or gets it. `say` takes progress lines; `stopped` is asked twice a second."""

    named: Path | None = None
    say: Callable[[str], None] = field(default=_say)
    stopped: Callable[[], bool] = field(default=_never)

    @property
    def cache(self) -> Path:
        """The directory that keeps the command line between runs, one per version."""
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        return Path(base).expanduser() / "nurture" / "temporal-cli" / CLI_VERSION

    def find(self) -> Path:
        """The path of a command line that answers `--version`; downloads or builds it (minutes) where none is there.

        Raises:
            TemporalCliMissing: the named one does not work, or every way to get one failed.
            PreparationStopped: `stopped` became true meanwhile.
        """
        if self.named is not None:
            if not answers(self.named):
                raise TemporalCliMissing(
                    f"{self.named} does not answer `--version`",
                    where="NURTURE_TEMPORAL_CLI",
                    do="let it name a Temporal CLI of 1.5 or newer, or unset it so that one is found",
                )
            return self.named
        return self._found() or self._prepared()

    def _found(self) -> Path | None:
        on_path = shutil.which("temporal")
        candidates = [Path(on_path)] if on_path else []
        candidates.append(self.cache / "temporal")
        return next((path for path in candidates if answers(path)), None)

    def _prepared(self) -> Path:
        self.cache.mkdir(parents=True, exist_ok=True)
        with self._alone():
            # Whoever held the lock before us may have prepared it.
            return self._found() or self._downloaded() or self._built()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.cache / "lock").open("w") as lock:
            told = False
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not told:
                        self.say("another process is getting the Temporal command line: waiting for it")
                        told = True
                    self._give_up_if_stopped()
                    time.sleep(0.5)
            yield

    def _downloaded(self) -> Path | None:
        """The SDK's own download, which starts a server as a side effect; None where it makes no headway."""
        with tempfile.TemporaryDirectory(prefix="download-", dir=self.cache) as scratch:
            there = Path(scratch)
            argv = [sys.executable, "-c", _DOWNLOAD, str(there)]
            failed = self._attempt(
                "downloading the Temporal command line (about 60 MB, once)",
                argv,
                at_most=_DOWNLOAD_TAKES_AT_MOST,
                size_of=there,
            )
            got = next((path for path in sorted(there.iterdir()) if path.is_file() and answers(path)), None)
            if got is None:
                self.say(f"the download is not possible here ({failed or 'nothing usable arrived'})")
                return None
            return self._kept(got)

    def _built(self) -> Path:
        go = shutil.which("go")
        if go is None:
            self._missing("Go is not installed, so that it cannot be built either")
        with tempfile.TemporaryDirectory(prefix="build-", dir=self.cache) as scratch:
            failed = self._attempt(
                "building the Temporal command line with Go (about 4 minutes, once)",
                [go, "install", f"{CLI_MODULE}@{CLI_VERSION}"],
                at_most=_BUILD_TAKES_AT_MOST,
                environment={"GOBIN": scratch},
            )
            got = Path(scratch) / "temporal"
            if not answers(got):
                self._missing(f"the build with Go failed: {failed or 'the result does not run'}")
            return self._kept(got)

    def _kept(self, got: Path) -> Path:
        kept = self.cache / "temporal"
        got.chmod(0o755)
        got.replace(kept)
        self.say(f"the Temporal command line is at {kept}")
        return kept

    def _attempt(
        self,
        what: str,
        argv: Sequence[str],
        *,
        at_most: timedelta,
        environment: dict[str, str] | None = None,
        size_of: Path | None = None,
    ) -> str | None:
        """Runs a long command with a progress line every 10 s; the reason of its failure, or None.

        With `size_of` the command is given up once that directory has not grown for 20 s.
        """
        log = self.cache / f"{what.partition(' ')[0]}.log"
        began = grown = time.monotonic()
        told, size = began, -1
        self.say(what)
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 -- our own argv, no shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
            try:
                while True:
                    try:
                        code = process.wait(timeout=0.5)
                    except subprocess.TimeoutExpired:
                        pass
                    else:
                        return None if code == 0 else _last_line(log) or f"exit code {code}"
                    self._give_up_if_stopped()
                    now = time.monotonic()
                    if now - told >= 10:
                        self.say(f"{what}: {now - began:.0f} s")
                        told = now
                    if size_of is not None and (arrived := _size(size_of)) != size:
                        size, grown = arrived, now
                    if size_of is not None and now - grown > _DOWNLOAD_STALLS_AFTER.total_seconds():
                        return f"nothing arrived for {_DOWNLOAD_STALLS_AFTER.total_seconds():.0f} s"
                    if now - began > at_most.total_seconds():
                        return f"not done after {at_most.total_seconds() / 60:.0f} minutes"
            finally:
                _end_group(process)

    def _give_up_if_stopped(self) -> None:
        if self.stopped():
            raise PreparationStopped("getting the Temporal command line was stopped", do="start again to go on")

    def _missing(self, why: str) -> NoReturn:
        raise TemporalCliMissing(
            "no Temporal command line",
            where=why,
            do=(
                "get one by hand, with `curl -sSf https://temporal.download/cli.sh | sh` or, having Go 1.25 or newer, "
                f"with `GOBIN={self.cache} go install {CLI_MODULE}@{CLI_VERSION}`; "
                "or name an existing one in NURTURE_TEMPORAL_CLI; or name a running server in TEMPORAL_ADDRESS"
            ),
        )


# A process of its own, so that a download that hangs in native code can be ended.
_DOWNLOAD = f"""
import asyncio, sys
from temporalio.testing import WorkflowEnvironment
async def download():
    environment = await WorkflowEnvironment.start_local(
        download_dest_dir=sys.argv[1], dev_server_download_version={CLI_VERSION!r})
    await environment.shutdown()
asyncio.run(download())
"""


def answers(path: Path) -> bool:
    """True where `path` is a Temporal command line that runs on this machine."""
    if not (path.is_file() and os.access(path, os.X_OK)):
        return False
    try:
        done = subprocess.run(  # noqa: S603 -- a path we found or were given, no shell
            [str(path), "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(b"temporal version")


def _size(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a partial file is renamed when it is whole
            total += path.stat().st_size
    return total


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"{lines[-1]} (all of it in {log})" if lines else ""


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> int:
    """Gets the command line ready and prints its path: what `make test` runs before the tests."""
    try:
        path = TemporalCli(named=read_settings().temporal_cli).find()
    except SettingsRefused as error:
        _say(str(error))
        return 1
    except TemporalCliMissing as error:
        _say(str(error))
        return 2
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
