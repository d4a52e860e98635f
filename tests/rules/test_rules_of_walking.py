"""Rules 3, 4, 8, 9 and 10 of the design: what was acknowledged, what it leads to, and what people are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select

from adapters.database import enrolments, lead_files, leads, numbering, sequence
from adapters.database.engine import reading, writing
from adapters.database.events import accept, accept_mail, happened
from adapters.database.mail_events import MailEvent
from adapters.database.schema import entries as entry_rows
from adapters.database.schema import sends
from adapters.mail import webhook
from nurture.commands import AnyCommand, SendResult
from nurture.definitions import Definitions
from nurture.entries import AnyEntry, Corrected, Delivery, Entry, Happening
from nurture.facts import gathered
from nurture.loading import load
from nurture.plan import Book
from nurture.sheet import wants_facts
from nurture.state import State
from nurture.walk import FactsRead, Input, advance, next_seq_missing
from tests.activities.conftest import EMAIL, LEAD, SendDesk, files
from tests.core.random_scenarios import Weather, checked
from tests.core.stage import START, Lead, as_json, later

KEY = f"{LEAD}/invite/1/first/1"
PATIENT = """\
scenario: patient
topic: news
start: hears
steps:
  hears:
    wait: {until: [{did: {visited: any}, at_least: 50}], timeout: 900d}
    then: [{when: {did: {visited: any}, at_least: 50}, go: done}, {otherwise: done}]
  done: {finish: done}
"""


class Killed(BaseException):
    """The process was killed in the middle of a transaction."""


# --- rule 3 ---------------------------------------------------------------------------------------------------------


def _survived(desk: SendDesk, dice: Random, work: Callable[[Connection], object]) -> bool:
    """Do some work in a transaction; False where the process was killed before it was committed."""
    with suppress(Killed), writing(desk.engine) as conn:
        work(conn)
        if dice.random() >= 0.3:
            return True
        raise Killed
    return False


def test_rule_3_every_acknowledged_event_is_filed_once_whoever_is_killed(desk: SendDesk) -> None:
    """2,000 events told by four senders at once, twice and in disorder, while two relays file them and all are killed.

    What was acknowledged has one number, numbers have no gaps, and each event is on the timeline once.
    """
    told = [{"id": f"e{number}", "lead": LEAD, "type": "clicked", "subject": "news"} for number in range(2000)]
    acknowledged: set[str] = set()
    done = threading.Event()

    def send(seed: int) -> None:
        dice = Random(seed)
        mine = [event for event in told if int(event["id"][1:]) % 4 in (seed, (seed + 1) % 4)]
        dice.shuffle(mine)
        for start in range(0, len(mine), 100):
            batch = mine[start : start + 100]
            take = partial(accept, told=batch, store=desk.store, now=desk.now())
            while not _survived(desk, dice, take):
                pass
            acknowledged.update(event["id"] for event in batch)

    def relay(seed: int) -> None:
        dice = Random(seed)
        while not done.is_set():
            _survived(desk, dice, partial(numbering.file_events, lead=LEAD, store=desk.store))

    senders = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    relays = [threading.Thread(target=relay, args=(seed,)) for seed in (10, 11)]
    for thread in (*senders, *relays):
        thread.start()
    for thread in senders:
        thread.join()
    done.set()
    for thread in relays:
        thread.join()
    desk.file_events()
    with reading(desk.engine) as conn:
        stored = sequence.stored_after(conn, LEAD, 0)
        numbers = list(conn.execute(select(entry_rows.c.seq).order_by(entry_rows.c.seq)).scalars())
    heard = [entry.id for entry in stored if isinstance(entry, Happening)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(acknowledged) == len(told)
    assert sorted(heard) == sorted(acknowledged)


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_rule_3_every_entry_is_applied_once_whatever_is_signalled_when(seed: int) -> None:
    """Signals come twice, late, in disorder or never, and a worker is killed now and then: all the same."""
    dice = Random(seed)
    lead = Lead(PATIENT)
    first: list[AnyEntry] = [lead.profile(), lead.enrolment()]
    stored: list[AnyEntry] = [*first, *[lead.event("visited", f"/{n}", at=later(f"{n}m")) for n in range(40)]]
    state, now = State(lead=LEAD), later("1d")
    applied: list[int] = []
    inbox: dict[int, AnyEntry] = {}
    while state.seq < len(stored):
        some = dice.randrange(len(stored))
        signal = stored[some : some + dice.randint(1, 6)]
        dice.shuffle(signal)
        delivered = Delivery.model_validate_json(Delivery(entries=tuple(signal)).model_dump_json()).entries
        inbox.update({entry.seq: entry for entry in delivered if entry.seq > state.seq})
        if next_seq_missing(state, inbox.values()):
            inbox.update({entry.seq: entry for entry in stored[: max(inbox)] if entry.seq > state.seq})
        given_ = [inbox[seq] for seq in sorted(inbox)]
        before = state.seq
        after = advance(lead.book, state, [*given_, *signal], now).state
        if dice.random() < 0.3:
            inbox.clear()  # its worker was killed before the answer: the same state, and the signals again
            continue
        applied.extend(range(before + 1, after.seq + 1))
        state = after
        inbox = {seq: entry for seq, entry in inbox.items() if seq > state.seq}
    straight = advance(lead.book, State(lead=LEAD), stored, now).state
    assert applied == list(range(1, len(stored) + 1))
    assert state.facts == straight.facts
    assert state.facts.times("visited: any", None) == 40


# --- rule 4 ---------------------------------------------------------------------------------------------------------

_INPUT: TypeAdapter[Any] = TypeAdapter(AnyEntry | SendResult)


@settings(max_examples=60, deadline=None)
@given(checked(), st.data())
def test_rule_4_replaying_what_a_lead_was_told_gives_the_same_path(
    definitions: Definitions, data: st.DataObject
) -> None:
    """From entries and answers as they are stored, in another process's book: the same state, records and commands."""
    weather = Weather(Lead(definitions), data.draw)
    lead = weather.lead
    weather.give(lead.profile(), lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 8))):
        weather.happen()
    state, records = State(lead=lead.state.lead), []
    mails: list[AnyCommand] = []
    book = Book([definitions])
    for inputs, now in weather.told:
        done = advance(book, state, [_as_stored(each) for each in inputs], now)
        state = TypeAdapter(State).validate_python(as_json(done.state))
        records.extend([done.record] if done.record is not None else [])
        mails.extend(command for command in done.commands if command.command == "send_mail")
    assert state == lead.state
    assert records == lead.records
    assert mails == lead.mails


