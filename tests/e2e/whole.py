"""Runs the whole product as its users do: `nurture up` in a process of its own, and everything else over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[2]
KEY = "a-key-for-tests-only"
Found = TypeVar("Found")


def patiently(look: Callable[[], Found | None], *, seconds: float = 30) -> Found:
    """The first true thing that `look` returns; a server that is away for a moment is asked again."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except (httpx.HTTPError, OSError):
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen within {seconds} s")
        time.sleep(0.1)


@dataclass
class Whole:
    """One home with its processes."""

    home: Path
    ports: tuple[int, int, int]
    database_url: str
    speed: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    kill_temporal: Callable[[], None] | None = None
    process: subprocess.Popen[str] | None = None
    ready_line: str = ""

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def temporal_address(self) -> str:
        return self.environment.get("TEMPORAL_ADDRESS", f"127.0.0.1:{self.ports[1]}")

    @property
    def namespace(self) -> str:
        return self.environment.get("TEMPORAL_NAMESPACE", "default")

    @property
    def settings(self) -> dict[str, str]:
        return {
            **os.environ,
            "NURTURE_HOME": str(self.home),
            "NURTURE_DATABASE_URL": self.database_url,
            "NURTURE_WEB": f"127.0.0.1:{self.ports[0]}",
            "NURTURE_TEMPORAL_PORT": str(self.ports[1]),
            "NURTURE_TEMPORAL_UI_PORT": str(self.ports[2]),
            "NURTURE_SPEED": str(self.speed),
            "NURTURE_API_KEY": KEY,
            **self.environment,
        }

    def start(self, *command: str) -> None:
        """Start `nurture up` (or another command) and wait for its ready line."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", *(command or ("up",))],
                cwd=ROOT,
                env=self.settings,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline().strip()
        assert self.ready_line.startswith("ready web="), (self.home / "up.log").read_text()[-3000:]

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def run(self, *command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """One `nurture` command of this home."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *command],
            cwd=cwd,
            env={**self.settings, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def kill(self, name: str) -> int:
        """SIGKILL one process by its pid file; the pid (0 for a Temporal server that is not one of its children)."""
        if name == "temporal" and self.kill_temporal is not None:
            self.kill_temporal()
            return 0
        pid = int((self.home / "run" / f"{name}.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        return pid

    # --- HTTP -------------------------------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """GET as JSON."""
        answer = httpx.get(f"{self.web}{path}", headers=self._headers, timeout=15, trust_env=False)
        return answer.raise_for_status().json()

    def post(self, path: str, body: Any) -> httpx.Response:
        """POST JSON; the answer is the caller's to judge."""
        return httpx.post(f"{self.web}{path}", json=body, headers=self._headers, timeout=15, trust_env=False)

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        following: str | None = path
        while following is not None:
            page = self.get(following)
            yield from page["items"]
            following = page["next"]

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}"}

    def lead(self, lead: str, **wanted: object) -> Any:
        """The lead, once it stands as wanted."""

        def look() -> Any:
            found = self.get(f"/api/leads/{lead}?wait=5")
            return found if all(found.get(name) == value for name, value in wanted.items()) else None

        return patiently(look)

    def mails(self, to: str) -> list[dict[str, Any]]:
        """The mails in the sink for one address, oldest first."""
        return list(self.all(f"/api/inbox?to={to}"))

    def mail(self, to: str, number: int = 1) -> dict[str, Any]:
        """The n-th mail for an address, once it is there."""
        (found,) = patiently(lambda: self.mails(to)[number - 1 : number])
        return found


NewWhole = Callable[..., Whole]
"""Makes a whole in a home: `new_whole(home, speed=…, environment=…)`."""
