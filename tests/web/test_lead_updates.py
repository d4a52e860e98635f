"""Leads are paused, moved and ended over HTTP: who may, what is noted, and what is said where it cannot be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from adapters.asking import Asking, NoAnswer, NothingRuns, NotReached, Rejected, Wish
from adapters.database.engine import writing
from adapters.database.schema import leads
from adapters.settings import Settings
from nurture import protocol
from tests.web.people import browser_of, person, token_in
from tests.web.process import Process

STANDS = protocol.Explanation(
    scenario="seminar_to_demo", step="newsletter", visit=1, since=datetime(2026, 11, 2, tzinfo=UTC), waiting_for=None,
    deadline=None, status="paused", why="asked by phone",
)  # fmt: skip


class Answering(Asking):
    """Stands for Temporal: remembers what was asked, and answers or fails as it is told."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__(Settings(temporal_port=1))
        self.asked: list[tuple[str, Wish, dict[str, Any]]] = []
        self.under: list[str | None] = []
        self.fails = fails

    async def __call__(
        self, lead: str, wish: Wish, given: dict[str, Any], *, once: str | None = None
    ) -> protocol.Explanation:
        """Where the lead stands."""
        self.asked.append((lead, wish, given))
        self.under.append(once)
        if self.fails is not None:
            raise self.fails
        return STANDS


def answering(process: Process, fails: Exception | None = None) -> Answering:
    """Put it in the place of Temporal."""
    made = Answering(fails)
    process.app.state.asking = made
    return made


def hidden(page: str) -> dict[str, str]:
    """What a page's form sends besides what is filled in."""
    return dict(re.findall(r'<input type="hidden" name="(csrf_token|once|scenario)" value="([^"]*)"', page))


async def walking(process: Process, lead: str = "l1", **values: Any) -> None:
    """A lead that waits in a scenario, as its workflow would have written it down."""
    body = {"id": lead, "email": f"{lead}@example.co.jp", "name": "見本 一郎", "attributes": {"company": "見本通信"}}
    assert (await process.client.post("/api/leads", json=body)).status_code == 201
    position = {
        "status": "waiting", "scenario": "seminar_to_demo", "enrolment": 1, "deployment": 1, "step": "newsletter",
        "visit": 1, "since": "2026-11-02T00:00:00Z", "waiting_for": ["opened", {"signed_up": "seminar"}],
        "deadline": "2026-11-07T00:00:00Z", "phase": "research", "hot": False,
        "why": "waits for a reaction or the timeout",
    }  # fmt: skip
    placed = {"status": "waiting", "scenario": "seminar_to_demo", "step": "newsletter", "started": True}
    with writing(process.engine) as connection:
        connection.execute(update(leads).where(leads.c.id == lead).values(**{**placed, "position": position, **values}))


ASKED = [
    ("pause", {"reason": " 日程の変更 "}, {"reason": "日程の変更"}),
    ("resume", {"reason": "a"}, {"reason": "a"}),
    ("leave", {"reason": "a"}, {"reason": "a"}),
    ("go_to", {"step": "sleep", "reason": "a"}, {"step": "sleep", "reason": "a"}),
    ("retry", {"reason": "a"}, {"reason": "a"}),
]


@pytest.mark.parametrize(("wish", "body", "given"), ASKED)
async def test_what_is_asked_reaches_the_workflow_and_is_noted(
    process: Process, wish: str, body: dict[str, str], given: dict[str, str]
) -> None:
    """200 with where the lead stands; one row of the audit, with the reason."""
    await walking(process)
    temporal = answering(process)
    answer = await process.client.post(f"/api/leads/l1/{wish}", json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["step"]) == ("paused", "newsletter")
    assert temporal.asked == [("l1", wish, given)]
    (row,) = (await process.client.get("/api/audit", params={"did": f"{wish}_lead"})).json()["items"]
    assert (row["by"], row["subject"], row["reason"]) == ("settings", "l1", given["reason"])


