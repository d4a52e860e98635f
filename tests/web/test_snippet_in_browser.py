"""The page snippet in a real browser, on a site of another origin than Nurture, written as the document says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from adapters.database.engine import reading
from adapters.database.schema import events, leads, page_views, visitors
from adapters.settings import Settings
from tests.browser import chromium
from tests.docs.document import ROOT, blocks
from tests.web.process import Process
from web.app import make_app

KNOWN = "localStorage.getItem('nurture')"
REST = """
<a id="next" href="/pricing/?email=a@example.com">prices</a>
<a id="file" href="/files/2026-11.pdf" download>file</a>
<a id="named" href="/files/2026-11.pdf" data-nurture-download="catalog" download>file</a>
<a id="form" href="NURTURE/forms/seminar">form</a>
<form id="own" method="post" action="NURTURE/forms/seminar"><input name="email" value="own@example.co.jp"></form>
"""


@dataclass
class Site:
    """A web site of its own origin, and the Nurture that listens to it."""

    url: str
    process: Process
    script: dict[str, str]

    def seen(self) -> list[tuple[str, str]]:
        """What is kept of nobody, in order."""
        return [(row.type, row.subject) for row in self.rows(page_views)]

    def rows(self, table: Any) -> list[Any]:
        """Everything in a table."""
        with reading(self.process.engine) as connection:
            return list(connection.execute(select(table)).all())

    def soon(self, look: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + 10
        while not look():
            assert time.monotonic() < end, self.seen()
            time.sleep(0.05)


@pytest.fixture
def site(process: Process, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Site]:
    """The site's server and the web process, both on this machine."""
    port, script = free_port(), {"attributes": ""}
    nurture = f"http://127.0.0.1:{port}"
    block = next(each for each in blocks(ROOT / "docs" / "site.md") if each.language == "html")
    tag = block.text.replace("https://nurture.example.co.jp", nurture)

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = tag.replace(" defer", f" {script['attributes']} defer")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><head>{given}</head>{REST.replace('NURTURE', nurture)}".encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    pages = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    url = f"http://127.0.0.1:{pages.server_address[1]}"
    settings = Settings(home=tmp_path, temporal_port=1, public_url=nurture, sites=(url,))
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    threads = [threading.Thread(target=run) for run in (pages.serve_forever, server.run)]
    for thread in threads:
        thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Site(url, process, script)
    server.should_exit = True
    pages.shutdown()
    for thread in threads:
        thread.join()
    pages.server_close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """Somebody's browser."""
    with chromium(tmp_path / "browser") as context:
        yield context


def at(browser: BrowserContext, site: Site, path: str) -> Page:
    """A page of the site, and what it sends in `page.told`."""
    page = browser.pages[0]
    page.goto(f"{site.url}{path}", wait_until="networkidle")
    return page


def test_nothing_is_stored_or_sent_before_consent(site: Site, browser: BrowserContext) -> None:
    """With it, the page it was given on counts, too, and it holds on the next page; taken back, all is gone."""
    asked: list[str] = []
    browser.on("request", lambda request: asked.append(request.url) if "/v" in request.url else None)
    page = at(browser, site, "/pricing/?email=taro@example.com#plans")
    page.click("#named", no_wait_after=True)
    page.evaluate("history.pushState({}, '', '/elsewhere')")
    page.wait_for_timeout(300)
    assert (asked, page.evaluate(KNOWN), page.evaluate("nurture.id()")) == ([], None, None)
    page = at(browser, site, "/pricing/?email=taro@example.com#plans")
    assert page.evaluate("nurture.consent(true)") is True
    site.soon(lambda: site.seen() == [("visited", "/pricing")])
    page = at(browser, site, "/catalog")
    site.soon(lambda: site.seen() == [("visited", "/pricing"), ("visited", "/catalog")])
    assert page.evaluate("nurture.id()") == page.evaluate(KNOWN) == site.rows(page_views)[0].visitor
    assert browser.cookies() == []
    page.evaluate("nurture.consent(false)")
    site.soon(lambda: site.seen() == [])
    assert page.evaluate(KNOWN) is None
    at(browser, site, "/pricing")
    page.wait_for_timeout(300)
    assert site.seen() == []


