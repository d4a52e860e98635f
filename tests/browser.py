"""Opens a Chromium of the machine for tests; refuses to download one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""What a browser calls itself that does not say it is headless."""


@contextmanager
def chromium(data: Path) -> Iterator[BrowserContext]:
    """A browser with an empty profile in `data`, in Japanese; the test is skipped where the machine has none."""
    path = _path()
    with sync_playwright() as play:
        context = play.chromium.launch_persistent_context(
            data, executable_path=path, headless=True, args=FLAGS, user_agent=PERSON, locale="ja-JP"
        )
        context.set_default_timeout(10_000)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def one_chromium() -> Iterator[Browser]:
    """A browser for many readers, each of whom has a context of their own; skipped likewise."""
    path = _path()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("this machine has no Chromium")
    return found
