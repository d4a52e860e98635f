"""The pages of scenarios: the list, the picture with its table, and who stands at a step."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import event, update

from adapters.database.engine import writing
from adapters.database.schema import leads
from nurture.definitions import Definitions
from nurture.flow import read_flow
from nurture.footfall import Lines, footfall
from tests.web.people import browser_of, person
from tests.web.process import Process
from tests.web.test_scenarios_over_http import walked
from web.console.footfall_view import footfall_view
from web.console.segment_pages import SegmentCounts
from web.scenarios import enrolled_kept, footfalls

DEMO = "/scenarios/seminar_to_demo"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def browser(process: Process) -> httpx.AsyncClient:
    """A browser in which somebody of marketing is logged in."""
    return await browser_of(process, person(process, "hanako", "marketer"))


async def test_the_list_shows_each_scenario_with_its_way_in(browser: httpx.AsyncClient) -> None:
    """Topic, priority, segment or event, and how many walk; in both languages."""
    page = (await browser.get("/scenarios")).text
    assert f'href="{DEMO}"' in page
    assert "優先度" in page
    assert 'href="/segments/midsize_infrastructure"' in page
    assert "Way in" in (await browser.get("/scenarios", headers=ENGLISH)).text


async def test_before_a_deployment_the_list_says_what_to_do(empty: Process) -> None:
    """As every empty page."""
    browser = await browser_of(empty, person(empty, "hanako", "marketer"))
    assert "nurture deploy scenarios" in (await browser.get("/scenarios")).text


async def test_the_page_comes_at_once_and_its_figures_after(process: Process, browser: httpx.AsyncClient) -> None:
    """Without script a link brings them; they are the same figures."""
    await walked(process)
    page = (await browser.get(DEMO)).text
    assert page.count(f'"{DEMO}?since=30d&amp;counts=1"') == 3  # at once and later by script, and as a link
    assert "のべ 2 回" not in page
    assert "<svg" in page
    figures = (await browser.get(f"{DEMO}?since=30d&counts=1")).text
    assert "のべ 2 回" in figures
    assert 'id="counts"' in figures
    assert "hx-get" not in figures
    assert "のべ 1 回" in (await browser.get(f"{DEMO}?since=7d&counts=1")).text


async def test_the_style_of_the_picture_stays_in_the_picture(browser: httpx.AsyncClient) -> None:
    """Its rules stand inside those of the container, so that no table changes its looks."""
    page = (await browser.get(DEMO)).text
    (style,) = re.findall(r"<style>(.*?)</style>", page)
    assert style.startswith(".picture{svg{")
    assert style.count("{") == style.count("}")
    assert 'role="group"' in page


async def test_a_step_leads_to_who_stands_there_and_until_when(process: Process, browser: httpx.AsyncClient) -> None:
    """By the picture and by the table; in the time zone of the sender, which is named; paginated."""
    await walked(process)
    position = {"scenario": "seminar_to_demo", "step": "newsletter", "deadline": "2026-11-30T00:00:00Z"}
    with writing(process.engine) as connection:
        connection.execute(update(leads).where(leads.c.id == "lead_1").values(position=position))
    page = (await browser.get(f"{DEMO}?counts=1")).text
    assert page.count(f'href="{DEMO}?since=30d&amp;step=newsletter#standing"') == 3  # a box, a name, a number
    there = (await browser.get(f"{DEMO}?since=30d&step=newsletter")).text
    assert 'href="/leads/lead_1"' in there
    assert 'href="/leads/lead_0"' not in there
    assert "2026-11-30 09:00" in there
    assert "(Asia/Tokyo)" in there
    assert "誰もいません" in (await browser.get(f"{DEMO}?step=to_sales")).text


async def test_more_leads_than_a_page_holds_come_a_page_at_a_time(process: Process, browser: httpx.AsyncClient) -> None:
    """Each once."""
    for number in range(60):
        assert (await process.client.post("/api/leads", json={"id": f"l{number:02}"})).status_code == 201
    with writing(process.engine) as connection:
        connection.execute(update(leads).values(scenario="seminar_to_demo", step="newsletter"))
    first = (await browser.get(f"{DEMO}?step=newsletter")).text
    following = re.findall(r'<a href="([^"]+)#standing" rel="next">', first)[0].replace("&amp;", "&")
    second = (await browser.get(following)).text
    seen = [re.findall(r'href="/leads/(l\d\d)"', page) for page in (first, second)]
    assert (len(seen[0]), len(seen[1]), len({*seen[0], *seen[1]})) == (50, 10, 60)


async def test_what_is_not_there_is_refused(process: Process, browser: httpx.AsyncClient) -> None:
    """An unknown scenario, a span that is none of those offered; strangers log in first."""
    assert (await browser.get("/scenarios/none")).status_code == 404
    assert (await browser.get(f"{DEMO}?since=5bd")).status_code == 422
    stranger = await process.anybody().get(DEMO, headers={"Accept": "text/html"})
    assert stranger.headers["location"].startswith("/login")


async def test_a_scenario_of_an_older_deployment_leads_to_who_walks_it(
    process: Process, browser: httpx.AsyncClient
) -> None:
    """The start page links to it, so it is not nothing."""
    await process.client.post("/api/leads", json={"id": "l1"})
    with writing(process.engine) as connection:
        connection.execute(update(leads).values(scenario="summer & sun", step="mail_1"))
    answer = await browser.get("/scenarios/summer%20%26%20sun")
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads?scenario=summer+%26+sun")
    answer = await browser.get("/scenarios/summer%20%26%20sun?step=mail_1")
    assert answer.headers["location"] == "/leads?scenario=summer+%26+sun&step=mail_1"
    assert "/leads/l1" in (await browser.get(answer.headers["location"])).text


async def test_a_deployment_in_between_takes_nothing_from_a_page(
    process: Process, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is made of one deployment: what was there when it began is there to its end."""
    before = process.store.current()
    after = replace(before, number=2, scenarios={}, segments={})
    for path in (DEMO, f"{DEMO}?counts=1", "/segments/midsize_infrastructure?counts=1&report=1"):
        asked: list[int] = []

        def current(asked: list[int] = asked) -> Definitions:
            asked.append(1)
            return before if len(asked) == 1 else after

        monkeypatch.setattr(process.store, "current", current)
        assert (await browser.get(path)).status_code == 200, path