def test_downloads_and_pages_of_an_application_are_told(site: Site, browser: BrowserContext) -> None:
    """By their name or path; a change of the path is a page view, a change of the query alone is none."""
    site.script["attributes"] = 'data-consent="granted" data-base="/en"'
    page = at(browser, site, "/en/pricing")
    page.evaluate("history.pushState({}, '', '/en')")
    page.evaluate("history.pushState({}, '', '/en?tab=2')")
    page.evaluate("history.pushState({}, '', '/english')")
    page.evaluate("history.back()")
    for name in ("file", "named"):
        with page.expect_download():
            page.click(f"#{name}")
    told = {
        ("visited", "/pricing"), ("visited", "/"), ("visited", "/english"), ("downloaded", "/files/2026-11.pdf"),
        ("downloaded", "catalog"),
    }  # fmt: skip
    site.soon(lambda: set(site.seen()) == told)
    assert site.seen().count(("visited", "/pricing")) == 1


def test_a_link_to_a_form_and_a_form_of_the_site_take_the_browser_along(site: Site, browser: BrowserContext) -> None:
    """The page views of before are the lead's once either is posted."""
    site.script["attributes"] = 'data-consent="granted"'
    page = at(browser, site, "/pricing")
    site.soon(lambda: len(site.seen()) == 1)
    page.click("#form")
    page.fill("input[name=email]", "linked@example.co.jp")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    (lead,) = site.rows(leads)
    assert {(row.lead, row.subject) for row in site.rows(events)} == {(lead.id, "/pricing"), (lead.id, "seminar")}
    page = at(browser, site, "/")
    page.evaluate("document.querySelector('#own').requestSubmit()")
    page.wait_for_url("**/thanks")
    (known,) = site.rows(visitors)
    assert known.lead == next(row.id for row in site.rows(leads) if row.email == "own@example.co.jp")


def test_who_takes_the_consent_back_leaves_no_id_on_the_page(site: Site, browser: BrowserContext) -> None:
    """Neither in links that were followed elsewhere nor in forms that were not sent after all."""
    site.script["attributes"] = 'data-consent="granted"'
    page = at(browser, site, "/pricing")
    page.evaluate("addEventListener('click', e => e.preventDefault())")
    page.evaluate("addEventListener('submit', e => e.preventDefault())")
    page.evaluate("document.querySelector('#form').click(), document.querySelector('#own').requestSubmit()")
    assert page.evaluate("document.querySelectorAll('input[name=_visitor]').length") == 1
    page.evaluate("nurture.consent(false)")
    page.wait_for_timeout(100)
    assert "_visitor" not in page.content()


@pytest.mark.parametrize("signal", ["globalPrivacyControl", "doNotTrack"])
def test_a_browser_that_asks_not_to_be_followed_is_not(site: Site, browser: BrowserContext, signal: str) -> None:
    """Not even where the page says that consent was given, nor when a banner says so; an older id is deleted."""
    browser.add_init_script(f"Object.defineProperty(navigator, '{signal}', {{value: {json.dumps('1')}}})")
    browser.add_init_script("try { localStorage.nurture = '0'.repeat(32) } catch (e) {}")
    site.script["attributes"] = 'data-consent="granted"'
    forgotten: list[str] = []
    browser.on("request", lambda request: forgotten.append(request.post_data or "") if "/v" in request.url else None)
    page = at(browser, site, "/pricing")
    assert page.evaluate("nurture.consent(true)") is False
    page.wait_for_timeout(300)
    assert site.seen() == []
    assert [json.loads(each) for each in forgotten] == [{"forget": True, "visitor": "0" * 32}]
    assert page.evaluate(KNOWN) is None


def test_the_mark_of_a_mail_leaves_the_address_at_once(site: Site, browser: BrowserContext) -> None:
    """Whether consent is given or not, so that nobody passes it on with the address; the rest of the query stays."""
    asked: list[str] = []
    browser.on("request", lambda request: asked.append(request.post_data or "") if "/v" in request.url else None)
    page = at(browser, site, "/pricing?a=b&nv=some-mark#plans")
    assert page.evaluate("location.search + location.hash") == "?a=b#plans"
    assert asked == []
    page.evaluate("nurture.consent(true)")
    site.soon(lambda: len(site.seen()) == 1)
    assert [json.loads(each)["token"] for each in asked] == ["some-mark"]
