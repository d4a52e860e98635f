"""Live parts of pages: each hears of its own by one statement, and what somebody looks at stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import event

from adapters.database import live_changes, timeline, users
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert, upsert
from nurture.records import Line
from tests.browser import chromium
from tests.web.browsing import serving
from tests.web.people import link, person
from tests.web.process import Process


@pytest.fixture
def url(process: Process, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[str]:
    """Where the pages are served on this machine."""
    with serving(process, tmp_path, free_port()) as found:
        yield found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """A marketer's browser; what it complains about fails the test."""
    complaints: list[str] = []
    with chromium(tmp_path / "browser") as context:
        context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context
    assert [each for each in complaints if "401" not in each] == []


def page_at(process: Process, url: str, browser: BrowserContext, path: str) -> Page:
    """A page that a marketer has opened."""
    page = browser.pages[0]
    page.goto(f"{url}/login?token={link(process, 'entry', person(process, 'mika', 'marketer'))}&next={path}")
    return page


def say(process: Process, lead: str, what: str, step: str, number: int = 1) -> None:
    """So many lines of a lead's timeline, as the workflow writes them."""
    now = process.clock.now()
    line = Line(at=now, kind="decision", what=what, scenario="seminar_to_demo", step=step, visit=1)
    with writing(process.engine) as connection:
        timeline.add(connection, lead, *[line] * number)


async def test_of_many_pages_each_hears_only_of_its_own(process: Process) -> None:
    """A lead, a scenario and the desk, by one statement a look; what is old when a page opens is no news to it."""
    await process.client.post("/api/leads", json={"id": "l1"})
    await process.client.post("/api/leads", json={"id": "l2"})
    watch, lead, scenario = live_changes.Changes(), live_changes.of_lead("l1"), live_changes.of_scenario("s")
    statements: list[str] = []

    def changed(*wanted: str) -> set[str]:
        with reading(process.engine) as connection:
            statements.clear()
            return set(watch.fresh(connection, wanted))

    def told(who: str, scenario: str | None = None, kind: Literal["decision", "handoff"] = "decision") -> None:
        line = Line(at=process.clock.now(), kind=kind, what="arrived", scenario=scenario)
        with writing(process.engine) as connection:
            timeline.add(connection, who, line)

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(process.engine, "before_cursor_execute", note)
    every = (lead, scenario, live_changes.TASKS)
    assert changed(*every) == set()
    told("l2")
    assert changed(*every) == set()
    assert len([each for each in statements if "timeline" in each]) == 1
    told("l1", "other")
    assert changed(*every) == {lead}
    told("l2", "s")
    assert changed(lead) == set()
    assert changed(*every) == set()  # written before anybody asked for it again
    told("l1", "s", "handoff")
    assert changed(*every) == set(every)
    assert changed(*every) == set()


async def test_each_kind_of_page_has_its_stream(process: Process) -> None:
    """For those who may read; nobody is kept waiting where too many listen already."""
    process.app.state.live.end()
    for path in ("/desk/stream", "/scenarios/seminar_to_demo/stream", "/leads/l1/stream"):
        assert (await process.client.get(path)).status_code == 503
        assert (await process.anybody().get(path)).status_code == 401


def test_a_lead_moves_on_under_the_eyes_of_who_reads(process: Process, url: str, browser: BrowserContext) -> None:
    """The timeline grows by itself; focus, scroll position and what was opened stay, nothing is loaded anew."""
    with writing(process.engine) as connection:
        upsert(connection, LeadUpsert(id="l1", name="検証 太郎"), store=process.store, now=process.clock.now())
    say(process, "l1", "arrived", "newsletter", 40)
    page = page_at(process, url, browser, "/leads/l1")
    page.evaluate("window.same = true")
    rows = page.locator("[data-part=timeline] tbody tr")
    expect(rows).to_have_count(40)
    older = page.locator("#company a")
    older.focus()
    page.evaluate("window.scrollTo(0, 600)")
    row = rows.nth(20).element_handle()
    assert row is not None
    say(process, "l1", "finished", "newsletter")
    expect(rows).to_have_count(41, timeout=15_000)
    assert page.evaluate("(row) => row.isConnected", row)  # the rows that were there are the same ones
    expect(older).to_be_focused()
    assert page.evaluate("window.scrollY") >= 600
    assert page.evaluate("window.same") is True


def test_who_is_logged_out_elsewhere_sees_the_lead_no_more(process: Process, url: str, browser: BrowserContext) -> None:
    """The open page leads to the login by itself."""
    with writing(process.engine) as connection:
        upsert(connection, LeadUpsert(id="l1", name="検証 太郎"), store=process.store, now=process.clock.now())
    page = page_at(process, url, browser, "/leads/l1")
    expect(page.locator("h1")).to_contain_text("検証 太郎")
    page.wait_for_timeout(3000)  # it listens, and is known to the watch
    with writing(process.engine) as connection:
        users.deactivate(connection, "mika")
    page.wait_for_url(f"{url}/login**", timeout=20_000)


def test_a_scenario_counts_by_itself(
    process: Process, url: str, browser: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its figures, its picture and the size that was chosen for it."""
    assert process.store.current().scenarios
    with writing(process.engine) as connection:
        upsert(connection, LeadUpsert(id="l1"), store=process.store, now=process.clock.now())
    page = page_at(process, url, browser, "/scenarios/seminar_to_demo")
    figures = page.locator("[data-part=figures]")
    expect(figures).to_contain_text("期間中に登録")
    page.get_by_label("50 %", exact=True).check()
    entered = figures.locator("b").first
    expect(entered).to_have_text("0")
    say(process, "l1", "entered", "newsletter")
    expect(entered).to_have_text("1", timeout=25_000)
    expect(page.get_by_label("50 %", exact=True)).to_be_checked()
