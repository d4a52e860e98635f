"""Holds a page that is open in a browser against axe-core; knows no page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page, ViewportSize

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast", "link-in-text-block"]
TOUCH = ["scrollable-region-focusable", "target-size"]
BAD = ("serious", "critical")
TELEPHONE: ViewportSize = {"width": 360, "height": 740}


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page, *, closely: bool = True) -> list[str]:
    """What axe-core calls serious or critical, and how wide a page is that scrolls sideways on a telephone.

    `closely`: besides all rules in light also those of contrast in dark, and those of touch and keys on a telephone.
    What is folded away is unfolded first. The page's own content security policy stays in force.
    """
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.name = ''; each.open = true })")
    page.evaluate(_axe())
    size = page.viewport_size
    page.emulate_media(color_scheme="light")
    found = _run(page, "light", {"type": "tag", "values": TAGS})
    page.set_viewport_size(TELEPHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > TELEPHONE["width"]:
        found.append(f"scrolls sideways: {wide} px")
    if closely:
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found += _run(page, "on a telephone", {"type": "rule", "values": TOUCH})
    if size is not None:
        page.set_viewport_size(size)
    if closely:
        page.emulate_media(color_scheme="dark")
        found += _run(page, "dark", {"type": "rule", "values": CONTRAST})
    return found


def _run(page: Page, scheme: str, rules: dict[str, Any]) -> list[str]:
    how = {"runOnly": rules, "resultTypes": ["violations"], "iframes": False}  # a mail in its frame runs no script
    told = page.evaluate("(how) => axe.run(document, how)", how)
    return [
        f"{scheme}: {each['id']}: {node['target']}: {node['html'][:160]}: {node['failureSummary']}"
        for each in told["violations"]
        if each["impact"] in BAD
        for node in each["nodes"]
    ]
