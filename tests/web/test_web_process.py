"""The web process as it really runs: it answers over the network and ends in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_web_process_serves_and_ends_with_zero(
    tmp_path: Path, free_port: Callable[[], int], how: signal.Signals
) -> None:
    """On an empty home it makes its tables, answers, and stops on a signal with code 0."""
    port = free_port()
    environment = {**os.environ, "NURTURE_HOME": str(tmp_path), "NURTURE_WEB": f"127.0.0.1:{port}"}
    running = subprocess.Popen([sys.executable, "-m", "cli.main", "web"], env=environment, stderr=subprocess.PIPE)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert answer_of(client, "/health/live").json() == {"status": "live"}
            assert client.get("/api/leads").status_code == 401
            assert "server" not in client.get("/login").headers
        running.send_signal(how)
        _, log = running.communicate(timeout=20)
        assert running.returncode == 0, log.decode()
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()


def answer_of(client: httpx.Client, path: str) -> httpx.Response:
    """The answer of a process that may still be starting."""
    end = time.monotonic() + 30
    while True:
        try:
            return client.get(path)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
