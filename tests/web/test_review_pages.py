"""The monthly review: what the month was, and the agreement of both departments that ends the meeting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import event, select

from adapters.database import agreements, deployments, users
from adapters.database.engine import reading, writing
from adapters.database.schema import audit
from adapters.scenario_folder import read_folder
from nurture.review.advice import Advice, AdviceWord
from nurture.review.thresholds import Thresholds
from nurture.shares import Share
from tests.past_tasks import fill
from tests.web.people import browser_of, person, post, token_in
from tests.web.process import Process
from web import reports
from web.console import review_pages, review_view

ENGLISH = {"Accept-Language": "en"}
PROPOSE = "/review/agreements"


@pytest.fixture
async def marketer(process: Process) -> httpx.AsyncClient:
    """A browser of marketing."""
    return await browser_of(process, person(process, "hanako", "marketer"))


@pytest.fixture
async def seller(process: Process) -> httpx.AsyncClient:
    """A browser of sales."""
    return await browser_of(process, person(process, "taro", "sales", "rep_1"))


def deploy(process: Process, **changed: tuple[str, str]) -> int:
    """Deploy the sample folder with words of files replaced."""
    files = dict(read_folder(Path("scenarios")))
    for name, (old, new) in changed.items():
        assert old in files[f"{name}.yaml"]
        files[f"{name}.yaml"] = files[f"{name}.yaml"].replace(old, new)
    now = datetime.now(UTC)
    with writing(process.engine) as connection:
        number = deployments.deploy(connection, files, [], by="tests", now=now, real_now=now).number
    process.store.refresh()
    return number


def of(page: str, part: str) -> str:
    """The section of the agreement, or the part with this id."""
    return page.split(f'id="{part}"')[1]


def form(**more: str) -> dict[str, str]:
    """The form as the page sends it."""
    return {"about": "deployed", "seen": "1", "note": "来月から", "month": "", **more}


def states(process: Process) -> list[str]:
    """What became of all agreements."""
    with reading(process.engine) as connection:
        return [each.state for each in reversed(agreements.page(connection)[0])]


def in_force(process: Process) -> tuple[str, ...] | None:
    """Who agreed on what is deployed."""
    with reading(process.engine) as connection:
        held = agreements.standing(connection).in_force
    return held.agreed.by if held is not None else None


# --- the month ------------------------------------------------------------------------------------------------------


def last_month(process: Process) -> str:
    """The one before this, where the company is."""
    first = (process.clock.now() + timedelta(hours=9)).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


async def test_the_month_that_is_over_is_shown_with_every_answer(process: Process, marketer: httpx.AsyncClient) -> None:
    """Sales first; figures in a line; the same sheet as the report; no address. Script brings it, or a link."""
    with writing(process.engine) as connection:
        fill(connection, 96, datetime.now(UTC))
    month = last_month(process)
    at_once = (await marketer.get("/review")).text
    assert at_once.count(f'"/review/{month}?whole=1"') == 2
    assert "question-results" not in at_once
    assert 'aria-labelledby="agreement-title"' in at_once
    japanese = (await marketer.get(f"/review/{month}?whole=1")).text
    english = (await marketer.get(f"/review/{month}?whole=1", headers=ENGLISH)).text
    for page in (japanese, english):
        assert re.findall(r"<h2 id=\"question-[a-z]+\">(\d)\. ", page) == list("3451267")
        assert page.count("<dd>") >= 8
        assert "secret" not in page
    assert tuple(word for word in ("月次レビュー", "営業の余力", "差し戻し") if word in japanese) == (
        "月次レビュー",
        "営業の余力",
        "差し戻し",
    )
    assert "Sales speaks first" in english
    assert "予算なし" in japanese
    running = (await marketer.get(f"/review/{datetime.now(UTC) + timedelta(hours=9):%Y-%m}?whole=1")).text
    assert (">いまの担当<" in japanese, ">いまの担当<" in running) == (False, True)
    hot = int(re.findall(r"<dt>ホットリード</dt><dd>(\d+)", japanese)[0])
    counted = (await process.client.get("/api/report/hot", params={"since": "365d", "by": "month"})).json()
    (groups,) = counted["results"]["by"]
    assert hot == next(each["outcomes"]["tasks"] for each in groups["groups"] if each["name"] == month) > 0


async def test_rows_that_are_left_out_are_not_looked_for_in_a_table_that_is_not_there(
    process: Process, marketer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report has a CSV; this page names it."""
    monkeypatch.setattr(review_pages, "_ROWS", 1)
    with writing(process.engine) as connection:
        fill(connection, 96, datetime.now(UTC))
    page = (await marketer.get(f"/review/{last_month(process)}?whole=1")).text
    assert ("件は CSV にあります" in page, "件はここでは省いています" in page) == (False, True)
    assert '<a href="/report">' in page


