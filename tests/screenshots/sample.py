"""Fills a database as some months of the sample folder would: the same rows each time; knows no page and no browser.

The core walks the sample leads, with dice of a fixed seed in the place of people, and what came of it is written down
where workflows would have written it. Nurture's clock stands still at NOW, so that pages show the same times each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

import yaml
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, insert, select, update

from adapters.database import deployments, giving, handoffs, leads, timeline, users
from adapters.database import schema as tables
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import writing
from adapters.database.lead_files import leads_of
from adapters.database.leads import LeadUpsert
from adapters.database.scores import points_of
from adapters.mail.port import SEND_KEY_ARGUMENT
from adapters.mail.rendering import LeadFacts, render
from adapters.scenario_folder import read_folder
from nurture.audience import Audience, read_audience
from nurture.chronicle import Chronicle, position
from nurture.commands import AnyCommand, MakeHandoff, SendMail
from nurture.definitions import Definitions
from nurture.entries import HandoffClosed, Happening
from nurture.facts import named_types
from nurture.records import Line
from nurture.simulate import SimulatedLead, _book, _Crowd, _Journey
from nurture.state import State
from nurture.walk import Input

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SCENARIO = "seminar_to_demo"
NOW = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
"""A Monday, ten in the morning in Tokyo."""
START = NOW - timedelta(days=90)
SEED = 5
SHOWN_MAILS = 60
PEOPLE = (
    ("hanako", "佐藤 花子", "admin", None), ("mika", "鈴木 美香", "marketer", None),
    ("ichiro", "例示 一郎", "sales", "rep_1"), ("futaba", "仮名 二葉", "sales", "rep_2"),
    ("osamu", "運用 修", "ops", None),
)  # fmt: skip
"""Login, name, role and rep of those who log in."""
TROUBLE = ("template newsletter_02: lead.attributes.company is unset", "日程の変更のため")
LETTER = "費用と導入までの期間を教えてください。来週の火曜か水曜なら、お話しできます。"
REASONS = ("予算は来年度から", "まだ情報を集めている段階", "担当者が異動した")
_STATE = TypeAdapter(State)


class _Walked(_Journey):
    """A journey that remembers what was asked for and what happened."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.chronicle = Chronicle()
        self.sends: list[tuple[datetime, SendMail]] = []
        self.tasks: list[MakeHandoff] = []
        self.events: list[Happening] = []
        self.closed: list[HandoffClosed] = []

    def _answer(self, command: AnyCommand) -> Input:
        if isinstance(command, SendMail):
            self.sends.append((self.now, command))
        elif isinstance(command, MakeHandoff):
            self.tasks.append(command)
        return super()._answer(command)

    def _happened(self) -> Input:
        found = super()._happened()
        if isinstance(found, Happening):
            self.events.append(found)
        elif isinstance(found, HandoffClosed):
            self.closed.append(found)
        return found


def fill(engine: Engine) -> DeploymentStore:
    """Write it all into an empty, migrated database; gives its deployments."""
    store = DeploymentStore(engine)
    files = read_folder(SCENARIOS)
    with writing(engine) as conn:
        still = {"real": NOW, "nurture": NOW, "speed": 2, "lease_end_real": NOW}  # nobody renews the lease
        conn.execute(insert(tables.clock).values(id=1, **still))
        before = files | {"hot_lead.yaml": files["hot_lead.yaml"].replace("at_least: 120", "at_least: 150")}
        for number, each in enumerate((before, files)):
            at = START + number * timedelta(hours=3)
            deployments.deploy(conn, each, [], by=("mika", "hanako")[number], now=at, real_now=at)
        for login, name, role, rep in PEOPLE:
            users.add(conn, login, name=name, role=role, rep=rep, real_now=NOW)
    store.refresh()
    definitions = store.current()
    lines = (SCENARIOS / "leads.csv").read_text("utf-8").splitlines()
    known = leads_of(lines, definitions, file_name="leads.csv")
    with writing(engine) as conn:
        walked = _walk(conn, known, store)
        _write_tasks(conn, walked, definitions)
        _write_trouble(conn)
        _write_mails(conn, walked, {str(each.id): each for each in known}, definitions)
        conn.execute(update(tables.leads).values(pending=False))
        conn.execute(update(tables.entries).values(signalled_real=NOW))
    return store


