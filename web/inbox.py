"""The mails of the built-in sink as API and as pages, and what their readers do; decides nothing about a lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from adapters.database.pages import DEFAULT_LIMIT, cursor_after, number_cursor, shown
from adapters.mail.answering import answer_of
from adapters.mail.inbound import read
from adapters.mail.inbox import Inbox, InboxMail, NotDelivered, UnknownMail
from adapters.mail.links import links_of, with_links_changed
from adapters.mail.message import source
from web.bodies import Said
from web.context import Here, Nurture
from web.fault_words import SaidFault, faults_in_words
from web.inbound import take_in
from web.pages import Cursor, Limit, Page, page
from web.problems import Refusal
from web.session import language_of, render
from web.sink import faults_of, waker

api = APIRouter(
    prefix="/api/inbox", tags=["inbox"], responses={409: {"description": "The mail never reached its reader"}}
)
pages = APIRouter(prefix="/inbox", include_in_schema=False)

T = TypeVar("T")
_ON_A_PAGE = 30
Action = Literal["reply", "spam", "unsubscribe", "unsubscribe_all"]


class Opening(Said):
    """How a mail was opened; `machine`: by a program that loads every mail."""

    machine: bool = False


class Click(Said):
    """Which link was followed."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=4000)]


class Answering(Said):
    """What the reader writes back; without it only the news that there was an answer is told."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    subject: Annotated[str | None, Field(max_length=400, description="Absent: `Re:` and the mail's own.")] = None
    automatic: Annotated[bool, Field(description="A machine answers: the reader is out of office.")] = False


class Unsubscribing(Said):
    """From what the reader unsubscribes: everything, or the topic of the mail."""

    scope: Literal["all", "topic"] = "all"


class Told(BaseModel):
    """The event that the sink tells the webhook; null where it counts none."""

    id: str
    event: str | None
    at: str | None


# --- API ------------------------------------------------------------------------------------------------------------


@api.get("")
def list_mails(  # the parameters of the route
    request: Request,
    here: Here,
    to: Annotated[str | None, Query(max_length=320, description="Only mails to this address.")] = None,
    since: Annotated[str | None, Query(description="RFC 3339: only mails at or after it.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page:
    """The mails the sink holds, oldest first."""
    mails = _inbox(request, here).oldest_first(
        to=to, since=_instant(since), after=number_cursor(cursor) or 0, limit=limit + 1
    )
    following = cursor_after(mails[limit - 1].number) if len(mails) > limit else None
    return page(request, [_as_json(mail) for mail in mails[:limit]], following, limit=limit)


@api.get("/{mail}")
def show_mail(request: Request, here: Here, mail: str) -> dict[str, Any]:
    """One mail; looking at it here opens nothing."""
    return _as_json(_found(lambda: _inbox(request, here).mail(mail)))


@api.get("/{mail}/source", response_class=Response, responses={200: {"content": {"message/rfc822": {}}}})
def mail_source(request: Request, here: Here, mail: str) -> Response:
    """One mail as the message that a mailbox would hold (RFC 5322), to be looked at with a mail program."""
    return _source(_found(lambda: _inbox(request, here).mail(mail)))


@api.post("/{mail}/open", status_code=202)
def open_mail(request: Request, here: Here, mail: str, opening: Annotated[Opening | None, Body()] = None) -> Told:
    """The reader opens the mail."""
    machine = opening.machine if opening else False
    return _told(mail, _found(lambda: _inbox(request, here).open(mail, machine=machine)))


@api.post("/{mail}/click", status_code=202)
def click_link(request: Request, here: Here, mail: str, click: Click) -> Told:
    """The reader follows a link. The unsubscribe link is not counted, as its sender asked the provider."""
    return _told(mail, _found(lambda: _inbox(request, here).click(mail, click.url)))


@api.post("/{mail}/reply", status_code=202)
def reply_to_mail(
    request: Request, here: Here, mail: str, answering: Annotated[Answering | None, Body()] = None
) -> Told:
    """The reader answers. With a text, as a mail that comes in the way Inbound Parse hands one in."""
    if answering is not None:
        _write_back(request, here, mail, answering)
        return Told(id=mail, event="reply", at=shown(here.clock.now()))
    return _told(mail, _found(lambda: _inbox(request, here).reply(mail)))


def _write_back(request: Request, here: Nurture, mail: str, answering: Answering) -> None:
    found = _found(lambda: _inbox(request, here).delivered(mail))
    body, kind = answer_of(found, answering.text, subject=answering.subject, automatic=answering.automatic)
    take_in(here, read(body, kind))


@api.post("/{mail}/unsubscribe", status_code=202)
def unsubscribe(
    request: Request, here: Here, mail: str, unsubscribing: Annotated[Unsubscribing | None, Body()] = None
) -> Told:
    """The reader unsubscribes at the provider: from everything, or with `{"scope": "topic"}` from the mail's topic."""
    scope = unsubscribing.scope if unsubscribing else "all"
    return _told(mail, _found(lambda: _inbox(request, here).unsubscribe(mail, scope)))


