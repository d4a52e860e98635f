"""What a login has to wait for and what it does not survive: limits, floods, and changes of people meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, func, select

from adapters import passwords
from adapters.database import users
from adapters.database.engine import reading, writing
from adapters.database.schema import sessions
from adapters.database.schema import users as user_rows
from adapters.database.users import User
from adapters.settings import Settings
from tests.web.people import PASSWORD, browser_of, kept, link, person, post, try_login
from tests.web.process import KEY, Process, client_of
from web import hashing, logins
from web.app import make_app

CHANGES: dict[str, Callable[[Connection, User], object]] = {
    "reset": lambda connection, user: users.forget_password(connection, user.login),
    "deactivate": lambda connection, user: users.deactivate(connection, user.login),
    "another password": lambda connection, user: users.set_password(connection, user.id, "$argon2id$another"),
}


def meanwhile(
    process: Process, monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Connection], object]
) -> None:
    """Let a change of people come just after a function of `passwords` has done its work."""
    done = getattr(passwords, name)

    def slow(*given: str) -> object:
        result = done(*given)
        with writing(process.engine) as connection:
            change(connection)
        return result

    monkeypatch.setattr(passwords, name, slow)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_login_under_way_does_not_survive_a_change(
    empty: Process, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The password was right a moment ago: no session is left, and its hash does not come back."""
    person(empty, "boss", "admin")
    user = person(empty, "hanako", "marketer")
    with reading(empty.engine) as connection:
        before = users.kept_password(connection, "hanako")
    monkeypatch.setattr(passwords, "outdated", lambda _: True)
    meanwhile(empty, monkeypatch, "hash_of", lambda connection: CHANGES[change](connection, user))
    assert (await try_login(empty.anybody(), "hanako")).status_code == 401
    with reading(empty.engine) as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 0
        assert users.kept_password(connection, "hanako") != before


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("has_password", [True, False])
async def test_a_new_password_under_way_does_not_survive_a_change(
    empty: Process, monkeypatch: pytest.MonkeyPatch, change: str, has_password: bool
) -> None:
    """Whoever sat in a stolen session chooses none any more, also where there was none before."""
    person(empty, "boss", "admin")
    user = person(empty, "hanako", "marketer")
    if not has_password:
        with writing(empty.engine) as connection:
            users.forget_password(connection, "hanako")
    browser = await browser_of(empty, user)
    meanwhile(empty, monkeypatch, "hash_of", lambda connection: CHANGES[change](connection, user))
    new = {"current": PASSWORD, "password": "brighter new rivers", "again": "brighter new rivers"}
    answer = await post(browser, "/account/password", **new)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert (await browser.get("/api/leads")).status_code == 401
    with reading(empty.engine) as connection:
        kept = connection.execute(select(user_rows.c.password).where(user_rows.c.id == user.id)).scalar()
    assert kept in {None, "$argon2id$another"} if change != "deactivate" else (kept is not None) == has_password
    monkeypatch.undo()
    assert (await try_login(empty.anybody(), "hanako", "brighter new rivers")).status_code == 401


def limited(process: Process, home: Path, rate: str) -> Callable[[str], httpx.AsyncClient]:
    """A process that lets people log in so often, and clients of it at an address."""
    settings = Settings(home=home, api_key=SecretStr(KEY), temporal_port=1, rate_logins=rate)
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)

    def at(address: str) -> httpx.AsyncClient:
        client = client_of(app, None)
        client._transport = httpx.ASGITransport(app=app, client=(address, 1))
        return client

    return at


def wait_in_words(answer: httpx.Response) -> str:
    """What the page says of when to come again, by what the header says."""
    seconds = int(answer.headers["retry-after"])
    longest = (100, 1, "秒"), (6000, 60, "分"), (math.inf, 3600, "時間")
    number, unit = next((seconds / one, name) for below, one, name in longest if seconds < below)
    return f"{math.ceil(number)} {unit}ほど待って"


async def test_whoever_tries_a_name_too_often_keeps_nobody_else_out(empty: Process, tmp_path: Path) -> None:
    """The name is good from elsewhere, however often it is tried from one place; the page says how long to wait."""
    person(empty, "hanako", "marketer")
    at = limited(empty, tmp_path, "1/day")
    assert (await try_login(at("192.0.2.1"), "hanako", "wrong")).status_code == 401
    often = [await try_login(at("192.0.2.1"), "Hanako ", "wrong") for _ in range(3)]
    assert {each.status_code for each in often} == {429}
    assert wait_in_words(often[0]) in often[0].text
    assert (await try_login(at("192.0.2.2"), "hanako")).status_code == 303


