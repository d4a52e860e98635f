"""Handoffs over HTTP: taking, giving back and closing, and who is told that it was too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from adapters.database import handoffs
from adapters.database.engine import writing
from nurture.commands import MakeHandoff
from tests.web.people import browser_of, person, token_in
from tests.web.process import Process

ID = "l1/seminar_to_demo/1/to_sales/1"
PATH = f"/api/handoffs/{ID}"


@pytest.fixture
async def sales(process: Process) -> httpx.AsyncClient:
    """A client, with one open task of lead l1."""
    await process.client.post("/api/leads", json={"id": "l1"})
    now = process.clock.now()
    command = MakeHandoff(
        lead="l1", handoff=ID, queue="inside_sales", note=None, reasons=("requested: demo",),
        scenario="seminar_to_demo", enrolment=1, step="to_sales", visit=1, at=now, deployment=1,
    )  # fmt: skip
    with writing(process.engine) as connection:
        handoffs.make(connection, command, process.store.current())
    return process.client


async def test_an_open_task_is_listed(sales: httpx.AsyncClient) -> None:
    """With everything a rep wants to know, and by state and rep."""
    (task,) = (await sales.get("/api/handoffs?state=open&rep=rep_1")).json()["items"]
    assert (task["id"], task["lead"], task["rep"], task["queue"]) == (ID, "l1", "rep_1", "inside_sales")
    assert (task["reasons"], task["state"]) == (["requested: demo"], "open")
    assert task["due"]
    assert (await sales.get("/api/handoffs?state=won")).json() == {"items": [], "next": None}
    assert (await sales.get(PATH)).json() == task


async def test_a_second_accept_is_409_and_says_who_has_it(sales: httpx.AsyncClient) -> None:
    """Whoever comes second, the first one too."""
    first = await sales.post(f"{PATH}/accept", json={"rep": "rep_2"})
    assert (first.status_code, first.json()["state"], first.json()["rep"]) == (200, "accepted", "rep_2")
    second = await sales.post(f"{PATH}/accept", json={"rep": "rep_1"})
    assert second.status_code == 409
    assert second.json()["rep"] == "rep_2"
    assert "rep_2" in second.json()["what"]


@pytest.mark.parametrize(
    ("verb", "body", "state"),
    [
        ("return", {"rep": "rep_1", "reason": "時期尚早"}, "returned"),
        ("close", {"rep": "rep_1", "outcome": "won", "amount": 1200000}, "won"),
        ("close", {"rep": "rep_1", "outcome": "lost", "reason": "予算なし"}, "lost"),
    ],
)
async def test_a_task_ends_without_having_been_accepted(
    sales: httpx.AsyncClient, verb: str, body: dict[str, object], state: str
) -> None:
    """The outcome is stored, numbered for the lead's workflow, and final."""
    answer = await sales.post(f"{PATH}/{verb}", json=body)
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert (await sales.get("/api/leads/l1")).json()["stored_seq"] == 2
    assert (await sales.post(f"{PATH}/{verb}", json=body)).status_code == 409


async def test_what_does_not_exist_is_said(sales: httpx.AsyncClient) -> None:
    """An unknown task is 404; an unknown rep, outcome or key of the body is 422."""
    assert (await sales.post("/api/handoffs/none/accept", json={"rep": "rep_1"})).status_code == 404
    wrong = await sales.post(f"{PATH}/accept", json={"rep": "rep_9"})
    assert wrong.status_code == 422
    assert "rep_1" in wrong.json()["do"]
    assert (await sales.post(f"{PATH}/close", json={"rep": "rep_1", "outcome": "returned"})).status_code == 422
    assert (await sales.post(f"{PATH}/return", json={"rep": "rep_1"})).status_code == 422


async def test_a_task_is_found_by_its_quoted_id(sales: httpx.AsyncClient) -> None:
    """The slashes of an id may be quoted in the path."""
    quoted = ID.replace("/", "%2F")
    assert (await sales.post(f"/api/handoffs/{quoted}/accept", json={"rep": "rep_1"})).status_code == 200


