"""Finds who a login name and password, or a one-time link, let in, and opens their session; refuses to show pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters import passwords
from adapters.database import sessions, user_links, users
from adapters.database.engine import reading, writing
from adapters.database.users import User
from web.context import Nurture

Admit = Callable[[Connection], User | None]
"""Does what lets somebody in and says whom, in a transaction that holds people still; None lets nobody in."""
AWAY = {429: "often", 503: "busy"}
"""How pages call it that somebody has to come again, by the status of the refusal."""
_CONTROLS = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers leave out of an address or read as another sign: `/\\t/elsewhere` leads elsewhere."""
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def inside(target: str) -> str:
    """A place on this site to go on to; anything else becomes the start page."""
    own = target.startswith("/") and not target.startswith("//") and not _CONTROLS.search(target)
    return target if own else "/"


def there_is_somebody(here: Nurture) -> bool:
    """True once there is a user, so that a page asks for a name and password first."""
    with reading(here.engine) as connection:
        return not users.nobody(connection)


def with_password(here: Nurture, login: str, password: str) -> tuple[User, str] | None:
    """The active person with this login and password, and its hash; as long for a login that nobody has."""
    with reading(here.engine) as connection:
        found = users.kept_password(connection, login)
    user, kept = found if found is not None else (None, None)
    if not passwords.fits(password, kept) or user is None or kept is None:
        return None
    return user, kept


def by_password(user: User, kept: str, anew: str | None) -> Admit:
    """Lets in whose password was found to fit `kept`; `anew`: its hash with the settings of today."""

    def admit(connection: Connection) -> User | None:
        found = users.unchanged(connection, user.id, kept)
        if found is not None and anew is not None:
            users.refresh_hash(connection, user.id, kept, anew)
        return found

    return admit


def by_entry_link(token: str) -> Admit:
    """Lets in whose link of the demo this is; it is used up by this."""

    def admit(connection: Connection) -> User | None:
        link = user_links.use(connection, token, "entry", datetime.now(UTC))
        return None if link is None else link.user

    return admit


async def enter(request: Request, here: Nurture, admit: Admit, target: str) -> Response | None:
    """A new session in this browser of whom `admit` lets in, and on to `target`; None where that is nobody.

    It is one transaction, and people stand still meanwhile: a reset or a deactivation comes before it, and then nobody
    is let in, or after it, and ends the session. Whoever was here before is logged out.
    """
    before = request.session.get("user")
    session = await run_in_threadpool(_begin, here, admit, before, browser_of(request))
    if session is None:
        return None
    request.session.clear()  # its id and its CSRF token are new: those of before, perhaps known to others, are nothing
    request.session["user"] = session
    return RedirectResponse(inside(target), status_code=303)


def _begin(here: Nurture, admit: Admit, before: object, browser: str) -> str | None:
    with writing(here.engine) as connection:
        users.hold(connection)
        user = admit(connection)
        if user is None:
            return None
        if isinstance(before, str):
            sessions.end(connection, before)
        return sessions.begin(connection, user.id, browser, datetime.now(UTC))


def browser_of(request: Request) -> str:
    """A browser as its person would call it, such as `Chrome · Windows`."""
    says = request.headers.get("user-agent", "")
    names = [next((name for sign, name in each if sign in says), "") for each in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in names if name)