def _as_stored(given_: Input) -> Input:
    if not isinstance(given_, (Entry, SendResult)):
        return given_
    stored: Input = _INPUT.validate_json(given_.model_dump_json())
    return stored


# --- rule 8 ---------------------------------------------------------------------------------------------------------


def _sent(desk: SendDesk) -> None:
    """The lead's mail was accepted an hour ago."""
    at = desk.now()
    desk.ahead += timedelta(hours=1)
    with writing(desk.engine) as conn:
        said = desk.command().model_dump(exclude={"command", "issue", "language", "slot"})
        conn.execute(insert(sends).values(**said, state="accepted", attempted_at=at, accepted_at=at))


def _told(desk: SendDesk, *told: tuple[str, float, dict[str, Any]]) -> None:
    """The provider tells of things that happened so many seconds after the acceptance."""
    accepted = desk.row().accepted_at
    batch = [
        MailEvent(id=f"{kind}-{after}", send=KEY, type=kind, at=accepted + timedelta(seconds=after), **more)
        for kind, after, more in told
    ]
    with writing(desk.engine) as conn:
        accept_mail(conn, batch, desk.now(), desk.store.current().sender)


def _heard(desk: SendDesk) -> Sequence[AnyEntry]:
    with writing(desk.engine) as conn:
        return [entry for entry in numbering.after(conn, LEAD, 0, desk.store) if isinstance(entry, Happening)]


