"""Reads the tasks of sales with who they are about, as a desk shows them; refuses to change any."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, literal, or_, select

from adapters.database.among import among
from adapters.database.handoffs import Handoff, UnknownHandoff, read
from adapters.database.loads import OPEN
from adapters.database.merges import merged_into
from adapters.database.pages import cursor_after, rows_of_a_page, text_cursor
from adapters.database.schema import Instant, consents, handoffs, leads, timeline

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# what nobody accepted in time has no due time any more once it fell back: it goes before all that still has one
_DUE = func.coalesce(
    handoffs.c.due, case((handoffs.c.state == "open", handoffs.c.made_at), else_=literal(_NEVER, Instant))
)
_TOTAL = func.coalesce(handoffs.c.total, 0)


@dataclass(frozen=True, slots=True)
class DeskTask:
    """A task and who it is about: `company` as known now, else as when it was made; `erased`: nobody is to call."""

    task: Handoff
    name: str | None
    company: str | None
    erased: bool
    scenario: str | None
    step: str | None
    visit: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a lead's timeline."""

    at: datetime
    kind: str
    what: str
    subject: str | None
    scenario: str | None
    step: str | None
    reason: str | None
    automatic: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent as it was given."""

    topic: str
    basis: str
    source: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Callee:
    """Whom to call: what is known of the person."""

    email: str | None
    language: str
    time_zone: str | None
    attributes: Mapping[str, Any]


def held(
    conn: Connection, rep: str | None, limit: int | None = None, cursor: str | None = None
) -> tuple[list[DeskTask], str | None]:
    """One page of what a rep has not closed yet (None: what anybody has), what is due first first; and the next one."""
    wanted = rows_of_a_page(limit)
    mine = handoffs.c.rep == rep if rep is not None else handoffs.c.rep.is_not(None)
    query = _tasks().where(handoffs.c.state.in_(OPEN), mine).order_by(_DUE, handoffs.c.id).limit(wanted + 1)
    after = text_cursor(cursor)
    if after is not None:
        due = select(_DUE).where(handoffs.c.id == after).scalar_subquery()
        query = query.where(or_(due < _DUE, (due == _DUE) & (handoffs.c.id > after)))
    return _page(conn, query, wanted)


def waiting(
    conn: Connection, queue: str | None, limit: int | None = None, cursor: str | None = None
) -> tuple[list[DeskTask], str | None]:
    """One page of what nobody has yet, in the order in which it is given out: the best first, of equals the newest."""
    wanted = rows_of_a_page(limit)
    query = _tasks().where(handoffs.c.state == "open", handoffs.c.rep.is_(None))
    if queue is not None:
        query = query.where(handoffs.c.queue == queue)
    query = query.order_by(_TOTAL.desc(), handoffs.c.made_at.desc(), handoffs.c.id).limit(wanted + 1)
    after = text_cursor(cursor)
    if after is not None:
        total = select(_TOTAL).where(handoffs.c.id == after).scalar_subquery()
        made = select(handoffs.c.made_at).where(handoffs.c.id == after).scalar_subquery()
        later = or_(made > handoffs.c.made_at, (made == handoffs.c.made_at) & (handoffs.c.id > after))
        query = query.where(or_(total > _TOTAL, (total == _TOTAL) & later))
    return _page(conn, query, wanted)


def closed(conn: Connection, rep: str | None, since: datetime, limit: int) -> list[DeskTask]:
    """What a rep (None: anybody) has closed since then, the newest first."""
    query = _tasks().where(handoffs.c.closed_at >= since)
    if rep is not None:
        query = query.where(handoffs.c.rep == rep)
    rows = conn.execute(query.order_by(handoffs.c.closed_at.desc(), handoffs.c.id).limit(limit))
    return [_read(row) for row in rows]


def one(conn: Connection, handoff: str) -> DeskTask:
    """One task; raises UnknownHandoff."""
    row = conn.execute(_tasks().where(handoffs.c.id == handoff)).first()
    if row is None:
        raise UnknownHandoff(handoff)
    return _read(row)


def of_company(conn: Connection, company: str, lead: str, limit: int) -> list[DeskTask]:
    """Tasks about other leads of a company, the newest first."""
    query = _tasks().where(handoffs.c.company == company, handoffs.c.lead != lead)
    return [_read(row) for row in conn.execute(query.order_by(handoffs.c.made_at.desc()).limit(limit))]


def overdue_of_reps(conn: Connection, now: datetime, timed: Collection[str]) -> dict[str, int]:
    """For every rep who has tasks whose time is over: how many. `timed`: queues that say how soon one is accepted.

    In these a task that nobody accepted in time stays overdue, although it has no further time.
    """
    fell_back = and_(handoffs.c.state == "open", handoffs.c.due.is_(None), handoffs.c.queue.in_(timed))
    query = select(handoffs.c.rep, func.count()).where(
        handoffs.c.state.in_(OPEN), handoffs.c.rep.is_not(None), or_(handoffs.c.due < now, fell_back)
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(handoffs.c.rep))}


def mark(conn: Connection) -> str:
    """Something that changes whenever a task is made, accepted or closed."""
    columns = (handoffs.c.made_at, handoffs.c.accepted_at, handoffs.c.closed_at)
    row = conn.execute(select(*(func.count(each) for each in columns), func.max(handoffs.c.closed_at))).one()
    return " ".join(str(each) for each in row)


def waiting_in_queues(conn: Connection) -> dict[str, int]:
    """For every queue in which tasks wait for a rep: how many."""
    query = select(handoffs.c.queue, func.count()).where(handoffs.c.state == "open", handoffs.c.rep.is_(None))
    return {row[0]: row[1] for row in conn.execute(query.group_by(handoffs.c.queue))}


def history(conn: Connection, desk: DeskTask) -> list[Happened]:
    """Everything that happened to a task, the oldest first."""
    place = (
        timeline.c.kind == "handoff", timeline.c.scenario.is_not_distinct_from(desk.scenario or None),
        timeline.c.step.is_not_distinct_from(desk.step or None),
        timeline.c.visit.is_not_distinct_from(desk.visit or None), timeline.c.at >= desk.task.made_at,
    )  # fmt: skip
    query = select(timeline).where(among(timeline.c.lead), *place).order_by(timeline.c.id)
    return [_happened(row) for row in conn.execute(query, {"of": _selves(conn, desk.task.lead)})]


def path(conn: Connection, lead: str, limit: int) -> list[Happened]:
    """The newest things that a lead did and that were decided about it, the newest first; what machines did is out."""
    query = select(timeline).where(
        among(timeline.c.lead), timeline.c.kind.in_(("event", "decision")), timeline.c.automatic.is_(False)
    )
    rows = conn.execute(query.order_by(timeline.c.id.desc()).limit(limit), {"of": _selves(conn, lead)})
    return [_happened(row) for row in rows]


def person(conn: Connection, lead: str) -> Callee | None:
    """Who the lead is; None where there is no such lead."""
    columns = (leads.c.email, leads.c.language, leads.c.time_zone, leads.c.attributes)
    row = conn.execute(select(*columns).where(leads.c.id == lead)).first()
    return None if row is None else Callee(row.email, row.language, row.time_zone, row.attributes or {})


def agreed(conn: Connection, lead: str) -> list[Agreed]:
    """What a lead has consented to, the newest first."""
    columns = (consents.c.topic, consents.c.basis, consents.c.source, consents.c.at)
    query = select(*columns).where(consents.c.lead == lead).order_by(consents.c.at.desc()).limit(100)
    return [Agreed(row.topic, row.basis, row.source, row.at) for row in conn.execute(query)]


def _selves(conn: Connection, lead: str) -> list[str]:
    # asked for first: with the merges inside the statement PostgreSQL would look through the whole timeline
    return [lead, *merged_into(conn, lead)]


def _tasks() -> Select[Any]:
    company = leads.c.attributes["company"].as_string().label("company_now")
    about = (leads.c.name.label("lead_name"), company, leads.c.status.label("lead_status"))
    return select(handoffs, *about).outerjoin(leads, leads.c.id == handoffs.c.lead)


def _page(conn: Connection, query: Select[Any], wanted: int) -> tuple[list[DeskTask], str | None]:
    rows = conn.execute(query).all()
    found = [_read(row) for row in rows[:wanted]]
    return found, cursor_after(found[-1].task.id) if len(rows) > wanted else None


def _read(row: Row[Any]) -> DeskTask:
    return DeskTask(
        task=read(row), name=row.lead_name, company=row.company_now or row.company,
        erased=row.lead_status in (None, "erased"), scenario=row.scenario, step=row.step, visit=row.visit,
    )  # fmt: skip


def _happened(row: Row[Any]) -> Happened:
    return Happened(row.at, row.kind, row.what, row.subject, row.scenario, row.step, row.reason, row.automatic)