def _walk(conn: Connection, known: Sequence[LeadUpsert], store: DeploymentStore) -> list[_Walked]:
    """Let the leads come in one after the other; those who fit the segment of SCENARIO walk it until NOW."""
    definitions, found = store.current(), list[_Walked]()
    habits = yaml.safe_load((SCENARIOS / "audience.yaml").read_text("utf-8"))
    book, crowd = _book(definitions, SCENARIO), _Crowd(livelier(habits), named_types(definitions), Random(SEED))
    for number, lead in enumerate(known):
        enters = START + (NOW - START) * number / len(known)
        made = leads.upsert(conn, lead, store=store, now=enters)
        if any(each.scenario == SCENARIO for each in made.decisions):
            who = SimulatedLead(made.lead, dict(lead.attributes or {}), lead.language or "ja", lead.time_zone)
            journey = _Walked(book, SCENARIO, who, enters, crowd)
            crowd.roam(journey, NOW)
            journey.go(NOW)
            _write_walk(conn, journey, made.lead)
            found.append(journey)
    return found


def livelier(habits: Any) -> Audience:
    """The people of audience.yaml, in more of a hurry, with slower sales: so that every page has something to show."""
    habits["default"]["opened"]["rate"] = 0.6
    habits["any_time"][-1]["rate_per_30d"] = 0.3
    habits["sales"]["after"] = {"from": "3d", "to": "25d"}
    return read_audience(habits)


def _write_walk(conn: Connection, journey: _Walked, lead: str) -> None:
    """Where a lead stands, what it did and what was decided."""
    state = journey.state
    at = position(journey.book, state)
    values = {"position": at.model_dump(mode="json"), "status": at.status, "scenario": at.scenario, "step": at.step,
              "state": _STATE.dump_python(state, mode="json"), "seq": state.seq, "started": True}  # fmt: skip
    conn.execute(update(tables.leads).where(tables.leads.c.id == lead).values(**values))
    if state.run is None:
        ended = {"state": "ended", "ended_at": journey.now, "finish": state.finished}
        conn.execute(update(tables.enrolments).where(tables.enrolments.c.lead == lead).values(**ended))
    told: list[dict[str, Any]] = [
        {"event": f"{lead}/{each.seq}", "lead": lead, "type": each.type, "subject": each.subject, "at": each.at,
         "received_at": each.at, "send": each.send, "properties": {}, "filed": True, "seq": each.seq}
        for each in journey.events
    ]  # fmt: skip
    if told:
        conn.execute(insert(tables.events), told)
    lines = [Line(at=each.at, kind="event", what=each.type, subject=each.subject or None) for each in journey.events]
    lines += [Line(at=now, kind="send", what="accepted", subject=mail.template, scenario=mail.scenario,
                   step=mail.step, visit=mail.visit) for now, mail in journey.sends]  # fmt: skip
    timeline.add(conn, lead, *sorted([*lines, *journey.chronicle.lines], key=lambda line: line.at))


