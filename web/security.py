"""Decides who may ask what: bearer keys, sessions, cross-site posts, sizes and headers; refuses to know the answers."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from sqlalchemy import Engine, delete, insert
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.charsets import python_name
from adapters.database import audit, sessions
from adapters.database.api_keys import digest_of, known, stands
from adapters.database.engine import reading, writing
from adapters.database.schema import keys
from adapters.database.users import User
from nurture.roles import RIGHTS, Right, Role
from web.context import nurture_of
from web.problems import Refusal, problem
from web.rates import address_of, rates_of

MOST_BYTES = 5 * 1024 * 1024
MOST_BYTES_OF_MAIL = 30 * 1024 * 1024
"""What a mail provider takes, and so hands in: whoever wants no more may have a picture in his signature."""
TOKEN_LIFE = timedelta(hours=1)
KEY_SESSION = timedelta(hours=12)
"""How long a browser may stand for a key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key by its name, or a user by the login, with the role; `session` where a browser's cookie says so.

    `digest`: that of a key of the database, which may be removed. `user`: the person, where it is one.
    """

    name: str
    role: str
    session: bool = False
    digest: str | None = None
    user: User | None = None

    def may(self, right: Right) -> bool:
        return right in RIGHTS.get(self.role, frozenset())

    @property
    def via(self) -> audit.Via:
        """How the caller is known."""
        return "user" if self.user is not None else "link" if self.name == LOGIN_LINK else "key"


LOGIN_LINK = "login link"
"""What whoever came in by a one-time link of nobody is called; no key can be."""


def caller_with(engine: Engine, key: str, *, settings_key: str | None) -> Caller | None:
    """The caller that a key stands for, or None: one of the database, or that of the settings, which is an admin's."""
    with reading(engine) as connection:
        found = known(connection, key)
    if settings_key is not None and hmac.compare_digest(digest_of(key), digest_of(settings_key)):
        return Caller("settings", "admin")
    return Caller(found.name, found.role, digest=digest_of(key)) if found is not None else None


def make_login_token(engine: Engine, role: Role = "admin") -> str:
    """A token that opens one session at `/login?token=…` within an hour."""
    token = secrets.token_urlsafe(32)
    sha256 = digest_of(token)
    with writing(engine) as connection:
        connection.execute(
            insert(keys).values(
                name=f"login/{sha256[:32]}", kind="login", sha256=sha256, role=role, created_real=datetime.now(UTC)
            )
        )
    return token


def caller_with_token(engine: Engine, token: str) -> Caller | None:
    """The caller that a one-time token stands for; it is used up by this."""
    oldest = datetime.now(UTC) - TOKEN_LIFE
    with writing(engine) as connection:
        role = connection.execute(
            delete(keys)
            .where(keys.c.kind == "login", keys.c.sha256 == digest_of(token), keys.c.created_real >= oldest)
            .returning(keys.c.role)
        ).scalar()
        connection.execute(delete(keys).where(keys.c.kind == "login", keys.c.created_real < oldest))
    return None if role is None else Caller(LOGIN_LINK, role)


async def caller_of(request: Request) -> Caller | None:
    """Who sends this request: by bearer key, else by session; None where neither is good."""
    caller = await _caller_of(request)
    request.state.caller = caller
    return caller


async def _caller_of(request: Request) -> Caller | None:
    here = nurture_of(request)
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        own = here.settings.api_key.get_secret_value() if here.settings.api_key is not None else None
        return await run_in_threadpool(caller_with, here.engine, key.strip(), settings_key=own)
    session = request.session
    if isinstance(session.get("user"), str):
        user = await run_in_threadpool(_user_of, here.engine, session["user"], seen=not _by_itself(request))
        return None if user is None else Caller(user.login, user.role, session=True, user=user)
    until = session.get("until")
    if not isinstance(until, int) or until < datetime.now(UTC).timestamp():
        return None
    if not (isinstance(session.get("name"), str) and isinstance(session.get("role"), str)):
        return None
    of_key = session.get("digest")
    if of_key is not None and not await run_in_threadpool(_stands, here.engine, of_key):
        return None  # the key it was opened with was removed
    return Caller(session["name"], session["role"], session=True)


def _by_itself(request: Request) -> bool:
    """True where an open page asks, and not somebody: that keeps no session alive."""
    return "x-nurture-by-itself" in request.headers or "text/event-stream" in request.headers.get("accept", "")


def _user_of(engine: Engine, session: str, *, seen: bool) -> User | None:
    now = datetime.now(UTC)
    with reading(engine) as connection:
        found = sessions.of(connection, session, now)
    if found is not None and found.stale and seen:
        with writing(engine) as connection:
            sessions.seen(connection, session, now)
    return None if found is None else found.user


def _stands(engine: Engine, digest: object) -> bool:
    with reading(engine) as connection:
        return isinstance(digest, str) and stands(connection, digest)


