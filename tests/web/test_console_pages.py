"""The pages of the console: who sees which, what the navigation links to, and that no form goes without its token."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from adapters.database import erasures, users
from adapters.database.engine import reading, writing
from adapters.database.schema import handoffs
from adapters.settings import Settings
from nurture.roles import ROLES_OF_PEOPLE
from tests.web.people import browser_of, link, person, post, token_in
from tests.web.process import HOST, Process, client_of
from web.app import make_app
from web.console import frame

PAGES = {
    "/": {"marketer", "sales", "ops", "admin"},
    "/desk": {"marketer", "sales", "ops", "admin"},
    "/desk/team": {"marketer", "sales", "ops", "admin"},
    "/inbox": {"marketer", "sales", "ops", "admin"},
    "/leads": {"marketer", "sales", "ops", "admin"},
    "/api/docs": {"marketer", "sales", "ops", "admin"},
    "/account": {"marketer", "sales", "ops", "admin"},
    "/scenarios": {"marketer", "sales", "ops", "admin"},
    "/scenarios/seminar_to_demo": {"marketer", "sales", "ops", "admin"},
    "/report": {"marketer", "sales", "ops", "admin"},
    "/segments": {"marketer", "sales", "ops", "admin"},
    "/segments/midsize_infrastructure": {"marketer", "sales", "ops", "admin"},
    "/journey": {"marketer", "sales", "ops", "admin"},
    "/definitions": {"marketer", "sales", "ops", "admin"},
    "/definitions/compare?older=1&newer=1": {"marketer", "sales", "ops", "admin"},
    "/users": {"admin"},
    "/audit": {"ops", "admin"},
    "/api/audit": {"ops", "admin"},
}
"""Which roles may open a page; everybody else is told 403."""


@pytest.mark.parametrize("role", ROLES_OF_PEOPLE)
async def test_who_may_open_which_page(process: Process, role: str) -> None:
    """As the table says; and every link of the navigation leads somewhere."""
    browser = await browser_of(process, person(process, "somebody", role))
    for path, roles in PAGES.items():
        answer = await browser.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == (200 if role in roles else 403), path
    page = (await browser.get("/")).text
    nav = re.findall(r"<nav.*?</nav>", page, re.DOTALL)[0]
    links = re.findall(r'href="([^"]+)"', nav)
    assert ("/users" in links) == (role == "admin")
    assert "/inbox" in links
    for path in links:
        assert (await browser.get(path)).status_code == 200, path


@pytest.mark.parametrize("role", ROLES_OF_PEOPLE)
async def test_a_demo_says_to_each_role_what_to_try_first(process: Process, tmp_path: Path, role: str) -> None:
    """In both languages, with links to pages that this role may open; without the setting nothing of it."""
    user = person(process, f"{role}.demo", role, "rep_1" if role == "sales" else None)
    usual = (await (await browser_of(process, user)).get("/")).text
    assert "まず試すこと" not in usual
    settings = Settings(home=tmp_path, temporal_port=1, public_url=HOST, demo=True)
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    browser = client_of(app, None)
    await browser.get("/login", params={"token": link(process, "entry", user)})
    japanese = (await browser.get("/", headers={"Accept-Language": "ja"})).text
    english = (await browser.get("/", headers={"Accept-Language": "en"})).text
    assert "まず試すこと" in japanese
    assert "Try this first" in english
    links = re.findall(r'<li><a href="([^"]+)">', english.split('id="first"')[1].split("</ol>")[0])
    assert len(links) > 2
    for each in links:
        expected = 503 if each.startswith("/health") else 200  # no Temporal server answers here
        assert (await browser.get(each)).status_code == expected, each
    assert 'value="3650d" selected' in (await browser.get("/report")).text  # a quarter passes in three minutes


async def test_the_frame_is_for_keyboards_and_readers_too(process: Process) -> None:
    """A skip link, landmarks, the language, where one is, a key for each page, and no script in the page itself."""
    browser = await browser_of(process, person(process, "boss", "admin"))
    page = (await browser.get("/users", headers={"Accept-Language": "en"})).text
    assert '<html lang="en">' in page
    assert 'href="#content"' in page
    assert 'id="content"' in page
    assert 'href="/users" data-key="u" aria-current="page"' in page
    assert not re.findall(r"<script(?![^>]*src=)", page)
    assert not re.findall(r"\son\w+=", page)
    keys = [place.key for place in frame.PLACES]
    assert len(set(keys) | {"h", "a", "g", "?"}) == len(keys) + 4


async def test_styles_and_scripts_are_kept_under_the_name_of_their_content(process: Process) -> None:
    """For good; another name is 404. htmx comes out of the package that ships it."""
    stranger = process.anybody()
    page = (await stranger.get("/login")).text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert [re.sub(r"\.[0-9a-f]{16}\.", ".", each) for each in files] == [
        "/static/icon.svg", "/static/console.css", "/static/htmx.js", "/static/console.js",
    ]  # fmt: skip
    for each in files:
        answer = await stranger.get(each)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
    assert "prefers-color-scheme:dark" in (await stranger.get(files[1])).text
    assert (await stranger.get("/static/console.css")).status_code == 404
    assert "<style>" not in page


def posts(process: Process) -> list[str]:
    """Every page that takes a form of somebody who is logged in."""
    of_people = re.compile(r"^/(login|logout|language|first|invitation|account|users|inbox|desk|leads)(/|$)")
    contexts = iter_route_contexts(process.app.routes)
    return sorted(
        {each.path for each in contexts if each.path and "POST" in (each.methods or ()) and of_people.match(each.path)}
    )


async def test_no_form_is_taken_without_the_token_of_its_page(process: Process) -> None:
    """Not without one, not with that of another session, whatever the form does."""
    browser = await browser_of(process, person(process, "boss", "admin"))
    foreign = token_in((await process.anybody().get("/login")).text)
    tried = posts(process)
    assert len(tried) >= 10
    for path in tried:
        concrete = (
            path.replace("{act}", "deactivate")
            .replace("{action}", "spam")
            .replace("{number}", "1")
            .replace("{wish}", "pause")
        )
        concrete = re.sub(r"\{[^}]*\}", "boss", concrete)
        for data in ({}, {"csrf_token": foreign}):
            answer = await browser.post(concrete, data={"language": "en", **data})
            assert answer.status_code == 403, (path, answer.text)
    with reading(process.engine) as connection:
        assert users.named(connection, "boss").active


@pytest.mark.parametrize(("language", "words"), [("ja", "この操作はできません"), ("en", "You may not do that")])
async def test_a_browser_is_refused_by_a_page(process: Process, language: str, words: str) -> None:
    """With the menu, in the reader's language; programs, parts of pages and the API get a problem as ever."""
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    html = {"Accept": "text/html", "Accept-Language": language}
    page = await browser.get("/users", headers=html)
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (403, "text/html")
    assert words in page.text
    assert 'href="/leads"' in page.text
    for path in ("/desk/none", "/segments/none", "/leads/l1/nothing"):
        answer = await browser.get(path, headers=html)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html"), path
    stale = await browser.post("/leads/l1/do/pause", headers=html, data={"csrf_token": "x"})
    assert (stale.status_code, "<html" in stale.text) == (403, True)
    for path, headers in (
        ("/users", {}), ("/users", {**html, "HX-Request": "true"}), ("/api/leads/none", html), ("/api/users", html),
    ):  # fmt: skip
        answer = await browser.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json", path


