"""The pages of segments: what each asks in words, how many fit, and its 4R on demand."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from adapters.database.engine import writing
from tests.past_tasks import fill
from tests.web.people import browser_of, person
from tests.web.process import Process
from web import reports
from web.console.segment_view import SievePart, worst

MIDSIZE = "/segments/midsize_infrastructure"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def browser(process: Process) -> httpx.AsyncClient:
    """A browser in which somebody of marketing is logged in."""
    return await browser_of(process, person(process, "hanako", "marketer"))


async def two_leads(process: Process) -> None:
    """One that fits, one that is too small."""
    for name, employees in (("l1", 80), ("l2", 20)):
        body = {"id": name, "attributes": {"employees": employees, "industry": "telecom", "region": "関東"}}
        assert (await process.client.post("/api/leads", json=body)).status_code == 201


def cells(page: str, name: str) -> list[str]:
    """The figures in the row of a segment."""
    row = next(each for each in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{name}<" in each)
    return re.findall(r'<td class="n">([^<]*)</td>', row)


async def test_the_list_says_what_is_asked_and_counts_after(process: Process, browser: httpx.AsyncClient) -> None:
    """In words, with axes and the scenarios it leads into."""
    await two_leads(process)
    page = (await browser.get("/segments")).text
    assert page.count('"/segments?counts=1"') == 2  # by script, and as a link
    assert cells(page, "midsize_infrastructure") == ["–", "–"]
    assert 'href="/scenarios/seminar_to_demo"' in page
    assert "人口動態" in page
    counted = (await browser.get("/segments?counts=1")).text
    assert cells(counted, "midsize_infrastructure") == ["1", "50.0"]
    assert "demographic" in (await browser.get("/segments", headers=ENGLISH)).text


async def test_each_condition_shows_what_it_removes(process: Process, browser: httpx.AsyncClient) -> None:
    """And some who fit, without names and addresses, each a link to the lead."""
    await two_leads(process)
    page = (await browser.get(MIDSIZE)).text
    assert f'hx-get="{MIDSIZE}?counts=1"' in page
    counted = (await browser.get(f"{MIDSIZE}?counts=1")).text
    assert "<b>1</b> / 2" in counted
    assert 'href="/leads/l1"' in counted
    assert 'href="/leads/l2"' not in counted
    (employees,) = re.findall(r"<tr><th[^>]*>従業員数[^<]*</th>(.*?)</tr>", counted)
    assert re.findall(r">(\d+)<", employees)[:2] == ["1", "1"]


async def test_the_four_r_are_judged_when_they_are_asked_for(process: Process, browser: httpx.AsyncClient) -> None:
    """Four verdicts with figures and what to change."""
    with writing(process.engine) as connection:
        fill(connection, 48, datetime.now(UTC))
    assert "4R を判定する" in (await browser.get(MIDSIZE)).text
    for headers, first in (({}, "Rank 優先度"), (ENGLISH, "Rank")):
        page = (await browser.get(f"{MIDSIZE}?report=1", headers=headers)).text
        assert f'<th scope="row">{first}</th>' in page
        assert page.count('class="verdict') == 4


async def test_too_many_leads_are_left_to_the_command_line(
    process: Process, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stands and names the command; what SQL can count alone is counted all the same."""
    await two_leads(process)
    monkeypatch.setattr(reports, "MOST", 1)
    page = (await browser.get(f"{MIDSIZE}?report=1&counts=1")).text
    assert "nurture segments report midsize_infrastructure" in page
    assert "<b>1</b> / 2" in page


async def test_what_is_not_there_is_said(empty: Process, browser: httpx.AsyncClient) -> None:
    """No such segment; none at all."""
    assert (await browser.get("/segments/midsize")).status_code == 404
    assert "リードがまだいません" in (await browser.get(f"{MIDSIZE}?counts=1")).text


async def test_without_segments_the_page_says_what_to_write(empty: Process) -> None:
    """As every empty page."""
    nobody = await browser_of(empty, person(empty, "hanako", "marketer"))
    assert "segments.yaml" in (await nobody.get("/segments?counts=1")).text


def test_the_worst_condition_is_one_without_parts() -> None:
    """None as long as nothing was counted."""
    parts = (SievePart(0, "all", False, 0, 9, 0), SievePart(1, "a", True, 1, 8, 1), SievePart(1, "b", True, 5, 4, 0))
    found = worst(parts)
    assert found is not None
    assert found.says == "a"
    assert worst((SievePart(0, "a", True),)) is None