@api.post("/{mail}/spam", status_code=202)
def report_spam(request: Request, here: Here, mail: str) -> Told:
    """The reader reports the mail as spam."""
    return _told(mail, _found(lambda: _inbox(request, here).spam(mail)))


@api.post("/{mail}/bounce", status_code=202)
def bounce(request: Request, here: Here, mail: str) -> Told:
    """The mail comes back after all."""
    return _told(mail, _found(lambda: _inbox(request, here).bounce(mail)))


def _source(mail: InboxMail) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{mail.id}.eml"'}
    return Response(source(mail), media_type="message/rfc822", headers=named)


def _as_json(mail: InboxMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "to": mail.to,
        "to_name": mail.to_name,
        "from": {"email": mail.from_email, "name": mail.from_name},
        "subject": mail.subject,
        "headers": dict(mail.headers),
        "text": mail.text,
        "html": mail.html,
        "links": list(mail.links),
        "custom_args": dict(mail.custom_args),
        "delivered": mail.fate == "delivered",
        "at": shown(mail.at),
    }


def _told(mail: str, event: Mapping[str, Any] | None) -> Told:
    if event is None:
        return Told(id=mail, event=None, at=None)
    return Told(id=mail, event=event["event"], at=shown(datetime.fromtimestamp(event["timestamp"], UTC)))


