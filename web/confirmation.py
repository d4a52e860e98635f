"""The page with the button that confirms a consent; refuses to confirm by being looked at: mail scanners look too."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.confirming import Standing, confirm, look
from adapters.mail.tokens import Confirmation, ConfirmationTokens
from web.context import Here, Nurture
from web.session import language_of, templates

router = APIRouter(include_in_schema=False)

_STATUS = {"asked": 200, "confirmed": 200, "expired": 410, "gone": 410}


@router.get("/c/{token}")
def confirm_page(request: Request, here: Here, token: str) -> Response:
    """Shows what is agreed to, and asks; nothing changes by it."""
    asked = _tokens(request, here).read(token)
    return _page(request, here, asked, look(here.engine, asked.request, here.clock.now()) if asked else None)


@router.post("/c/{token}")
async def confirm_consent(request: Request, here: Here, token: str) -> Response:
    """Effective when answered; doing it again changes nothing."""
    asked = _tokens(request, here).read(token)
    standing = await run_in_threadpool(_confirm, here, asked) if asked is not None else None
    return await run_in_threadpool(_page, request, here, asked, standing)


def _confirm(here: Nurture, asked: Confirmation) -> Standing | None:
    now = here.clock.now()
    if now >= asked.until:
        return look(here.engine, asked.request, now)
    return confirm(here.engine, asked.request, store=here.store, now=now)


def _tokens(request: Request, here: Nurture) -> ConfirmationTokens:
    tokens = getattr(request.app.state, "confirmation_tokens", None)
    if not isinstance(tokens, ConfirmationTokens):
        tokens = request.app.state.confirmation_tokens = ConfirmationTokens.of(here.engine)
    return tokens


def _page(request: Request, here: Nurture, asked: Confirmation | None, standing: Standing | None) -> Response:
    definitions = here.store.current()
    form = definitions.forms.get(standing.form) if standing is not None else None
    language = (form.language if form is not None else None) or language_of(request)
    values: dict[str, Any] = {
        "language": language,
        "ja": language.startswith("ja"),
        "state": standing.state if standing is not None else "unknown",
        "standing": standing,
        "title": form.title if form is not None else None,
        "form": standing.form if standing is not None and form is not None else None,
        "action": request.url.path,
        "sender": definitions.sender if asked is not None else None,
    }
    status = _STATUS[standing.state] if standing is not None else 404
    return templates.TemplateResponse(
        request, "confirmation.html", values, status_code=status, headers={"cache-control": "no-store"}
    )
