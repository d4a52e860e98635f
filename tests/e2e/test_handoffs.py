"""What sales gets and gives back, in the running product: told once, taken once, never forgotten."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, person, running, tell
from tests.e2e.whole import NewWhole, Whole, patiently

SCENARIO = """\
scenario: talk
language: en
start: first
anywhere:
  - {when: {requested: consultation}, go: quickly}
  - {when: {requested: visit}, go: visited}
steps:
  first:
    wait: {until: [{requested: demo}], timeout: 30d}
    then:
      - {when: {requested: demo}, go: to_sales}
      - {otherwise: bye}
  visited:
    handoff: {queue: field}
    then: bye
  to_sales:
    handoff: {queue: inside, note: call soon}
    then:
      - {when: {outcome: returned}, go: again}
      - {when: {outcome: won}, finish: won}
      - {otherwise: bye}
  quickly:
    handoff: {queue: urgent}
    then:
      - {when: {outcome: expired}, go: again}
      - {otherwise: bye}
  again:
    max_visits: 3
    when_exhausted: bye
    wait: {until: [{requested: demo}], timeout: 30d}
    then:
      - {when: {requested: demo}, go: to_sales}
      - {otherwise: bye}
  bye: {finish: over}
"""
SALES = """\
reps:
  - {rep: rep_1, name: Rep One, email: rep1@example.com, capacity: 1000}
  - {rep: rep_2, name: Rep Two, email: rep2@example.com, capacity: 1000}
  - {rep: rep_3, name: Rep Three, email: rep3@example.com, capacity: 1}
queues:
  inside: {reps: [rep_1], fallback: rep_1}
  urgent: {reps: [rep_1], fallback: rep_2, accept_within: 3s, close_within: 8s, tell: [email, csv]}
  field: {reps: [rep_3], wait_for: [capacity]}
"""


class Chat(ThreadingHTTPServer):
    """What sales is told through; down as long as `up` is not set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.up = threading.Event()
        self.tried: list[str] = []
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def about(self, handoff: str) -> list[str]:
        """The keys of the notices about a task that were taken."""
        return [key for key, notice in self.heard if notice["id"] == handoff]


