"""The page where people say which mails they want, and the one-click request (RFC 8058) that ends those of a topic.

Both are effective when answered, and refuse to ask who is there: the link in the mail is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from adapters.database.consents import ALL
from adapters.database.engine import reading, writing
from adapters.database.events import forgotten_hashes, unsubscribe
from adapters.database.merges import goes_on
from adapters.database.preferences import Wording, choose, language_of_lead, leave_all, preferences
from adapters.database.sequence import UnknownLead
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from web.context import Here, Nurture
from web.rates import address_of, rates_of
from web.session import language_of, render

router = APIRouter(include_in_schema=False)

Done = Literal["", "left", "left_all", "saved", "changed"]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whose link it is, and how the page speaks to him: in the lead's language, unless he asks for another."""

    subscription: Subscription
    language: str
    there: bool


@router.get("/u/{token}")
def preference_page(request: Request, here: Here, token: str) -> Response:
    """Asks first: looking at it changes nothing, since mail scanners look too."""
    reader = _reader(request, here, token)
    return _unknown(request, here) if reader is None else _page(request, here, reader)


@router.post("/u/{token}")
async def leave_or_choose(request: Request, here: Here, token: str) -> Response:
    """One click, unless a person has chosen on the page. Doing it again changes nothing.

    Whatever the request says that is no choice, a post means to leave the topic: mail programs send all kinds of them.
    """
    reader = await run_in_threadpool(_reader, request, here, token)
    if reader is None:
        return _unknown(request, here)
    form = await _form(request)
    choice = None if "List-Unsubscribe" in form else form.get("choose")
    if choice == "topics":
        rates_of(request).take("posts", address_of(request))
        wanted = frozenset(each for each in form.getlist("topic") if isinstance(each, str))
        shown = str(form.get("wording", ""))
        done, not_again = await run_in_threadpool(_choose, here, reader, wanted, shown)
        return await run_in_threadpool(_page, request, here, reader, done=done, not_again=not_again)
    if choice == "none":
        await run_in_threadpool(_leave_all, here, reader)
        return await run_in_threadpool(_page, request, here, reader, done="left_all")
    await run_in_threadpool(_leave, here, reader.subscription)
    return await run_in_threadpool(_page, request, here, reader, done="left")


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=0, max_fields=200)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        return FormData()
    except (ValueError, LookupError):  # a character set that is none
        return FormData()


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


def _leave_all(here: Nurture, reader: _Reader) -> None:
    with writing(here.engine) as connection:
        leave_all(connection, reader.subscription.lead, now=here.clock.now(), send=reader.subscription.send_key)


def _choose(here: Nurture, reader: _Reader, wanted: frozenset[str], shown: str) -> tuple[Done, tuple[str, ...]]:
    """Keep a choice. Topics are left in any case; joined only by the words that stand on the page now."""
    wording = _wording(here, reader)
    if wording is None or not reader.there:
        return "", ()
    with writing(here.engine) as connection:
        if shown != wording.digest:
            before = preferences(connection, reader.subscription.lead, wording)
            wanted &= {each.topic for each in before if each.gets}
        chosen = choose(
            connection,
            reader.subscription.lead,
            wanted,
            wording,
            now=here.clock.now(),
            send=reader.subscription.send_key,
        )
    return ("saved" if shown == wording.digest else "changed"), chosen.not_again


def _wording(here: Nurture, reader: _Reader) -> Wording | None:
    sender = here.store.current().sender
    return Wording.of(sender, reader.language) if sender is not None and sender.topics else None


def _reader(request: Request, here: Nurture, token: str) -> _Reader | None:
    subscription = _tokens(request, here).read(token)
    if subscription is None:
        return None
    with reading(here.engine) as connection:
        subscription = replace(subscription, lead=goes_on(connection, subscription.lead))
        language = language_of_lead(connection, subscription.lead)
        if language is None and forgotten_hashes(connection, subscription.lead) == []:
            return None  # nothing is left to stop the mail by of who came back since: the contact has to
    asked = request.query_params.get("lang")
    own = ("ja" if language.startswith("ja") else "en") if language is not None else language_of(request)
    return _Reader(subscription, asked if asked in ("ja", "en") else own, language is not None)


def _tokens(request: Request, here: Nurture) -> UnsubscribeTokens:
    tokens = getattr(request.app.state, "unsubscribe_tokens", None)
    if not isinstance(tokens, UnsubscribeTokens):
        tokens = request.app.state.unsubscribe_tokens = UnsubscribeTokens.of(here.engine)
    return tokens


def _page(
    request: Request, here: Nurture, reader: _Reader, *, done: Done = "", not_again: tuple[str, ...] = ()
) -> Response:
    sender, wording, topic = here.store.current().sender, _wording(here, reader), reader.subscription.topic
    found = []
    if wording is not None and reader.there:
        with reading(here.engine) as connection:
            found = preferences(connection, reader.subscription.lead, wording)
    return render(
        request,
        "unsubscribe.html",
        language=reader.language,
        known=True,
        done=done,
        topic=sender.title_of(topic, reader.language) if sender is not None and topic is not None else topic,
        stopped=bool(concerned := [each for each in found if topic in (None, each.topic)])
        and all(each.stopped for each in concerned),
        preferences=found,
        not_again=not_again,
        wording=wording,
        action=request.url.path,
        other="en" if reader.language == "ja" else "ja",
        sender=sender,
    )


def _unknown(request: Request, here: Nurture) -> Response:
    # whoever has a link of ours is never refused: a mail program's servers send the clicks of many people
    rates_of(request).take("public", address_of(request))
    sender = here.store.current().sender
    return render(request, "unsubscribe.html", status=404, known=False, done="", topic=None, action="", sender=sender)