def test_rule_8_machine_opens_and_automatic_clicks_neither_branch_nor_reach_facts(desk: SendDesk) -> None:
    """A prefetching mail program, a scanner within ten seconds, and one that finds the hidden link: nobody hears."""
    _sent(desk)
    _told(
        desk,
        ("delivered", 1, {}),
        ("opened", 2, {"machine": True}),
        ("clicked", 5, {"url": "https://n.example.com/news"}),
        ("clicked", 900, {"url": "https://n.example.com/mail/hidden"}),
    )
    assert [entry for entry in _heard(desk) if entry.kind == "event" and entry.type in ("opened", "clicked")] == []
    with reading(desk.engine) as conn:
        facts = gathered({"opened: any": 9, "clicked: any": 9}, happened(conn, LEAD, 99))
    assert (facts.times("opened: any", None), facts.times("clicked: any", None)) == (0, 0)
    kept = [line for line in desk.lines() if line["what"] in ("opened", "clicked")]
    assert len(kept) == 3
    assert all(line["automatic"] and line["seq"] is None for line in kept)


def test_rule_8_a_click_recognised_later_keeps_its_branch_and_is_marked(desk: SendDesk) -> None:
    """Two clicks were heard and counted as the open; a third link within five seconds shows a machine."""
    _sent(desk)
    links = [("clicked", 900.0 + n, {"url": f"https://n.example.com/{n}"}) for n in range(3)]
    _told(desk, ("delivered", 1, {}), *links[:2])
    book = Book([desk.store.current()])
    with writing(desk.engine) as conn:
        entries = numbering.after(conn, LEAD, 0, desk.store)
    now = desk.now()
    at = desk.row().accepted_at
    asked = advance(book, State(lead=LEAD), entries[:2], at)
    accepted = SendResult(key=KEY, issue=1, outcome="accepted", at=at)
    walked = advance(book, asked.state, [accepted, *entries[2:]], now)
    assert walked.state.finished == "done", "the click branched"
    _told(desk, links[2])
    with writing(desk.engine) as conn:
        more = numbering.after(conn, LEAD, walked.state.seq, desk.store)
        known = happened(conn, LEAD, 99)
    assert [entry for entry in more if isinstance(entry, Happening)] == [], "the third is not heard"
    heard = {entry.id for entry in entries if isinstance(entry, Happening) and entry.type == "clicked"}
    assert [set(entry.events) for entry in more if isinstance(entry, Corrected)] == [heard]
    wanted = wants_facts(book, walked.state, more)
    assert wanted is not None, "the sheet is made anew"
    after = advance(book, walked.state, [FactsRead(gathered(wanted, known)), *more], now).state
    assert after.finished == "done", "the branch stands"
    assert [kind for kind, *_ in known if kind == "clicked"] == [], "none of them is a fact any more"
    clicks = [line for line in desk.lines() if line["what"] == "clicked"]
    assert [line["automatic"] for line in clicks] == [True, True, True]
    told = [line["reason"] for line in desk.lines("reversed")]
    assert len(told) == 2
    assert all("its branch stands" in reason for reason in told)


# --- rule 9 ---------------------------------------------------------------------------------------------------------


def test_rule_9_a_folder_with_mistakes_names_every_one_with_its_place() -> None:
    """File, line, column, what is wrong and a near name, all in one run."""
    wrong = files()
    wrong["scenario.yaml"] = (
        wrong["scenario.yaml"].replace("then: done", "then: dnoe").replace("topic: news", "topic: nwes")
    )
    told = [str(problem) for problem in load(wrong).problems]
    assert any(each.startswith("scenario.yaml:9:") and "dnoe" in each and "done" in each for each in told), told
    assert any(each.startswith("scenario.yaml:3:") and "newsletter" in each for each in told), told


def test_rule_9_a_bad_row_is_named_and_the_good_ones_are_kept(desk: SendDesk) -> None:
    """FILE:line: message."""
    rows = ["id,email,plan", "one,one@example.com,trial", "two,no address,trial", "three,three@example.com,paid"]
    done = lead_files.import_rows(desk.engine, rows, store=desk.store, now=desk.now(), file_name="leads.csv")
    (bad,) = done.bad
    assert bad.startswith("leads.csv:3: ")
    assert "is not an address such as" in bad
    with reading(desk.engine) as conn:
        assert [leads.view(conn, name) is not None for name in ("one", "two", "three")] == [True, False, True]


