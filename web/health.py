"""Says whether the system lives and is ready; refuses to mend anything."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from adapters.database import pulse
from adapters.database.engine import reading
from adapters.database.mail_stops import listed
from adapters.database.pages import shown
from adapters.database.schema import deployments
from adapters.database.tellings import waiting
from web.context import Here, Nurture

router = APIRouter()

_REMEMBERED = 1.0
"""Seconds for which an answer about Temporal is believed: probes come often."""


@router.get("/health/live", summary="The web process runs")
async def live() -> dict[str, str]:
    """Answers while the process can answer at all."""
    return {"status": "live"}


@router.get(
    "/health/ready",
    summary="Everything this process needs answers; nurture's time and speed",
    responses={503: {"description": "Something does not answer", "content": {"application/json": {}}}},
)
async def ready(request: Request, here: Here) -> Response:
    """`{ready, now, speed, checks}`; 503 where the database or Temporal does not answer.

    Where a person has to resume mail, `checks.mail` says which; where a channel to sales does not take what it is told,
    `checks.sales` says why; where no worker takes anything, `checks.worker` is `{what, where, do}`. None of them makes
    anything unready: what comes in is kept all the same.
    """
    database, deployment, more = await run_in_threadpool(_database, here)
    temporal = await _temporal(request, here.settings.temporal_address)
    if temporal != "ok":
        more.pop("worker", None)  # no worker can take anything
    checks = {"database": database, "temporal": temporal, "deployment": deployment, **more}
    good = database == "ok" and temporal == "ok"
    body: dict[str, Any] = {"ready": good, "now": None, "speed": 1, "checks": checks}
    if database == "ok":
        body["now"] = shown(await run_in_threadpool(here.clock.now))
        body["speed"] = here.clock.epoch.speed
    return JSONResponse(body, status_code=200 if good else 503)


def _database(here: Nurture) -> tuple[str, int | None, dict[str, Any]]:
    try:
        with reading(here.engine) as connection:
            number = connection.execute(select(func.max(deployments.c.number))).scalar()
            stops = [each for each in listed(connection) if each.state == "stopped" and each.until is None]
            silent = pulse.silent_for(connection, datetime.now(UTC))
            untold = waiting(connection)
    except SQLAlchemyError as error:
        return f"does not answer: {type(error).__name__}", None, {}
    more: dict[str, Any] = {"worker": _worker(silent)} if silent is not None else {}
    stopped = ", ".join(each.name or "all" for each in stops)
    if stopped:
        more["mail"] = f"stopped: {stopped}; see `nurture mail stops`"
    channels = "; ".join(f"{each.channel}: {each.number} ({each.last_error})" for each in untold if each.last_error)
    if channels:
        more["sales"] = f"not told yet: {channels}"
    return "ok", number, more


def _worker(silent: timedelta) -> str | dict[str, str]:
    """`ok`, or what stands still and what to do about it."""
    if silent <= pulse.STILL:
        return "ok"
    return {
        "what": f"no worker has taken anything for {silent.total_seconds() / 60:.0f} minutes: leads stand still",
        "where": "the workers: worker.log",
        "do": "see docs/operations.md, NurtureWorkersStill: a worker that lives and takes nothing has to be restarted",
    }


async def _temporal(request: Request, address: str) -> str:
    """`ok`, or why Temporal cannot be reached; asked at most once a second."""
    asked, answer = getattr(request.app.state, "temporal_seen", (0.0, ""))
    if answer and time.monotonic() - asked < _REMEMBERED:
        return str(answer)
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(0.7):
            _reader, writer = await asyncio.open_connection(host.strip("[]") or "127.0.0.1", int(port))
        writer.close()
        answer = "ok"
    except (OSError, TimeoutError, ValueError):
        answer = f"does not answer at {address}"
    request.app.state.temporal_seen = (time.monotonic(), answer)
    return answer
