"""Lets password hashes be made and checked two at a time; refuses to know whose they are.

A hash takes 64 MiB and about a tenth of a second. Whoever waits for one occupies no thread, so that a flood of attempts
slows down log-ins only, and nothing else of the web process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from web.problems import Refusal

T = TypeVar("T")

AT_ONCE = 2
WAITING = 50
"""So many more wait for their turn, some seconds; the others are told to come again."""
_AGAIN = 5


class Hashing:
    """The hashes that one web process has in hand."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, work: Callable[..., T], *given: object) -> T:
        """What `work` returns, in a thread when it is its turn. Raises Refusal (503) where too many wait."""
        if self._waiting >= WAITING:
            raise Refusal(
                503, "too many people log in at once", where="password", do=f"come again in {_AGAIN} s",
                headers={"Retry-After": str(_AGAIN)},
            )  # fmt: skip
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            return await run_in_threadpool(work, *given)
        finally:
            self._turns.release()


def hashing_of(request: Request) -> Hashing:
    """That of the process that serves this request."""
    hashing = request.app.state.hashing
    if not isinstance(hashing, Hashing):
        raise TypeError("the app was made without make_app: app.state.hashing is missing")
    return hashing
