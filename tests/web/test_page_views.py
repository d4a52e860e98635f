"""What the page snippet may tell, from where, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import insert, select, text

from adapters.database.engine import open_database, reading, writing
from adapters.database.schema import events, leads, page_views, sends, visitors
from adapters.mail.link_tokens import Came, LinkTokens
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app
from web.page_view_in import is_machine, path_of
from web.snippet import SNIPPET

SITE = "https://www.example.co.jp"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
BROWSER = "0123456789abcdef" * 2
VISIT = {"visitor": BROWSER, "id": "v1", "type": "visited", "subject": "/pricing"}


@pytest.fixture
def listening(process: Process, tmp_path: Path) -> Process:
    """A web process that listens to one site."""
    settings = Settings(home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST, sites=(SITE,))
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    return Process(app, process.engine, process.store, process.clock, client_of(app, KEY))


@pytest.fixture
async def page(listening: Process) -> AsyncIterator[httpx.AsyncClient]:
    """A page of that site in somebody's browser."""
    async with listening.anybody() as client:
        client.headers.update({"Origin": SITE, "User-Agent": CHROME})
        yield client


async def tell(page: httpx.AsyncClient, said: Any = VISIT, **headers: str) -> httpx.Response:
    """As the snippet does: JSON under the name of plain text, so that no browser asks first."""
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return await page.post("/v", content=content, headers={"Content-Type": "text/plain;charset=UTF-8", **headers})


def rows(process: Process, table: Any) -> list[Any]:
    """Everything that is stored in a table."""
    with reading(process.engine) as connection:
        return list(connection.execute(select(table)).all())