def _instant(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        # A plus sign that was not quoted arrives as a blank.
        instant = datetime.fromisoformat(since.replace(" ", "+"))
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Refusal(
            422, f"{since[:100]!r} is no instant", where="query.since", do="write RFC 3339, as 2026-11-01T09:00:00Z"
        ) from error


def _inbox(request: Request, here: Nurture) -> Inbox:
    return Inbox(here.engine, here.clock, waker(request))


def _found(act: Callable[[], T]) -> T:
    try:
        return act()
    except UnknownMail as error:
        raise Refusal(404, error.what, where=error.where, do=error.do) from error
    except NotDelivered as error:
        raise Refusal(409, error.what, where=error.where, do=error.do) from error


# --- pages ----------------------------------------------------------------------------------------------------------


@pages.get("")
def inbox_page(
    request: Request,
    here: Here,
    to: Annotated[str, Query(max_length=320)] = "",
    cursor: Cursor = None,
) -> Response:
    """The mails, newest first."""
    mails = _inbox(request, here).newest_first(to=to or None, before=number_cursor(cursor), limit=_ON_A_PAGE + 1)
    older = cursor_after(mails[_ON_A_PAGE - 1].number) if len(mails) > _ON_A_PAGE else None
    return _page(
        request,
        here,
        "inbox.html",
        faults=_faults(request, here),
        switch_off=f'curl -H "Authorization: Bearer $KEY" -X DELETE {here.settings.public_url}/api/sink/faults',
        mails=mails[:_ON_A_PAGE],
        to=to,
        older=_same_page(request, cursor=older) if older else None,
        newest=_same_page(request, cursor=None) if cursor else None,
    )


def _faults(request: Request, here: Nurture) -> list[SaidFault]:
    if here.settings.mail != "sink":
        return []
    return faults_in_words(faults_of(request.app, here).list(), _language(request))


@pages.get("/{mail}")
def mail_page(request: Request, here: Here, mail: str, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """One mail. To look at it is to open it, except right after doing something with it."""
    inbox = _inbox(request, here)
    found = _found(lambda: inbox.mail(mail))
    if found.fate == "delivered" and not done:
        inbox.open(mail)
    language = _language(request)

    def through_here(url: str) -> str:
        return f"/inbox/{quote(mail, safe='')}/click?{urlencode({'url': url})}"

    return _page(
        request,
        here,
        "inbox_mail.html",
        mail=found,
        html=with_links_changed(found.html, through_here),
        done=done,
        action=lambda name: f"/inbox/{quote(mail, safe='')}/{name}?lang={language}",
    )


@pages.get("/{mail}/source")
def source_of_mail(request: Request, here: Here, mail: str) -> Response:
    """The mail as a file that mail programs open."""
    return _source(_found(lambda: _inbox(request, here).mail(mail)))


@pages.get("/{mail}/click")
def follow_link(request: Request, here: Here, mail: str, url: Annotated[str, Query(max_length=4000)]) -> Response:
    """Tells the click and leads on, to links of this mail only."""
    inbox = _inbox(request, here)
    found = _found(lambda: inbox.mail(mail))
    if url not in {link.url for link in links_of(found.html)}:
        raise Refusal(404, "this mail has no such link", where="query.url", do=f"open the mail at /inbox/{mail}")
    if found.fate == "delivered":
        inbox.click(mail, url)
    return RedirectResponse(url, status_code=303)


@pages.post("/{mail}/{action}")
def act_on_mail(
    request: Request,
    here: Here,
    mail: str,
    action: Action,
    csrf_token: Annotated[str, Form()] = "",  # noqa: ARG001  # judged where the router is included
    text: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """One of the buttons below the mail."""
    inbox = _inbox(request, here)
    match action:
        case "reply" if text.strip():
            _write_back(request, here, mail, Answering(text=text))
        case "reply":
            _found(lambda: inbox.reply(mail))
        case "spam":
            _found(lambda: inbox.spam(mail))
        case "unsubscribe":
            _found(lambda: inbox.unsubscribe(mail, "topic"))
        case "unsubscribe_all":
            _found(lambda: inbox.unsubscribe(mail, "all"))
    query = urlencode({"done": action, "lang": _language(request)})
    return RedirectResponse(f"/inbox/{quote(mail, safe='')}?{query}", status_code=303)


def _page(request: Request, here: Nurture, name: str, **values: Any) -> Response:
    language = _language(request)
    sender = here.store.current().sender
    zone = ZoneInfo(sender.time_zone) if sender is not None else UTC
    other = "en" if language == "ja" else "ja"
    return render(
        request,
        name,
        language=language,
        lang=language,
        in_other_language=_same_page(request, lang=other),
        zone=sender.time_zone if sender is not None else "UTC",
        local=lambda instant: instant.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        **values,
    )


def _language(request: Request) -> str:
    asked = request.query_params.get("lang")
    return asked if asked in ("ja", "en") else language_of(request)


def _same_page(request: Request, **changed: str | None) -> str:
    query = {**request.query_params, **changed}
    kept = {name: value for name, value in query.items() if value is not None and name != "done"}
    if request.url.path.count("/") > 1 and "lang" in changed:
        kept["done"] = "language"  # to read the same mail in another language is no second opening
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