async def test_an_admin_invites_changes_and_shuts_out(process: Process) -> None:
    """The link is shown once; wrong words are said beside the form, and what was typed stays in it."""
    admin = await browser_of(process, person(process, "boss", "admin"))
    made = await post(admin, "/users", login="taro", name="営業 太郎", role="sales", rep="rep_1")
    url = re.findall(r"http://nurture\.example\.jp(/invitation\?token=[\w-]+)", made.text)[0]
    assert "営業 太郎" in (await process.anybody().get(url)).text
    assert "/invitation?token=" not in (await admin.get("/users")).text
    wrong = [
        {"login": "taro", "name": "x", "role": "sales"},
        {"login": "a@b.example", "name": "x", "role": "sales"},
        {"login": "jiro", "name": " ", "role": "sales"},
        {"login": "jiro", "name": "x", "role": "intake"},
        {"login": "jiro", "name": "x", "role": "sales", "rep": "rep_9"},
    ]
    for each in wrong:
        answer = await post(admin, "/users", **each)
        assert (answer.status_code, f'value="{each["login"]}"' in answer.text) == (422, True), each
    assert (await post(admin, "/users/taro/role", role="ops")).status_code == 303
    with reading(process.engine) as connection:
        taro = users.named(connection, "taro")
        assert (taro.role, taro.rep, len(users.listed(connection))) == ("ops", None, 2)
    assert "/invitation?token=" in (await post(admin, "/users/taro/reset")).text
    assert (await post(admin, "/users/taro/deactivate")).status_code == 303
    assert "停止中" in (await admin.get("/users")).text
    assert (await post(admin, "/users/taro/reset")).status_code == 422
    assert (await post(admin, "/users/taro/activate")).status_code == 303
    assert (await post(admin, "/users/nobody/deactivate")).status_code == 422


