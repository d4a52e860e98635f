"""Finds who a login name and password, or a one-time link, let in, and opens their session; refuses to show pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from adapters import passwords
from adapters.database import sessions, user_links, users
from adapters.database.engine import reading, writing
from adapters.database.users import User
from web.context import Nurture

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


def with_password(here: Nurture, login: str, password: str) -> User | None:
    """The active person with this login and password; as long for a login that nobody has."""
    with reading(here.engine) as connection:
        found = users.kept_password(connection, login)
    user, kept = found if found is not None else (None, None)
    if not passwords.fits(password, kept) or user is None or kept is None:
        return None
    if passwords.outdated(kept):
        anew = passwords.hash_of(password)
        with writing(here.engine) as connection:
            users.refresh_hash(connection, user.id, anew)
    return user


def with_entry_link(here: Nurture, token: str) -> User | None:
    """The person that a link of the demo lets in; it is used up by this."""
    with writing(here.engine) as connection:
        link = user_links.use(connection, token, "entry", datetime.now(UTC))
    return None if link is None else link.user


async def enter(request: Request, here: Nurture, user: User, target: str) -> Response:
    """A new session of this person in this browser, and on to `target`; whoever was here before is logged out."""
    before = request.session.get("user")
    session = await run_in_threadpool(_begin, here, user, before, browser_of(request))
    request.session.clear()  # its id and its CSRF token are new: those of before, perhaps known to others, are nothing
    request.session["user"] = session
    return RedirectResponse(inside(target), status_code=303)


def _begin(here: Nurture, user: User, before: object, browser: str) -> str:
    with writing(here.engine) as connection:
        if isinstance(before, str):
            sessions.end(connection, before)
        return sessions.begin(connection, user.id, browser, datetime.now(UTC))


def browser_of(request: Request) -> str:
    """A browser as its person would call it, such as `Chrome · Windows`."""
    says = request.headers.get("user-agent", "")
    names = [next((name for sign, name in each if sign in says), "") for each in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in names if name)