def test_rule_9_a_bad_event_is_named_and_the_good_ones_are_kept(desk: SendDesk) -> None:
    """Its index, and why; the events around it are heard."""
    good = {"id": "a", "lead": LEAD, "type": "clicked"}
    with writing(desk.engine) as conn:
        answer = accept(
            conn, [good, {**good, "id": "b", "type": "clickd"}, {**good, "id": "c"}], store=desk.store, now=desk.now()
        )
    assert (answer.accepted, [each.index for each in answer.rejected]) == (2, [1])
    assert "did you mean 'clicked'" in answer.rejected[0].reason
    assert [entry.id for entry in _heard(desk) if isinstance(entry, Happening)] == ["a", "c"]


def test_rule_9_a_bad_item_of_a_webhook_is_named_and_the_good_ones_are_kept() -> None:
    """The provider's batch is never spoilt by one item."""
    item = f'{{"event":"open","timestamp":1790000000,"email":"{EMAIL}","nurture_send":"{KEY}"}}'
    batch = webhook.parse(f"[{item},{item.replace('1790000000', '[]')},{item.replace('open', 'opne')}]".encode())
    assert len(batch.events) == 1
    assert [each.index for each in batch.rejected] == [1, 2]
    assert "`timestamp`" in batch.rejected[0].reason
    assert "unknown event 'opne', known: " in batch.rejected[1].reason


# --- rule 10 --------------------------------------------------------------------------------------------------------

HINDERED = {
    "skipped", "blocked", "refused", "send_refused", "send_too_late", "deferred", "passed", "exhausted",
    "send_not_needed", "not_moved", "task_stays", "paused", "handoff_failed", "held_out",
    "not_begun", "letter_came_late",
}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(checked(), st.data())
def test_rule_10_whatever_keeps_a_lead_from_its_step_has_its_reason(
    definitions: Definitions, data: st.DataObject
) -> None:
    """Whatever happens to a lead: each line of something that did not happen says why, and a blocked lead shows it."""
    weather = Weather(Lead(definitions), data.draw)
    lead = weather.lead
    weather.give(lead.profile(), lead.enrolment("random"))
    for _ in range(data.draw(st.integers(1, 14))):
        weather.happen()
        if lead.where()[0] == "blocked":
            assert lead.records[-1].position.why
    silent = [line for line in lead.lines if line.what in HINDERED and not line.reason]
    assert silent == []


def test_rule_10_a_late_event_is_marked_and_a_refused_enrolment_is_told(desk: SendDesk) -> None:
    """On the lead's own timeline, not only in the answer of the API."""
    with writing(desk.engine) as conn:
        enrolments.decide(conn, LEAD, desk.store.current().scenarios["invite"], deployment=1, now=desk.now())
    (refused,) = desk.lines("enrolment_refused")
    assert refused["reason"] == "already_in"
    lead = Lead(PATIENT)
    lead.enrol()
    old = lead.event("visited", "/old", at=START - timedelta(days=1))
    lead.give(old, now=later("1h"))
    assert lead.late == [old.id]


def test_an_unsubscribe_in_the_second_of_the_enrolment_makes_the_lead_leave(desk: SendDesk) -> None:
    """The provider tells whole seconds, and names no mail: the lead leaves all the same."""
    with writing(desk.engine) as conn:
        entries = numbering.after(conn, LEAD, 0, desk.store)
        entered = entries[-1].at
        at = entered.replace(microsecond=0)
        told = MailEvent(id="u", type="spam_reported", at=at, address=EMAIL, suppresses="all")
        accept_mail(conn, [told], max(desk.now(), entered), None)
        told_too = numbering.after(conn, LEAD, 0, desk.store)
    done = advance(Book([desk.store.current()]), State(lead=LEAD), told_too, desk.now())
    assert done.state.finished == "spam_reported"
