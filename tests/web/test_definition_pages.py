"""The pages of definitions: files with their problems, the deployments, and what differs between two."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.database import deployments
from adapters.database.engine import writing
from adapters.scenario_folder import read_folder
from nurture.errors import Problem
from tests.web.people import browser_of, person
from tests.web.process import Process
from web.console.source_view import differences, files_of, source_lines

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def browser(process: Process) -> httpx.AsyncClient:
    """A browser in which somebody of marketing is logged in."""
    return await browser_of(process, person(process, "hanako", "marketer"))


def written(name: str) -> str:
    """A file of the sample folder."""
    return Path("scenarios", name).read_text(encoding="utf-8")


def deploy(process: Process, by: str, **changed: str | None) -> None:
    """The sample folder again; a file that is None is left out."""
    files = read_folder(Path("scenarios")) | {
        f"{name}.yaml": text for name, text in changed.items() if text is not None
    }
    for name, text in changed.items():
        if text is None:
            del files[f"{name}.yaml"]
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        deployments.deploy(connection, files, [], by=by, now=now, real_now=now)
    process.store.refresh()


async def test_a_file_is_shown_line_by_line(browser: httpx.AsyncClient) -> None:
    """As it was written, each line with its number and a place to link to; read-only."""
    page = (await browser.get("/definitions?file=segments.yaml&checked=1")).text
    assert page.count('<tr id="L') == len(written("segments.yaml").splitlines())
    assert 'href="#L1"' in page
    assert "segments:" in page or "midsize_infrastructure" in page
    assert 'href="/definitions?file=templates/newsletter_01.ja.md"' in page
    assert "<textarea" not in page


async def test_the_check_of_a_deployment_comes_after_its_page(process: Process, browser: httpx.AsyncClient) -> None:
    """It takes a second: the first page asks for it, and says where it is without script; the next ones know it."""
    first = (await browser.get("/definitions?file=segments.yaml")).text
    asked = re.findall(r'hx-get="(/definitions[^"]+)" hx-trigger="load"', first)[0].replace("&amp;", "&")
    assert "検査しています" in first
    for page in ((await browser.get(asked)).text, (await browser.get("/definitions?file=segments.yaml")).text):
        assert "検査しています" not in page
        assert "hx-trigger" not in page


async def test_what_the_check_finds_stands_at_its_line(process: Process, browser: httpx.AsyncClient) -> None:
    """In the reader's language with the message; the list counts it."""
    scenario = written("reactivation.yaml")
    deploy(process, "taro", reactivation=scenario.replace("reactivation_case", "no_such_mail"))
    page = (await browser.get("/definitions?file=reactivation.yaml&checked=1")).text
    (marked,) = re.findall(r'<tr id="L(\d+)" class="marked">', page)
    assert "reactivation_case" in scenario.splitlines()[int(marked) - 1]
    assert page.count("no_such_mail") >= 2  # in the line, and in what is said of it
    assert "1 エラー" in page
    assert "1 error(s)" in (await browser.get("/definitions?file=reactivation.yaml&checked=1", headers=ENGLISH)).text


async def test_deployments_are_listed_and_compared(process: Process, browser: httpx.AsyncClient) -> None:
    """Who and when; what one changed, also files that are new or gone."""
    sender = written("sender.yaml")
    deploy(process, "taro", sender=sender + "# changed <here>\n", journey_map=None, events=None)
    page = (await browser.get("/definitions")).text
    assert "<td>taro</td>" in page
    assert "(Asia/Tokyo)" in page
    link = re.findall(r'href="(/definitions/compare\?[^"]+)"', page)[0].replace("&amp;", "&")
    compared = (await browser.get(link)).text
    assert "+ " not in re.findall(r"<h2[^>]*>.*?</h2>", compared)[0]
    assert "# changed &lt;here&gt;" in compared
    assert "なくなったファイル" in compared
    assert "新しいファイル" in (await browser.get("/definitions/compare?older=2&newer=1")).text
    assert "すべて同じ" in (await browser.get("/definitions/compare?older=2&newer=2")).text
    assert "journey_map.yaml" in (await browser.get("/definitions?deployment=1")).text
    assert "現在のデプロイを見る" in (await browser.get("/definitions?deployment=1")).text


async def test_many_deployments_come_a_page_at_a_time(process: Process, browser: httpx.AsyncClient) -> None:
    """The newest first, each once."""
    sender = written("sender.yaml")
    for number in range(24):
        deploy(process, "taro", sender=f"{sender}# {number}\n")
    first = (await browser.get("/definitions")).text
    following = re.findall(r'<a href="([^"]+)" rel="next">', first)[0].replace("&amp;", "&")
    numbers = [
        [int(each) for each in re.findall(r'<tr><td class="n">(\d+)</td><td>', page)]
        for page in (first, (await browser.get(following)).text)
    ]
    assert numbers[0] + numbers[1] == list(range(25, 0, -1))
    assert len(numbers[0]) == 20


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/definitions?file=none.yaml", 404),
        ("/definitions?deployment=99", 404),
        ("/definitions/compare?older=1&newer=99", 404),
        ("/definitions/compare?older=0&newer=1", 422),
        ("/definitions/compare", 422),
    ],
)
async def test_what_is_not_there_is_refused(browser: httpx.AsyncClient, path: str, status: int) -> None:
    """Files and deployments that are none."""
    assert (await browser.get(path)).status_code == status


async def test_before_a_deployment_the_page_says_what_to_do(empty: Process) -> None:
    """As every empty page."""
    browser = await browser_of(empty, person(empty, "hanako", "marketer"))
    assert "nurture deploy scenarios" in (await browser.get("/definitions")).text


def test_problems_find_their_lines() -> None:
    """One beyond the end stands at the last line; one of a missing file stands in the list."""
    late, missing = Problem("a.yaml", 9, 1, "late", "r"), Problem("b.yaml", 1, 1, "missing", "r", "warning")
    lines = source_lines("one\ntwo\n", [late])
    assert [(each.number, each.text, len(each.problems)) for each in lines] == [(1, "one", 0), (2, "two", 1)]
    listed = files_of({"templates/x.md": "", "a.yaml": ""}, [late, missing])
    assert [(each.name, each.errors, each.warnings) for each in listed] == [
        ("a.yaml", 1, 0), ("b.yaml", 0, 1), ("templates/x.md", 0, 0),
    ]  # fmt: skip
    assert source_lines("", []) != ()


def test_differences_show_both_numbers_and_leave_out_what_is_equal() -> None:
    """Three equal lines around each, a gap between."""
    before = [f"line {number}" for number in range(30)]
    after = [*before[:2], "changed", *before[3:25], "added", *before[25:]]
    (found,) = differences({"a": "\n".join(before), "same": "x"}, {"a": "\n".join(after), "same": "x"})
    kinds = [each.kind for each in found.lines]
    assert (found.gone, found.new, found.only, kinds.count("gap")) == (1, 2, None, 1)
    shown = [(each.text, each.before, each.after) for each in found.lines if each.kind in ("gone", "new")]
    assert shown == [("line 2", 3, None), ("changed", None, 3), ("added", None, 26)]
    assert kinds.count("same") == 2 + 3 + 3 + 3
