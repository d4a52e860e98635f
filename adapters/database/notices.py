"""Reads what sales is to be told of a task or a message, and where; refuses to tell it.

Names and addresses are read at the moment of telling, so that none lies in a queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, select

from adapters.database import handoffs, tellings
from adapters.database.loads import OPEN
from adapters.database.merges import goes_on
from adapters.database.schema import events, leads
from adapters.database.schema import handoffs as tasks
from adapters.database.tellings import Unit
from adapters.notification import Message
from adapters.sales_channels.port import Notice, Person, Reader
from nurture import calendar
from nurture.briefing import Deed, Grounds, brief
from nurture.definitions import Channel, Definitions, Queue, Sales

_DONE_TO_IT = ("delivered", "bounced", "unsubscribed", "spam_reported", "merged", "processed", "deferred", "blocked")
_LOOK_BACK = 60
"""So many events are looked through: several of one kind are told as one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A notice before anybody is chosen: which task or message, about whom, to which reps of which queue.

    `absent`: who was to hear it, has left, and has nobody in their place. `waits`: it is told once the task has a rep.
    """

    key: str
    lead: str
    queue: str
    reps: Sequence[str]
    at: datetime
    task: handoffs.Handoff | None = None
    message: Message | None = None
    scenario: str | None = None
    forgotten: bool = False
    absent: Sequence[str] = ()
    waits: bool = False


def of_task(conn: Connection, handoff: str, definitions: Definitions) -> Asked:
    """What is to be told of a task, to the rep who has it; raises UnknownHandoff.

    Read under its lock: whoever hands it over sees either nothing begun, or that this one was claimed.
    """
    task = handoffs.locked(conn, handoff)
    scenario = conn.execute(select(tasks.c.scenario).where(tasks.c.id == handoff)).scalar()
    sales, rep = definitions.sales, task.rep
    gone = rep is not None and _has_left(sales, rep)
    passed_on = task.state in OPEN and _queue(definitions, task.queue) is not None
    return Asked(
        key=tellings.of_task(task.id), lead=task.lead, queue=task.queue, reps=(rep,) if rep and not gone else (),
        at=task.made_at, task=task, scenario=scenario or None, forgotten=forgotten(conn, task.lead),
        absent=(rep,) if rep and gone else (), waits=rep is None or (gone and passed_on),
    )  # fmt: skip


def of_message(conn: Connection, message: Message, definitions: Definitions, at: datetime) -> Asked:
    """What a `notify` step says: to the queue it names and all its reps, or to a rep.

    A rep hears through the queue of the task that it is about, or the rep's first one; by mail where there is none.
    Who has left hears nothing: where that is everybody, the queue's fallback does.
    """
    sales = definitions.sales
    if sales is not None and message.to in sales.queues:
        queue, named = message.to, sales.queues[message.to].reps
    else:
        queue, named = message.nudge.queue if message.nudge else _first_queue(sales, message.to), (message.to,)
    reps, absent = [rep for rep in named if not _has_left(sales, rep)], [rep for rep in named if _has_left(sales, rep)]
    rules = _queue(definitions, queue)
    if not reps and rules is not None and rules.fallback is not None and not _has_left(sales, rules.fallback):
        reps, absent = [rules.fallback], []
        message = message if message.to == queue else replace(message, to=rules.fallback)
    lead = goes_on(conn, message.lead)
    return Asked(
        key=tellings.of_message(message.key), lead=lead, queue=queue, reps=reps, at=at, message=message,
        forgotten=forgotten(conn, lead), absent=absent if not reps else (),
    )  # fmt: skip


def units(asked: Asked, definitions: Definitions, otherwise: Sequence[Channel]) -> list[Unit]:
    """Where it goes by sales.yaml; `otherwise` where its queue does not say."""
    queue = _queue(definitions, asked.queue)
    tell = queue.tell if queue is not None and queue.tell is not None else otherwise
    if not asked.queue:  # no queue says where, and a rep has an address
        tell = tell or ("email",)
    found: list[Unit] = []
    for channel in tell:
        found += [Unit(channel, rep) for rep in (*asked.reps, *asked.absent)] if channel == "email" else [Unit(channel)]
    return found


def notice(
    conn: Connection, asked: Asked, definitions: Definitions, unit: Unit, *, public_url: str, again: bool
) -> Notice:
    """What one channel says to one reader, with the person; who may not know takes it out."""
    rep = unit.rep or next(iter(asked.reps), None)
    reader = _reader(definitions.sales, rep)
    zone = calendar.zone_of(None, definitions)
    language = reader.language if reader is not None else "ja"
    task, message = asked.task, asked.message
    return Notice(
        key=asked.key, kind="handoff" if task is not None else "message",
        id=task.id if task is not None else message.key if message is not None else asked.key, lead=asked.lead,
        queue=asked.queue, rep=rep, made_at=asked.at, to=message.to if message is not None else None,
        text=_text(message, language, zone) if message is not None else None,
        reasons=task.reasons if task is not None else (),
        note=task.note if task is not None else None, due=task.due if task is not None else None,
        briefing=brief(grounds(conn, task, asked.scenario), definitions, language, zone) if task is not None else None,
        reader=reader, person=_person(conn, asked.lead),
        sender=definitions.sender.from_ if definitions.sender is not None else None, zone=str(zone),
        links=_links(asked, public_url),
        again=again,
    )  # fmt: skip


def _links(asked: Asked, public_url: str) -> dict[str, str]:
    """Where programs read on, and under `page` where people do: the task on the desk, else the team or the lead."""
    lead, message = quote(asked.lead, safe=""), asked.message
    task = asked.task.id if asked.task is not None else message.task if message is not None else None
    if message is not None and message.nudge is not None and message.nudge.kind == "waiting":
        page = f"/desk/team?{urlencode({'queue': asked.queue})}"  # of several tasks, not of the one that says so
    else:
        page = f"/desk/{quote(task)}" if task is not None else f"/leads/{lead}"
    api = f"{public_url}/api/leads/{lead}"
    return {
        "lead": api,
        "replies": f"{api}/replies",
        "handoffs": f"{public_url}/api/handoffs",
        "page": f"{public_url}{page}",
    }


def _text(message: Message, language: str, zone: tzinfo) -> str:
    return message.nudge.words(language, zone) if message.nudge is not None else message.text


def grounds(conn: Connection, task: handoffs.Handoff, scenario: str | None) -> Grounds:
    """What the words for a rep are made of; `scenario`: that of the task's step."""
    position = conn.execute(select(leads.c.position).where(leads.c.id == task.lead)).scalar() or {}
    return Grounds(
        queue=task.queue, reasons=task.reasons, note=task.note, due=task.due, score=task.score,
        phase=position.get("phase"), scenario=scenario, deeds=_deeds(conn, task.lead),
    )  # fmt: skip


