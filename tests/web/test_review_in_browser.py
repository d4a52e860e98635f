"""The monthly review in a real browser: figures come by themselves, and two people agree, on a narrow screen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from adapters.database.engine import writing
from tests.past_tasks import fill
from tests.web.people import link, person
from tests.web.process import Process
from tests.web.test_console_in_browser import browser, press, url

__all__ = ["browser", "url"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_two_people_agree_on_another_threshold(
    process: Process, url: str, browser: BrowserContext, language: str
) -> None:
    """One proposes and the other confirms; nothing is cut at 360 px, in neither language, dark or light."""
    with writing(process.engine) as connection:
        fill(connection, 48, datetime.now(UTC))
    marketer, seller = person(process, "hanako", "marketer"), person(process, "taro", "sales", "rep_1")
    page = browser.pages[0]
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{url}/login?token={link(process, 'entry', marketer)}&next=/desk")
    if language == "en":
        page.locator("header button[lang=en]").click()
        page.wait_for_selector("html[lang=en]")
    press(page, "g", "v")
    page.wait_for_url(f"{url}/review")
    expect(page.locator("#question-results")).to_be_visible()
    expect(page.locator("#answers[hx-get]")).to_have_count(0)
    narrow(page)
    page.check("input[value=threshold]")
    page.fill("#total", "100")
    page.fill("#note", "12 月から週 20 件まで")
    page.locator("#agreement form button[type=submit]").click()
    page.wait_for_url("**/review/*?said=proposed#agreement")
    assert page.locator("ins").first.is_visible()
    narrow(page)
    browser.clear_cookies()
    page.goto(f"{url}/login?token={link(process, 'entry', seller)}&next=/review")
    page.emulate_media(color_scheme="dark")
    page.locator("#proposal button[type=submit]").first.click()
    page.wait_for_url("**/review/*?said=agreed#agreement")
    assert "at_least: 100" in page.locator("#agreement pre").first.inner_text()
    narrow(page)


def narrow(page: Page) -> None:
    """Nothing of the page is beyond the edge of the screen."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