async def test_the_snippet_is_small_and_the_same_for_all(page: httpx.AsyncClient) -> None:
    """Below 2 KB without compression, kept by browsers, no cookie; unchanged it is not sent again."""
    answer = await page.get("/s.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) < 2048
    assert "max-age" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    again = await page.get("/s.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "http" not in SNIPPET, "it asks nobody but the place it came from"


async def test_a_visit_of_nobody_is_kept_under_its_browser_alone(listening: Process, page: httpx.AsyncClient) -> None:
    """No lead, no event, no client address; told twice, it counts once."""
    for _ in range(2):
        answer = await tell(page)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == SITE
        assert "set-cookie" not in answer.headers
    (kept,) = rows(listening, page_views)
    assert (kept.visitor, kept.type, kept.subject, kept.site) == (BROWSER, "visited", "/pricing", SITE)
    assert rows(listening, events) == rows(listening, leads) == rows(listening, visitors) == []
    assert "127.0.0.1" not in repr(tuple(kept))


async def test_a_form_posted_in_that_browser_joins_its_visits(listening: Process, page: httpx.AsyncClient) -> None:
    """The form page carries the id through, the lead has the points of before, and those that follow."""
    await tell(page)
    shown = await page.get(f"/forms/seminar?_visitor={BROWSER}")
    assert f'<input type="hidden" name="_visitor" value="{BROWSER}">' in shown.text
    wrong = await page.post("/forms/seminar", data={"email": "hanako", "_visitor": BROWSER})
    assert f'name="_visitor" value="{BROWSER}"' in wrong.text
    done = await page.post("/forms/seminar", data={"email": "hanako@example.co.jp", "_visitor": BROWSER})
    assert done.status_code == 303
    await tell(page, {**VISIT, "id": "v2", "type": "downloaded", "subject": "catalog"})
    (lead,) = rows(listening, leads)
    told = {(row.type, row.subject) for row in rows(listening, events) if row.lead == lead.id}
    assert told == {("visited", "/pricing"), ("signed_up", "seminar"), ("downloaded", "catalog")}
    assert rows(listening, page_views) == []
    score = (await listening.client.get(f"/api/leads/{lead.id}")).json()["score"]["items"]
    assert score["pricing_page"] == pytest.approx(15, abs=0.1)


async def test_a_form_in_json_joins_too(listening: Process, page: httpx.AsyncClient) -> None:
    """A site with a form of its own sends `nurture.id()` along; what is no such id is ignored."""
    await tell(page)
    for address, visitor in (("a@example.co.jp", "somebody"), ("b@example.co.jp", BROWSER)):
        answer = await page.post("/forms/seminar", json={"email": address, "_visitor": visitor})
        assert answer.status_code == 202
    (known,) = rows(listening, visitors)
    assert known.lead == next(lead.id for lead in rows(listening, leads) if lead.email == "b@example.co.jp")


async def test_a_link_in_a_mail_makes_the_browser_known(listening: Process, page: httpx.AsyncClient) -> None:
    """With a mark that is good; one that ran out, or is none of ours, changes nothing."""
    now = listening.clock.now()
    (await listening.client.post("/api/leads", json={"id": "a", "email": "a@example.co.jp"})).raise_for_status()
    key = "a/seminar_to_demo/1/newsletter/1"
    with writing(listening.engine) as connection:
        connection.execute(
            insert(sends).values(
                key=key, lead="a", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted",
                accepted_at=now - timedelta(hours=1),
            )
        )  # fmt: skip
    tokens = LinkTokens.of(listening.engine)
    old = tokens.token(Came(key, now - timedelta(seconds=1)))
    for number, token in enumerate((old, "not-ours", None)):
        assert (await tell(page, {**VISIT, "id": f"v{number}", "token": token})).status_code == 204
    assert rows(listening, visitors) == []
    await tell(page, {**VISIT, "id": "v9", "token": tokens.token(Came(key, now + timedelta(days=1)))})
    (known,) = rows(listening, visitors)
    assert (known.lead, known.by) == ("a", "mail")
    assert [row.lead for row in rows(listening, events)] == ["a"]
    assert (await tell(page, {"visitor": BROWSER, "forget": True})).status_code == 204
    assert rows(listening, visitors) == rows(listening, page_views) == []


async def test_only_listed_sites_may_tell(listening: Process, page: httpx.AsyncClient) -> None:
    """Another origin, or none, is refused and told nothing; a listed one may ask first, too."""
    for origin in ("https://elsewhere.example.com", "null", "", HOST):
        answer = await tell(page, Origin=origin)
        assert answer.status_code == 403, origin
        assert "NURTURE_SITES" in answer.json()["do"]
        assert "access-control-allow-origin" not in answer.headers
    assert rows(listening, page_views) == []
    asked = await page.options("/v", headers={"Access-Control-Request-Method": "POST"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, SITE)
    assert (await page.options("/v", headers={"Origin": "https://x.example"})).status_code == 403


async def test_machines_are_left_out(listening: Process, page: httpx.AsyncClient) -> None:
    """They say who they are; a browser without a name is none."""
    for name in ("Googlebot/2.1 (+http://www.google.com/bot.html)", "HeadlessChrome/140", "curl/8", "", "bingbot/2.0"):
        assert (await tell(page, **{"User-Agent": name})).status_code == 204
    assert rows(listening, page_views) == []
    assert not is_machine(CHROME)
    assert not is_machine("Mozilla/5.0 (Linux; Android 14; CUBOT X90) AppleWebKit/537.36 Chrome/140 Mobile Safari/537")


@pytest.mark.parametrize(
    ("said", "status", "what"),
    [
        (b"{", 422, "not JSON"),
        (b"[1]", 422, "valid dictionary"),
        (b"\xff", 422, "not JSON"),
        ({**VISIT, "visitor": "me"}, 422, "visitor"),
        ({**VISIT, "type": "opened"}, 422, "type"),
        ({**VISIT, "id": "a b"}, 422, "id"),
        ({**VISIT, "subject": "/" + "x" * 401}, 422, "subject"),
        ({**VISIT, "subject": "/a\x00"}, 422, "NUL"),
        ({**VISIT, "subject": "/a%00"}, 422, "cannot be kept"),
        ({"visitor": BROWSER}, 422, "a page view has"),
        ({**VISIT, "more": "x" * 5000}, 413, "4096 bytes"),
    ],
)
async def test_what_cannot_be_read_is_said(
    listening: Process, page: httpx.AsyncClient, said: Any, status: int, what: str
) -> None:
    """With what is wrong and what to send; nothing is kept."""
    answer = await tell(page, said)
    assert answer.status_code == status, answer.text
    assert what in answer.json()["what"]
    assert rows(listening, page_views) == []


async def test_a_visitor_sees_no_fault_of_ours(listening: Process, page: httpx.AsyncClient) -> None:
    """Where the database fails the page gets its empty answer; the log and the metrics tell."""
    with writing(listening.engine) as connection:
        connection.execute(text("ALTER TABLE page_views RENAME TO away"))
    assert (await tell(page)).status_code == 204
    metrics = (await listening.client.get("/metrics")).text
    assert 'nurture_page_views_received_total{result="lost"}' in metrics


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("/pricing/", "/pricing"),
        ("/pricing?utm_source=x&email=a@example.com#top", "/pricing"),
        ("/pricing/index.html", "/pricing"),
        ("//a//b/", "/a/b"),
        ("/", "/"),
        ("/%E6%96%99%E9%87%91", "/料金"),
        ("/users/taro%40example.co.jp/edit", "/users/~/edit"),
        ("/users/taro%2540example.co.jp/edit", "/users/~/edit"),
        ("/users/taro%25252540example.co.jp/edit", "/users/~/edit"),
        ("/100%25", "/100%"),
        ("catalog", "catalog"),
        ("  ", ""),
    ],
)
def test_a_subject_is_the_path_as_scenarios_write_it(said: str, path: str) -> None:
    """Readable, without a query, without what is likely an address."""
    assert path_of(said) == path


async def test_the_sample_site_is_there_only_where_it_is_asked_for(process: Process, tmp_path: Path) -> None:
    """In both languages, with the snippet; from its own pages page views are taken in."""
    assert (await process.anybody().get("/site/")).status_code == 404
    settings = Settings(home=tmp_path, temporal_port=1, public_url=HOST, sample_site=True)
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    async with client_of(app, None) as client:
        for path in ("/site/", "/site/pricing", "/site/en/", "/site/en/catalog", "/site/seminar"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert '<script src="/s.js"' in answer.text
            assert f'lang="{"en" if "/en/" in path else "ja"}"' in answer.text
        assert (await client.get("/site/nothing")).status_code == 404
        assert (await client.get("/site/catalog.txt")).headers["content-disposition"].startswith("attachment")
        assert (await client.get("/site", headers={"Accept-Language": "en"})).headers["location"] == "/site/en/"
        marked = await client.get("/site?nv=x&a=1", headers={"Accept-Language": "en"})
        assert marked.headers["location"] == "/site/en/?nv=x&a=1"
        assert (await tell(client, Origin=HOST, **{"User-Agent": CHROME})).status_code == 204
    assert len(rows(process, page_views)) == 1


async def test_a_busy_database_costs_page_views_and_nothing_else(
    listening: Process, page: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait a moment, four at a time, and are counted as lost; other routes have their threads."""
    monkeypatch.setattr("web.page_views.PATIENCE", timedelta(seconds=0.5))
    assert (await tell(page)).status_code == 204
    before = _lost()
    other = open_database(listening.engine.url.render_as_string(hide_password=False))
    with writing(other) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE events, leads, page_views, visitors IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        told = asyncio.gather(*(tell(page, {**VISIT, "id": f"w{number}"}) for number in range(60)))
        await asyncio.sleep(0.1)
        assert (await listening.anybody().get("/health/live")).status_code == 200
        assert {answer.status_code for answer in await told} == {204}
        assert time.monotonic() - began < 10
    other.dispose()
    assert _lost() - before == 60


def _lost() -> float:
    return REGISTRY.get_sample_value("nurture_page_views_received_total", {"result": "lost"}) or 0
