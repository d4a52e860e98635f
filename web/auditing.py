"""Notes each change that a person or program asks for over HTTP, in one place, and shows what was noted.

A route that changes something needs nothing for it: whoever was let through with a right that changes things is noted
with the route's name, unless what it did has noted itself (`audit.note`). Refuses to know what the routes do.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.database import audit
from adapters.database.engine import reading, writing
from adapters.database.pages import DEFAULT_LIMIT, shown
from web.context import Here, Nurture
from web.pages import Cursor, Limit, following_url
from web.security import need

router = APIRouter(prefix="/api/audit", tags=["audit"])

_SAFE = ("GET", "HEAD", "OPTIONS")
_WORDS = {
    "accept": "accept_task",
    "give_back": "return_task",
    "close": "close_task",
    "snooze": "snooze_task",
    "assign": "assign_task",
    "switch_on": "disturb_sink",
    "switch_off": "calm_sink",
    "switch_all_off": "calm_sink",
    "enroll": "enrol",
}
"""What routes do, where their names do not say it alone; another route is noted by its name."""


class Audited:
    """Adds the row of a change before its answer goes out, so that no change is confirmed that auditors cannot see."""

    def __init__(self, app: ASGIApp, nurture: Nurture) -> None:
        self._app = app
        self._nurture = nurture

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self._app(scope, receive, send)
            return

        with audit.acting(audit.Act()) as act:

            async def noting(message: Message) -> None:
                done = message["type"] == "http.response.start" and message["status"] < 400
                if done and act.changes and not act.noted:
                    await run_in_threadpool(self._note, scope, act)
                await send(message)

            await self._app(scope, receive, noting)

    def _note(self, scope: Scope, act: audit.Act) -> None:
        name = str(getattr(scope.get("route"), "name", "") or scope["path"])
        named = "/".join(str(value) for value in scope.get("path_params", {}).values())
        with writing(self._nurture.engine) as connection:
            audit.note(
                connection,
                _WORDS.get(name, name),
                act.subject or named or scope["path"],
                at=self._nurture.clock.now(),
                reason=act.reason,
            )


class Change(BaseModel):
    """One change: `at` on nurture's clock, `real` in real time; `via` is null for what the system did by itself."""

    at: str
    real: str | None
    by: str
    via: str | None
    role: str | None
    did: str
    subject: str | None
    reason: str | None
    details: dict[str, Any] | None


class Changes(BaseModel):
    """One page: `next` is the relative URL of the following one, or null."""

    items: list[Change]
    next: str | None = None


Word = Annotated[str | None, Query(max_length=400)]


@router.get("", summary="Who changed what, the newest first", dependencies=[Depends(need("audit"))])
def list_changes(
    request: Request,
    here: Here,
    by: Word = None,
    did: Word = None,
    subject: Word = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Changes:
    """All changes, or those by somebody, of a kind, or on something (the id of a lead, the name of a scenario)."""
    with reading(here.engine) as connection:
        found, following = audit.rows(connection, limit, cursor, by=by, did=did, subject=subject)
    items = [Change.model_validate({**asdict(each), "at": shown(each.at), "real": shown(each.real)}) for each in found]
    return Changes(items=items, next=following_url(request, following, limit=limit))
