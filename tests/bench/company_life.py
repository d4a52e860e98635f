"""Fills a database as years of use leave it: leads in scenarios, mails, events, timelines, tasks; measures nothing.

Beside `population`, which has leads and events only, for questions about all leads; pages are asked about one thing
among very many. The rows of a lead are scattered among those of all others, as they came in. Left out is what no page
reads: the entries of events. The same arguments give the same rows, but for the instant that is now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, Table, text
from sqlalchemy.schema import CreateIndex, DropIndex

from adapters.database.engine import writing
from adapters.database.lead_words import words_of
from adapters.database.schema import (
    addresses,
    audit,
    consents,
    enrolments,
    entries,
    events,
    handoffs,
    inbox,
    lead_words,
    leads,
    replies,
    sends,
    suppressions,
    timeline,
)
from nurture.conditions import MAIL_EVENTS
from nurture.definitions import Definitions
from nurture.facts import conditions_of, gathered, keeps, shared_conditions
from nurture.records import Position
from nurture.state import Run, State
from tests.bench.population import DID, attributes_of, instant, name_of, write_rows

DAYS = 720
"""How long ago the first of it was."""
MAILS_EACH = 4
_LINES_OF_A_MAIL = ("arrived", "accepted", "reaction")
_STATUSES = (
    ("waiting",) * 120 + ("idle",) * 50 + ("sending",) * 16 + ("with_sales",) * 10 + ("paused",) * 3 + ("blocked",)
)
_FAMILY = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤")
_GIVEN = ("一郎", "花子", "二葉", "三郎", "恵", "翔太", "美咲", "健", "葵", "直樹")
_OUTCOMES = ("won", "lost", "lost", "returned", "expired")
_STATE: TypeAdapter[State] = TypeAdapter(State)


@dataclass(frozen=True)
class Life:
    """How much there is to write, of which scenarios, up to when."""

    leads: int
    events_each: int
    definitions: Definitions
    now: datetime
    seed: int = 1

    @cached_property
    def ways(self) -> list[tuple[str, list[tuple[str, int]]]]:
        """Each scenario with its steps that send mails, and the visit, as often as a lead has mails."""
        found = []
        for name, scenario in sorted(self.definitions.scenarios.items()):
            mailing = [each for each, step in scenario.steps.items() if step.send is not None]
            turns = range(MAILS_EACH)
            found.append((name, [(mailing[turn % len(mailing)], turn // len(mailing) + 1) for turn in turns]))
        return found

    def way_of(self, number: int) -> tuple[str, list[tuple[str, int]]]:
        """The scenario that a lead is, or was, in, and where it got its mails."""
        return self.ways[number % len(self.ways)]

    def status_of(self, number: int) -> str:
        return _STATUSES[number * 7919 % len(_STATUSES)]

    def known_of(self, number: int) -> dict[str, Any]:
        """The attributes of a lead."""
        return attributes_of(Random(self.seed * 1_000_003 + number), number)

    def hot(self, number: int) -> bool:
        """One in a thousand, as well as those who are with sales."""
        return number % 1000 == 7 or self.status_of(number) == "with_sales"

    def ago(self, share: float) -> datetime:
        """The instant at a share of the whole time."""
        return self.now - timedelta(days=DAYS * (1 - share))

    def send_of(self, number: int, turn: int) -> str:
        """The key of a mail."""
        scenario, places = self.way_of(number)
        step, visit = places[turn % MAILS_EACH]
        return f"{name_of(number)}/{scenario}/1/{step}/{visit}"


def fill(engine: Engine, life: Life) -> None:
    """Write all of it into empty tables; indexes that are no constraint are made at the end."""
    for table, columns, rows in (
        (leads, _LEADS, _leads(life)),
        (lead_words, ("lead", "words"), _words(life)),
        (entries, _ENTRIES, _profiles(life)),
        (events, _EVENTS, _events(life)),
        (sends, _SENDS, _sends(life)),
        (timeline, _LINES, _lines(life)),
        (enrolments, _ENROLMENTS, _enrolments(life)),
        (handoffs, _HANDOFFS, _handoffs(life)),
        (consents, _CONSENTS, _consents(life)),
        (addresses, _ADDRESSES, _addresses(life)),
        (suppressions, _SUPPRESSIONS, _suppressions(life)),
        (replies, _REPLIES, _replies(life)),
        (audit, _CHANGES, _changes(life)),
        (inbox, _INBOX, _inbox(life)),
    ):
        with _without_indexes(engine, table):
            write_rows(engine, table, columns, rows)
    if engine.dialect.name == "postgresql":  # as its autovacuum would have; on SQLite the product gathers no statistics
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))


@contextmanager
def _without_indexes(engine: Engine, table: Table) -> Iterator[None]:
    with writing(engine) as conn:
        for index in table.indexes:
            if not index.unique:
                conn.execute(DropIndex(index))
    yield
    with writing(engine) as conn:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            if not index.unique:
                conn.execute(CreateIndex(index))


_Row = tuple[Any, ...]
_LEADS = (
    "id", "email", "name", "language", "attributes", "created_at", "last_seq", "last_enrolment", "started", "pending",
    "retired", "seq", "record", "position", "status", "scenario", "step", "state",
)  # fmt: skip


def _leads(life: Life) -> Iterator[_Row]:
    dice, facts = Random(life.seed), _facts(life)
    for number in range(life.leads):
        name, status, attributes = name_of(number), life.status_of(number), life.known_of(number)
        created, scenario = life.ago(dice.random() * 0.3), life.way_of(number)[0] if status != "idle" else None
        step = life.way_of(number)[1][dice.randrange(MAILS_EACH)][0] if scenario else None
        since = life.now - timedelta(hours=dice.randrange(1, 72))
        run = Run(scenario, 1, 1, created, step or "", 1, since=since, stage="waiting") if scenario else None
        state = State(lead=name, attributes=attributes, facts=facts, run=run, deployment=1, hot=life.hot(number))
        position = Position(
            status=status, scenario=scenario, enrolment=1 if scenario else None, deployment=1, step=step,
            visit=1 if scenario else None, since=since, waiting_for=({"opened": "any"},) if scenario else None,
            deadline=since + timedelta(days=5) if scenario else None, phase="research", hot=life.hot(number),
            why="waits for a reaction or the timeout" if status == "waiting" else "",
        )  # fmt: skip
        yield (
            name, f"{name}@example.com", _called(number), "ja",
            _written(attributes), instant(created), life.events_each + 1, 1, True, False, False, life.events_each + 1,
            12, position.model_dump_json(), status, scenario, step, _written(_STATE.dump_python(state, mode="json")),
        )  # fmt: skip


def _called(number: int) -> str:
    return f"{_FAMILY[number % 10]} {_GIVEN[number // 10 % 10]}"


def _words(life: Life) -> Iterator[_Row]:
    for number in range(life.leads):
        name = name_of(number)
        words = words_of(name, f"{name}@example.com", [], _called(number), life.known_of(number))
        yield name, words.replace("\n", " ")  # COPY reads lines


def _facts(life: Life) -> Any:
    """What a workflow keeps of a lead's events, as much as a state in use holds."""
    asked = [*shared_conditions(life.definitions)]
    asked += [each for scenario in life.definitions.scenarios.values() for each in conditions_of(scenario)]
    told = [
        (*DID[turn % len(DID)], f"send/{turn // 3}", life.ago(turn / life.events_each))
        for turn in range(life.events_each)
    ]
    return gathered(keeps(asked), told)