async def test_the_last_admin_stays(process: Process) -> None:
    """Nobody shuts everybody out of who may log in."""
    admin = await browser_of(process, person(process, "boss", "admin"))
    for answer in (await post(admin, "/users/boss/deactivate"), await post(admin, "/users/boss/role", role="ops")):
        assert (answer.status_code, "last admin" in answer.text) == (422, True)
    own = await post(admin, "/users/Boss/reset")
    assert (own.status_code, "their own password" in own.text) == (422, True)
    page = (await admin.get("/users")).text
    assert ("/users/boss/reset" in page, "/account#change" in page) == (False, True)
    assert (await admin.get("/users")).status_code == 200
    person(process, "second", "admin")
    assert "/users/second/reset" in (await admin.get("/users")).text
    assert (await post(admin, "/users/second/reset")).status_code == 200
    assert (await post(admin, "/users/boss/role", role="ops")).status_code == 422
    assert (await post(admin, "/users/second/deactivate")).status_code == 303
    person(process, "third", "admin")
    assert (await post(admin, "/users/boss/role", role="ops")).status_code == 303


async def rows(client: httpx.AsyncClient, **query: str) -> list[tuple[str, ...]]:
    """What the audit says, the newest first."""
    items = (await client.get("/api/audit", params=query)).json()["items"]
    return [(each["by"], each["via"], each["role"], each["did"], each["subject"]) for each in items]


async def test_every_change_over_http_is_one_row(process: Process) -> None:
    """By a key, by a person, noted by itself or by the one place; what is refused or only read is none."""
    client = process.client
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    token = {"X-CSRF-Token": token_in((await browser.get("/account")).text)}
    await client.post("/api/leads", json={"id": "l1", "email": "l1@example.com", "name": "秘密"})
    await browser.post("/api/leads", json={"id": "l2", "email": "l2@example.com"}, headers=token)
    await client.post("/api/enrollments", json={"scenario": "seminar_to_demo", "leads": ["l2"]})
    await client.post("/api/leads/l1/merge", json={"lead": "l2"})
    await client.delete("/api/leads/l1")
    await client.post("/api/leads", json={"id": "l1", "emial": "x"})
    await client.get("/api/leads")
    await client.post("/events", json={"events": [{"id": "e1", "lead": "l9", "type": "visited"}]})
    assert await rows(client, subject="l1") == [
        ("settings", "key", "admin", "erase", "l1"),
        ("settings", "key", "admin", "merge", "l1"),
        ("settings", "key", "admin", "change_lead", "l1"),
    ]
    assert await rows(client, by="hanako") == [("hanako", "user", "marketer", "change_lead", "l2")]
    assert await rows(client, did="enrol") == [("settings", "key", "admin", "enrol", "seminar_to_demo")]
    everything = await client.get("/api/audit", params={"limit": 1000})
    assert len(everything.json()["items"]) == 6  # with the deployment of the tests
    assert "秘密" not in everything.text
    assert "@example.com" not in everything.text


async def test_a_program_that_repeats_itself_is_noted_for_what_it_changes(process: Process) -> None:
    """The same lead, told again each night, is one row; each part that differs is one more, as is a consent."""
    lead = {"id": "l1", "email": "l1@example.com", "name": "甲", "attributes": {"employees": 30}}
    several = {"emails": ["l1@example.com", "l1@example.org"]}
    agreed = {"id": "l1", "consent": {"topics": ["newsletter"], "basis": "opt_in"}}
    for said, count in (
        (lead, 1), (lead, 1), ({"id": "l1"}, 1), ({"email": "l1@example.com", "name": "甲"}, 1),
        (lead | {"name": "乙"}, 2), (lead | {"attributes": {"employees": 31}}, 3),
        (lead | several, 4), (lead | several, 4), (lead | {"emails": ["l1@example.com"]}, 5), (agreed, 6),
    ):  # fmt: skip
        answer = await process.client.post("/api/leads", json=said)
        assert answer.status_code in (200, 201), answer.text
        assert len(await rows(process.client, subject="l1")) == count, said