def _write_tasks(conn: Connection, walked: Sequence[_Walked], definitions: Definitions) -> None:
    """The tasks of sales in the order of time, each accepted some hours later, and closed as the dice said."""
    closed = {each.handoff: each for journey in walked for each in journey.closed}
    first = {each.handoff: each for journey in walked for each in reversed(journey.tasks)}  # later ones add reasons
    due: list[tuple[datetime, int, Callable[[], object]]] = []
    closed = {each.handoff: each for journey in walked for each in journey.closed}

    def make(number: int, task: MakeHandoff, result: HandoffClosed | None) -> None:
        score = points_of(conn, [task.lead], definitions, task.at)[task.lead].shown()
        made = handoffs.make(conn, task, definitions, score=score)
        rep, ready = made.rep or "rep_1", task.at + timedelta(hours=1 + number % 5)
        if ready < NOW and (result is not None or ready < NOW - timedelta(days=5) or number % 3):
            due.append(
                (ready, number, partial(handoffs.accept, conn, made.id, rep, now=ready, definitions=definitions))
            )
        if result is not None:
            due.append((result.at, number, partial(_close, conn, result, rep, number)))
        elif number % 4 == 0 and ready < NOW:
            later = partial(giving.snooze, conn, made.id, rep, NOW + timedelta(days=2), None, now=ready)
            due.append((ready, number, partial(later, definitions=definitions)))

    for number, task in enumerate(sorted(first.values(), key=lambda each: each.at)):
        due.append((task.at, number, partial(make, number, task, closed.get(task.handoff))))
    while due:
        due.sort(key=itemgetter(0, 1))
        due.pop(0)[2]()


def _close(conn: Connection, result: HandoffClosed, rep: str, number: int) -> None:
    why = REASONS[number % len(REASONS)]
    if result.outcome == "returned":
        handoffs.return_(conn, result.handoff, rep, why, now=result.at)
    elif result.outcome == "won":
        amount = 400_000 * (1 + number % 7)
        handoffs.close(conn, result.handoff, rep, "won", now=result.at, amount=amount)
    else:
        handoffs.close(conn, result.handoff, rep, "lost", now=result.at, reason=why)


def _write_trouble(conn: Connection) -> None:
    """One lead that is blocked, one that somebody has paused, and a letter of one that sales is to call."""
    table = tables.leads
    waiting = select(table.c.id, table.c.position).where(table.c.status == "waiting").order_by(table.c.id).limit(2)
    for row, status, why in zip(conn.execute(waiting).all(), ("blocked", "paused"), TROUBLE, strict=True):
        at = {**row.position, "status": status, "why": why}
        conn.execute(update(table).where(table.c.id == row.id).values(status=status, position=at))
        timeline.add(conn, row.id, Line(at=NOW, kind="ops", what=status, reason=why))
    task = tables.handoffs
    called = conn.execute(select(task.c.lead).where(task.c.state == "open").order_by(task.c.made_at)).scalar()
    letter = {"subject": "Re: 見本", "words": LETTER, "text": LETTER, "kind": "written", "message": "a" * 64}
    conn.execute(insert(tables.replies).values(lead=called, at=NOW - timedelta(hours=2), **letter))


def _write_mails(
    conn: Connection, walked: Sequence[_Walked], known: Mapping[str, LeadUpsert], definitions: Definitions
) -> None:
    """Every mail as a send; the newest lie in the sink's inbox."""
    mails = sorted(((now, each) for journey in walked for now, each in journey.sends), key=itemgetter(0))
    for number, (at, each) in enumerate(mails):
        lead, message = known[each.lead], f"sample-{number}"
        template, sender = definitions.templates[(each.template, each.language)], definitions.sender
        assert sender is not None
        mail = render(
            template, lead=LeadFacts(each.lead, lead.name, lead.attributes or {}), sender=sender, send_key=each.key,
            unsubscribe_url="http://127.0.0.1:8480/u/sample", link_base="http://127.0.0.1:8480",
        )  # fmt: skip
        conn.execute(insert(tables.sends).values(
            key=each.key, lead=each.lead, scenario=each.scenario, enrolment=each.enrolment, step=each.step,
            visit=each.visit, template=each.template, subject=mail.subject, topic=each.topic,
            deployment=each.deployment, state="accepted", attempted_at=at, accepted_at=at, message_id=message,
        ))  # fmt: skip
        if number >= len(mails) - SHOWN_MAILS:
            conn.execute(insert(tables.inbox).values(
                message=message, to=lead.email, to_name=lead.name, from_email=sender.from_.email,
                from_name=sender.from_.name, subject=mail.subject, headers={}, text=mail.text, html=mail.html, links=[],
                custom_args={SEND_KEY_ARGUMENT: each.key}, at=at,
            ))  # fmt: skip