def test_the_table_says_what_the_picture_says(process: Process) -> None:
    """Visits and departures by box; leads at steps of older deployments are told; no figure is made up before."""
    flow = read_flow(process.store.current().scenarios["seminar_to_demo"], "en")
    told = [Lines("entered", count=3), Lines("arrived", "newsletter", count=3)]
    view = footfall_view(flow, footfall(flow, told, {"newsletter": 2, "long_gone": 1}), "en")
    row = next(each for each in view.steps if each.step == "newsletter")
    assert (row.kind, row.visits, row.standing, view.standing, view.standing_elsewhere) == ("mail", 3, 2, 3, 1)
    before = footfall_view(flow, None, "en")
    assert {each.visits for each in before.steps} == {None}
    ways = [[(way.why, way.to) for way in each.departures] for each in view.steps]
    assert [[(way.why, way.to) for way in each.departures] for each in before.steps] == ways


async def test_pages_ask_the_database_as_often_for_many_leads_as_for_few(
    process: Process, browser: httpx.AsyncClient
) -> None:
    """However many stand at a step, or fit a segment."""
    asked: list[str] = []
    event.listen(process.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    paths = [f"{DEMO}?step=newsletter&counts=1", "/scenarios", "/segments?counts=1", "/definitions"]
    counts = []
    for number in (2, 40):
        for place in range(number):
            lead = {"id": f"l{place:02}", "email": f"l{place:02}@example.com", "attributes": {"employees": 60}}
            assert (await process.client.post("/api/leads", json=lead)).status_code in (200, 201)
        with writing(process.engine) as connection:
            connection.execute(update(leads).values(scenario="seminar_to_demo", step="newsletter"))
        for path in paths:
            tries = []
            for _ in range(3):  # the fewest: the app looks for new deployments beside
                process.app.state.footfalls, process.app.state.segment_counts = footfalls(), SegmentCounts()
                process.app.state.enrolled = enrolled_kept()
                asked.clear()
                assert (await browser.get(path)).status_code == 200
                tries.append(len(asked))
            counts.append(min(tries))
    assert counts[: len(paths)] == counts[len(paths) :]
    assert max(counts) < 20
