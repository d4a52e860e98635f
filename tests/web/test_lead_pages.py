"""The pages of the leads: the list with its filters, and one lead with all that is known of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, insert, update

from adapters.database import lead_words
from adapters.database.engine import writing
from adapters.database.schema import enrolments, handoffs, leads, replies, sends, timeline
from adapters.database.schema import events as event_rows
from tests.web.people import browser_of, person, post, token_in
from tests.web.process import Process
from tests.web.test_lead_updates import walking

NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


async def browser(process: Process, role: str = "marketer") -> httpx.AsyncClient:
    """Somebody with this role."""
    return await browser_of(process, person(process, f"a_{role}", role))


async def find(client: httpx.AsyncClient, **data: str) -> httpx.Response:
    """Send the form of the list."""
    page = await client.get("/leads")
    return await client.post("/leads", data={"csrf_token": token_in(page.text), **data})


def ids(page: str) -> list[str]:
    """The leads of a list, in its order."""
    return re.findall(r'(?:<td class="words">|<li data-row>)<a href="/leads/([^"/?]+)">', page)


async def test_an_empty_list_says_what_to_do_next(process: Process) -> None:
    """In both languages."""
    client = await browser(process)
    assert "nurture leads import" in (await client.get("/leads")).text
    english = (await client.get("/leads", headers={"Accept-Language": "en"})).text
    assert "There are no leads yet" in english


async def test_the_list_says_who_waits_where_and_for_what(process: Process) -> None:
    """In words of the definitions, until when in the sender's zone; a name is text and no markup."""
    await walking(process)
    await process.client.post("/api/leads", json={"id": "l2", "name": "<b>太字</b>"})
    page = (await (await browser(process)).get("/leads")).text
    assert ids(page) == ["l1", "l2"]
    for said in ("見本 一郎", "見本通信", "反応待ち", "セミナー案内からデモまで", "newsletter", "2026-11-07 09:00",
                 "情報収集", "メール開封 または 申し込み(seminar)", "Asia/Tokyo", "シナリオの外 (1)"):  # fmt: skip
        assert said in page, said
    assert "<b>太字" not in page
    english = (await (await browser(process, "ops")).get("/leads", headers={"Accept-Language": "en"})).text
    assert "opened or signed_up: seminar" in english


async def test_leads_are_found_and_narrowed(process: Process) -> None:
    """By a part of the name, the address, the company, the id; by status, scenario, step and hot."""
    await walking(process, "l1")
    await walking(process, "l2", status="blocked", step="seminar_invite")
    with writing(process.engine) as connection:
        hot = update(leads).where(leads.c.id == "l2").values(position={"hot": True, "status": "blocked"})
        connection.execute(hot)
    await process.client.post("/api/leads", json={"id": "l3", "email": "taro@example.org", "name": "別人"})
    client = await browser(process)
    for data, found in (
        ({"q": "一郎"}, ["l1", "l2"]), ({"q": "見本通"}, ["l1", "l2"]), ({"q": "TARO@"}, ["l3"]), ({"q": "l2"}, ["l2"]),
        ({"q": "一郎", "status": "blocked"}, ["l2"]), ({"q": "nobody"}, []),
    ):  # fmt: skip
        answer = await find(client, **data)
        assert (answer.status_code, ids(answer.text)) == (200, found), data
    for query, found in (
        ("status=blocked", ["l2"]), ("status=idle", ["l3"]), ("scenario=seminar_to_demo", ["l1", "l2"]),
        ("scenario=seminar_to_demo&step=newsletter", ["l1"]), ("hot=1", ["l2"]), ("scenario=gone", []),
        ("status=nonsense", ["l1", "l2", "l3"]),
    ):  # fmt: skip
        answer = await client.get(f"/leads?{query}")
        assert (answer.status_code, ids(answer.text)) == (200, found), query
    assert "あてはまるリードはいません" in (await client.get("/leads?scenario=gone")).text
    assert (await client.get("/leads?cursor=%00")).status_code == 422
    assert (await client.get("/leads?cursor=x")).status_code == 422


async def test_what_is_searched_for_is_in_no_address(process: Process) -> None:
    """The words are posted; a search without words leads on to the address of its filters."""
    await walking(process)
    client = await browser(process)
    answer = await find(client, q="一郎")
    assert "一郎" not in "".join(re.findall(r'(?:href|action)="[^"]*"', answer.text))
    assert 'value="一郎"' in answer.text
    answer = await find(client, status="waiting", q=" ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads?status=waiting")
    assert (await client.post("/leads", data={"q": "一郎"})).status_code == 403


