"""Tells open pages that what they show has changed, as server-sent events; refuses to say what.

However many pages are open, the database is asked two cheap questions in two seconds, and none where nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response, StreamingResponse

from adapters.database import live_changes, sessions
from adapters.database.api_keys import digest_of
from adapters.database.engine import reading
from nurture.errors import NurtureError
from web.problems import Refusal
from web.security import READER

router = APIRouter(include_in_schema=False, dependencies=[READER])

MOST_LISTENERS = 200
"""Of one process; whoever comes later looks once a minute instead."""
EVERY = 2.0
STILL_HERE = 20.0
"""Seconds after which a silent connection says so, lest something on the way ends it."""
LONGEST = 600.0
"""Seconds after which a page has to ask again, and so to show that it still may."""
BRIEFLY = 60.0
"""The same for who came by a key or a one-time link: nothing tells this process that such a session has ended."""
_AGAIN = 3000
_PAUSE = 60.0

_log = structlog.get_logger(__name__)
Word = Annotated[str, InPath(max_length=200)]


@dataclass(slots=True, eq=False)
class Listener:
    """One open page. `topic`: what it shows (see live_changes); `over`: it is told nothing more.

    `session`: the hash of its person's session, None for a key.
    """

    topic: str
    session: str | None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False


class LiveWatch:
    """Those who listen in this process, and the one who looks for them; lives in the loop of the app."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changes = live_changes.Changes()
        self._listeners: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._numbers: dict[str, int] = defaultdict(int)
        self._ended = asyncio.Event()

    @property
    def full(self) -> bool:
        """True where nobody more can listen."""
        return self._ended.is_set() or len(self._listeners) >= MOST_LISTENERS

    def end(self) -> None:
        """Let everybody go: the process ends."""
        self._ended.set()
        for each in self._listeners:
            _let_go(each)

    async def over(self) -> None:
        """After `end`: until the last look has given its connection back."""
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def numbers(self, topic: str, session: str | None) -> AsyncIterator[bytes]:
        """The events of one page: a number at once, and another whenever what it shows has changed."""
        if self.full:
            return
        listener = Listener(topic, session)
        self._listeners.add(listener)
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_on(), name="look for changes")
            until = time.monotonic() + (LONGEST if session is not None else BRIEFLY)
            yield f"retry: {_AGAIN}\ndata: {self._numbers[topic]}\n\n".encode()
            while (left := until - time.monotonic()) > 0:
                try:
                    async with asyncio.timeout(min(STILL_HERE, left)):
                        await listener.woken.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if listener.over:
                    return
                listener.woken.clear()
                yield f"data: {self._numbers[topic]}\n\n".encode()
        finally:
            self._listeners.discard(listener)

    async def _look_on(self) -> None:
        """While anybody listens. After a while in which nobody did, what was written meanwhile is old to who comes."""
        if time.monotonic() - self._looked > _PAUSE:
            self._changes = live_changes.Changes()
        while self._listeners and not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._looked + EVERY - time.monotonic())):
                    await self._ended.wait()
                    return
            self._looked = time.monotonic()
            asked = {each.session for each in self._listeners if each.session is not None}
            wanted = {each.topic for each in self._listeners}
            try:
                changed, standing = await asyncio.to_thread(self._look, asked, wanted)
            except (SQLAlchemyError, NurtureError) as error:
                _log.warning("pages_not_watched", reason=type(error).__name__)  # the next round tries again
                continue
            for topic in self._numbers.keys() - wanted:
                del self._numbers[topic]
            for topic in changed:
                self._numbers[topic] += 1
            for each in self._listeners:
                if each.session in asked and each.session not in standing:
                    _let_go(each)
                elif each.topic in changed:
                    each.woken.set()

    def _look(self, asked: set[str], wanted: set[str]) -> tuple[frozenset[str], frozenset[str]]:
        with reading(self._engine) as connection:
            changed = self._changes.fresh(connection, wanted)
            return changed, sessions.standing(connection, asked, datetime.now(UTC))


def _let_go(listener: Listener) -> None:
    listener.over = True
    listener.woken.set()


def watch_of(request: Request) -> LiveWatch:
    """The watch of the app that serves this request."""
    watch = request.app.state.live
    if not isinstance(watch, LiveWatch):
        raise TypeError("the app was made without make_app: app.state.live is missing")
    return watch


@router.get("/desk/stream")
async def desk_stream(request: Request) -> Response:
    """A number whenever something about any task has changed; 503 where too many listen."""
    return _stream(request, live_changes.TASKS)


@router.get("/scenarios/{scenario}/stream")
async def scenario_stream(request: Request, scenario: Word) -> Response:
    """A number whenever a lead has done something in this scenario; 503 where too many listen."""
    return _stream(request, live_changes.of_scenario(scenario))


@router.get("/leads/{lead}/stream")
async def lead_stream(request: Request, lead: Word) -> Response:
    """A number whenever this lead's timeline has grown; 503 where too many listen."""
    return _stream(request, live_changes.of_lead(lead))


def _stream(request: Request, topic: str) -> Response:
    watch = watch_of(request)
    if watch.full:
        raise Refusal(
            503, "too many pages listen already", where=request.url.path, do="look again in a minute",
            headers={"Retry-After": "60"},
        )  # fmt: skip
    session = request.session.get("user") if request.state.caller.user is not None else None
    digest = digest_of(session) if isinstance(session, str) else None
    return StreamingResponse(
        watch.numbers(topic, digest), media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )  # fmt: skip