@pytest.mark.parametrize(
    ("fails", "status", "noted"),
    [
        (Rejected("the lead is not paused"), 409, []),
        (NothingRuns("no workflow of lead 'l1' runs"), 409, []),
        (NotReached("no Temporal server answers"), 503, []),
        (NoAnswer("no answer within 10 s", do="it may still be done"), 503, ["夏休み", "a"]),
    ],
)
async def test_what_stands_in_the_way_is_said(
    process: Process, fails: Exception, status: int, noted: list[str]
) -> None:
    """As a problem with what happened; on the page beside what was typed. Noted where it may be done later."""
    await walking(process)
    answering(process, fails)
    answer = await process.client.post("/api/leads/l1/resume", json={"reason": "a"})
    assert (answer.status_code, str(fails) in answer.json()["what"] + answer.json()["do"] + str(fails)) == (
        status,
        True,
    )
    assert answer.json()["what"] in str(fails)
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    sent = hidden((await browser.get("/leads/l1/do/resume")).text)
    page = await browser.post("/leads/l1/do/resume", data={**sent, "reason": "夏休み"})
    assert hidden(page.text) == sent  # the same again, so that it is done once
    assert (page.status_code, 'value="夏休み"' in page.text) == (status, True)
    unsure = "処理された可能性" in page.text
    assert unsure == bool(noted)
    rows = (await process.client.get("/api/audit", params={"did": "resume_lead"})).json()["items"]
    assert [each["reason"] for each in rows] == noted
    assert all(each["details"] == {"answered": False} for each in rows)
    admin = await browser_of(process, person(process, "admin", "admin"))
    assert (await admin.get("/audit")).text.count("応答なし") == len(noted)


async def test_a_lead_without_a_workflow_is_not_asked(process: Process) -> None:
    """404 for an unknown one; 409 for one that walks nothing, that rests, or that was erased."""
    temporal = answering(process)
    for name in ("l1", "l3"):
        await process.client.post("/api/leads", json={"id": name, "email": f"{name}@example.com"})
    await walking(process, "l2", retired=True)
    await process.client.delete("/api/leads/l3")
    names = ("l0", "l1", "l2", "l3")
    answers = [await process.client.post(f"/api/leads/{name}/pause", json={"reason": "a"}) for name in names]
    assert [each.status_code for each in answers] == [404, 409, 409, 409]
    assert temporal.asked == []


@pytest.mark.parametrize(
    ("wish", "body"),
    [("pause", {}), ("pause", {"reason": "  "}), ("pause", {"reason": "x" * 501}), ("go_to", {"reason": "a"}),
     ("retry", {"reason": "a", "step": "b"}), ("leave", {"reason": "a\0"})],
)  # fmt: skip
async def test_a_malformed_wish_is_refused_before_anybody_is_asked(
    process: Process, wish: str, body: dict[str, str]
) -> None:
    """422, and Temporal hears nothing."""
    await walking(process)
    temporal = answering(process)
    assert (await process.client.post(f"/api/leads/l1/{wish}", json=body)).status_code == 422
    assert temporal.asked == []


@pytest.mark.parametrize(("role", "may"), [("marketer", True), ("ops", True), ("admin", True), ("sales", False)])
async def test_only_who_may_write_moves_leads(process: Process, role: str, may: bool) -> None:
    """Others see no button, and are told 403."""
    await walking(process)
    temporal = answering(process)
    browser = await browser_of(process, person(process, "somebody", role))
    page = await browser.get("/leads/l1")
    assert ("/leads/l1/do/pause" in page.text) == may
    assert (await browser.get("/leads/l1/do/pause")).status_code == (200 if may else 403)
    sent = {"csrf_token": token_in((await browser.get("/account")).text), "scenario": "seminar_to_demo"}
    done = await browser.post("/leads/l1/do/pause", data={**sent, "reason": "a"})
    assert done.status_code == (303 if may else 403)
    assert len(temporal.asked) == may
    if may:
        assert done.headers["location"] == "/leads/l1?said=pause"
        assert "一時停止しました" in (await browser.get(done.headers["location"])).text