async def test_the_list_is_read_in_pages(process: Process) -> None:
    """Each lead once, with the filters kept; a search goes on by a form."""
    with writing(process.engine) as connection:
        rows = [{"id": f"l{number:03}", "name": "見本", "language": "ja", "attributes": {}, "created_at": NOW}
                for number in range(120)]  # fmt: skip
        connection.execute(insert(leads), rows)
        for each in rows:
            lead_words.keep_as_stored(connection, str(each["id"]))
    client = await browser(process)
    seen, url = list[str](), "/leads?status=idle"
    while url:
        page = (await client.get(url)).text
        seen += ids(page)
        url = "".join(re.findall(r'href="([^"]+)" rel="next"', page)).replace("&amp;", "&")
        assert not url or "status=idle" in url
    assert seen == [f"l{number:03}" for number in range(120)]
    first = await find(client, q="見本")
    hidden = dict(re.findall(r'<input type="hidden" name="(q|cursor)" value="([^"]*)">', first.text))
    second = await find(client, **hidden)
    assert ids(first.text) + ids(second.text) == seen[:100]


async def known_of(process: Process) -> None:
    """A lead of whom everything is known."""
    await walking(process)
    said = {"topics": ["newsletter"], "basis": "business_card", "source": "展示会"}
    await process.client.post("/api/leads", json={"id": "l1", "consent": said, "attributes": {"employees": 120}})
    at = datetime.now(UTC)
    told = [{"id": "e1", "lead": "l1", "type": "visited", "subject": "/pricing", "at": at.isoformat()}]
    await process.client.post("/events", json={"events": told})
    send = {"lead": "l1", "scenario": "seminar_to_demo", "enrolment": 1, "step": "newsletter", "visit": 1,
            "deployment": 1, "template": "newsletter_01", "topic": "newsletter"}  # fmt: skip
    task = {"id": "l1/seminar_to_demo/1/to_sales/1", "lead": "l1", "queue": "inside_sales", "reasons": ["phase"],
            "state": "open", "made_at": at}  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"kind": "decision", "what": "arrived", "step": "newsletter", "visit": 1, "subject": None, "reason": None},
        {"kind": "send", "what": "accepted", "step": "newsletter", "visit": 1, "subject": "newsletter_01",
         "reason": None},
        {"kind": "event", "what": "opened", "step": None, "visit": None, "subject": "newsletter_01", "reason": None},
        {"kind": "score", "what": "phase", "step": None, "visit": None, "subject": "comparison", "reason": None},
        {"kind": "ops", "what": "paused", "step": None, "visit": None, "subject": None, "reason": "日程の変更"},
        {"kind": "decision", "what": "brand_new", "step": None, "visit": None, "subject": None, "reason": "why <b>"},
    ]  # fmt: skip
    marks = {"lead": "l1", "at": at, "scenario": None}
    with writing(process.engine) as connection:
        connection.execute(
            insert(timeline),
            [{**marks, **each, "late": each["what"] == "opened", "automatic": each["what"] == "opened"}
             for each in lines],
        )  # fmt: skip
        connection.execute(insert(sends).values(
            key="k1", state="accepted", attempted_at=at, message_id="m-1", subject="はじめまして", **send
        ))  # fmt: skip
        connection.execute(insert(sends).values(key="k2", state="held", slot=at + timedelta(1), **send))
        connection.execute(insert(handoffs).values(**task))
        connection.execute(insert(replies).values(
            lead="l1", message="a" * 64, at=at, kind="written", subject="質問", words="費用は<いくら>ですか", text="…"
        ))  # fmt: skip
        connection.execute(insert(enrolments).values(
            lead="l1", enrolment=1, scenario="seminar_to_demo", deployment=1, priority=50, state="enrolled",
            decided_at=at,
        ))  # fmt: skip
        connection.execute(insert(event_rows).values(
            event="o1", lead="l1", type="opened", subject="newsletter_01", at=at, received_at=at, send="k1",
            properties={}, filed=True,
        ))  # fmt: skip