_ENTRIES = ("lead", "seq", "kind", "reference", "deployment", "at", "received_at", "body", "signalled_real")


def _profiles(life: Life) -> Iterator[_Row]:
    for number in range(life.leads):
        at = instant(life.ago(0.3 * (number + 1) / life.leads))
        body = _written({"kind": "profile", "seq": 1, "attributes": life.known_of(number)})
        yield name_of(number), 1, "profile", None, 1, at, at, body, at


_EVENTS = (
    "event", "lead", "type", "subject", "at", "received_at", "send", "automatic", "properties", "reversed_at", "filed",
    "seq",
)  # fmt: skip


def _events(life: Life) -> Iterator[_Row]:
    """The first events of all leads, then the second, and so on: neighbours in the table are of different leads."""
    for turn, number, at, kind, subject, automatic in _happened(life):
        send = life.send_of(number, turn) if kind in MAIL_EVENTS else None
        yield (
            f"{turn:03}/{number:07}", name_of(number), kind, subject, at, at, send, automatic, "{}", None, True,
            turn + 2,
        )  # fmt: skip


def _happened(life: Life) -> Iterator[tuple[int, int, str, str, str, bool]]:
    """Of every event: its turn, whose it is, when, what, about what, whether a machine's."""
    dice = Random(life.seed + 1)
    for turn in range(life.events_each):
        slots = [instant(life.ago((turn + hour / 500) / life.events_each)) for hour in range(500)]
        for number in range(life.leads):
            kind, subject = DID[int(dice.random() * len(DID))]
            yield turn, number, slots[number % 500], kind, subject, dice.random() < 0.04


