"""A real Temporal server over PostgreSQL, without containers: what docker-compose.yml runs, on this machine.

Server and schema tool are built from the Go module proxy once (minutes) and kept in the user's cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self

import yaml
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.temporal_server import TemporalNotServing, register_search_attributes
from tests.postgresql import PostgresqlServer

VERSION = "v1.29.1"
HIGHEST_PORT = 32_767
"""Temporal keeps the port by which its services find each other in a column of two bytes."""
SHARDS = 4
MODULES = {"server": "go.temporal.io/server/cmd/server", "sql": "go.temporal.io/server/cmd/tools/sql"}


def programs() -> Path:
    """The directory of `server` and `sql`, built where they are missing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    kept = base / "nurture" / "temporal-server" / VERSION
    for name, module in MODULES.items():
        if not (kept / name).exists():
            go = shutil.which("go")
            if go is None:
                raise RuntimeError(f"Go is needed to build {module}@{VERSION}: install Go 1.25 or newer")
            sys.stderr.write(f"building Temporal's {name} with Go (some minutes, once)\n")
            kept.mkdir(parents=True, exist_ok=True)
            environment = {**os.environ, "GOBIN": str(kept)}
            subprocess.run([go, "install", f"{module}@{VERSION}"], env=environment, check=True)
    return kept


@dataclass
class TemporalCluster:
    """One server with its four services in one process, its two databases in a PostgreSQL server of the tests."""

    postgresql: PostgresqlServer
    free_port: Callable[[], int]
    directory: Path
    port: int = field(init=False)
    _process: subprocess.Popen[bytes] | None = None
    _namespaces: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.port = self.free_port()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        for part, database in (("temporal", "temporal"), ("visibility", "temporal_visibility")):
            for words in (
                ["create"],
                ["setup-schema", "--version", "0.0"],
                ["update-schema", "--schema-name", f"postgresql/v12/{part}"],
            ):
                self._schema(database, *words)
        (self.directory / "config").mkdir(exist_ok=True)
        (self.directory / "config" / "tests.yaml").write_text(yaml.safe_dump(self._configuration()), encoding="utf-8")
        (self.directory / "config" / "dynamic.yaml").write_text("{}\n", encoding="utf-8")
        self.start()
        return self

    def start(self) -> None:
        """Start the server; again after it was killed."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "server", "--root", ".", "--config", "config", "--env", "tests", "--allow-no-auth",
                 "start"],
                cwd=self.directory, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL, and start it again."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()  # nothing of it is needed again
            self._process.wait()

    async def namespace(self) -> str:
        """A namespace of its own, with the search attributes: the leads of one test are not those of another."""
        name = f"test_{next(self._namespaces)}"
        client = await Client.connect(self.address, namespace=name, lazy=True)
        service = client.service_client
        request = RegisterNamespaceRequest(namespace=name)
        request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
        for _ in range(300):
            try:
                await service.workflow_service.register_namespace(request, timeout=timedelta(seconds=5))
                break
            except (RPCError, RuntimeError):
                await asyncio.sleep(0.2)
        for _ in range(300):  # a namespace is known to every service only after its cache was refreshed
            try:
                await register_search_attributes(service, namespace=name)
            except (RPCError, TemporalNotServing):
                await asyncio.sleep(0.2)
            else:
                return name
        raise RuntimeError(f"the namespace {name} cannot be used: {(self.directory / 'log').read_text()[-2000:]}")

    def _schema(self, database: str, *words: str) -> None:
        argv = [
            str(programs() / "sql"), "--plugin", "postgres12", "--ep", "127.0.0.1", "-p", str(self.postgresql.port),
            "-u", "nurture", "--pw", "x", "--db", database, *words,
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words[0]} of {database} failed: {done.stderr[-2000:]}")

    def _configuration(self) -> dict[str, Any]:
        def store(database: str, connections: int) -> dict[str, Any]:
            return {
                "sql": {
                    "pluginName": "postgres12", "databaseName": database, "connectProtocol": "tcp",
                    "connectAddr": f"127.0.0.1:{self.postgresql.port}", "user": "nurture", "password": "x",
                    "maxConns": connections, "maxIdleConns": connections, "maxConnLifetime": "1h",
                }
            }  # fmt: skip

        def service(port: int) -> dict[str, Any]:
            return {"rpc": {"grpcPort": port, "membershipPort": _low_port(), "bindOnLocalHost": True}}

        active = {
            "enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": self.address,
        }  # fmt: skip
        return {
            "log": {"stdout": True, "level": "warn"},
            "persistence": {
                "defaultStore": "default", "visibilityStore": "visibility", "numHistoryShards": SHARDS,
                "datastores": {"default": store("temporal", 20), "visibility": store("temporal_visibility", 10)},
            },
            "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
            "services": {
                "frontend": service(self.port),
                **{name: service(self.free_port()) for name in ("history", "matching", "worker")},
            },
            "clusterMetadata": {
                "enableGlobalNamespace": False, "failoverVersionIncrement": 10, "masterClusterName": "active",
                "currentClusterName": "active",
                "clusterInformation": {"active": active},
            },
            "dcRedirectionPolicy": {"policy": "noop"},
            "archival": {"history": {"state": "disabled"}, "visibility": {"state": "disabled"}},
            "publicClient": {"hostPort": self.address},
            "dynamicConfigClient": {"filepath": "config/dynamic.yaml", "pollInterval": "10s"},
        }  # fmt: skip


def _low_port() -> int:
    for port in range(HIGHEST_PORT, 20_000, -7):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _taken:
                _taken.add(port)
                return port
    raise RuntimeError("no port below 32768 is free")


_taken: set[int] = set()


if __name__ == "__main__":
    programs()
