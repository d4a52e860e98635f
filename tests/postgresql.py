"""A PostgreSQL server of the tests' own, on a free port of 127.0.0.1, started as an ordinary user.

`python -m tests.postgresql` sees to it that the server's programs are here: it installs the system's package where it
can, and else says which command does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

COMMAND = "apt-get update && apt-get install --yes --no-install-recommends postgresql"
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 400
shared_buffers = 256MB
fsync = off
"""
"""No test pulls the plug of the machine, so nothing waits for the disk."""
DURABLE = SETTINGS.replace("fsync = off", "fsync = on")
"""As a server of a team would run, for figures."""


class PostgresqlMissing(Exception):
    """The server's programs are not installed."""


def programs() -> Path:
    """The directory of `initdb` and `postgres`; the newest where there are several. Raises PostgresqlMissing."""
    found = shutil.which("initdb")
    if found is not None and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not installed:
        raise PostgresqlMissing(f"PostgreSQL is not installed: {COMMAND}")
    return installed[-1].parent


def ordinary_user() -> str | None:
    """Who the server runs as: None for whoever asks, a name where that is root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass
class PostgresqlServer:
    """A server with a data directory of its own, gone with it. Trusts whoever connects: it listens on loopback only."""

    port: int
    settings: str = SETTINGS
    directory: Path = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the server's own database, for making others."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://nurture@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        bin_directory, user = programs(), ordinary_user()
        self.directory = Path(tempfile.mkdtemp(prefix="nurture-postgresql-"))
        if user is not None:
            shutil.chown(self.directory, user)
        as_user = ["runuser", "-u", user, "--"] if user is not None else []
        data = self.directory / "data"
        subprocess.run(
            [
                *as_user,
                bin_directory / "initdb",
                "-D",
                data,
                "-U",
                "nurture",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            ],
            check=True,
            capture_output=True,
            cwd=self.directory,
        )
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(f"port = {self.port}\n{self.settings}")
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*as_user, bin_directory / "postgres", "-D", data], cwd=self.directory, stdout=log, stderr=log
            )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        postmaster = self.directory / "data" / "postmaster.pid"
        if self._process is not None and self._process.poll() is None:
            # runuser does not hand every signal on, so the server is asked itself: fast shutdown
            os.kill(int(postmaster.read_text().split()[0]), 2)
            self._process.wait(timeout=30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process is not None and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and self._serves():
                    return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.directory / 'log').read_text()[-3000:]}")

    def _serves(self) -> bool:
        return "ready to accept connections" in (self.directory / "log").read_text()


def main() -> int:
    """0 where PostgreSQL can be started; 1 where it is missing and could not be installed."""
    try:
        programs()
    except PostgresqlMissing as missing:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            sys.stderr.write(f"{missing}\nthe tests on PostgreSQL are left out\n")
            return 1
        sys.stderr.write("installing PostgreSQL from the system's packages\n")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(COMMAND, shell=True, check=False, stdout=subprocess.DEVNULL, env=environment)  # noqa: S602
        if done.returncode != 0:
            sys.stderr.write(f"that failed; try it by hand: {COMMAND}\nthe tests on PostgreSQL are left out\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
