"""The pages of the leads in a real browser: by the keyboard, on a narrow screen, without a complaint."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import BrowserContext

from tests.web.people import link, person
from tests.web.process import Process
from tests.web.test_console_in_browser import browser, press, url
from tests.web.test_lead_pages import known_of

__all__ = ["browser", "url"]


@pytest.fixture
def known(process: Process) -> Process:
    """A web process with a lead of whom much is known; filled before a browser has its loop in this thread."""
    asyncio.run(known_of(process))
    return process


def test_leads_are_gone_through_by_keys(known: Process, url: str, browser: BrowserContext) -> None:
    """`j` and `k` go through the list, Enter opens, `/` searches; the company comes without a new page."""
    page = browser.pages[0]
    page.goto(f"{url}/login?token={link(known, 'entry', person(known, 'hanako', 'admin'))}")
    press(page, "g", "l")
    page.wait_for_url(f"{url}/leads")
    press(page, "j", "j", "k")
    assert page.evaluate("document.activeElement.textContent") == "見本 一郎"
    press(page, "Enter")
    page.wait_for_url(f"{url}/leads/l1")
    page.click("text=同じ会社のほかのリード")
    page.wait_for_selector("#company >> text=ほかにいません")
    assert page.url == f"{url}/leads/l1"
    press(page, "g", "l")
    page.wait_for_url(f"{url}/leads")
    press(page, "/")
    page.keyboard.type("一郎")
    press(page, "Enter")
    page.wait_for_selector("#q[value=一郎]")
    assert page.locator(".leads tbody a").all_inner_texts() == ["見本 一郎"]
    assert page.url == f"{url}/leads"


def test_nothing_is_cut_on_a_narrow_screen(known: Process, url: str, browser: BrowserContext) -> None:
    """At 360 px no page of the leads is wider than the screen."""
    page = browser.pages[0]
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{url}/login?token={link(known, 'entry', person(known, 'hanako', 'admin'))}")
    for path in ("/leads", "/leads/l1", "/leads/l1/do/go_to", "/leads/l1/erase", "/leads/l1/company"):
        page.goto(f"{url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