class _Handler(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.tried.append(body["id"])
        if self.server.up.is_set():
            self.server.heard.append((self.headers["Idempotency-Key"], body))
        self.send_response(204 if self.server.up.is_set() else 503)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    """A receiver that is down at first."""
    server = Chat()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def nurture(tmp_path_factory: pytest.TempPathFactory, new_whole: NewWhole, chat: Chat) -> Iterator[Whole]:
    """A whole that tells the chat, with the scenario deployed."""
    directory = tmp_path_factory.mktemp("handoffs")
    told = {"NURTURE_NOTIFY_URL": f"http://127.0.0.1:{chat.server_address[1]}/hook"}
    with running(directory / "home", new_whole, environment=told) as whole:
        folder = write_folder(directory / "scenarios", SCENARIO, sales=SALES)
        deployed = whole.run("deploy", str(folder))
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        yield whole


def walk_in(nurture: Whole, lead: str) -> None:
    """A lead in the first step."""
    assert nurture.post("/api/leads", person(lead)).status_code == 201
    assert nurture.post("/api/enrollments", {"scenario": "talk", "leads": [lead]}).json()["enrolled"] == [lead]


def task_of(nurture: Whole, lead: str, **wanted: object) -> dict[str, Any]:
    """The newest task of a lead, once it is as wanted."""

    def look() -> dict[str, Any] | None:
        found = list(nurture.all(f"/api/handoffs?lead={lead}"))
        return found[-1] if found and all(found[-1][name] == value for name, value in wanted.items()) else None

    return patiently(look, seconds=60)


def test_sales_is_told_once_though_the_receiver_was_down(nurture: Whole, chat: Chat) -> None:
    """A row, a log line and one notice with its key; a second reason that joins the task is no second notice."""
    walk_in(nurture, "down")
    tell(nurture, "down", "one", "requested", "demo")
    nurture.lead("down", status="with_sales", step="to_sales")
    task = task_of(nurture, "down", state="open")
    assert (task["rep"], task["queue"], task["reasons"]) == ("rep_1", "inside", ["talk: to_sales"])
    patiently(lambda: chat.tried.count(task["id"]) >= 2)
    assert chat.about(task["id"]) == []
    chat.up.set()
    patiently(lambda: chat.about(task["id"]))
    assert chat.about(task["id"]) == [f"handoff/{task['id']}"]
    notice = next(notice for _, notice in chat.heard if notice["id"] == task["id"])
    assert (notice["kind"], notice["lead"], notice["note"]) == ("handoff", "down", "call soon")
    assert "down@example.com" not in json.dumps(notice)
    patiently(lambda: ("told", "webhook") in lines(nurture, "down", "what", "subject"))
    log = (nurture.home / "log" / "worker.log").read_text()
    assert sum("sales_notified" in line and task["id"] in line for line in log.splitlines()) == 1
    assert [what for kind, what in lines(nurture, "down", "kind", "what") if kind == "handoff"] == [
        "handed_over", "not_told", "told",
    ]  # fmt: skip


async def test_a_lead_that_is_walked_anew_makes_no_second_notice(nurture: Whole, chat: Chat) -> None:
    """Its workflow was terminated while with sales: the same task, and nobody is told again."""
    chat.up.set()
    walk_in(nurture, "anew")
    tell(nurture, "anew", "one", "requested", "demo")
    task = task_of(nurture, "anew", state="open")
    patiently(lambda: chat.about(task["id"]))
    await (await handle(nurture, "anew")).terminate("a mistake")
    tell(nurture, "anew", "two", "requested", "nothing")
    before = nurture.lead("anew")["stored_seq"]
    nurture.lead("anew", status="with_sales", step="to_sales", seq=before)
    walk_in(nurture, "later")  # as long as this takes, a second notice would have come
    tell(nurture, "later", "one", "requested", "demo")
    other = task_of(nurture, "later", state="open")
    patiently(lambda: chat.about(other["id"]))
    assert len(chat.about(task["id"])) == 1
    assert len(list(nurture.all("/api/handoffs?lead=anew"))) == 1


def test_a_task_is_taken_by_one_rep_and_goes_back_where_the_scenario_says(nurture: Whole) -> None:
    """A second accept is 409 and says who has it; a returned lead walks on, and comes again as another task."""
    walk_in(nurture, "back")
    tell(nurture, "back", "one", "requested", "demo")
    first = task_of(nurture, "back", state="open")
    path = f"/api/handoffs/{first['id']}"
    assert nurture.post(f"{path}/accept", {"rep": "rep_1"}).status_code == 200
    taken = nurture.post(f"{path}/accept", {"rep": "rep_2"})
    assert taken.status_code == 409
    assert "rep_1" in taken.text
    assert nurture.post(f"{path}/return", {"rep": "rep_2", "reason": "mine"}).status_code == 409
    assert nurture.post(f"{path}/return", {"rep": "rep_1", "reason": "too early"}).status_code == 200
    nurture.lead("back", status="waiting", step="again")
    assert nurture.post(f"{path}/close", {"rep": "rep_1", "outcome": "won"}).status_code == 409

    tell(nurture, "back", "two", "requested", "demo")
    nurture.lead("back", status="with_sales", step="to_sales", visit=2)
    second = task_of(nurture, "back", state="open")
    assert second["id"] != first["id"]
    done = nurture.post(f"/api/handoffs/{second['id']}/close", {"rep": "rep_1", "outcome": "won", "amount": 100})
    assert done.status_code == 200
    nurture.lead("back", status="idle", scenario=None)
    told = lines(nurture, "back", "what", "subject")
    assert ("finished", "won") in told
    assert [what for what, _ in told if what in ("accepted", "returned", "won")] == ["accepted", "returned", "won"]


def test_a_task_nobody_takes_goes_to_the_fallback_and_expires(nurture: Whole) -> None:
    """Not accepted in time it is the fallback's; not closed in time it expires, and the lead goes on."""
    walk_in(nurture, "forgotten")
    tell(nurture, "forgotten", "one", "requested", "consultation")
    assert task_of(nurture, "forgotten")["queue"] == "urgent"
    task_of(nurture, "forgotten", rep="rep_2", state="open")
    task_of(nurture, "forgotten", state="expired")
    nurture.lead("forgotten", status="waiting", step="again")
    told = lines(nurture, "forgotten", "kind", "what")
    decided = [what for kind, what in told if kind == "handoff" and what != "told"]
    assert decided == ["handed_over", "reassigned", "expired"]


def test_a_queue_tells_the_rep_by_mail_and_in_a_file(nurture: Whole) -> None:
    """The rep has a mail with the person, the reason and a link, and the file of the month a line."""
    walk_in(nurture, "mailed")
    tell(nurture, "mailed", "one", "requested", "consultation")
    task = task_of(nurture, "mailed")
    patiently(lambda: [what for what in lines(nurture, "mailed", "what") if what == "told"] == ["told"] * 2)
    (mail,) = (each for each in nurture.all("/api/inbox?to=rep1@example.com") if "mailed@example.com" in each["text"])
    assert "依頼「consultation」" in mail["text"]
    assert f"/desk/{task['id']}" in mail["text"]
    (file,) = (nurture.home / "sales").glob("handoffs-*.csv")
    (row,) = (row for row in file.read_text(encoding="utf-8-sig").splitlines() if f"handoff/{task['id']}" in row)
    assert "mailed@example.com" in row
    assert len(list(nurture.all("/api/inbox?to=mailed@example.com"))) == 0


def test_another_program_says_what_came_of_a_task(nurture: Whole) -> None:
    """At the address that ends with its key; the lead's workflow goes on by it."""
    walk_in(nurture, "deal")
    tell(nurture, "deal", "one", "requested", "demo")
    task = task_of(nurture, "deal", state="open")
    secret = nurture.run("keys", "add", "--role", "crm", "--name", "crm").stdout.strip()
    said = {"id": "deal-1", "handoff": task["id"], "outcome": "won", "rep": "rep1@example.com", "amount": 100}
    for became in ("taken", "duplicate"):
        answer = nurture.post(f"/webhooks/sales/{secret}", said)
        assert (answer.status_code, answer.json()["became"]) == (200, became)
    nurture.lead("deal", status="idle", scenario=None)
    assert ("finished", "won") in lines(nurture, "deal", "what", "subject")


def test_a_lead_with_sales_hears_and_keeps_what_it_does(nurture: Whole) -> None:
    """Nothing moves it, its events are kept; a further scenario waits until the task is closed."""
    walk_in(nurture, "kept")
    tell(nurture, "kept", "one", "requested", "demo")
    task = task_of(nurture, "kept", state="open")
    nurture.lead("kept", status="with_sales")
    tell(nurture, "kept", "two", "requested", "consultation")
    nurture.lead("kept", status="with_sales", step="to_sales")
    assert [subject for what, subject in lines(nurture, "kept", "what", "subject") if what == "requested"] == [
        "demo", "consultation",
    ]  # fmt: skip
    assert len(list(nurture.all("/api/handoffs?lead=kept"))) == 1
    assert nurture.post(f"/api/handoffs/{task['id']}/close", {"rep": "rep_1", "outcome": "lost"}).status_code == 200
    nurture.lead("kept", status="idle")


def test_a_task_waits_for_room_and_its_rep_is_told_when_it_has_one(nurture: Whole, chat: Chat) -> None:
    """Made at once and told to no rep; the marketer hears that tasks wait; a task that is closed makes room."""
    chat.up.set()
    for lead in ("full", "waits"):
        walk_in(nurture, lead)
        tell(nurture, lead, "one", "requested", "visit")
        nurture.lead(lead, status="with_sales")
    first, second = task_of(nurture, "full", state="open"), task_of(nurture, "waits", state="open")
    assert (first["rep"], second["rep"], second["waiting"]) == ("rep_3", None, True)
    patiently(lambda: [key for key, _ in chat.heard if key.startswith("message/waiting/field/")])
    assert chat.about(second["id"]) == []
    assert nurture.post(f"/api/handoffs/{first['id']}/close", {"rep": "rep_3", "outcome": "lost"}).status_code == 200
    given = task_of(nurture, "waits", rep="rep_3", waiting=False)
    patiently(lambda: chat.about(given["id"]))
    assert chat.about(given["id"]) == [f"handoff/{given['id']}"]
    # put off, it wakes with a reminder
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    put_off = nurture.post(f"/api/handoffs/{given['id']}/snooze", {"rep": "rep_3", "until": soon})
    assert put_off.status_code == 200, put_off.text
    patiently(lambda: [key for key, _ in chat.heard if key.startswith(f"message/{given['id']}/woken/")])
    told = [what for kind, what in lines(nurture, "waits", "kind", "what") if kind == "handoff" and what != "told"]
    assert told == ["handed_over", "waiting", "given", "snoozed", "woken"]
