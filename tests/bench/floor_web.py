"""The floor of the webhook, until it is killed: `python -m tests.bench.floor_web PORT`.

The least that can acknowledge a batch. A bare ASGI app in one process verifies the signature and reads the JSON, as
everybody must; then every event is one row of a table with one unique key, written by a plain executemany and committed
before the answer. It knows no lead, no send and no consent, and does not look whether two events are one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import uvicorn
from sqlalchemy import Engine, text

from adapters.database.engine import open_database, writing
from adapters.mail.port import SEND_KEY_ARGUMENT
from adapters.mail.provider import webhook_keys
from adapters.mail.webhook import SIGNATURE_HEADER, TIMESTAMP_HEADER, verify
from adapters.settings import read_settings

_TABLE = (
    "CREATE TABLE IF NOT EXISTS floor_events (event VARCHAR(300) PRIMARY KEY, send TEXT, type TEXT, at TEXT, body TEXT)"
)
_INSERT = "INSERT INTO floor_events VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


class FloorApp:
    """The one route."""

    def __init__(self, engine: Engine, keys: tuple[str, ...]) -> None:
        self._engine, self._keys = engine, keys
        self._insert = _INSERT if engine.dialect.name == "sqlite" else _INSERT.replace("?", "%s")
        with writing(engine) as conn:
            conn.execute(text(_TABLE))

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Take a batch: 200 and how many events it stored, or 401."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        stored = await asyncio.to_thread(self._take, body, headers)
        status = 401 if stored is None else 200
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": json.dumps({"accepted": stored}).encode()})

    def _take(self, body: bytes, headers: dict[str, str]) -> int | None:
        if not verify(body, headers.get(SIGNATURE_HEADER.lower()), headers.get(TIMESTAMP_HEADER.lower()), self._keys):
            return None
        rows = [
            (each["sg_event_id"], each[SEND_KEY_ARGUMENT], each["event"],
             datetime.fromtimestamp(each["timestamp"], UTC).isoformat(), json.dumps(each))
            for each in json.loads(body)
        ]  # fmt: skip
        with writing(self._engine) as conn:
            conn.exec_driver_sql(self._insert, rows)
        return len(rows)


async def main(port: int) -> None:
    """Serve on loopback; say when."""
    settings = read_settings()
    engine = open_database(settings.database_url)
    app = FloorApp(engine, webhook_keys(settings, engine))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has nothing to wait for
        await asyncio.sleep(0.05)
    sys.stdout.write("floor web ready\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