_SENDS = (
    "key", "lead", "scenario", "enrolment", "step", "visit", "template", "subject", "topic", "deployment", "state",
    "slot", "attempted_at", "accepted_at", "message_id", "cancelled_issue", "again", "domain",
)  # fmt: skip


def _sends(life: Life) -> Iterator[_Row]:
    for turn in range(MAILS_EACH):
        for number in range(life.leads):
            scenario, places = life.way_of(number)
            step, visit = places[turn]
            at = instant(life.ago((turn + number / life.leads) / MAILS_EACH))
            yield (
                life.send_of(number, turn), name_of(number), scenario, 1, step, visit, step, f"{step} のご案内",
                "newsletter", 1,
                "held" if number % 5000 == 3 and turn == MAILS_EACH - 1 else "accepted", at, at, at,
                f"message-{turn}-{number}", 0, 0, "example.com",
            )  # fmt: skip


_LINES = (
    "lead", "seq", "event", "at", "received_at", "kind", "what", "subject", "scenario", "step", "visit", "reason",
    "late", "automatic",
)  # fmt: skip


def _lines(life: Life) -> Iterator[_Row]:
    """A line for each event, and those of each mail among them: where the lead came, what went, how it left."""
    every = max(1, life.events_each // MAILS_EACH)
    for turn, number, at, kind, subject, automatic in _happened(life):
        lead = name_of(number)
        yield (
            lead, turn + 2, f"{turn:03}/{number:07}", at, at, "event", kind, subject, None, None, None, None, False,
            automatic,
        )  # fmt: skip
        place = turn // every
        if turn % every or place >= MAILS_EACH:
            continue
        scenario, places = life.way_of(number)
        (step, visit), following = places[place], places[(place + 1) % MAILS_EACH][0]
        if not place:
            yield lead, 1, None, at, at, "decision", "entered", scenario, scenario, None, None, "segment", False, False
        for what in _LINES_OF_A_MAIL:
            yield (
                lead, turn + 2, None, at, at, "send" if what == "accepted" else "decision", what,
                following if what == "reaction" else None, scenario, step, visit,
                "opened" if what == "reaction" else None, False, False,
            )  # fmt: skip


_ENROLMENTS = ("lead", "enrolment", "scenario", "deployment", "priority", "state", "decided_at", "ended_at", "finish")


def _enrolments(life: Life) -> Iterator[_Row]:
    """The first of each lead runs unless it is in no scenario; every other lead waits for, or has ended, another."""
    for number in range(life.leads):
        lead, at = name_of(number), instant(life.ago(0.3 + 0.7 * number / life.leads))
        runs = life.status_of(number) != "idle"
        ended = (None, None) if runs else (at, "done")
        yield lead, 1, life.way_of(number)[0], 1, 50, "enrolled" if runs else "ended", at, *ended
        if number % 2:
            queued = number % 20 == 1
            ended = (None, None) if queued else (at, "exhausted")
            yield lead, 2, life.way_of(number + 1)[0], 1, 40, "queued" if queued else "ended", at, *ended


_HANDOFFS = (
    "id", "lead", "queue", "rep", "note", "reasons", "score", "state", "made_at", "due", "accepted_at", "closed_at",
    "amount", "reason", "notified_real", "scenario", "step", "visit", "company", "language", "total", "given_at",
    "stirred",
)  # fmt: skip


def _handoffs(life: Life) -> Iterator[_Row]:
    """One for every fifth lead, nearly all closed by now; of the newest some are with reps and some wait."""
    sales = life.definitions.sales
    queue = next(iter(sales.queues)) if sales else ""
    reps = [each.rep for each in sales.reps] if sales else [""]
    several = max(1, life.leads // 5)
    for place in range(several):
        number, rep = place * 5, reps[place % len(reps)]
        made = life.ago((place + 0.5) / several)
        left = several - place
        state = "open" if left <= 80 else "accepted" if left <= 200 else _OUTCOMES[place % len(_OUTCOMES)]
        closed = min(made + timedelta(days=5), life.now) if left > 200 else None
        due = life.now + timedelta(hours=left - 60) if closed is None else None
        yield (
            f"{name_of(number)}/{life.way_of(number)[0]}/1/to_sales/1", name_of(number), queue,
            None if left <= 40 else rep, None, _written(["料金ページを閲覧", "デモを依頼"]),
            _written({"total": 60 + place % 40, "attributes": 30, "behaviours": 30, "items": {}}), state, instant(made),
            instant(due) if due else None, instant(made) if state != "open" else None,
            instant(closed) if closed else None, 300_000 if state == "won" else None, None, instant(made),
            life.way_of(number)[0], "to_sales", 1, f"例示株式会社{number % 50_000}", "ja", 60 + place % 40,
            instant(made), 0,
        )  # fmt: skip


_CONSENTS = ("lead", "topic", "basis", "source", "at", "by_form")


def _consents(life: Life) -> Iterator[_Row]:
    for number in range(life.leads):
        yield name_of(number), "newsletter", "opt_in", "展示会", instant(life.ago(0.1)), False


_ADDRESSES = ("address", "lead", "address_hash", "added_at")


def _addresses(life: Life) -> Iterator[_Row]:
    for number in range(0, life.leads, 20):
        address = f"private-{number}@example.net"
        yield address, name_of(number), _hash(address), instant(life.ago(0.5))


_SUPPRESSIONS = ("address_hash", "scope", "reason", "at", "source")


def _suppressions(life: Life) -> Iterator[_Row]:
    for number in range(0, life.leads, 100):
        yield _hash(f"{name_of(number)}@example.com"), "newsletter", "unsubscribed", instant(life.ago(0.6)), None


_REPLIES = ("lead", "message", "send", "at", "kind", "subject", "words", "text", "attachments")


def _replies(life: Life) -> Iterator[_Row]:
    for number in range(0, life.leads, 50):
        said = "資料をありがとうございます。来月に見積もりをお願いします。"
        at = instant(life.ago(0.9))
        yield name_of(number), _hash(f"letter {number}"), life.send_of(number, 1), at, "written", "Re:", said, said, 0


_CHANGES = ("at", "by", "did", "subject", "details", "via", "role", "reason", "real")


def _changes(life: Life) -> Iterator[_Row]:
    several = max(1, life.leads // 2)
    for place in range(several):
        at = instant(life.ago(place / several))
        yield (
            at,
            f"user_{place % 12}",
            ("pause", "enrol", "accept", "close")[place % 4],
            name_of(place),
            None,
            "user",
            "marketer",
            None,
            at,
        )


_INBOX = (
    "message", "to", "to_name", "from_email", "from_name", "subject", "headers", "text", "html", "links", "custom_args",
    "at",
)  # fmt: skip


def _inbox(life: Life) -> Iterator[_Row]:
    several = max(1, life.leads // 5)
    for place in range(several):
        body = "資料のご案内です。" * 40
        yield (
            f"inbox-{place}", f"{name_of(place)}@example.com", None, "news@example.co.jp", "例示", f"ご案内 {place}",
            "{}", body, f"<p>{body}</p>", "[]", "{}", instant(life.ago(place / several)),
        )  # fmt: skip


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hash(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()
