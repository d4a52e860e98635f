"""The desk: who sees and does what, what a row says, and that nothing that was typed is lost."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import event, insert, update

from adapters.database import desk, handoffs, live_changes, sessions, timeline, users
from adapters.database.api_keys import digest_of
from adapters.database.engine import reading, writing
from adapters.database.schema import handoffs as table
from adapters.database.schema import replies
from nurture.commands import MakeHandoff
from nurture.records import Line
from tests.web.people import browser_of, person, post, token_in
from tests.web.process import Process
from web.console import desk_acts, live
from web.security import make_login_token

REASON = "requested: demo"


async def task(process: Process, lead: str, name: str = "検証 太郎", company: str = "例示商事") -> str:
    """A lead with a name, and an open task of rep_1 about it; the id of the task."""
    attributes = {"company": company}
    body = {"id": lead, "email": f"{lead}@example.co.jp", "name": name, "attributes": attributes}
    assert (await process.client.post("/api/leads", json=body)).status_code == 201
    handoff = f"{lead}/seminar_to_demo/1/to_sales/1"
    command = MakeHandoff(
        lead=lead, handoff=handoff, queue="inside_sales", note=None, reasons=(REASON, "score 40"),
        scenario="seminar_to_demo", enrolment=1, step="to_sales", visit=1, at=process.clock.now(), deployment=1,
    )  # fmt: skip
    with writing(process.engine) as connection:
        handoffs.make(connection, command, process.store.current())
        handoffs.change(connection, handoff, rep="rep_1")
    return handoff


def change(process: Process, handoff: str, **values: object) -> None:
    """Write columns of a task as time would."""
    with writing(process.engine) as connection:
        connection.execute(update(table).where(table.c.id == handoff).values(values))


def as_it_is(process: Process, handoff: str) -> handoffs.Handoff:
    """The task in the database."""
    with reading(process.engine) as connection:
        return handoffs.get(connection, handoff)


@pytest.fixture
async def seller(process: Process) -> httpx.AsyncClient:
    """A browser of rep_1."""
    return await browser_of(process, person(process, "ichiro", "sales", "rep_1"))


def section(page: str, key: str) -> str:
    """The part of the desk with this key; empty where it is not there."""
    found = re.findall(rf'id="section-{key}".*?</ul>', page, re.DOTALL)
    return str(found[0]) if found else ""


async def test_my_tasks_stand_where_they_belong(process: Process, seller: httpx.AsyncClient) -> None:
    """Overdue in words, new, put off, closed; another rep's are not there; every row says who and why."""
    now = process.clock.now()
    late, new, off, done, other = [await task(process, f"l{n}", name=f"検証 {n}") for n in range(5)]
    change(process, late, due=now - timedelta(hours=3, minutes=1), state="accepted")
    change(process, new, due=now + timedelta(days=3, minutes=1))
    change(process, off, due=now + timedelta(days=9), snoozed_until=now + timedelta(days=5))
    change(process, done, state="won", closed_at=now - timedelta(days=2), amount=1200000)
    change(process, other, rep="rep_2", due=now + timedelta(days=3))
    page = (await seller.get("/desk")).text
    due = section(page, "due")
    assert "検証 0" in due
    assert "期限を 3 時間過ぎています" in due
    assert "例示商事" in due
    assert REASON in due
    assert ("検証 1" in section(page, "new"), "あと 3 日" in section(page, "new")) == (True, True)
    assert "検証 2" in section(page, "snoozed")
    assert "1,200,000 JPY" in section(page, "closed")
    assert "検証 4" not in page
    assert page.index('id="section-due"') < page.index('id="section-new"') < page.index('id="section-closed"')
    english = (await seller.get("/desk", headers={"Accept-Language": "en"})).text
    assert "overdue by 3 hours" in english
    assert "Asia/Tokyo" in english


async def test_an_empty_desk_says_what_to_do(process: Process, seller: httpx.AsyncClient) -> None:
    """Nothing at all; only something that waits; and somebody who is no rep."""
    assert "いま、開いている引き継ぎはありません" in (await seller.get("/desk")).text
    waits = await task(process, "l1")
    change(process, waits, rep=None)
    assert "担当待ち 1 件" in (await seller.get("/desk")).text
    nobody = await browser_of(process, person(process, "saburo", "sales"))
    page = await nobody.get("/desk")
    assert (page.status_code, "どの担当か" in page.text) == (200, True)
    assert (await post(nobody, f"/desk/{waits}/accept", rep="rep_1")).status_code == 403


