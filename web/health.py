"""Says whether the system lives and is ready, and counts for Prometheus; refuses to mend anything."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from adapters.database.engine import reading
from adapters.database.pages import shown
from adapters.database.schema import deployments, entries, events, handoffs, leads, sends
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
    """`{ready, now, speed, checks}`; 503 where the database or Temporal does not answer."""
    database, deployment = await run_in_threadpool(_database, here)
    temporal = await _temporal(request, here.settings.temporal_address)
    checks = {"database": database, "temporal": temporal, "deployment": deployment}
    good = database == "ok" and temporal == "ok"
    body: dict[str, Any] = {"ready": good, "now": None, "speed": 1, "checks": checks}
    if database == "ok":
        body["now"] = shown(await run_in_threadpool(here.clock.now))
        body["speed"] = here.clock.epoch.speed
    return JSONResponse(body, status_code=200 if good else 503)


def _database(here: Nurture) -> tuple[str, int | None]:
    try:
        with reading(here.engine) as connection:
            return "ok", connection.execute(select(func.max(deployments.c.number))).scalar()
    except SQLAlchemyError as error:
        return f"does not answer: {type(error).__name__}", None


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


@router.get("/metrics", summary="Counts in the text format of Prometheus", response_class=PlainTextResponse)
def metrics(here: Here) -> PlainTextResponse:
    """Plain counts of what is stored; nothing here names a person."""
    with reading(here.engine) as connection:
        return PlainTextResponse(_text(connection), media_type="text/plain; version=0.0.4; charset=utf-8")


def _text(connection: Connection) -> str:
    def number(*conditions: Any, of: Any) -> int:
        return int(connection.execute(select(func.count()).select_from(of).where(*conditions)).scalar_one())

    def by(column: Any) -> list[tuple[str, int]]:
        rows = connection.execute(select(column, func.count()).group_by(column).order_by(column)).all()
        return [(str(value), int(count)) for value, count in rows]

    lines: list[str] = []

    def tell(name: str, help_: str, samples: list[tuple[str, int]]) -> None:
        lines.extend((f"# HELP {name} {help_}", f"# TYPE {name} gauge"))
        lines.extend(f"{name}{labels} {value}" for labels, value in samples)

    tell("nurture_leads", "Leads by status.", [(f'{{status="{word}"}}', count) for word, count in by(leads.c.status)])
    tell(
        "nurture_entries_unsignalled",
        "Entries numbered and not yet delivered to Temporal.",
        [("", number(entries.c.signalled_real.is_(None), of=entries))],
    )
    tell("nurture_events", "Events stored.", [("", number(of=events))])
    tell("nurture_events_unfiled", "Events not yet numbered.", [("", number(~events.c.filed, of=events))])
    tell("nurture_events_parked", "Events of unknown leads.", [("", number(events.c.lead.is_(None), of=events))])
    tell("nurture_sends", "Mails by state.", [(f'{{state="{word}"}}', count) for word, count in by(sends.c.state)])
    tasks = [(f'{{state="{word}"}}', count) for word, count in by(handoffs.c.state)]
    tell("nurture_handoffs", "Tasks by state.", tasks)
    deployment = connection.execute(select(func.max(deployments.c.number))).scalar()
    tell("nurture_deployment", "The newest deployment.", [("", int(deployment or 0))])
    return "\n".join(lines) + "\n"