async def test_what_was_so_already_is_no_change(process: Process) -> None:
    """Asked for again: a merge, an erasure, that it was done at the provider, and a merge that is only planned."""
    client = process.client
    for name in ("l1", "l2"):
        await client.post("/api/leads", json={"id": name, "email": f"{name}@example.com"})
    merge = {"lead": "l2"}
    for body in (merge | {"plan": True}, merge, merge, merge | {"plan": True}):
        assert (await client.post("/api/leads/l1/merge", json=body)).status_code == 200
    for _ in range(2):
        assert (await client.delete("/api/leads/l1")).status_code == 202
    with writing(process.engine) as connection:
        erasures.provider_answered(connection, "l1", "refused", None)
    for _ in range(2):
        assert (await client.delete("/api/leads/l1?provider=done")).status_code == 202
    assert [row[3] for row in await rows(client, subject="l1")] == [
        "erased_at_provider", "erase", "merge", "change_lead"
    ]  # fmt: skip


async def test_the_audit_is_read_in_pages(process: Process) -> None:
    """Each row once, the newest first, with both clocks."""
    for number in range(5):
        await process.client.post("/api/leads", json={"id": f"l{number}"})
    seen, url = [], "/api/audit?limit=2&did=change_lead"
    while url:
        page = (await process.client.get(url)).json()
        seen += [each["subject"] for each in page["items"]]
        assert all(each["at"] and each["real"] for each in page["items"])
        url = page["next"]
    assert seen == ["l4", "l3", "l2", "l1", "l0"]


async def test_what_admins_do_to_people_is_told_without_their_names(process: Process) -> None:
    """The login of who did it and of whom; no name, and no link."""
    admin = await browser_of(process, person(process, "boss", "admin"))
    await post(admin, "/users", login="taro", name="営業 太郎", role="sales")
    await post(admin, "/users/taro/reset")
    await post(admin, "/users/taro/deactivate")
    answer = await admin.get("/api/audit", params={"subject": "taro"})
    assert [each["did"] for each in answer.json()["items"]] == ["deactivate_user", "reset_user", "add_user"]
    assert {(each["by"], each["role"]) for each in answer.json()["items"]} == {("boss", "admin")}
    assert "太郎" not in answer.text
    page = await admin.get("/audit", params={"subject": "taro"})
    assert page.text.count(">taro<") == 3
    assert "ユーザーの停止" in page.text
    assert "あてはまる変更はありません" in (await admin.get("/audit", params={"by": "nobody"})).text


async def test_a_task_given_back_is_noted_with_its_reason(process: Process) -> None:
    """By the person in sales, on the task."""
    task = "l1/seminar_to_demo/1/to_sales/1"
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.com"})
    made = {"id": task, "lead": "l1", "queue": "inside_sales", "reasons": [], "state": "open"}
    with writing(process.engine) as connection:
        connection.execute(handoffs.insert().values(**made, made_at=datetime.now(UTC)))
    seller = await browser_of(process, person(process, "ichiro", "sales", "rep_1"))
    token = {"X-CSRF-Token": token_in((await seller.get("/account")).text)}
    body = {"rep": "rep_1", "reason": "not_ready"}
    answer = await seller.post(f"/api/handoffs/{task}/return", json=body, headers=token)
    assert answer.status_code == 200, answer.text
    (row,) = (await process.client.get("/api/audit", params={"did": "return_task"})).json()["items"]
    assert (row["by"], row["role"], row["subject"], row["reason"]) == ("ichiro", "sales", task, "not_ready")


async def test_strangers_get_no_cookie(process: Process) -> None:
    """Whoever follows a link of a mail is not logged in and does not become so."""
    for path in ("/u/nonsense", "/forms/seminar", "/c/nonsense"):
        assert "set-cookie" not in (await process.anybody().get(path)).headers
