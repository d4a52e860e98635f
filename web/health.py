"""Says whether the system lives and is ready; refuses to mend anything."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

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

    Where a person has to resume mail, `checks.mail` says which, and where a channel to sales does not take what it is
    told, `checks.sales` says why; that makes nothing unready.
    """
    database, deployment, mail = await run_in_threadpool(_database, here)
    temporal = await _temporal(request, here.settings.temporal_address)
    checks = {"database": database, "temporal": temporal, "deployment": deployment, **mail}
    good = database == "ok" and temporal == "ok"
    body: dict[str, Any] = {"ready": good, "now": None, "speed": 1, "checks": checks}
    if database == "ok":
        body["now"] = shown(await run_in_threadpool(here.clock.now))
        body["speed"] = here.clock.epoch.speed
    return JSONResponse(body, status_code=200 if good else 503)


def _database(here: Nurture) -> tuple[str, int | None, dict[str, str]]:
    try:
        with reading(here.engine) as connection:
            number = connection.execute(select(func.max(deployments.c.number))).scalar()
            stops = [each for each in listed(connection) if each.state == "stopped" and each.until is None]
            untold = waiting(connection)
    except SQLAlchemyError as error:
        return f"does not answer: {type(error).__name__}", None, {}
    stopped = ", ".join(each.name or "all" for each in stops)
    trouble = {"mail": f"stopped: {stopped}; see `nurture mail stops`"} if stopped else {}
    channels = "; ".join(f"{each.channel}: {each.number} ({each.last_error})" for each in untold if each.last_error)
    return "ok", number, trouble | ({"sales": f"not told yet: {channels}"} if channels else {})


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