async def test_a_task_shows_everything_that_is_known_of_it(sales: httpx.AsyncClient) -> None:
    """The keys of the contract, and beside them when, how much, of which company, and whether it waits."""
    closed = await sales.post(f"{PATH}/close", json={"rep": "rep_1", "outcome": "won", "amount": 5, "reason": "良い"})
    task = closed.json()
    assert (task["amount"], task["currency"], task["reason"], task["waiting"]) == (5, "JPY", "良い", False)
    assert task["made_at"] <= task["closed_at"]
    assert {"accepted_at", "snoozed_until", "company", "note"} <= set(task)


async def test_tasks_are_found_by_their_due_and_by_whether_they_wait(sales: httpx.AsyncClient) -> None:
    """An instant with its offset; a word that is none is 422."""
    due = (await sales.get(PATH)).json()["due"]
    for query, found in (
        ({"due_before": due}, 0), ({"due_before": "2099-01-01T00:00:00+09:00"}, 1),
        ({"waiting": "true"}, 0), ({"waiting": "false"}, 1),
    ):  # fmt: skip
        assert len((await sales.get("/api/handoffs", params=query)).json()["items"]) == found, query
    assert (await sales.get("/api/handoffs", params={"due_before": "tomorrow"})).status_code == 422
    assert (await sales.get("/api/handoffs", params={"due_before": "2026-11-01T00:00:00"})).status_code == 422


async def test_a_rep_puts_a_task_off(sales: httpx.AsyncClient) -> None:
    """Only their own, into the future, by 90 days at most."""
    soon = datetime.now(UTC) + timedelta(days=2)
    put_off = await sales.post(f"{PATH}/snooze", json={"rep": "rep_1", "until": soon.isoformat(), "reason": "出張"})
    assert put_off.status_code == 200
    assert datetime.fromisoformat(put_off.json()["snoozed_until"]) == soon
    other = await sales.post(f"{PATH}/snooze", json={"rep": "rep_2", "until": soon.isoformat()})
    assert (other.status_code, other.json()["rep"]) == (409, "rep_1")
    for wrong in (soon - timedelta(days=3), soon + timedelta(days=90)):
        refused = await sales.post(f"{PATH}/snooze", json={"rep": "rep_1", "until": wrong.isoformat()})
        assert (refused.status_code, refused.json()["where"]) == (422, "body.until")
    assert (await sales.post(f"{PATH}/snooze", json={"rep": "rep_1", "until": "2027-01-01"})).status_code == 422


async def test_whoever_leads_the_team_hands_a_task_on(sales: httpx.AsyncClient) -> None:
    """With a name and a reason; the other rep has it, and has to accept it."""
    body = {"rep": "rep_2", "by": "head", "reason": "知り合い"}
    handed = await sales.post(f"{PATH}/assign", json=body)
    assert (handed.status_code, handed.json()["rep"], handed.json()["state"]) == (200, "rep_2", "open")
    assert (await sales.post(f"{PATH}/assign", json={**body, "rep": "rep_9"})).status_code == 422
    assert (await sales.post(f"{PATH}/assign", json={"rep": "rep_2", "by": "head"})).status_code == 422
    line = (await sales.get("/api/leads/l1/timeline")).json()["items"][-1]
    assert (line["what"], line["reason"]) == ("reassigned", "from rep_1 to rep_2 by head: 知り合い")