def need(right: Right) -> Callable[[Request], object]:
    """A dependency that lets through only callers with this right; the caller is its value.

    Raises (in a request):
        Refusal: 401 without a good key or session, 403 with the wrong role or, for a session, without CSRF token.
    """

    async def check(request: Request) -> Caller:
        caller = await caller_of(request)
        if caller is None:
            if "authorization" in request.headers:
                rates_of(request).take("posts", address_of(request))  # keys are not to be guessed
            raise Refusal(
                401,
                "a good key is needed",
                where=request.url.path,
                do="send `Authorization: Bearer <key>`, or open /login in a browser",
            )
        rates_of(request).take("key", f"user {caller.name}" if caller.user is not None else caller.name)
        if not caller.may(right):
            raise Refusal(
                403,
                f"the role {caller.role!r} may not do that",
                where=request.url.path,
                do=f"use a key with one of the roles {', '.join(role for role, has in RIGHTS.items() if right in has)}",
            )
        if caller.session and request.method not in ("GET", "HEAD", "OPTIONS"):
            await check_csrf(request)
        act = audit.current()
        if act is not None:
            act.by, act.via, act.role = caller.name, caller.via, caller.role
            act.changes = right in _CHANGING
        return caller

    return check


_CHANGING: frozenset[Right] = frozenset({"write", "sales", "disturb", "people", "agree"})
"""The rights whose use by a post is a change that auditors are told of; events are told by those who do something."""

READER, WRITER, SELLER, REPORTER = (
    Depends(need("read")), Depends(need("write")), Depends(need("sales")), Depends(need("events"))
)  # fmt: skip
"""For `dependencies=[…]` of a route: who may use it."""


Reader = Annotated[Caller, READER]
Writer = Annotated[Caller, WRITER]
Seller = Annotated[Caller, SELLER]
Agreer = Annotated[Caller, Depends(need("agree"))]
"""For a route that says who changed something, or shows more to some."""


def csrf_token(request: Request) -> str:
    """The token of this session, for the header `X-CSRF-Token` or the form field `csrf_token`; made on first use."""
    token = request.session.get("csrf")
    if not isinstance(token, str):
        token = secrets.token_urlsafe(24)
        request.session["csrf"] = token
    return token


async def check_csrf(request: Request) -> None:
    """Refuse a state-changing request of a session that does not carry the session's token."""
    given = request.headers.get("x-csrf-token")
    kind = request.headers.get("content-type", "")
    if given is None and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        field = (await request.form()).get("csrf_token")
        given = field if isinstance(field, str) else None
    known = request.session.get("csrf")
    if not isinstance(known, str) or given is None or not hmac.compare_digest(given.encode(), known.encode()):
        raise Refusal(
            403,
            "this request does not come from a page of this session",
            where="header X-CSRF-Token",
            do="open the page again, or use a bearer key",
        )


_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; frame-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "x-robots-tag": "noindex",
}
_FOR_ALL = re.compile(r"^/(site(/|$)|mail/hidden$)")
"""What is the same for everybody, besides what says itself how long it may be kept (static files, the snippet)."""


class SafeHeaders:
    """Adds the security headers to every answer that does not set its own; without its leave no cache keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", _POLICY)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not _FOR_ALL.match(scope["path"]):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Refuses bodies above 5 MB (mails: 30 MB) with 413, by length as told and as counted; compressed ones with 415.

    Texts with a NUL character, which no database keeps, are refused in the address already. A charset of a form in
    parts that is none is not passed on: whoever reads it would ask Python for it, which keeps every name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await _without_nul(scope["path"])(scope, receive, send)
            return
        if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
            await _compressed(scope["path"])(scope, receive, send)
            return
        most = MOST_BYTES_OF_MAIL if scope["path"].startswith("/webhooks/inbound/") else MOST_BYTES
        told = headers.get(b"content-length", b"")
        if told.isdigit() and int(told) > most:
            await problem(413, "the body is too large", where=scope["path"], do=_at_most(most))(scope, receive, send)
            return
        _pass_on_no_made_up_charset(scope)
        counted = 0

        async def counting() -> Message:
            nonlocal counted
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > most:
                raise HTTPException(413, _at_most(most))
            return message

        await self._app(scope, counting, send)


def _pass_on_no_made_up_charset(scope: Scope) -> None:
    headers = MutableHeaders(scope=scope)
    told = headers.get("content-type", "")
    if "charset" not in told.lower():
        return
    kind, options = parse_options_header(told)
    charset = options.get(b"charset")
    if kind == b"multipart/form-data" and charset is not None and python_name(charset.decode("latin-1")) is None:
        boundary = options.get(b"boundary", b"").decode("latin-1")
        headers["content-type"] = f'multipart/form-data; boundary="{boundary}"'


def _at_most(most: int) -> str:
    return f"send at most {most // 1024**2} MB at once"


def _compressed(path: str) -> ASGIApp:
    # 5 MB could become gigabytes
    return problem(
        415, "the body is compressed", where=path, do="send it uncompressed", headers={"Accept-Encoding": "identity"}
    )


def _without_nul(path: str) -> ASGIApp:
    return problem(
        404 if "\0" in path else 422,
        "the address holds a NUL character",
        where=path.replace("\0", "�"),
        do="leave %00 out",
    )
