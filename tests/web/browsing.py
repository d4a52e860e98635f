"""Serves the web process to a browser and opens pages in it for tests; asserts nothing about what they show."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from adapters.settings import Settings
from tests.browser import PERSON
from tests.web.process import KEY, Process
from web.app import _Server, make_app

WIDTH, HEIGHT = 1280, 900
expect.set_options(timeout=30_000)
LOCALES = {"ja": "ja-JP", "en": "en-GB"}


@contextmanager
def serving(process: Process, home: Path, port: int, **state: Any) -> Iterator[str]:
    """The web process as it is served, until the end of the block; it has to end at once then.

    `state`: what stands in the app's state in the place of what the app would make itself, such as `asking`.
    """
    found = f"http://127.0.0.1:{port}"
    address = f"127.0.0.1:{port}"
    settings = Settings(home=home, api_key=SecretStr(KEY), temporal_port=1, public_url=found, web=address)
    app = make_app(settings, process.engine, store=process.store, clock=process.clock)
    for name, value in state.items():
        setattr(app.state, name, value)
    server = _Server(app, uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server has ended instead of starting"
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.02)
        yield found
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def reading_in(browser: Browser, language: str, *, scheme: str = "light", meant: str = "") -> Iterator[Page]:
    """A page of somebody with a browser of their own, which asks for this language.

    What the browser complains about fails the test, but for what the expression `meant` finds.
    """
    complaints: list[str] = []
    size = {"width": WIDTH, "height": HEIGHT}
    context = browser.new_context(
        locale=LOCALES[language], color_scheme=scheme, user_agent=PERSON, viewport=size,  # type: ignore[arg-type]
    )  # fmt: skip
    context.set_default_timeout(30_000)
    context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    try:
        yield context.new_page()
    finally:
        context.close()
    complaints = [each for each in complaints if not meant or not re.search(meant, each)]
    assert complaints == [], complaints


def press(page: Page, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        page.keyboard.press(key)


def settled(page: Page) -> None:
    """Wait until what comes after the page has come."""
    expect(page.locator("[hx-trigger=load]")).to_have_count(0)
