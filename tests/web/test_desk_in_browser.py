"""The desk in a real browser: rows change in place, news comes by itself, and what is being typed stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from adapters.database import handoffs, leads, users
from adapters.database.engine import writing
from adapters.database.leads import LeadUpsert
from nurture.commands import MakeHandoff
from tests.browser import chromium
from tests.web.browsing import serving
from tests.web.people import link, person
from tests.web.process import KEY, Process


@pytest.fixture
def url(process: Process, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[str]:
    """Where the desk is served on this machine."""
    with serving(process, tmp_path, free_port()) as found:
        yield found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """A rep's browser; what it complains about fails the test, but for the refusals that are meant."""
    complaints: list[str] = []
    with chromium(tmp_path / "browser") as context:
        context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context
    assert [each for each in complaints if "409" not in each and "401" not in each] == []


def make(process: Process, lead: str, name: str) -> str:
    """A task of rep_1 about a new lead."""
    now, handoff = process.clock.now(), f"{lead}/seminar_to_demo/1/to_sales/1"
    command = MakeHandoff(
        lead=lead, handoff=handoff, queue="inside_sales", note=None, reasons=("requested: demo",),
        scenario="seminar_to_demo", enrolment=1, step="to_sales", visit=1, at=now, deployment=1,
    )  # fmt: skip
    with writing(process.engine) as connection:
        leads.upsert(connection, LeadUpsert(id=lead, name=name), store=process.store, now=now)
        handoffs.make(connection, command, process.store.current())
        handoffs.change(connection, handoff, rep="rep_1")
    return handoff


def desk_of(process: Process, url: str, browser: BrowserContext) -> Page:
    """The desk of rep_1, opened."""
    user = person(process, "ichiro", "sales", "rep_1")
    page = browser.pages[0]
    page.goto(f"{url}/login?token={link(process, 'entry', user)}&next=/desk")
    return page


def test_news_comes_and_what_is_typed_stays(process: Process, url: str, browser: BrowserContext) -> None:
    """A task is accepted in place; another arrives while a reason is written; who was faster is named beside it."""
    make(process, "l1", "検証 太郎")
    second = make(process, "l2", "検証 二郎")
    page = desk_of(process, url, browser)
    page.evaluate("window.same = true")
    first = page.locator("[data-row]", has_text="検証 太郎")
    first.get_by_role("button", name="受ける").click()
    expect(first).to_contain_text("受領済み")
    expect(first).to_be_focused()

    row = page.locator("[data-row]", has_text="検証 二郎")
    row.get_by_text("差し戻す", exact=True).click()
    reason = row.get_by_role("textbox", name="理由")
    reason.fill("来年度の予算を")
    make(process, "l3", "検証 三郎")
    expect(page.locator("[data-row]", has_text="検証 三郎")).to_be_visible(timeout=15_000)
    expect(reason).to_be_focused()
    page.keyboard.type("待つ")
    expect(reason).to_have_value("来年度の予算を待つ")

    with writing(process.engine) as connection:
        handoffs.accept(connection, second, "rep_2", now=process.clock.now(), definitions=process.store.current())
    expect(page.locator("#desk-said")).to_contain_text("一覧から外れました", timeout=15_000)
    row.get_by_role("button", name="マーケティングに差し戻す").click()
    expect(row.get_by_role("alert")).to_contain_text("仮名 二葉 さんが受領済みです")
    expect(row.locator("textarea")).to_have_value("来年度の予算を待つ")
    assert page.evaluate("window.same") is True


def test_the_desk_goes_by_keys_and_fits_a_telephone(process: Process, url: str, browser: BrowserContext) -> None:
    """`j` and `k` move, Enter opens; nothing is cut at 360 px, with every form open."""
    for number in range(3):
        make(process, f"l{number}", f"検証 {number} 号、たいへん長い名前の方でも切れないことを確かめます")
    page = desk_of(process, url, browser)
    page.set_viewport_size({"width": 360, "height": 740})
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    links = page.locator(".task-open")
    expect(links.nth(0)).to_be_focused()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.name = ''; each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    links.nth(0).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/desk/l**")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{url}/desk/team")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("writes", [False, True])
def test_who_is_shut_out_sees_nothing_any_more(
    process: Process, url: str, browser: BrowserContext, writes: bool
) -> None:
    """The open page leads to the login by itself; what somebody is writing stays, and it is said why."""
    make(process, "l1", "検証 太郎")
    page = desk_of(process, url, browser)
    if writes:
        page.get_by_text("差し戻す", exact=True).click()
        page.get_by_role("textbox", name="理由").fill("来年度の予算を")
    page.wait_for_timeout(3000)  # it listens, and is known to the watch
    with writing(process.engine) as connection:
        users.deactivate(connection, "ichiro")
    if writes:
        expect(page.locator("#desk-said")).to_contain_text("ログアウトされました", timeout=20_000)
        expect(page.get_by_role("textbox", name="理由")).to_have_value("来年度の予算を")
    else:
        page.wait_for_url(f"{url}/login**", timeout=20_000)


def test_the_process_ends_while_somebody_listens(
    process: Process, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """Nobody waits for a page that is left open."""
    heard: list[str] = []

    def listen(found: str) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.stream("GET", f"{found}/desk/stream", headers=headers, timeout=20) as answer:
            heard.append(answer.headers["content-type"])
            heard.extend(answer.iter_lines())

    with serving(process, tmp_path, free_port()) as found:
        listener = threading.Thread(target=listen, args=(found,))
        listener.start()
        end = time.monotonic() + 30
        while not heard:
            assert listener.is_alive()
            assert time.monotonic() < end
            time.sleep(0.02)
        began = time.monotonic()
    listener.join(10)
    assert time.monotonic() - began < 4
    assert heard[0].startswith("text/event-stream")
    assert "data: 0" in heard