async def changes(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """What auditors are told of the task, the newest first."""
    items = (await client.get("/api/audit", params={"subject": ID})).json()["items"]
    return [(each["did"], each["reason"]) for each in items]


async def test_auditors_are_told_why_and_on_their_page_in_words(sales: httpx.AsyncClient) -> None:
    """Of what was put off, handed on and closed; handed to who has it already, nothing happened."""
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    handed_on = {"rep": "rep_2", "by": "head", "reason": "知り合い"}
    for verb, body in (
        ("snooze", {"rep": "rep_1", "until": soon, "reason": "出張"}),
        ("assign", handed_on),
        ("assign", handed_on),
        ("close", {"rep": "rep_2", "outcome": "lost", "reason": "予算なし"}),
    ):
        assert (await sales.post(f"{PATH}/{verb}", json=body)).status_code == 200
    assert await changes(sales) == [("close_task", "予算なし"), ("assign_task", "知り合い"), ("snooze_task", "出張")]
    page = (await sales.get("/audit", params={"subject": ID}, headers={"Accept-Language": "ja"})).text
    assert all(word in page for word in ("営業タスクの完了", "営業タスクの担当変更", "営業タスクの延期"))


async def test_the_team_is_shown_with_what_it_has(sales: httpx.AsyncClient) -> None:
    """In the order of sales.yaml, at work or not, with when that changes."""
    await sales.post(f"{PATH}/accept", json={"rep": "rep_2"})
    first, second = (await sales.get("/api/reps")).json()["items"]
    assert (first["rep"], first["open"], first["accepted"], first["room"]) == ("rep_1", 0, 0, 20)
    assert (second["rep"], second["open"], second["accepted"], second["room"]) == ("rep_2", 0, 1, 19)
    assert (second["active"], second["queues"]) == (True, ["inside_sales"])
    assert second["next_change"]
    assert isinstance(second["at_work"], bool)


@pytest.fixture
async def seller(process: Process, sales: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser of somebody of sales who is rep_1, and knows the token of its session."""
    return await with_token(process, "ichiro", "rep_1")


async def with_token(process: Process, login: str, rep: str | None) -> httpx.AsyncClient:
    """A browser that sends the token of its session with every request, as the desk's script does."""
    browser = await browser_of(process, person(process, login, "sales", rep))
    browser.headers["X-CSRF-Token"] = token_in((await browser.get("/account")).text)
    return browser


SOON = (datetime.now(UTC) + timedelta(days=2)).isoformat()
DEEDS: dict[str, dict[str, object]] = {
    "accept": {},
    "snooze": {"until": SOON},
    "assign": {"rep": "rep_2", "reason": "以前の担当"},
    "return": {"reason": "時期尚早"},
    "close": {"outcome": "won"},
}
"""What a person of sales does, without saying who does it."""


@pytest.mark.parametrize("verb", DEEDS)
async def test_a_person_of_sales_is_their_own_rep(seller: httpx.AsyncClient, verb: str) -> None:
    """Named or not; as another rep nothing is done, and it is said why."""
    who = "by" if verb == "assign" else "rep"
    other = await seller.post(f"{PATH}/{verb}", json={**DEEDS[verb], who: "rep_2"})
    assert (other.status_code, other.json()["where"]) == (403, f"body.{who}")
    assert "rep_1" in other.json()["what"]
    before = (await seller.get(PATH)).json()
    assert (before["state"], before["rep"]) == ("open", "rep_1")
    mine = await seller.post(f"{PATH}/{verb}", json=DEEDS[verb])
    assert (mine.status_code, mine.json()["rep"]) == (200, "rep_2" if verb == "assign" else "rep_1")


async def test_a_person_of_sales_may_name_their_own_rep(seller: httpx.AsyncClient) -> None:
    """As programs do."""
    assert (await seller.post(f"{PATH}/accept", json={"rep": "rep_1"})).status_code == 200


async def test_a_person_of_sales_hands_on_only_what_is_theirs(
    process: Process, seller: httpx.AsyncClient, sales: httpx.AsyncClient
) -> None:
    """Whoever leads the team, or a program with a key, may take it from anybody."""
    body = {"rep": "rep_2", "by": "head", "reason": "知り合い"}
    assert (await sales.post(f"{PATH}/assign", json=body)).status_code == 200
    taken = await seller.post(f"{PATH}/assign", json={"rep": "rep_1", "reason": "ほしい"})
    assert (taken.status_code, taken.json()["rep"]) == (409, "rep_2")


@pytest.mark.parametrize("verb", DEEDS)
async def test_an_account_without_a_rep_does_nothing(process: Process, sales: httpx.AsyncClient, verb: str) -> None:
    """It reads who can help; whatever rep it names."""
    nobody = await with_token(process, "jiro", None)
    for who in ({}, {"by" if verb == "assign" else "rep": "rep_1"}):
        refused = await nobody.post(f"{PATH}/{verb}", json={**DEEDS[verb], **who})
        assert (refused.status_code, "admin" in refused.json()["do"]) == (403, True)


@pytest.mark.parametrize("verb", DEEDS)
async def test_a_key_has_to_say_who_does_it(sales: httpx.AsyncClient, verb: str) -> None:
    """As ever: 422 with the place that lacks it, told like every other missing key."""
    refused = await sales.post(f"{PATH}/{verb}", json=DEEDS[verb])
    where = "body.by" if verb == "assign" else "body.rep"
    assert (refused.status_code, refused.json()["where"]) == (422, where)
    assert refused.json()["problems"] == [{"where": where, "what": "Field required"}]
