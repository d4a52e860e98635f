"""Bounds how much the routes that take events in have in hand; what is too much is answered 503, to come again.

Whoever told something tells it again: a provider for a day, a website as it likes. So it is better turned away at once
than kept waiting, and never half stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool

from adapters.database.engine import Busy
from web.counting import TURNED_AWAY
from web.problems import Refusal
from web.rates import address_of

_log = structlog.get_logger()
T = TypeVar("T")

AT_WORK = 16
"""So many requests of a route are worked on at once: they share the threads with every other route."""
OF_ONE = 12
"""So many of them may be of one client: whoever sends a body drop by drop leaves others their turn."""
WAITING = 2_000
"""So many more wait for their turn, their bodies unread."""
TURN = 20.0
"""Seconds that one may wait for its turn while the database is well."""
PATIENCE = timedelta(seconds=4)
"""How long one may wait for the database."""
REST = 1.0
"""Seconds for which everybody is turned away once the database kept somebody waiting so long."""
SLOW_BODY = 20.0
"""Seconds in which a body must have come."""
_AGAIN = {"Retry-After": "5"}


class Intake:
    """The requests of one route that a process has in hand."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_WORK)
        self._of_each: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._waiting = 0
        self._rest_until = float("-inf")

    @asynccontextmanager
    async def turn(self, route: str, client: str) -> AsyncIterator[None]:
        """Work on one request. Raises Refusal (503) where there are too many, or the database keeps them waiting."""
        if self._resting() or self._waiting >= WAITING:
            raise self._turned_away(route, "busy" if self._resting() else "full")
        mine = self._of_each.setdefault(client, asyncio.Semaphore(OF_ONE))
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN):
                await mine.acquire()
                try:
                    await self._turns.acquire()
                except BaseException:
                    mine.release()
                    raise
        except TimeoutError as error:
            raise self._turned_away(route, "full") from error
        finally:
            self._waiting -= 1
        try:
            if self._resting():
                raise self._turned_away(route, "busy")
            yield
        except (Busy, OperationalError, PoolTimeout) as error:
            self._rest_until = time.monotonic() + REST
            raise self._turned_away(route, "busy") from error
        finally:
            self._turns.release()
            mine.release()

    def _resting(self) -> bool:
        return time.monotonic() < self._rest_until

    @staticmethod
    def _turned_away(route: str, reason: str) -> Refusal:
        TURNED_AWAY.labels(route, reason).inc()
        _log.warning("intake_turned_away", route=route, reason=reason)
        what = "the database keeps everybody waiting" if reason == "busy" else "there are too many requests at once"
        return Refusal(
            503, what, where=route, do="send it again in some seconds: nothing of it was kept", headers=_AGAIN
        )


def _intake_of(request: Request, route: str) -> Intake:
    """That of a route in this app, made with the first request."""
    state = request.app.state
    if not hasattr(state, "intakes"):
        state.intakes = {}
    found: Intake = state.intakes.setdefault(route, Intake())
    return found


async def take(request: Request, route: str, work: Callable[..., T], *given: Any) -> T:
    """Read the body when it is its turn, and do the work with it in a thread."""
    async with _intake_of(request, route).turn(route, address_of(request)):
        try:
            async with asyncio.timeout(SLOW_BODY):
                body = await request.body()
        except TimeoutError as error:
            raise Refusal(408, "the body did not come in time", where=route, do="send it again") from error
        return await run_in_threadpool(work, *given, body)