async def test_without_tasks_the_running_month_says_what_keeps_leads_back(marketer: httpx.AsyncClient) -> None:
    """As the report does; there is no later month."""
    page = (await marketer.get("/review?whole=1")).text
    assert "途中まで" in page
    assert "question-shortfall" in page
    assert 'rel="next"' not in page
    assert 'rel="prev"' in page
    assert page.count('href="/review"') == 1  # the navigation


@pytest.mark.parametrize("month", ["2026-13", "26-1", "agreements", "2099-01", "2026-1", "20２6-01"])
async def test_what_is_no_month_is_not_found(marketer: httpx.AsyncClient, month: str) -> None:
    """With one that is."""
    answer = await marketer.get(f"/review/{month}")
    assert (answer.status_code, "/review/2026-10" in answer.json()["do"]) == (404, True)


async def test_too_many_leads_leave_the_agreement_standing(
    process: Process, marketer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the figures are left to the command line."""
    with writing(process.engine) as connection:
        fill(connection, 3, datetime.now(UTC))
    monkeypatch.setattr(reports, "MOST", 1)
    page = (await marketer.get("/review?whole=1")).text
    assert "nurture report --since" in page
    assert "新しい合意を記録する" in page


async def test_the_page_asks_as_much_of_many_agreements_as_of_one(
    process: Process, marketer: httpx.AsyncClient
) -> None:
    """A fixed number of questions."""
    asked: list[str] = []
    event.listen(process.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    async def count() -> int:
        asked.clear()
        assert (await marketer.get("/review")).status_code == 200
        return len(asked)

    await count()
    boss = await browser_of(process, person(process, "boss", "admin"))
    assert (await post(boss, PROPOSE, **form(marketing="佐藤", sales="鈴木"))).status_code == 303
    one = await count()
    for day in ("2026-11-02", "2026-11-03", "2026-11-04"):
        assert (await post(boss, PROPOSE, **form(marketing="佐藤", sales="鈴木", day=day))).status_code == 303
    deploy(process, hot_lead=("at_least: 120", "at_least: 110"))
    assert await count() <= one


# --- the agreement --------------------------------------------------------------------------------------------------


async def test_what_is_in_force_stands_with_who_and_since_when(process: Process, marketer: httpx.AsyncClient) -> None:
    """First what the file says; then what changed in it that nobody agreed on, field by field."""
    for headers, words in ((None, ("有効な合意", "marketing、sales", "最初の合意")),
                           (ENGLISH, ("In force", "marketing, sales", "the first one"))):  # fmt: skip
        page = of((await marketer.get("/review", headers=headers)).text, "agreement")
        for word in (*words, "2026-11-01", "deployment=1&amp;file=hot_lead.yaml"):
            assert word in page, word
    deploy(process, hot_lead=("at_least: 120", "at_least: 100"))
    page = of((await marketer.get("/review")).text, "agreement")
    assert "いまの定義には、有効な合意がありません" in page
    assert "<del>スコア合計 120 点以上</del> <ins>スコア合計 100 点以上</ins>" in page


async def test_marketing_proposes_and_sales_confirms(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """Only then it is in force; each with the own name; the line for the file and the command stand below."""
    done = await post(marketer, PROPOSE, **form(sales="鈴木"))
    assert (done.status_code, done.headers["location"]) == (303, "/review?said=proposed#agreement")
    assert in_force(process) == ("marketing", "sales")
    own = of((await marketer.get("/review?said=proposed")).text, "agreement")
    assert ("/1/confirm" in own, "/1/withdraw" in own, 'id="new"' in own) == (False, True, False)
    theirs = of((await seller.get("/review", headers=ENGLISH)).text, "agreement")
    assert 'value="taro の名前"' in theirs
    assert "来月から" in theirs
    done = await post(seller, f"{PROPOSE}/1/confirm", name="taro の名前")
    assert (done.status_code, done.headers["location"]) == (303, "/review?said=agreed#agreement")
    assert in_force(process) == ("hanako の名前", "taro の名前")
    today = re.findall(r'max="(\d{4}-\d\d-\d\d)"', (await marketer.get("/review")).text)[0]
    page = of((await marketer.get("/review")).text, "agreement")
    assert f"agreed: {{date: {today}, by: [hanako の名前, taro の名前]}}" in page
    assert f"--by &#39;hanako の名前&#39; --by &#39;taro の名前&#39; --date {today}" in page
    with reading(process.engine) as connection:
        rows = connection.execute(select(audit.c.did, audit.c.by).where(audit.c.did.like("%agree%"))).all()
    assert [tuple(row) for row in rows] == [("propose_agreement", "hanako"), ("agree", "taro")]


async def test_nobody_confirms_their_own_proposal(process: Process, marketer: httpx.AsyncClient) -> None:
    """Neither in another role, nor a colleague of the same department; what was typed stays."""
    assert (await post(marketer, PROPOSE, **form())).status_code == 303
    colleague = await browser_of(process, person(process, "jiro", "marketer"))
    refused = await post(colleague, f"{PROPOSE}/1/confirm", name="x")
    assert (refused.status_code, "相手の部門の確定を待っています" in refused.text) == (409, True)
    with writing(process.engine) as connection:
        users.give_role(connection, "hanako", "sales", "rep_1")
    refused = await post(marketer, f"{PROPOSE}/1/confirm", name="別の名前")
    assert (refused.status_code, "提案した人は確定できません" in refused.text) == (409, True)
    assert "/1/confirm" not in (await marketer.get("/review")).text
    assert states(process) == ["proposed"]


async def test_an_admin_records_what_a_meeting_agreed(process: Process) -> None:
    """Both at once with names; with one name it waits, and the admin may confirm it, too."""
    boss = await browser_of(process, person(process, "boss", "admin"))
    page = (await boss.get("/review")).text
    assert "両方のお名前を書くと" in page
    done = await post(boss, PROPOSE, **form(marketing="佐藤", sales="鈴木", month=last_month(process)))
    assert done.headers["location"] == f"/review/{last_month(process)}?said=agreed#agreement"
    assert in_force(process) == ("佐藤", "鈴木")
    assert (await post(boss, PROPOSE, **form(marketing="佐藤"))).status_code == 303
    assert (await post(boss, f"{PROPOSE}/2/confirm", name="田中")).status_code == 303
    assert in_force(process) == ("佐藤", "田中")
    nobody = await post(boss, PROPOSE, **form())
    assert (nobody.status_code, "お名前を書いてください" in nobody.text) == (422, True)


async def test_a_page_that_has_grown_old_is_shown_again_with_what_changed(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """Nothing is recorded, nothing that was typed is lost, and sent again it is about what is deployed."""
    deploy(process, hot_lead=("at_least: 120", "at_least: 100"))
    old = await post(marketer, PROPOSE, **form(sales="<b>鈴木"))
    assert (old.status_code, states(process)) == (409, [])
    assert "<del>スコア合計 120 点以上</del> <ins>スコア合計 100 点以上</ins>" in old.text.split('id="answers"')[0]
    assert "older=1&amp;newer=2" in old.text
    assert 'value="&lt;b&gt;鈴木"' in old.text
    assert "来月から</textarea>" in old.text
    assert 'name="seen" value="2"' in old.text
    assert (await post(marketer, PROPOSE, **form(seen="2"))).status_code == 303
    deploy(process, hot_lead=("at_least: 120", "at_least: 90"))
    page = (await seller.get("/review")).text
    assert "提案の後に定義が変わったので、確定できません" in page
    late = await post(seller, f"{PROPOSE}/1/confirm", name="x")
    assert (late.status_code, "older=2&amp;newer=3" in late.text) == (409, True)
    assert "取り下げて、改めて提案してください" in late.text.split('id="answers"')[0]
    assert "もう一度送って" not in late.text
    assert states(process) == ["proposed"]


async def test_other_points_are_said_to_be_what_changed(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """The definition asks the same, and the same threshold means something else; a comment changes nothing."""
    assert (await post(marketer, PROPOSE, **form())).status_code == 303
    deploy(process, score=("behaviours:", "# x\nbehaviours:"))
    assert "確定できません" not in (await seller.get("/review")).text
    deploy(process, score=("points: 50", "points: 40"))
    late = await post(seller, f"{PROPOSE}/1/confirm", name="x")
    told = late.text.split('id="answers"')[0]
    assert (late.status_code, "score.yaml の配点が変わった" in told, "条件に違いは" in told) == (409, True, False)
    assert "提案の後に配点(score.yaml)が変わった" in late.text


async def test_a_proposal_is_withdrawn_and_another_made(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """By either department; a second one waits until then, and what has ended cannot be confirmed."""
    assert (await post(marketer, PROPOSE, **form())).status_code == 303
    second = await post(seller, PROPOSE, **form())
    assert (second.status_code, "返事を待っている提案があります" in second.text) == (409, True)
    done = await post(seller, f"{PROPOSE}/1/withdraw", reason="もう一度話します")
    assert done.headers["location"] == "/review?said=withdrawn#agreement"
    late = await post(seller, f"{PROPOSE}/1/confirm", name="x")
    assert (late.status_code, "もう決着しています" in late.text) == (409, True)
    assert (await post(seller, PROPOSE, **form())).status_code == 303
    assert states(process) == ["withdrawn", "proposed"]
    assert (await post(seller, f"{PROPOSE}/9/confirm", name="x")).status_code == 404


async def test_another_threshold_shows_its_lines_and_waits_for_its_deployment(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """Nothing is changed by the page; once the marketer has deployed the lines it is in force."""
    assert (await post(marketer, PROPOSE, **form(about="threshold", total="100"))).status_code == 303
    assert "<ins>スコア合計 100 点以上</ins>" in (await seller.get("/review")).text
    assert (await post(seller, f"{PROPOSE}/1/confirm", name="taro")).status_code == 303
    assert in_force(process) == ("marketing", "sales")
    page = of((await marketer.get("/review")).text, "agreement")
    assert "合意した定義は、まだデプロイされていません" in page
    lines = page.split("<pre>")[1].split("</pre>")[0].splitlines()
    assert lines[1] == "  - {score: total, at_least: 100}"
    assert lines[0].startswith("agreed: {date: ")
    assert "nurture deploy scenarios --plan" in page
    with reading(process.engine) as connection:
        assert len(deployments.listed(connection)) == 1
    deploy(process, hot_lead=("at_least: 120", "at_least: 100"))
    assert in_force(process) == ("hanako の名前", "taro")


WRONG: Mapping[str, tuple[dict[str, str], str]] = {
    "the same threshold": ({"about": "threshold", "total": "120"}, "いまの基準と同じ"),
    "no number": ({"about": "threshold", "total": "十"}, "整数で書いて"),
    "too large": ({"about": "threshold", "total": "9" * 40}, "整数で書いて"),
    "no day": ({"day": "昨日"}, "日付を選んで"),
    "the future": ({"day": "2099-01-01"}, "先の日"),
    "a long name": ({"marketing": "名" * 101}, "100 文字以内"),
    "a long note": ({"note": "あ" * 2001}, "2,000 文字以内"),
    "nothing": ({"about": "words", "note": " "}, "決めたことを書くか"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_said_beside_what_was_typed(
    process: Process, marketer: httpx.AsyncClient, case: str
) -> None:
    """In the language of the reader; nothing is kept."""
    given, words = WRONG[case]
    refused = await post(marketer, PROPOSE, **form(**given))
    assert (refused.status_code, words in refused.text) == (422, True)
    assert states(process) == []
    english = await marketer.post(
        PROPOSE, data={"csrf_token": token_in(refused.text), **form(**given)}, headers=ENGLISH
    )
    assert (english.status_code, words in english.text) == (422, False)
    for name, value in given.items():
        if name in ("total", "day", "marketing"):
            assert f'name="{name}"' in refused.text
            assert f'value="{value}"' in refused.text


async def test_words_alone_are_kept_and_change_nothing_else(
    process: Process, marketer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    """They stand in the list as they were written, and are no markup."""
    assert (await post(marketer, PROPOSE, **form(about="words", note="一行目\n<b>二行目"))).status_code == 303
    assert (await post(seller, f"{PROPOSE}/1/confirm", name="taro")).status_code == 303
    page = of((await marketer.get("/review")).text, "agreement")
    assert "一行目\n&lt;b&gt;二行目" in page
    assert "メモのみ" in page
    assert in_force(process) == ("marketing", "sales")


async def test_who_is_of_neither_department_only_reads(process: Process, marketer: httpx.AsyncClient) -> None:
    """Ops see what is agreed and not the form; without the session's token nothing is taken from anybody."""
    ops = await browser_of(process, person(process, "ops1", "ops"))
    page = (await ops.get("/review")).text
    assert 'method="post" action="/review/agreements"' not in page
    assert 'href="/review"' not in page
    assert (await post(ops, PROPOSE, **form())).status_code == 403
    assert (await marketer.post(PROPOSE, data=form())).status_code == 403
    assert (await marketer.post(PROPOSE, data={"csrf_token": "x", **form()})).status_code == 403
    assert states(process) == []


async def test_without_a_definition_words_can_still_be_agreed_on(empty: Process) -> None:
    """The page says that nobody becomes hot, and offers no definition."""
    boss = await browser_of(empty, person(empty, "boss", "admin"))
    page = (await boss.get("/review", headers=ENGLISH)).text
    assert "nobody becomes hot" in page
    assert 'value="deployed"' not in page
    refused = await post(boss, PROPOSE, **form(marketing="a", sales="b", seen="1"))
    assert (refused.status_code, "hot_lead.yaml" in refused.text) == (422, True)
    done = await post(boss, PROPOSE, **form(marketing="a", sales="b", about="words"))
    assert done.status_code == 303


async def test_a_threshold_that_the_figures_speak_for_is_proposed_with_one_click(
    process: Process, marketer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form begins with it; where the figures speak for none there is no such link."""
    with writing(process.engine) as connection:
        fill(connection, 12, datetime.now(UTC))
    month = last_month(process)
    assert "?total=" not in (await marketer.get(f"/review/{month}?whole=1")).text
    monkeypatch.setattr(review_view, "recommended", lambda _: 95)
    page = (await marketer.get(f"/review/{month}?whole=1")).text
    link = re.findall(r'href="(/review/[^"]*total=95)#new"', page)[0]
    begun = of((await marketer.get(link)).text, "new")
    assert 'value="threshold" checked' in begun
    assert 'name="total" inputmode="numeric" value="95"' in begun
    assert (await marketer.get("/review?total=0")).status_code == 422


@pytest.mark.parametrize(("word", "total"), [("raise", 140), ("lower", 140), ("lower_by_lot", None), ("keep", None)])
def test_only_clear_advice_is_a_recommendation(word: AdviceWord, total: int | None) -> None:
    """Where outcomes are missing, a lot comes first."""
    known = Thresholds("weak", 120, (), 140, Share(0, 0), (Advice(word),))
    assert review_view.recommended(SimpleNamespace(thresholds=known)) == total  # type: ignore[arg-type]
