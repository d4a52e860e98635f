"""The page and the one-click request (RFC 8058) that end mails of a topic at once; refuses to ask who is there."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.database.consents import ALL
from adapters.database.engine import writing
from adapters.database.events import unsubscribe
from adapters.database.sequence import UnknownLead
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from web.context import Here, Nurture
from web.rates import address_of, rates_of
from web.session import render

router = APIRouter(include_in_schema=False)


@router.get("/u/{token}")
def confirm_page(request: Request, here: Here, token: str) -> Response:
    """Asks first: looking at it changes nothing, since mail scanners look too."""
    subscription = _tokens(request, here).read(token)
    if subscription is None:
        return _unknown(request)
    return _page(request, here, subscription, done=False)


@router.post("/u/{token}")
async def one_click(request: Request, here: Here, token: str) -> Response:
    """Effective when answered; doing it again changes nothing. Whatever the form says, a post means it."""
    subscription = _tokens(request, here).read(token)
    if subscription is None:
        return _unknown(request)
    await run_in_threadpool(_leave, here, subscription)
    return await run_in_threadpool(_page, request, here, subscription, done=True)


def _leave(here: Nurture, subscription: Subscription) -> None:
    with writing(here.engine) as connection:
        try:
            unsubscribe(
                connection,
                subscription.lead,
                subscription.topic or ALL,
                now=here.clock.now(),
                send=subscription.send_key,
            )
        except UnknownLead:
            return  # nobody is left to be mailed: what was asked for holds already


def _tokens(request: Request, here: Nurture) -> UnsubscribeTokens:
    tokens = getattr(request.app.state, "unsubscribe_tokens", None)
    if not isinstance(tokens, UnsubscribeTokens):
        tokens = request.app.state.unsubscribe_tokens = UnsubscribeTokens.of(here.engine)
    return tokens


def _page(request: Request, here: Nurture, subscription: Subscription, *, done: bool) -> Response:
    return render(
        request,
        "unsubscribe.html",
        done=done,
        known=True,
        topic=subscription.topic,
        action=request.url.path,
        sender=here.store.current().sender,
    )


def _unknown(request: Request) -> Response:
    # whoever has a link of ours is never refused: a mail program's servers send the clicks of many people
    rates_of(request).take("public", address_of(request))
    return render(request, "unsubscribe.html", status=404, done=False, known=False, topic=None, action="", sender=None)