async def test_names_and_addresses_are_limited_too(
    empty: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many names from one place, one name from many places: both come to an end."""
    monkeypatch.setattr(passwords, "fits", lambda *_: False)
    at = limited(empty, tmp_path, "1/day")
    statuses = [(await try_login(at("192.0.2.3"), f"name{number}", "wrong")).status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]
    statuses = [(await try_login(at(f"192.0.3.{number}"), "hanako", "wrong")).status_code for number in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_a_password_is_not_guessed_on_the_account_page(empty: Process, tmp_path: Path) -> None:
    """Counted by itself: who tries the name at the door keeps nobody from it; the page says how long to wait."""
    user = person(empty, "hanako", "marketer")
    at = limited(empty, tmp_path, "1/day")
    assert [(await try_login(at("192.0.2.9"), "hanako", "x")).status_code for _ in range(2)] == [401, 429]
    mine = at("192.0.2.9")
    await mine.get("/login", params={"token": link(empty, "entry", user)})
    new = {"current": "wrong", "password": "brighter new rivers", "again": "brighter new rivers"}
    assert (await post(mine, "/account/password", **new)).status_code == 422
    often = await post(mine, "/account/password", **new | {"current": PASSWORD})
    assert (often.status_code, often.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert wait_in_words(often) in often.text


async def test_a_flood_of_logins_leaves_everybody_else_in_peace(
    empty: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two hashes at once; some wait without a thread, the others come again; all else is answered meanwhile."""
    person(empty, "hanako", "marketer")
    settings = Settings(home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, rate_logins="1000/minute")
    app = make_app(settings, empty.engine, store=empty.store, clock=empty.clock)
    go, at_work = threading.Event(), [0, 0]

    def fits(_password: str, _kept: str | None) -> bool:
        at_work[0] += 1
        at_work[1] = max(at_work)
        go.wait(30)
        at_work[0] -= 1
        return False

    monkeypatch.setattr(passwords, "fits", fits)
    flood = [asyncio.create_task(try_login(client_of(app, None), "hanako", "wrong")) for _ in range(60)]
    try:
        turned_away = [await each for each in itertools.islice(asyncio.as_completed(flood), 8)]
        async with asyncio.timeout(5):
            assert (await client_of(app, KEY).get("/api/leads")).status_code == 200
    finally:
        go.set()
    assert {(each.status_code, each.headers["retry-after"]) for each in turned_away} == {(503, "5")}
    assert "5 秒ほど待って" in turned_away[0].text
    assert sorted(each.status_code for each in await asyncio.gather(*flood)) == [401] * 52 + [503] * 8
    assert at_work[1] <= 2


async def test_whoever_comes_too_late_keeps_what_they_wrote(empty: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many wait, pages on which a password is chosen say so as pages, and the link stays good."""
    monkeypatch.setattr(hashing, "WAITING", 0)
    token, new = link(empty, "first"), {"password": PASSWORD, "again": PASSWORD}
    first = await post(empty.anybody(), "/first", token=token, login="boss", name="部長", **new)
    user = person(empty, "hanako", "marketer")
    invitation = await post(empty.anybody(), "/invitation", token=link(empty, "invitation", user), **new)
    account = await post(await browser_of(empty, user), "/account/password", current=PASSWORD, **new)
    for answer in (first, invitation, account):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "5 秒ほど待って" in answer.text
    assert 'value="部長"' in first.text


def test_a_login_waits_for_a_change_that_is_not_committed_yet(empty: Process) -> None:
    """Whoever comes in between reads no password of before."""
    user = person(empty, "hanako", "marketer")
    begun: list[str | None] = []
    here = empty.app.state.nurture
    admit = logins.by_password(user, kept(), None)
    entering = threading.Thread(target=lambda: begun.append(logins._begin(here, admit, None, "")))
    with writing(empty.engine) as connection:
        users.forget_password(connection, "hanako")
        entering.start()
        entering.join(0.5)
        assert entering.is_alive()
    entering.join(30)
    assert begun == [None]
    with reading(empty.engine) as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 0