def _deeds(conn: Connection, lead: str) -> list[Deed]:
    """What the lead did itself, newest first: no machine's clicks, and nothing that was done to it."""
    rows = conn.execute(
        select(events.c.at, events.c.type, events.c.subject)
        .where(events.c.lead == lead, events.c.automatic.is_(False), events.c.reversed_at.is_(None))
        .where(events.c.type.not_in(_DONE_TO_IT))
        .order_by(events.c.at.desc(), events.c.id.desc())
        .limit(_LOOK_BACK)
    )
    return [Deed(row.at, row.type, row.subject) for row in rows]


def _person(conn: Connection, lead: str) -> Person | None:
    row = conn.execute(select(leads.c.name, leads.c.email, leads.c.attributes).where(leads.c.id == lead)).first()
    if row is None:
        return None
    company = (row.attributes or {}).get("company")
    return Person(row.name, row.email, str(company) if company else None)


def forgotten(conn: Connection, lead: str) -> bool:
    """Whether nobody is to hear of this lead any more."""
    return conn.execute(select(leads.c.status).where(leads.c.id == lead)).scalar() == "erased"


def _reader(sales: Sales | None, rep: str | None) -> Reader | None:
    found = next((each for each in sales.reps if each.rep == rep), None) if sales is not None else None
    return Reader(found.rep, found.name, found.email, found.language) if found is not None else None


def _has_left(sales: Sales | None, rep: str) -> bool:
    found = sales.rep(rep) if sales is not None else None
    return found is not None and not found.active


def _queue(definitions: Definitions, name: str) -> Queue | None:
    return definitions.sales.queues.get(name) if definitions.sales is not None else None


def _first_queue(sales: Sales | None, rep: str) -> str:
    queues = sales.queues if sales is not None else {}
    return next((name for name, queue in queues.items() if rep in queue.reps or queue.fallback == rep), "")