async def test_the_page_of_a_lead_shows_all_that_is_known(process: Process) -> None:
    """Each part in words; nobody's words are markup."""
    await known_of(process)
    answer = await (await browser(process)).get("/leads/l1")
    assert answer.status_code == 200
    for said in (
        "見本 一郎", "l1@example.co.jp", "会社名</dt><dd>見本通信", "従業員数</dt><dd>120", "1/8 <code>newsletter",
        "反応があるか、待ち時間が終わるのを待っています", "メールを送る(newsletter_01)",
        "メール開封 → <code>seminar_invite",
        "それ以外 → <code>newsletter_again", "2026-11-07 09:00", "ページ閲覧(/pricing)", "ホットリードまで",
        "次のどれか一つ", "ステップに到着", "メールを送信: newsletter_01",
        "メールを開封: newsletter_01", "遅れて届いた",
        "機械による", "フェーズが進んだ: 比較検討", "日程の変更", "brand_new", 'href="/inbox/m-1?done=seen"',
        "はじめまして", ">開封<", "保留中", "未受領", "inside_sales", "名刺", "展示会", "費用は&lt;いくら&gt;ですか",
        "進行中", "127.0.0.1:8233/namespaces/default/workflows/lead%2Fl1", "/leads/l1/do/pause", "/leads/l1/do/leave",
    ):  # fmt: skip
        assert said in answer.text, said
    assert "<b>" not in answer.text
    assert "/leads/l1/do/resume" not in answer.text
    assert "/export" not in answer.text
    assert answer.text.index("brand_new") < answer.text.index("ステップに到着")


async def test_the_page_of_a_lead_in_english(process: Process) -> None:
    """The same, and no Japanese but what people wrote."""
    await known_of(process)
    client = await browser(process, "sales")
    page = (await client.get("/leads/l1", headers={"Accept-Language": "en"})).text
    for said in ("waits for a reaction or the timeout", "sends newsletter_01", "opened → <code>seminar_invite",
                 "otherwise → <code>newsletter_again", "Mail sent: newsletter_01", "Reached a phase: comparison",
                 "business card", "late", "automatic", "How far from hot", "point(s) more"):  # fmt: skip
        assert said in page, said
    assert "履歴" not in page
    assert "/do/pause" not in page


async def test_a_lead_of_whom_nothing_is_known_has_a_page(empty: Process) -> None:
    """Also before anything is deployed."""
    await empty.client.post("/api/leads", json={"id": "l1"})
    page = await (await browser(empty)).get("/leads/l1")
    assert page.status_code == 200
    for said in (
        "まだ何も起きていません",
        "まだメールを送っていません",
        "同意の記録がありません",
        "hot_lead.yaml",
        "UTC",
    ):
        assert said in page.text, said


async def test_the_timeline_is_read_in_pages_newest_first(process: Process) -> None:
    """Each line once."""
    await process.client.post("/api/leads", json={"id": "l1"})
    with writing(process.engine) as connection:
        line = {"lead": "l1", "at": NOW, "kind": "ops", "what": "paused", "late": False, "automatic": False}
        connection.execute(insert(timeline), [{**line, "reason": f"reason{number:03}."} for number in range(120)])
    client = await browser(process)
    seen, url = list[str](), "/leads/l1?said=pause&merged=l0"
    while url:
        page = (await client.get(url)).text
        assert ("一時停止しました" in page) == (not seen)  # said once
        seen += re.findall(r"reason(\d{3})\.", page)
        url = "".join(re.findall(r'href="([^"]+)" rel="next"', page)).replace("&amp;", "&")
    assert seen == [f"{number:03}" for number in reversed(range(120))]


async def test_unknown_merged_and_erased_leads_have_defined_pages(process: Process) -> None:
    """404 with a way on; the old id leads to the lead that goes on; an erased one says how far that is."""
    for name in ("l1", "l2", "l3"):
        await process.client.post("/api/leads", json={"id": name, "email": f"{name}@example.com", "name": "見本"})
    await process.client.post("/api/leads/l1/merge", json={"lead": "l2"})
    await process.client.delete("/api/leads/l3")
    client = await browser(process, "admin")
    unknown = await client.get("/leads/nobody")
    assert (unknown.status_code, "リードが見つかりません" in unknown.text) == (404, True)
    for path in ("company", "erase", "do/pause"):
        assert (await client.get(f"/leads/nobody/{path}")).status_code == 404
    merged = await client.get("/leads/l2")
    assert (merged.status_code, merged.headers["location"]) == (303, "/leads/l1?merged=l2")
    assert "l2 はこのリードに統合されました" in (await client.get("/leads/l1?merged=l2")).text
    assert "l9 はこのリード" not in (await client.get("/leads/l1?merged=l9")).text
    erased = await client.get("/leads/l3")
    assert (erased.status_code, "消去を進めています" in erased.text) == (200, True)
    assert "l3@example.com" not in erased.text
    assert "/leads/l3/erase" not in erased.text


