"""The report of hot leads as a page: the answers of the command line, with plots, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from adapters.database.engine import writing
from nurture.wording.sheet import Bar, Grid
from tests.past_tasks import fill
from tests.web.people import browser_of, person
from tests.web.process import Process
from web import reports
from web.console.plots import plot_of

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def browser(process: Process) -> httpx.AsyncClient:
    """A browser in which somebody of marketing is logged in."""
    return await browser_of(process, person(process, "hanako", "marketer"))


@pytest.fixture
def handed_over(process: Process) -> Process:
    """With 96 leads that sales had."""
    with writing(process.engine) as connection:
        fill(connection, 96, datetime.now(UTC))
    return process


async def test_the_page_comes_at_once_and_its_answers_after(handed_over: Process, browser: httpx.AsyncClient) -> None:
    """Without script a link brings them."""
    page = (await browser.get("/report")).text
    assert page.count('"/report?since=90d&amp;whole=1"') == 2  # by script, and as a link
    assert "question-paths" not in page
    answers = (await browser.get("/report?since=90d&whole=1")).text
    assert 'id="answers"' in answers
    assert "question-paths" in answers
    assert "hx-get" not in answers


async def test_seven_questions_are_answered_in_both_languages(handed_over: Process, browser: httpx.AsyncClient) -> None:
    """Each with its verdict; plots have a table beside them, advice stands above; no address."""
    japanese = (await browser.get("/report?whole=1")).text
    english = (await browser.get("/report?whole=1", headers=ENGLISH)).text
    for page in (japanese, english):
        assert re.findall(r"<h2 [^>]*>(\d)\. ", page) == list("1234567")
        assert page.count("<figure") == page.count('<div class="beside">') > 3
        assert "secret" not in page
        assert "advice" in page
    assert "予算なし" in japanese
    assert "スコア合計 120 点以上" in japanese
    assert "won of won+lost" in english


async def test_results_by_one_thing_are_asked_for_and_downloaded(
    handed_over: Process, browser: httpx.AsyncClient
) -> None:
    """The link to the table as CSV asks for the same."""
    page = (await browser.get("/report?since=30d&by=week&whole=1")).text
    link = re.findall(r'href="(/api/report/hot\.csv[^"]*)"', page)[0].replace("&amp;", "&")
    assert link == "/api/report/hot.csv?since=30d&by=week"
    assert (await browser.get(link)).text.startswith("question,by,name")
    assert "週別" in page
    assert "担当者別" not in page
    everything = await browser.get("/report?since=30d&by=&whole=1")  # as the form sends it
    assert "担当者別" in everything.text
    assert 'href="/api/report/hot.csv?since=30d"' in everything.text
    assert (await browser.get("/report?by=colour")).status_code == 422


async def test_without_tasks_it_says_what_to_do(browser: httpx.AsyncClient) -> None:
    """As the command line does."""
    page = (await browser.get("/report?whole=1")).text
    assert "営業へ渡したホットリードはありません" in page
    assert "question-shortfall" in page


async def test_too_many_leads_are_left_to_the_command_line(
    handed_over: Process, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stands and says the command."""
    monkeypatch.setattr(reports, "MOST", 1)
    answer = await browser.get("/report?since=30d&by=rep&whole=1")
    assert (answer.status_code, "nurture report --since 30d --by rep" in answer.text) == (200, True)


@pytest.mark.parametrize("since", ["soon", "5bd", "<b>"])
async def test_a_span_that_is_none_is_told_in_the_page(browser: httpx.AsyncClient, since: str) -> None:
    """With what to write instead; what was typed is no markup."""
    answer = await browser.get("/report", params={"since": since, "whole": "1"})
    assert answer.status_code == 200
    assert "読み取れません" in answer.text
    assert "<b>" not in answer.text.split("</h1>")[1]


def test_bars_are_as_long_as_their_values() -> None:
    """The longest, or the end of its interval, fills the room; one bar, or nothing but zeros, is no plot."""
    shares = (Bar("a", 0.5, "50%", 0.25, 1.0), Bar("b", 0.0, "0%", 0.0, 0.5))
    drawn = plot_of(Grid("", (), (), bars=shares))
    assert [(each.length, each.low, each.high) for each in drawn] == [(50.0, 25.0, 100.0), (0.0, 0.0, 50.0)]
    counts = plot_of(Grid("", (), (), bars=(Bar("w1", 4, "4"), Bar("w2", 1, "1"))))
    assert [(each.length, each.low) for each in counts] == [(100.0, None), (25.0, None)]
    assert plot_of(Grid("", (), (), bars=shares[:1])) == ()
    assert plot_of(Grid("", (), (), bars=(Bar("w1", 0, "0"), Bar("w2", 0, "0")))) == ()
