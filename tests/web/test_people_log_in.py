"""People log in: passwords, sessions, links that are good once, and what nobody may do with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from adapters import passwords
from adapters.database import users
from adapters.database.engine import reading, writing
from adapters.database.schema import sessions, user_links
from adapters.database.schema import users as user_rows
from adapters.settings import Settings
from tests.web.people import PASSWORD, browser_of, link, person, post, token_in, try_login
from tests.web.process import KEY, Process, client_of
from web.app import make_app


async def test_a_person_logs_in_and_is_led_on(empty: Process) -> None:
    """With login name, in whatever case, and password; the page wanted before comes next, and the API is open."""
    person(empty, "hanako", "marketer")
    browser = empty.anybody()
    answer = await try_login(browser, "Hanako ", to="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert (await browser.get("/api/leads")).status_code == 200
    with reading(empty.engine) as connection:
        assert users.named(connection, "hanako").entered_real is not None
        assert PASSWORD not in str(connection.execute(select(user_rows)).all())


async def test_a_refusal_does_not_say_what_was_wrong(empty: Process) -> None:
    """A wrong password, an unknown name and somebody who was shut out see the same page."""
    person(empty, "hanako", "marketer")
    person(empty, "taro", "sales")
    with writing(empty.engine) as connection:
        users.deactivate(connection, "taro")
    pages = set()
    for login, password in (("hanako", "not the password"), ("nobody", PASSWORD), ("taro", PASSWORD), ("", "")):
        answer = await try_login(empty.anybody(), login, password)
        assert answer.status_code == 401
        page = answer.text.replace(token_in(answer.text), "")
        pages.add(page.replace(f'value="{login}"', 'value=""'))
    assert len(pages) == 1


def test_an_unknown_name_takes_as_long() -> None:
    """A hash is checked for it too: the clock tells nobody who is known here."""
    made: list[str] = []

    class Counting:
        def verify(self, _kept: str, said: str) -> bool:
            made.append(said)
            return True

    before = passwords._HASHER
    passwords._of_nobody()
    try:
        passwords._HASHER = Counting()  # type: ignore[assignment]
        assert not passwords.fits("x", None)
        assert passwords.fits("x", "kept")
    finally:
        passwords._HASHER = before
    assert len(made) == 2


async def test_a_password_is_no_matter_of_the_keyboard(empty: Process) -> None:
    """Full-width letters of a Japanese keyboard are the same letters."""
    person(empty, "hanako", "marketer")
    wide = PASSWORD.replace("s", "\uff53").replace(" ", "\u3000")
    assert (await try_login(empty.anybody(), "hanako", wide)).status_code == 303


async def test_a_login_begins_a_new_session(empty: Process) -> None:
    """Who knew the session or its token before knows nothing of the one that was opened (no session fixation)."""
    user = person(empty, "hanako", "marketer")
    browser = empty.anybody()
    before = token_in((await browser.get("/login")).text)
    await browser.get("/login", params={"token": link(empty, "entry", user)})
    first = browser.cookies["nurture_session"]
    assert token_in((await browser.get("/account")).text) != before
    await browser.get("/login", params={"token": link(empty, "entry", user)})
    assert browser.cookies["nurture_session"] != first
    old = empty.anybody()
    old.cookies.set("nurture_session", first)
    assert (await old.get("/api/leads")).status_code == 401


@pytest.mark.parametrize(
    "target", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "/\t/evil.example.com", "x"]
)
async def test_no_door_leads_elsewhere(empty: Process, target: str) -> None:
    """Neither a login, nor a link, nor the choice of a language is a way to another site."""
    user = person(empty, "hanako", "marketer")
    answers = [
        await try_login(empty.anybody(), "hanako", to=target),
        await empty.anybody().get("/login", params={"token": link(empty, "entry", user), "next": target}),
        await post(empty.anybody(), "/language", language="en", next=target),
    ]
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [(303, "/")] * 3


async def test_a_session_ends_when_nothing_is_done_and_after_a_month(empty: Process) -> None:
    """12 hours without a click, or 30 days with as many as one likes; what was seen is noted every five minutes."""
    user = person(empty, "hanako", "marketer")
    now = datetime.now(UTC)
    for seen, created, status in ((11, 24, 200), (13, 24, 401), (1, 24 * 31, 401)):
        browser = await browser_of(empty, user)
        with writing(empty.engine) as connection:
            values = {"seen_real": now - timedelta(hours=seen), "created_real": now - timedelta(hours=created)}
            connection.execute(update(sessions).values(values))
        assert (await browser.get("/api/leads")).status_code == status
        with reading(empty.engine) as connection:
            last = connection.execute(select(func.max(sessions.c.seen_real))).scalar_one()
        assert (last >= now) == (status == 200)


async def test_an_open_page_keeps_nobody_logged_in(empty: Process) -> None:
    """What it asks by itself is answered, and is no click; nor is a stream."""
    browser = await browser_of(empty, person(empty, "hanako", "marketer"))
    hours_ago = datetime.now(UTC) - timedelta(hours=11)
    with writing(empty.engine) as connection:
        connection.execute(update(sessions).values(seen_real=hours_ago))
    empty.app.state.live.end()
    for headers, path, status in (
        ({"x-nurture-by-itself": "1"}, "/desk", 200), ({"accept": "text/event-stream"}, "/desk/stream", 503),
        ({}, "/desk", 200),
    ):  # fmt: skip
        assert (await browser.get(path, headers=headers)).status_code == status
        with reading(empty.engine) as connection:
            last = connection.execute(select(func.max(sessions.c.seen_real))).scalar_one()
        assert (last == hours_ago) == bool(headers)


async def test_whoever_logs_out_leaves_nothing_behind(empty: Process) -> None:
    """The cookie of before is not good any more, whoever kept a copy."""
    browser = await browser_of(empty, person(empty, "hanako", "marketer"))
    kept = browser.cookies["nurture_session"]
    assert (await post(browser, "/logout")).status_code == 303
    thief = empty.anybody()
    thief.cookies.set("nurture_session", kept)
    assert (await thief.get("/api/leads")).status_code == 401


async def test_a_deactivated_person_is_out_at_once(empty: Process) -> None:
    """From the next request on, also with an invitation in hand; activated again, the password is good again."""
    person(empty, "boss", "admin")
    user = person(empty, "hanako", "marketer")
    browser = await browser_of(empty, user)
    invitation = link(empty, "invitation", user)
    assert (await browser.get("/api/leads")).status_code == 200
    with writing(empty.engine) as connection:
        users.deactivate(connection, "hanako")
    assert (await browser.get("/api/leads")).status_code == 401
    assert (await empty.anybody().get("/invitation", params={"token": invitation})).status_code == 401
    with writing(empty.engine) as connection:
        users.activate(connection, "hanako")
    assert (await browser.get("/api/leads")).status_code == 401
    assert (await try_login(empty.anybody(), "hanako")).status_code == 303


async def test_a_new_role_holds_from_the_next_request_on(empty: Process) -> None:
    """The session stays, its rights do not."""
    browser = await browser_of(empty, person(empty, "hanako", "ops"))
    assert (await browser.get("/api/audit")).status_code == 200
    with writing(empty.engine) as connection:
        users.give_role(connection, "hanako", "marketer", None)
    assert (await browser.get("/api/audit")).status_code == 403


async def test_the_first_link_makes_the_first_admin_and_no_second(empty: Process) -> None:
    """To look at it uses nothing up; what is wrong is said; afterwards neither it nor another one is good."""
    token, other = link(empty, "first"), ""
    browser = empty.anybody()
    page = await browser.get("/first", params={"token": token})
    assert page.status_code == 200
    data = {"csrf_token": token_in(page.text), "token": token, "login": "hanako.sato", "name": "佐藤 花子"}
    for wrong, word in (
        ({"password": "short", "again": "short"}, "12 文字"),
        ({"password": PASSWORD, "again": PASSWORD + "x"}, "一致しません"),
        ({"password": "a" * 20, "again": "a" * 20}, "繰り返し"),
        ({"password": "hanako.sato2026", "again": "hanako.sato2026"}, "ログイン名をもとに"),
        ({"password": PASSWORD, "again": PASSWORD, "login": "hanako@example.com"}, "メールアドレスは使えません"),
        ({"password": PASSWORD, "again": PASSWORD, "name": " "}, "お名前"),
    ):
        answer = await browser.post("/first", data={**data, **wrong})
        assert (answer.status_code, word in answer.text) == (422, True), wrong
    answer = await browser.post("/first", data={**data, "password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/users")).status_code == 200
    other = link(empty, "first")
    for late in (token, other):
        assert (await empty.anybody().get("/first", params={"token": late})).status_code == 401
        form = {**data, "token": late, "login": "mallory", "password": PASSWORD, "again": PASSWORD}
        assert (await post(empty.anybody(), "/first", **form | {"csrf_token": "x"})).status_code == 403
        assert (
            await post(empty.anybody(), "/first", **{k: v for k, v in form.items() if k != "csrf_token"})
        ).status_code == 401
    with reading(empty.engine) as connection:
        assert [each.login for each in users.listed(connection)] == ["hanako.sato"]


async def test_an_old_first_link_says_what_to_do_now(empty: Process) -> None:
    """How to get a new one as long as there is nobody; afterwards to log in."""
    for answer in (
        await empty.anybody().get("/first", params={"token": "old"}),
        await post(empty.anybody(), "/first", token="old"),
    ):
        assert (answer.status_code, "nurture users add" in answer.text, "nurture up" in answer.text) == (
            401,
            True,
            True,
        )
    person(empty, "boss", "admin")
    answer = await empty.anybody().get("/first", params={"token": "old"})
    assert (answer.status_code, "nurture users add" in answer.text, "/login" in answer.text) == (401, False, True)


async def test_an_invitation_is_good_once_and_for_a_day(empty: Process) -> None:
    """The person chooses a password and is in; whoever comes with the link later is not."""
    user = person(empty, "hanako", "sales", "rep_1")
    token = link(empty, "invitation", user)
    browser = empty.anybody()
    form = {"token": token, "password": "another good password", "again": "another good password"}
    assert (await browser.get("/invitation", params={"token": token})).status_code == 200
    assert (await post(browser, "/invitation", **form)).status_code == 303
    assert (await browser.get("/account")).status_code == 200
    assert (await post(empty.anybody(), "/invitation", **form)).status_code == 401
    assert (await try_login(empty.anybody(), "hanako", "another good password")).status_code == 303
    late = link(empty, "invitation", user)
    with writing(empty.engine) as connection:
        connection.execute(update(user_links).values(until_real=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await empty.anybody().get("/invitation", params={"token": late})).status_code == 401


async def test_a_new_password_ends_every_other_session(empty: Process) -> None:
    """With the current one only; this browser stays, with a new session."""
    user = person(empty, "hanako", "marketer")
    mine, other = await browser_of(empty, user), await browser_of(empty, user)
    new = {"password": "brighter new rivers", "again": "brighter new rivers"}
    assert (await post(mine, "/account/password", current="wrong", **new)).status_code == 422
    assert (await other.get("/account")).status_code == 200
    answer = await post(mine, "/account/password", current=PASSWORD, **new)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?said=password")
    assert (await mine.get("/api/leads")).status_code == 200
    assert (await other.get("/api/leads")).status_code == 401
    assert (await try_login(empty.anybody(), "hanako")).status_code == 401


async def test_one_ends_ones_own_sessions_only(empty: Process) -> None:
    """Each is listed with its browser; that of a colleague is none of mine."""
    user, colleague = person(empty, "hanako", "marketer"), person(empty, "taro", "admin")
    mine, his = await browser_of(empty, user), await browser_of(empty, colleague)
    phone = empty.anybody()
    phone.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Safari/604.1"
    await phone.get("/login", params={"token": link(empty, "entry", user)})
    assert "Safari · iPhone" in (await mine.get("/account")).text
    with reading(empty.engine) as connection:
        numbers = dict(connection.execute(select(sessions.c.browser, sessions.c.id).order_by(sessions.c.id)).all())
        of_him = connection.execute(select(sessions.c.id).where(sessions.c.user == colleague.id)).scalar_one()
    assert (await post(mine, f"/account/sessions/{of_him}/end")).status_code == 404
    assert (await post(mine, f"/account/sessions/{numbers['Safari · iPhone']}/end")).status_code == 303
    assert [(await each.get("/api/leads")).status_code for each in (mine, his, phone)] == [200, 200, 401]


async def test_a_language_is_remembered(empty: Process) -> None:
    """For a person in every browser, for anybody else in this one."""
    user = person(empty, "hanako", "marketer")
    browser = await browser_of(empty, user)
    assert '<html lang="ja">' in (await browser.get("/account")).text
    assert (await post(browser, "/language", language="en", next="/account")).headers["location"] == "/account"
    assert '<html lang="en">' in (await (await browser_of(empty, user)).get("/account")).text
    stranger = empty.anybody()
    assert (await post(stranger, "/language", language="en")).status_code == 303
    assert '<html lang="en">' in (await stranger.get("/login")).text


@pytest.mark.parametrize(("url", "secure"), [("https://n.example.co.jp", True), ("http://n.example.co.jp", False)])
async def test_cookies_stay_where_they_belong(empty: Process, tmp_path: Path, url: str, secure: bool) -> None:
    """Out of reach of scripts and of other sites; sent over https only, where that is the address."""
    settings = Settings(home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=url)
    client = client_of(make_app(settings, empty.engine, store=empty.store, clock=empty.clock), None)
    for cookie in (await client.get("/login")).headers.get_list("set-cookie"):
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=lax"} <= parts
        assert ("secure" in parts) == secure


async def test_a_key_still_opens_a_browser_for_twelve_hours(empty: Process) -> None:
    """As before there were people; it has no account."""
    browser = empty.anybody()
    page = await browser.get("/login")
    answer = await browser.post("/login", data={"csrf_token": token_in(page.text), "key": KEY})
    assert answer.status_code == 303
    assert "nurture users add" in (await browser.get("/account")).text
    assert (await post(browser, "/account/password", password=PASSWORD, again=PASSWORD)).status_code == 403
