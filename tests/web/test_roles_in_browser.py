"""The main path of each role in a real browser, in both languages: what it sees, does and finds afterwards."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from adapters.database import deployments, handoffs, users
from adapters.database.engine import reading, writing
from adapters.database.schema import leads
from adapters.scenario_folder import read_folder
from tests.screenshots.sample import NOW, SCENARIOS
from tests.web.axe import faults
from tests.web.browsing import press, reading_in, serving, settled
from tests.web.filled import Filled, browser, filled
from tests.web.people import PASSWORD, kept, link
from tests.web.process import Process
from tests.web.test_desk_in_browser import make

__all__ = ["browser", "filled"]

BOTH = pytest.mark.parametrize("language", ["ja", "en"])


def log_in(page: Page, filled: Filled, login: str) -> None:
    """With the password, by keys only."""
    with writing(filled.process.engine) as connection:
        users.set_password(connection, users.named(connection, login).id, kept())
    page.goto(f"{filled.url}/login")
    page.focus("#login")
    page.keyboard.type(login)
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    page.wait_for_url(f"{filled.url}/")


def deploy_twice(filled: Filled, language: str) -> int:
    """A folder that names a mail which is not there, then the good one with a remark; the number of the first."""
    good = read_folder(SCENARIOS)
    bad = good | {"reactivation.yaml": good["reactivation.yaml"].replace("reactivation_case", f"missing_{language}")}
    for files in (bad, good | {"sender.yaml": good["sender.yaml"] + f"# {language}\n"}):
        with writing(filled.process.engine) as connection:
            found = deployments.deploy(connection, files, [], by="mika", now=NOW, real_now=NOW)
    filled.process.store.refresh()
    return found.number - 1


@BOTH
def test_a_marketer_sees_where_leads_wait_and_what_the_figures_say(
    filled: Filled, browser: Browser, language: str
) -> None:
    """From the picture to a step to a lead; a segment and its 4R; a problem at its line; what differs; the report."""
    number = deploy_twice(filled, language)
    with reading(filled.process.engine) as connection:
        there = connection.execute(select(leads.c.name).where(leads.c.step == "newsletter_again")).scalars().all()
    with reading_in(browser, language) as page:
        log_in(page, filled, "mika")
        press(page, "g", "s")
        page.wait_for_url(f"{filled.url}/scenarios")
        page.locator("a[href='/scenarios/seminar_to_demo']").first.click()
        settled(page)
        page.locator(".picture a[href*='step=newsletter_again']").first.click()
        expect(page.locator("#standing tbody tr")).to_have_count(len(there))
        assert sorted(page.locator("#standing tbody a").all_inner_texts()) == sorted(str(each) for each in there)
        name = page.locator("#standing tbody a").first.inner_text()
        page.locator("#standing tbody a").first.click()
        expect(page.locator("h1")).to_contain_text(name)
        expect(page.locator(".state.waiting")).to_have_text("反応待ち" if language == "ja" else "waiting")

        press(page, "g", "e")
        page.wait_for_url(f"{filled.url}/segments")
        page.locator("a[href='/segments/midsize_infrastructure']").click()
        settled(page)
        expect(page.locator("#counts b")).to_have_text(str(midsize()))
        page.locator("#four-r button").click()
        expect(page.locator("#four-r tbody tr")).to_have_count(4)

        press(page, "g", "f")
        page.wait_for_url(f"{filled.url}/definitions")
        page.goto(f"{filled.url}/definitions?deployment={number}&file=reactivation.yaml")
        expect(page.locator("tr.marked")).to_contain_text(f"missing_{language}")
        page.goto(f"{filled.url}/definitions")
        page.locator(f"a[href='/definitions/compare?older={number}&newer={number + 1}']").first.click()
        expect(page.locator("tr.diff-gone", has_text=f"missing_{language}")).to_have_count(1)
        expect(page.locator("tr.diff-new", has_text=f"# {language}")).to_have_count(1)

        press(page, "g", "r")
        settled(page)
        expect(page.locator("#answers h2")).to_have_count(7)
        assert page.locator("html").get_attribute("lang") == language


def midsize() -> int:
    """How many of the sample leads fit the segment, counted from the file."""
    with (SCENARIOS / "leads.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = ("telecom", "broadcasting", "utilities")
    rows = [row for row in rows if row["industry"] in wanted and row["region"] != "海外"]
    return sum(50 <= int(row["employees"] or 0) <= 100 for row in rows)


@BOTH
def test_sales_works_through_the_desk(filled: Filled, browser: Browser, language: str) -> None:
    """A task is opened by keys and accepted; one is returned with a reason, one won; news comes by itself."""
    ja, process = language == "ja", filled.process
    names = [f"検証 {each} {language}" for each in ("一", "二", "三", "四")]
    ids = [make(process, f"sold_{language}_{number}", name) for number, name in enumerate(names[:3])]
    with reading_in(browser, language) as page:
        log_in(page, filled, "ichiro")
        press(page, "g", "d")
        page.wait_for_url(f"{filled.url}/desk")
        for _ in range(page.locator(".task-open").count()):
            press(page, "j")
            if names[0] in page.locator(":focus").inner_text():
                break
        press(page, "Enter")
        page.wait_for_url(f"{filled.url}/desk/sold_{language}_0**")
        expect(page.locator("h1")).to_contain_text(names[0])
        expect(page.locator(".brief dt").first).to_be_visible()
        page.get_by_role("button", name="受ける" if ja else "Accept", exact=True).click()
        expect(page.get_by_role("status").first).to_have_text("受けました。" if ja else "You have accepted it.")
        assert task(process, ids[0])[:2] == ("accepted", "rep_1")

        page.goto(f"{filled.url}/desk")
        page.evaluate("window.same = true")
        row = page.locator("[data-row]", has_text=names[1])
        row.get_by_text("差し戻す" if ja else "Return", exact=True).click()
        row.locator("form[action$='/return'] textarea").fill("予算は来年度から")
        row.get_by_role("button", name="マーケティングに差し戻す" if ja else "Give back to marketing").click()
        expect(page.locator("#section-closed [data-row]", has_text=names[1])).to_have_count(1)
        assert task(process, ids[1]) == ("returned", "rep_1", None, "予算は来年度から")

        row = page.locator("[data-row]", has_text=names[2])
        row.get_by_text("閉じる" if ja else "Close", exact=True).click()
        row.get_by_role("textbox", name="金額" if ja else "Amount").fill("1,200,000")
        row.get_by_role("button", name="受注として閉じる" if ja else "Close as won").click()
        expect(page.locator("#section-closed [data-row]", has_text=names[2])).to_contain_text("1,200,000 JPY")
        assert task(process, ids[2])[:3] == ("won", "rep_1", 1_200_000)

        colleague(filled, browser, language, ids[0])
        expect(page.locator("[data-row]", has_text=names[0])).to_have_count(0)
        make(process, f"sold_{language}_3", names[3])
        expect(page.locator("[data-row]", has_text=names[3])).to_be_visible()
        assert page.evaluate("window.same") is True


def colleague(filled: Filled, browser: Browser, language: str, handoff: str) -> None:
    """An admin at another desk gives a task of rep_1 to rep_2."""
    ja = language == "ja"
    with reading_in(browser, language) as page:
        log_in(page, filled, "hanako")
        page.goto(f"{filled.url}/desk/{quote(handoff)}")
        page.get_by_text("ほかの人に渡す" if ja else "Hand over", exact=True).first.click()
        form = page.locator("form[action$='/assign']")
        form.locator("select[name=to]").select_option("rep_2")
        form.locator("textarea").fill("休暇のため")
        form.locator("button").click()
        expect(page.get_by_role("status").first).to_have_text("渡しました。" if ja else "It is handed over.")


def task(process: Process, handoff: str) -> tuple[str, str | None, int | None, str | None]:
    """How a task stands: state, rep, amount and reason."""
    with reading(process.engine) as connection:
        found = handoffs.get(connection, handoff)
    return found.state, found.rep, found.amount, found.reason


@BOTH
def test_ops_finds_who_is_stuck_and_moves_leads(filled: Filled, browser: Browser, language: str) -> None:
    """The blocked and the paused by the filter; pause, resume and move, each with a reason; who did it is noted."""
    ja = language == "ja"
    with reading(filled.process.engine) as connection:
        waiting = select(leads.c.id).where(leads.c.status == "waiting").order_by(leads.c.id).limit(2)
        lead = list(connection.execute(waiting).scalars())[0 if ja else 1]
    with reading_in(browser, language) as page:
        log_in(page, filled, "osamu")
        press(page, "g", "l")
        page.wait_for_url(f"{filled.url}/leads")
        for status, word in (("blocked", "要対応"), ("paused", "一時停止")):
            page.select_option("#status", status)
            page.locator("main form button[type=submit]").first.click()
            page.wait_for_url(f"{filled.url}/leads?status={status}")
            expect(page.locator("main tbody .state").first).to_contain_text(word if ja else status)
        for wish, button, said in (
            ("pause", "一時停止する" if ja else "Pause", "一時停止しました。" if ja else "Paused."),
            ("resume", "再開する" if ja else "Resume", "再開しました。" if ja else "Resumed."),
            (
                "go_to",
                "ステップへ移動する" if ja else "Move to a step",
                "移動しました。" if ja else "Moved to the step.",
            ),
        ):
            page.goto(f"{filled.url}/leads/{lead}")
            page.get_by_role("link", name=button, exact=True).click()
            page.wait_for_url(f"{filled.url}/leads/{lead}/do/{wish}")
            if wish == "go_to":
                page.select_option("#step", "newsletter")
            page.fill("#reason", f"日程の変更 {wish}")
            page.get_by_role("button", name=button, exact=True).click()
            expect(page.get_by_role("status").first).to_contain_text(said)
            expect(page.locator("main")).to_contain_text(f"日程の変更 {wish}")  # on the timeline
        expect(page.locator("section[aria-labelledby=place] code").first).to_have_text("newsletter")
        workflow = page.locator("section[aria-labelledby=place] a[rel=noreferrer]").get_attribute("href")
        assert workflow == f"http://127.0.0.1:8233/namespaces/default/workflows/lead%2F{lead}"
        press(page, "g", "c")
        page.wait_for_url(f"{filled.url}/audit")
        page.fill("#subject", lead)
        press(page, "Enter")
        expect(page.locator("main tbody tr")).to_have_count(3)
        expect(page.locator("main tbody tr").first).to_contain_text("ステップへの移動" if ja else "go_to_lead")
        assert page.locator("nav a[href='/users']").count() == 0


@BOTH
def test_the_first_admin_invites_and_the_role_decides(
    process: Process, browser: Browser, tmp_path: Path, free_port: Callable[[], int], language: str
) -> None:
    """By the link of the first admin; who is invited sets a password and sees the pages of the role, and no other."""
    ja = language == "ja"
    with serving(process, tmp_path, free_port()) as url, reading_in(browser, language) as page:
        page.goto(f"{url}/first?token={link(process, 'first')}")
        assert faults(page, closely=ja) == []
        fill_in(page, login="hanako", name="佐藤 花子")
        page.wait_for_url(f"{url}/")
        press(page, "g", "u")
        page.wait_for_url(f"{url}/users")
        page.fill("#name", "例示 一郎")
        page.fill("#login", "ichiro")
        page.select_option("#role", "sales")
        page.select_option("#rep", "rep_1")
        page.get_by_role("button", name="招待リンクを作る" if ja else "Make the invitation").click()
        invitation = page.locator("code.once").inner_text()
        assert invitation.startswith(f"{url}/invitation?token=")
        with reading_in(browser, language, meant="40[34]") as other:
            other.goto(invitation)
            expect(other.locator("main")).to_contain_text("例示 一郎")
            fill_in(other)
            other.wait_for_url(f"{url}/")
            places = other.locator("nav a").evaluate_all("(all) => all.map((each) => each.getAttribute('href'))")
            assert {"/desk", "/leads"} <= set(places)
            assert not {"/users", "/audit", "/scenarios"} & set(places)
            answer = other.goto(f"{url}/users")
            assert answer is not None
            assert answer.status == 403
            other.goto(f"{url}/desk")
            expect(other.locator("h1")).to_contain_text("例示 一郎")
        page.goto(f"{url}/users")
        expect(page.locator("tr#ichiro")).to_contain_text("有効" if ja else "active")


def fill_in(page: Page, **more: str) -> None:
    """The form with a new password, and send it by Enter."""
    for name, value in {**more, "password": PASSWORD, "again": PASSWORD}.items():
        page.fill(f"#{name}", value)
    press(page, "Enter")
