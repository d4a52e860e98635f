"""Every page of the console held against axe-core, in light and dark, in both languages, and at 360 px."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from adapters.database import users
from adapters.database.engine import reading
from tests.web.axe import faults
from tests.web.browsing import reading_in, settled
from tests.web.filled import Filled, browser, filled
from tests.web.people import link
from tests.web.test_console_pages import PAGES

__all__ = ["browser", "filled"]

OF_A_LEAD = ("", "/company", "/do/go_to", "/do/pause", "/erase")
WITH_FIGURES = (
    "/scenarios/seminar_to_demo?counts=1&step=newsletter_again", "/segments?counts=1",
    "/segments/midsize_infrastructure?counts=1&report=1", "/journey?check=1", "/report?whole=1&since=90d",
    "/definitions?file=hot_lead.yaml", "/desk?rep=rep_1", "/leads?status=waiting",
)  # fmt: skip
OUTSIDE = ("/login", "/forms/seminar", "/forms/nothing", "PREFERENCES", "PREFERENCES?lang=en")


@pytest.fixture(scope="module", params=["ja", "en"])
def reader(request: pytest.FixtureRequest, filled: Filled, browser: Browser) -> Iterator[Page]:
    """An admin's browser: admins see every page."""
    with reading_in(browser, request.param, meant="404") as page:
        with reading(filled.process.engine) as connection:
            user = users.named(connection, "hanako")
        page.goto(f"{filled.url}/login?token={link(filled.process, 'entry', user)}")
        yield page


PATHS = [
    *(each for each in PAGES if each != "/api/audit"), *WITH_FIGURES, *(f"/leads/LEAD{each}" for each in OF_A_LEAD),
    "/desk/TASK", "/inbox/MAIL", "/leads/nobody",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_page_can_be_used_by_everybody(filled: Filled, reader: Page, path: str) -> None:
    """Nothing serious, and nothing cut off on a telephone, whatever is folded out."""
    reader.goto(f"{filled.url}{filled.path(path)}")
    settled(reader)
    in_japanese = reader.locator("html").get_attribute("lang") == "ja"  # colours and sizes are the same in English
    assert faults(reader, closely=in_japanese) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_pages_for_people_outside_can_be_used_by_everybody(filled: Filled, browser: Browser, language: str) -> None:
    """Those of who does not log in: the door of an invitation, the login, forms, and what mails link to."""
    with reading(filled.process.engine) as connection:
        user = users.named(connection, "osamu")
    with reading_in(browser, language, meant="404") as page:
        for path in (*OUTSIDE, f"/invitation?token={link(filled.process, 'invitation', user)}"):
            page.goto(f"{filled.url}{filled.path(path)}")
            assert faults(page) == [], path
