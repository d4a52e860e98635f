"""The journey map as a page, and its check on demand."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from adapters.database.engine import writing
from tests.past_tasks import fill
from tests.web.people import browser_of, person
from tests.web.process import Process
from web import reports

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def browser(process: Process) -> httpx.AsyncClient:
    """A browser in which somebody of marketing is logged in."""
    return await browser_of(process, person(process, "hanako", "marketer"))


async def test_the_map_shows_phases_and_the_steps_that_serve_them(browser: httpx.AsyncClient) -> None:
    """A step leads to its scenario; the qualifying range is marked; in both languages."""
    page = (await browser.get("/journey")).text
    assert 'href="/scenarios/seminar_to_demo?step=seminar_invite#standing"' in page
    assert "絞り込みの範囲" in page
    assert page.count('class="on"') == 2
    english = (await browser.get("/journey", headers=ENGLISH)).text
    assert '<th scope="col" class="on">comparison ★</th>' in english


async def test_it_is_held_against_what_leads_did(process: Process, browser: httpx.AsyncClient) -> None:
    """On demand, by a button that works without script."""
    with writing(process.engine) as connection:
        fill(connection, 96, datetime.now(UTC))
    page = (await browser.get("/journey")).text
    assert 'action="/journey#check"' in page
    assert "受注まで" not in page
    checked = (await browser.get("/journey?check=1")).text
    assert "リード 96 件" in checked
    assert "受注まで" in checked
    assert "days to won" in (await browser.get("/journey?check=1", headers=ENGLISH)).text


async def test_too_many_leads_are_left_to_the_command_line(
    process: Process, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map stands."""
    with writing(process.engine) as connection:
        fill(connection, 3, datetime.now(UTC))
    monkeypatch.setattr(reports, "MOST", 1)
    page = await browser.get("/journey?check=1")
    assert (page.status_code, "nurture journey check" in page.text) == (200, True)


async def test_without_a_map_the_page_says_what_to_write(empty: Process) -> None:
    """Whether or not the check is asked for."""
    browser = await browser_of(empty, person(empty, "hanako", "marketer"))
    for path in ("/journey", "/journey?check=1"):
        assert "journey_map.yaml" in (await browser.get(path)).text