async def test_accepting_leads_back_with_a_message(process: Process, seller: httpx.AsyncClient) -> None:
    """Without script by a redirect; as one's own rep, whatever the form says."""
    handoff = await task(process, "l1")
    answer = await post(seller, f"/desk/{handoff}/accept", rep="rep_2")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk?said=accepted#task-")
    assert (as_it_is(process, handoff).state, as_it_is(process, handoff).rep) == ("accepted", "rep_1")
    page = (await seller.get(answer.headers["location"])).text
    assert "受けました" in page
    assert f'id="{answer.headers["location"].partition("#")[2]}"' in page
    (row,) = (await process.client.get("/api/audit?did=accept_task")).json()["items"]
    assert (row["by"], row["subject"]) == ("ichiro", handoff)


async def test_with_htmx_only_the_row_comes_back(process: Process, seller: httpx.AsyncClient) -> None:
    """The fresh one, with a message."""
    handoff = await task(process, "l1")
    token = token_in((await seller.get("/desk")).text)
    answer = await seller.post(f"/desk/{handoff}/accept", data={"csrf_token": token}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count('class="task') >= 1
    assert "受領済み" in answer.text
    assert 'role="status"' in answer.text


@pytest.mark.parametrize(
    ("act", "form", "state"),
    [
        ("return", {"reason": "時期尚早"}, "returned"),
        ("close", {"outcome": "won", "amount": "¥1,200,000"}, "won"),
        ("close", {"outcome": "lost", "reason": "予算なし"}, "lost"),
    ],
)
async def test_a_task_is_ended(
    process: Process, seller: httpx.AsyncClient, act: str, form: dict[str, str], state: str
) -> None:
    """With its reason, and its amount however it is written."""
    handoff = await task(process, "l1")
    assert (await post(seller, f"/desk/{handoff}/{act}", **form)).status_code == 303
    found = as_it_is(process, handoff)
    assert (found.state, found.rep, found.reason) == (state, "rep_1", form.get("reason"))
    assert found.amount == (1200000 if state == "won" else None)


@pytest.mark.parametrize(
    ("act", "form", "words"),
    [
        ("return", {"reason": " "}, "理由を書いてください"),
        ("close", {"outcome": "lost"}, "理由を書いてください"),
        ("close", {"outcome": "lost", "reason": "a\0"}, "保存できない文字"),
        ("close", {"outcome": "won", "amount": "百万", "reason": "書いたメモ"}, "金額は"),
        ("close", {"outcome": "won", "amount": "99999999999"}, "金額は"),
        ("close", {"outcome": "returned"}, "受注か失注"),
        ("snooze", {"until": "", "reason": "書いたメモ"}, "日時を選んで"),
        ("snooze", {"until": "2001-01-01T09:00", "reason": "書いたメモ"}, "延ばせません"),
        ("snooze", {"until": "0001-01-01T00:00"}, "日時を選んで"),
        ("assign", {"to": "rep_2"}, "理由を書いてください"),
        ("assign", {"reason": "書いたメモ"}, "渡す相手"),
        ("assign", {"to": "rep_9", "reason": "書いたメモ"}, "sales.yaml"),
    ],
)
async def test_what_is_wrong_is_said_beside_what_was_typed(
    process: Process, seller: httpx.AsyncClient, act: str, form: dict[str, str], words: str
) -> None:
    """Nothing changes, and nothing is noted as a change."""
    handoff = await task(process, "l1")
    answer = await post(seller, f"/desk/{handoff}/{act}", **form)
    assert answer.status_code == 422
    assert words in answer.text
    for typed in (form.get("reason", "").strip(), form.get("amount", "")):
        assert typed in answer.text
    assert as_it_is(process, handoff).state == "open"
    assert (await process.client.get(f"/api/audit?did={act}_task")).json()["items"] == []


async def test_who_comes_second_sees_who_has_it_and_keeps_what_was_typed(
    process: Process, seller: httpx.AsyncClient
) -> None:
    """409, as a page and as a row, for what is accepted by another and for what is closed."""
    handoff = await task(process, "l1")
    change(process, handoff, state="accepted", rep="rep_2")
    stale = await post(seller, f"/desk/{handoff}/accept")
    assert (stale.status_code, "仮名 二葉 さんが受領済み" in stale.text) == (409, True)
    long = await post(seller, f"/desk/{handoff}/return", reason="三段落の理由")
    assert (long.status_code, "三段落の理由" in long.text) == (409, True)
    token = token_in(long.text)
    data = {"csrf_token": token, "outcome": "lost", "reason": "書いた言葉"}
    row = await seller.post(f"/desk/{handoff}/close", data=data, headers={"HX-Request": "true"})
    assert (row.status_code, "<html" in row.text, "書いた言葉" in row.text) == (409, False, True)
    change(process, handoff, state="won", closed_at=process.clock.now())
    closed = await post(seller, f"/desk/{handoff}/accept")
    assert (closed.status_code, "すでに閉じています" in closed.text) == (409, True)


async def test_nothing_is_changed_that_auditors_do_not_see(
    process: Process, seller: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the answer fails after the change, the row is there; a desk that nobody has refuses before it."""
    first, second = await task(process, "l1"), await task(process, "l2")
    admin = await browser_of(process, person(process, "boss", "admin"))
    refused = await post(admin, f"/desk/{second}/accept", rep="rep_1", whose="rep_9")
    assert (refused.status_code, as_it_is(process, second).state) == (404, "open")
    token = token_in((await seller.get("/desk")).text)

    def fails(*_given: object, **_more: object) -> None:
        raise RuntimeError("the page cannot be made")

    monkeypatch.setattr(desk_acts, "row_of", fails)
    data = {"csrf_token": token, "reason": "時期尚早"}
    answer = await seller.post(f"/desk/{first}/return", data=data, headers={"HX-Request": "true"})
    assert (answer.status_code, as_it_is(process, first).state) == (500, "returned")
    rows = (await process.client.get("/api/audit")).json()["items"]
    noted = [(each["did"], each["by"], each["subject"], each["reason"]) for each in rows if "_task" in each["did"]]
    assert noted == [("return_task", "ichiro", first, "時期尚早")]


async def test_a_task_is_put_off_in_the_readers_zone(process: Process, seller: httpx.AsyncClient) -> None:
    """By what was typed, and by a button."""
    handoff = await task(process, "l1")
    day = (process.clock.now() + timedelta(days=5)).date()
    answer = await post(seller, f"/desk/{handoff}/snooze", until=f"{day}T09:30", reason="出張")
    assert answer.status_code == 303
    assert as_it_is(process, handoff).snoozed_until == datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    page = (await seller.get("/desk")).text
    (form,) = re.findall(r"<form[^>]*/snooze.*?</form>", page, re.DOTALL)
    buttons = re.findall(r"<button[^>]*>", form)
    assert "quick" not in buttons[0]  # that of the Enter key
    quick = re.findall(r'name="quick" value="([^"]+)"', page)
    assert len(quick) == len(buttons) - 1
    assert len(set(quick)) >= 2
    assert (await post(seller, f"/desk/{handoff}/snooze", quick=quick[-1])).status_code == 303


async def test_a_rep_hands_over_only_what_is_theirs(process: Process, seller: httpx.AsyncClient) -> None:
    """With who did it and why on the timeline."""
    mine, theirs = await task(process, "l1"), await task(process, "l2")
    change(process, theirs, rep="rep_2")
    assert (await post(seller, f"/desk/{theirs}/assign", to="rep_1", reason="ほしい")).status_code == 409
    assert as_it_is(process, theirs).rep == "rep_2"
    assert (await post(seller, f"/desk/{mine}/assign", to="rep_2", reason="以前の担当")).status_code == 303
    assert as_it_is(process, mine).rep == "rep_2"
    assert "by rep_1: 以前の担当" in (await seller.get(f"/desk/{mine}")).text


async def test_who_leads_the_team_chooses_the_rep(process: Process) -> None:
    """An admin acts for the rep of the desk; a marketer only looks; an unknown rep is 404."""
    handoff = await task(process, "l1")
    admin = await browser_of(process, person(process, "boss", "admin"))
    for path in ("/desk", "/desk?rep=rep_1"):
        page = (await admin.get(path)).text
        assert 'name="rep" value="rep_1"' in page
    assert "検証 太郎" not in (await admin.get("/desk?rep=rep_2")).text
    assert (await admin.get("/desk?rep=rep_9")).status_code == 404
    assert (await post(admin, f"/desk/{handoff}/accept")).status_code == 422
    done = await post(admin, f"/desk/{handoff}/accept", rep="rep_1", whose="rep_1")
    assert (done.status_code, "rep=rep_1" in done.headers["location"]) == (303, True)
    marketer = await browser_of(process, person(process, "hanako", "marketer"))
    page = (await marketer.get("/desk")).text
    assert ("検証 太郎" in page, "/accept" in page, "/close" in page) == (True, False, False)
    assert (await post(marketer, f"/desk/{handoff}/close", rep="rep_1", outcome="won")).status_code == 403


async def test_the_page_of_a_task_says_why_now(process: Process, seller: httpx.AsyncClient) -> None:
    """Rule, score, what it read, how to begin, how to reach them, mails, history, the company's others."""
    handoff, other = await task(process, "l1"), await task(process, "l2", name="同僚 花子")
    at = process.clock.now().isoformat()
    requested = {"id": "e1", "lead": "l1", "type": "requested", "subject": "demo", "at": at}
    assert (await process.client.post("/events", json={"events": [requested]})).status_code in (200, 202)
    page = (await seller.get(f"/desk/{quote(handoff)}")).text
    told = (
        REASON, "満たした条件", "最初のひとこと", "l1@example.co.jp", "同僚 花子", "この引き継ぎの記録",
        "例示商事", "まだ何も送っていません", "返信はまだありません",
    )  # fmt: skip
    for words in told:
        assert words in page, words
    assert f"/desk/{other}" in page
    assert "営業に引き渡した</td>" in page
    assert (await seller.get("/desk/none")).status_code == 404


async def test_what_the_lead_wrote_is_on_the_page(process: Process, seller: httpx.AsyncClient) -> None:
    """With when, in the sender's zone; it is text and no markup."""
    handoff = await task(process, "l1")
    at = datetime(2026, 11, 8, 23, 0, tzinfo=UTC)
    words = {"kind": "written", "subject": "質問", "words": "費用は<いくら>ですか", "text": "…"}
    with writing(process.engine) as connection:
        connection.execute(insert(replies).values(lead="l1", message="a" * 64, at=at, **words))
    page = (await seller.get(f"/desk/{handoff}")).text
    assert "2026-11-09 08:00 · 返信" in page
    assert "費用は&lt;いくら&gt;ですか" in page


async def test_what_is_known_of_a_lead_is_said_in_words(process: Process, seller: httpx.AsyncClient) -> None:
    """Flags and choices as people call them, in their language."""
    handoff = await task(process, "l1")
    said = {"uses_competitor": True, "industry": "telecom", "values": ["価格", "納期"]}
    await process.client.post("/api/leads", json={"id": "l1", "attributes": said})
    for language, words in (("ja", ("はい", "通信", "価格・納期")), ("en", ("yes", "通信", "価格, 納期"))):
        page = (await seller.get(f"/desk/{handoff}", headers={"Accept-Language": language})).text
        assert all(f"<td>{word}</td>" in page for word in words), language
        assert "True" not in page


async def test_who_was_erased_is_not_called(process: Process, seller: httpx.AsyncClient) -> None:
    """The page stays, without the person."""
    handoff = await task(process, "l1")
    await process.client.delete("/api/leads/l1")
    page = (await seller.get(f"/desk/{handoff}")).text
    assert ("消去されました" in page, "l1@example.co.jp" in page, "/accept" in page) == (True, False, False)


async def test_the_team_and_what_waits(process: Process, seller: httpx.AsyncClient) -> None:
    """Who has how many; why a task waits; a queue that has none is empty; a rep takes one from there."""
    handoff, late = await task(process, "l1"), await task(process, "l2", name="遅延 次郎")
    change(process, handoff, rep=None)
    change(process, late, due=process.clock.now() - timedelta(days=1))
    page = (await seller.get("/desk/team")).text
    assert "検証 太郎" in page
    assert "遅延 次郎" not in page
    row = re.findall(r"<tr><th scope=\"row\">例示 一郎.*?</tr>", page, re.DOTALL)[0]
    assert re.findall(r'<td class="n[^"]*">(-?\d+)</td>', row) == ["1", "0", "0", "1", "20", "19"]
    assert "まもなく担当に渡ります" in page
    assert "検証 太郎" not in (await seller.get("/desk/team?queue=other")).text
    done = await post(seller, f"/desk/{handoff}/accept", back="team")
    assert done.headers["location"] == "/desk/team?said=accepted"
    assert "すべて担当に渡っています" in (await seller.get("/desk/team")).text


async def test_lists_go_on_where_the_page_ends(process: Process) -> None:
    """Every task once, in order, also where several are due at one instant or never."""
    ids = [await task(process, f"l{n}") for n in range(5)]
    now = process.clock.now()
    for number, handoff in enumerate(ids):
        change(process, handoff, due=now if number in (1, 3) else None, total=float(number % 2), made_at=now)
    for rep, which in (("rep_1", desk.held), (None, desk.waiting)):
        for handoff in ids:
            change(process, handoff, rep=rep, state="accepted" if rep else "open")
        seen, cursor = [], None
        for _ in range(9):
            with reading(process.engine) as connection:
                rows, cursor = which(connection, rep, 2, cursor)
            seen += [each.task.id for each in rows]
            if cursor is None:
                break
        assert seen == [ids[1], ids[3], ids[0], ids[2], ids[4]]


async def test_pages_ask_as_much_of_many_tasks_as_of_one(process: Process, seller: httpx.AsyncClient) -> None:
    """The desk, the team and a task; with a tenfold of rows no statement more."""
    asked: list[str] = []
    tables = re.compile(r"\b(handoffs|leads|timeline|sends|replies|events|consents|suppressions)\b")

    def note(*said: Any) -> None:
        if tables.search(said[2]):  # and not what the clock and the session ask now and then
            asked.append(said[2])

    event.listen(process.engine, "before_cursor_execute", note)
    found: dict[str, list[int]] = {}
    for number in range(10):
        handoff = await task(process, f"l{number}")
        waits = await task(process, f"w{number}")
        change(process, waits, rep=None)
        if number in (0, 9):
            for path in ("/desk", "/desk/team", "/desk/l0/seminar_to_demo/1/to_sales/1"):
                asked.clear()
                assert (await seller.get(path)).status_code == 200
                found.setdefault(path, []).append(len(asked))
    assert handoff in (await seller.get("/desk")).text
    assert all(first == last < 60 for first, last in found.values()), found


async def test_the_way_of_a_lead_is_told_in_words(process: Process, seller: httpx.AsyncClient) -> None:
    """Also that of one that was merged into it; what has no words stands as it is."""
    handoff = await task(process, "l1")
    await process.client.post("/api/leads", json={"id": "old"})
    lines = [
        Line(at=process.clock.now(), kind="event", what="downloaded", subject="guide"),
        Line(at=process.clock.now(), kind="decision", what="entered", scenario="seminar_to_demo", step="invite"),
        Line(at=process.clock.now(), kind="decision", what="something_new"),
    ]
    with writing(process.engine) as connection:
        timeline.add(connection, "old", *lines)
        of_machine = Line(at=process.clock.now(), kind="event", what="clicked", subject="machine")
        timeline.add_rows(connection, [timeline.line_row("old", of_machine) | {"automatic": True}])
    assert (await process.client.post("/api/leads/l1/merge", json={"lead": "old"})).status_code == 200
    page = (await seller.get(f"/desk/{handoff}")).text
    for words in ("資料をダウンロード", "guide", "シナリオに入った", "something_new"):
        assert words in page, words
    assert "machine" not in page


async def test_a_change_of_a_task_is_noticed_once(process: Process) -> None:
    """And nothing else is; never the first time."""
    watch = live_changes.Changes()
    handoff = await task(process, "l1")

    def changed() -> bool:
        with reading(process.engine) as connection:
            return bool(watch.fresh(connection, [live_changes.TASKS]))

    assert [changed(), changed()] == [False, False]
    await process.client.post("/api/leads", json={"id": "l1", "name": "別名"})
    assert not changed()
    await process.client.post(f"/api/handoffs/{handoff}/accept", json={"rep": "rep_1"})
    assert [changed(), changed()] == [True, False]


async def test_what_nobody_accepted_in_time_stays_overdue(process: Process, seller: httpx.AsyncClient) -> None:
    """It has no due time any more once it went to the fallback; it stands first, and counts for the team."""
    late, other = await task(process, "l1"), await task(process, "l2")
    now = process.clock.now()
    change(process, late, due=None, made_at=now - timedelta(days=20))
    change(process, other, due=now + timedelta(days=9))
    with writing(process.engine) as connection:
        for each in (late, other):
            handoffs.change(connection, each, rep="rep_1")
        assert desk.overdue_of_reps(connection, now, ["inside_sales"]) == {"rep_1": 1}
        assert desk.overdue_of_reps(connection, now, []) == {}
        assert [each.task.id for each in desk.held(connection, "rep_1")[0]] == [late, other]
    page = (await seller.get("/desk", headers={"Accept-Language": "en"})).text
    assert re.findall(r'id="section-(\w+)"', page) == ["due", "new"]
    assert re.search(r"overdue by 1\d days", page)


async def test_listeners_hear_and_are_let_go(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look for all of them; whose session ended is told no more; nobody stays when the process ends."""
    monkeypatch.setattr(live, "EVERY", 0.05)
    looks: list[set[str]] = []
    watch = live.LiveWatch(process.engine)
    look = watch._look

    def counted(asked: set[str], wanted: set[str]) -> tuple[frozenset[str], frozenset[str]]:
        looks.append(asked)
        return look(asked, wanted)

    monkeypatch.setattr(watch, "_look", counted)
    handoff = await task(process, "l1")
    key, gone = watch.numbers(live_changes.TASKS, None), watch.numbers(live_changes.TASKS, "no session")
    assert (await anext(key)).endswith(b"data: 0\n\n")
    assert (await anext(gone)).endswith(b"data: 0\n\n")
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(gone), 10)
    assert looks[0] == {"no session"}
    await process.client.post(f"/api/handoffs/{handoff}/accept", json={"rep": "rep_1"})
    assert await asyncio.wait_for(anext(key), 10) == b"data: 1\n\n"
    waiting = asyncio.ensure_future(anext(key))
    await asyncio.sleep(0)
    watch.end()
    await asyncio.wait_for(watch.over(), 10)
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waiting, 10)
    assert watch.full
    assert [each async for each in watch.numbers(live_changes.TASKS, None)] == []


async def test_who_came_by_a_key_has_to_ask_again_soon(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing tells of its end; a person's session is looked at all the time, and so may stay."""
    assert live.BRIEFLY <= 60
    monkeypatch.setattr(live, "BRIEFLY", 0.2)
    browser = process.anybody()
    await browser.get("/login", params={"token": make_login_token(process.engine)})
    answer = await asyncio.wait_for(browser.get("/desk/stream"), 10)
    assert (answer.status_code, "data: 0" in answer.text) == (200, True)
    user = person(process, "ichiro", "sales", "rep_1")
    with writing(process.engine) as connection:
        session = sessions.begin(connection, user.id, "b", datetime.now(UTC))
    stays = process.app.state.live.numbers(live_changes.TASKS, digest_of(session))
    assert await anext(stays)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stays), 1)
    process.app.state.live.end()
    await process.app.state.live.over()


async def test_only_so_many_listen(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes later is told when to look again; strangers are not let in."""
    monkeypatch.setattr(live, "MOST_LISTENERS", 0)
    answer = await process.client.get("/desk/stream")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert (await process.anybody().get("/desk/stream")).status_code == 401


async def test_a_session_stands_until_it_ends(process: Process) -> None:
    """Asked for many at once: of one that was logged out, of one that ran out and of who was shut out, nothing."""
    user, other, now = person(process, "ichiro", "sales", "rep_1"), person(process, "jiro", "sales"), datetime.now(UTC)
    with writing(process.engine) as connection:
        good, ended, of_other = (sessions.begin(connection, each, "b", now) for each in (user.id, user.id, other.id))
        sessions.end(connection, ended)
        users.deactivate(connection, "jiro")
        asked = [digest_of(each) for each in (good, ended, of_other)]
        assert sessions.standing(connection, asked, now) == {digest_of(good)}
        assert sessions.standing(connection, asked, now + timedelta(hours=13)) == frozenset()
        assert sessions.standing(connection, [], now) == frozenset()