async def test_the_page_asks_for_a_reason_and_a_step(process: Process) -> None:
    """422 with the form as it was filled in; the steps of the scenario are there to choose from."""
    await walking(process)
    temporal = answering(process)
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    page = await browser.get("/leads/l1/do/go_to")
    assert "<option selected>newsletter</option>" in page.text
    assert "<option>seminar_invite</option>" in page.text
    sent = hidden(page.text)
    for data in (
        {"reason": " ", "step": "sleep"}, {"reason": "a"}, {"reason": "x" * 501, "step": "sleep"},
        {"reason": "a\0b", "step": "sleep"}, {"reason": "a", "step": "sle\0ep"},
    ):  # fmt: skip
        answer = await browser.post("/leads/l1/do/go_to", data={**sent, **data})
        assert (answer.status_code, hidden(answer.text)) == (422, sent), data
        assert 'aria-invalid="true"' in answer.text
        assert "\0" not in answer.text
    assert temporal.asked == []
    await browser.post("/leads/l1/do/go_to", data={**sent, "reason": "電話で", "step": "sleep"})
    assert temporal.asked == [("l1", "go_to", {"step": "sleep", "reason": "電話で"})]


async def test_what_is_sent_twice_is_asked_for_as_one(process: Process) -> None:
    """Under the same id, which Temporal and the lead know again; another page asks under another one."""
    await walking(process)
    temporal = answering(process)
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    first, second = [hidden((await browser.get("/leads/l1/do/leave")).text) for _ in range(2)]
    for sent in (first, first, second):
        assert (await browser.post("/leads/l1/do/leave", data={**sent, "reason": "a"})).status_code == 303
    assert temporal.under == [f"console-{each['once']}" for each in (first, first, second)]
    assert first["once"] != second["once"]


async def test_a_page_of_another_scenario_moves_nobody(process: Process) -> None:
    """409 with where the lead is now; what was typed stays, and whoever confirms that page is heard."""
    await walking(process)
    temporal = answering(process)
    browser = await browser_of(process, person(process, "hanako", "marketer"))
    sent = hidden((await browser.get("/leads/l1/do/leave")).text)
    with writing(process.engine) as connection:
        position = {**connection.execute(select(leads.c.position)).scalar_one(), "scenario": "reactivation"}
        connection.execute(update(leads).values(scenario="reactivation", position=position))
    page = await browser.post("/leads/l1/do/leave", data={**sent, "reason": "電話で"})
    assert (page.status_code, temporal.asked) == (409, [])
    assert "リードは先に進んでいました" in page.text
    assert 'value="電話で"' in page.text
    now = hidden(page.text)
    assert (now["scenario"], now["once"] == sent["once"]) == ("reactivation", False)
    assert (await browser.post("/leads/l1/do/leave", data={**now, "reason": "電話で"})).status_code == 303


async def test_a_temporal_that_is_away_is_told_soon() -> None:
    """Nothing listens: it is said that nothing was asked."""
    with pytest.raises(NotReached, match="nothing was changed"):
        await Asking(Settings(temporal_port=1))("l1", "pause", {"reason": "a"})


async def test_a_temporal_that_hangs_is_not_waited_for(free_port: Callable[[], int]) -> None:
    """It takes the connection and says nothing: after some seconds it is given up."""

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    port = free_port()
    server = await asyncio.start_server(silent, "127.0.0.1", port)
    asking = Asking(Settings(temporal_port=port), answers=timedelta(seconds=1))
    try:
        async with asyncio.timeout(8):
            with pytest.raises(NoAnswer):
                await asking("l1", "pause", {"reason": "a"})
    finally:
        server.close()
