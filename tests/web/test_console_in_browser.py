"""The console in a real browser: by the first admin's link, with the keyboard alone, on a narrow screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from adapters.database import users
from adapters.database.engine import reading
from adapters.settings import Settings
from tests.browser import chromium
from tests.web.people import PASSWORD, link, person
from tests.web.process import Process
from web.app import make_app


@pytest.fixture
def url(process: Process, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[str]:
    """Where the console is served on this machine."""
    found = f"http://127.0.0.1:{free_port()}"
    settings = Settings(home=tmp_path, temporal_port=1, public_url=found)
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=int(found.rpartition(":")[2]), log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield found
    server.should_exit = True
    thread.join()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """Somebody's browser; what it complains about fails the test."""
    complaints: list[str] = []
    with chromium(tmp_path / "browser") as context:
        context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context
    assert complaints == []


def press(page: Page, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        page.keyboard.press(key)


WORDS = {
    "ja": ("登録してはじめる", "ユーザー", "ログアウト", "キー操作"),
    "en": ("Save and begin", "Users", "Log out", "Keys"),
}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_first_admin_comes_in_by_the_link(
    process: Process, url: str, browser: BrowserContext, language: str
) -> None:
    """Makes the account, finds a page by keys, invites nobody yet, logs out and in again; nothing is cut at 360 px."""
    save, people, out, keys = WORDS[language]
    page = browser.pages[0]
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{url}/first?token={link(process, 'first')}")
    if language == "en":
        page.click("text=English")
        page.wait_for_selector("html[lang=en]")
    assert page.locator("html").get_attribute("lang") == language
    page.fill("#login", "hanako")
    page.fill("#name", "佐藤 花子")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click(f"text={save}")
    page.wait_for_url(f"{url}/")

    press(page, "?")
    assert page.locator("dialog#keys").is_visible()
    press(page, "Escape")
    press(page, "g", "u")
    page.wait_for_url(f"{url}/users")
    assert page.locator("h1").inner_text() == people
    press(page, "g", "a")
    page.wait_for_url(f"{url}/account")
    for path in ("/", "/users", "/account", "/inbox", "/login"):
        page.goto(f"{url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(f"{url}/")
    press(page, "Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(f"text={keys}").first.is_visible()

    page.click(f"text={out}")
    page.wait_for_url(f"{url}/login")
    page.fill("#login", "hanako")
    page.fill("#password", PASSWORD)
    press(page, "Enter")
    page.wait_for_url(f"{url}/")
    with reading(process.engine) as connection:
        assert [each.role for each in users.listed(connection)] == ["admin"]


def test_another_session_ends_without_a_new_page(process: Process, url: str, browser: BrowserContext) -> None:
    """The list is renewed in place, by htmx; a key pressed in a field is a letter and moves nowhere."""
    user = person(process, "hanako", "marketer")
    page = browser.pages[0]
    for _ in range(2):
        page.goto(f"{url}/login?token={link(process, 'entry', user)}")
        browser.clear_cookies()
    page.goto(f"{url}/login?token={link(process, 'entry', user)}&next=/account")
    assert page.locator("#sessions tbody tr").count() == 3
    page.evaluate("window.same = true")
    page.locator("#sessions form button").first.click()
    expect(page.locator("#sessions tbody tr")).to_have_count(2)
    assert page.evaluate("window.same") is True
    page.focus("#current")
    press(page, "g", "h", "?")
    assert page.input_value("#current") == "gh?"
    assert page.url == f"{url}/account"


def test_figures_come_after_the_page_and_lists_are_walked_by_keys(
    process: Process, url: str, browser: BrowserContext
) -> None:
    """By htmx, in place; a box of the picture leads to who stands there; a picture begins in its middle at 360 px."""
    user = person(process, "hanako", "marketer")
    page = browser.pages[0]
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{url}/login?token={link(process, 'entry', user)}&next=/scenarios")
    press(page, "j", "j", "k")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 1
    page.goto(f"{url}/scenarios/seminar_to_demo")
    expect(page.locator("#counts[hx-get]")).to_have_count(0)
    assert page.locator(".picture").evaluate("each => each.scrollLeft") > 0
    whole = page.locator(".picture svg").evaluate("each => each.getBoundingClientRect().width")
    page.check("input[value=half]")
    assert page.locator(".picture svg").evaluate("each => each.getBoundingClientRect().width") < 0.6 * whole
    page.locator(".picture svg a").first.click()
    page.wait_for_url(f"{url}/scenarios/seminar_to_demo?since=30d&step=newsletter#standing")
    page.goto(f"{url}/segments/midsize_infrastructure")
    page.locator("#four-r button").click()
    expect(page.locator("#four-r tbody tr")).to_have_count(4)
    for path in ("/scenarios", "/segments", "/journey?check=1", "/definitions", "/report?whole=1"):
        page.goto(f"{url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_a_dark_system_gets_dark_pages(url: str, browser: BrowserContext) -> None:
    """By the system's setting, with text that stands out in both."""
    page = browser.pages[0]
    for scheme, dark in (("light", False), ("dark", True)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"{url}/login")
        colours = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        paper, ink = (sum(int(part) for part in each[4:-1].split(",")) for each in colours)
        assert (paper < ink) == dark
        assert abs(paper - ink) > 300