async def test_others_of_the_company_have_a_page_of_their_own(process: Process) -> None:
    """Whose company is written the same; without a company it is said."""
    for name, company in (("l1", "見本通信"), ("l2", "見本通信"), ("l3", "別会社"), ("l4", None)):
        await process.client.post("/api/leads", json={"id": name, "attributes": {"company": company}})
    client = await browser(process)
    assert ids((await client.get("/leads/l1/company")).text) == ["l2"]
    assert "ほかにいません" in (await client.get("/leads/l3/company")).text
    assert "登録されていません" in (await client.get("/leads/l4/company")).text


async def test_only_admins_erase_here_and_only_by_the_id(process: Process) -> None:
    """The id is typed once more; then the person is being forgotten."""
    await process.client.post("/api/leads", json={"id": "l1", "email": "l1@example.com", "name": "見本"})
    other, admin = await browser(process), await browser(process, "admin")
    assert (await other.get("/leads/l1/erase")).status_code == 403
    assert (await post(other, "/leads/l1/erase", named="l1")).status_code == 403
    page = (await admin.get("/leads/l1")).text
    assert "/api/leads/l1/export" in page
    assert "/leads/l1/erase" in page
    assert (await post(admin, "/leads/l1/erase", named="l2")).status_code == 422
    assert "l1@example.com" in (await admin.get("/leads/l1")).text
    done = await post(admin, "/leads/l1/erase", named=" l1 ")
    assert (done.status_code, done.headers["location"]) == (303, "/leads/l1?said=erase")
    assert "l1@example.com" not in (await admin.get("/leads/l1")).text


class Counted:
    """How many statements a database was given."""

    def __init__(self, engine: Engine) -> None:
        self.number = 0
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.number += 1

    async def of(self, client: httpx.AsyncClient, path: str) -> int:
        """The statements of one request, the fewest of three: what is kept for seconds is asked for anew at times."""
        several = []
        for _ in range(3):
            self.number = 0
            assert (await client.get(path)).status_code == 200
            several.append(self.number)
        return min(several)


@pytest.mark.parametrize("path", ["/leads", "/leads/l1"])
async def test_a_page_asks_as_often_however_much_there_is(process: Process, path: str) -> None:
    """No statement for each lead, event, line, mail or task."""
    await walking(process)
    client, counted = await browser(process), Counted(process.engine)
    await client.get(path)
    before = await counted.of(client, path)
    await known_of_many(process)
    assert await counted.of(client, path) <= before


async def known_of_many(process: Process) -> None:
    """Forty leads, and of the first forty of everything."""
    with writing(process.engine) as connection:
        connection.execute(insert(leads), [
            {"id": f"m{number:03}", "language": "ja", "attributes": {}, "created_at": NOW} for number in range(40)
        ])  # fmt: skip
        send = {"lead": "l1", "scenario": "s", "enrolment": 1, "step": "a", "visit": 1, "deployment": 1,
                "template": "t", "state": "accepted", "attempted_at": NOW}  # fmt: skip
        connection.execute(insert(sends), [{**send, "key": f"k{number}"} for number in range(40)])
        line = {"lead": "l1", "at": NOW, "kind": "ops", "what": "paused", "late": False, "automatic": False}
        connection.execute(insert(timeline), [line] * 40)
        task = {"lead": "l1", "queue": "inside_sales", "reasons": [], "state": "won", "made_at": NOW}
        connection.execute(insert(handoffs), [{**task, "id": f"t{number}"} for number in range(40)])
        told = {"lead": "l1", "type": "visited", "subject": "/pricing", "at": NOW, "received_at": NOW, "filed": True,
                "properties": {}}  # fmt: skip
        connection.execute(insert(event_rows), [{**told, "event": f"e{number}"} for number in range(40)])
