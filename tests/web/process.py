"""What tests of the web process are given."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore

KEY = "key-of-the-tests"
HOST = "http://nurture.example.jp"


@dataclass(frozen=True)
class Process:
    """The parts of a web process, and a client that holds the admin key."""

    app: FastAPI
    engine: Engine
    store: DeploymentStore
    clock: Clock
    client: httpx.AsyncClient

    def anybody(self, key: str | None = None) -> httpx.AsyncClient:
        """Another client: with this key, or without any."""
        return client_of(self.app, key)


def client_of(app: FastAPI, key: str | None) -> httpx.AsyncClient:
    """A client that talks to the app without a network."""
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers)
