"""People who log in, for tests: makes them, and browsers that are theirs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

import httpx

from adapters import passwords
from adapters.database import user_links, users
from adapters.database.engine import writing
from adapters.database.users import User
from tests.web.process import Process

PASSWORD = "seven quiet rivers"


@cache
def kept() -> str:
    """The hash of the tests' password, made once: it takes its time."""
    return passwords.hash_of(PASSWORD)


def person(process: Process, login: str, role: str, rep: str | None = None) -> User:
    """A user with the password of the tests."""
    with writing(process.engine) as connection:
        user = users.add(connection, login, name=f"{login} の名前", role=role, rep=rep, real_now=datetime.now(UTC))
        users.set_password(connection, user.id, kept())
        return users.named(connection, login)


def link(process: Process, kind: user_links.Kind, user: User | None = None) -> str:
    """The token of a link that is good once."""
    with writing(process.engine) as connection:
        return user_links.make(connection, kind, user.id if user else None, datetime.now(UTC))


def token_in(page: str) -> str:
    """The CSRF token of a page's forms."""
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])


async def try_login(browser: httpx.AsyncClient, login: str, password: str = PASSWORD, to: str = "/") -> httpx.Response:
    """Fill in the login page and send it."""
    page = await browser.get("/login", params={"next": to})
    data = {"csrf_token": token_in(page.text), "login": login, "password": password, "next": to}
    return await browser.post("/login", data=data)


async def browser_of(process: Process, user: User) -> httpx.AsyncClient:
    """A browser in which this person is logged in, without the password, for which there are other tests."""
    browser = process.anybody()
    answer = await browser.get("/login", params={"token": link(process, "entry", user)})
    assert answer.status_code == 303
    return browser


async def post(browser: httpx.AsyncClient, path: str, **data: str) -> httpx.Response:
    """Send a form as a page of this browser's session would."""
    page = await browser.get("/login")
    return await browser.post(path, data={"csrf_token": token_in(page.text), **data})
