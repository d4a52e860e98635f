"""Writes what a lead's workflow decided: position, lines, ends of enrolments, cancelled sends; refuses to decide.

Every write may come again, with other content, after a crash: a record replaces what the same record wrote before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from adapters.database import timeline
from adapters.database.numbering import has_unfiled
from adapters.database.schema import enrolments, entries, leads, sends
from adapters.database.schema import timeline as timeline_rows
from adapters.database.sequence import append, lock
from nurture.commands import CancelledSend, EnrolmentChange, Line, Record
from nurture.entries import Profiled


def record(conn: Connection, written: Record) -> dict[str, str]:
    """Write one record; returns the state of the row of each send it cancels (`cancelled`: it never began).

    A record that is older than the newest one writes its lines, and moves the position no more.
    """
    row = lock(conn, written.lead)
    if row is None:
        return {each.key: "cancelled" for each in written.cancelled}
    known = row.record >= written.number and _told(conn, written)
    if not known:
        conn.execute(
            delete(timeline_rows).where(timeline_rows.c.lead == written.lead, timeline_rows.c.record == written.number)
        )
        timeline.add(conn, written.lead, *written.lines, record=written.number)
    if written.late:
        conn.execute(
            update(timeline_rows)
            .where(timeline_rows.c.lead == written.lead, timeline_rows.c.event.in_(written.late))
            .values(late=True)
        )
    _change_enrolments(conn, written)
    _move(conn, row, written, attributes={} if known else written.attributes)
    return {each.key: _cancel(conn, written.lead, each) for each in written.cancelled}


def retire(conn: Connection, lead: str, seq: int, state: Any) -> bool:
    """Keep the state (JSON data) of an idle workflow; False, and nothing kept, where something came after `seq`."""
    row = lock(conn, lead)
    if row is None:
        return True
    if row.last_seq > seq or has_unfiled(conn, lead):
        return False
    conn.execute(update(leads).where(leads.c.id == lead).values(state=state, retired=True, seq=max(row.seq, seq)))
    return True


def starting_point(conn: Connection, lead: str) -> Any | None:
    """The state (JSON data) that the lead's workflow left behind when it was last idle; None where there is none."""
    return conn.execute(select(leads.c.state).where(leads.c.id == lead)).scalar()


def _change_enrolments(conn: Connection, written: Record) -> None:
    of_lead = enrolments.c.lead == written.lead
    conn.execute(
        update(enrolments)
        .where(of_lead, enrolments.c.ended_record == written.number)
        .values(state="enrolled", ended_at=None, finish=None, ended_record=None)
    )
    conn.execute(
        update(enrolments)
        .where(of_lead, enrolments.c.began_record == written.number, enrolments.c.state == "enrolled")
        .values(state="queued", began_record=None)
    )
    for change in written.enrolments:
        _change(conn, written, change)


def _change(conn: Connection, written: Record, change: EnrolmentChange) -> None:
    this = (enrolments.c.lead == written.lead, enrolments.c.enrolment == change.enrolment)
    match change.state:
        case "running":
            conn.execute(
                update(enrolments)
                .where(*this, enrolments.c.state == "queued")
                .values(state="enrolled", began_record=written.number)
            )
        case "ended":
            conn.execute(
                update(enrolments)
                .where(*this, enrolments.c.state != "ended")
                .values(state="ended", ended_at=change.at, finish=change.finish, ended_record=written.number)
            )


def _told(conn: Connection, written: Record) -> bool:
    """True if this very record was written before: an activity that is tried again brings it again, hours later.

    Its lines then stay where they stand, and attributes that somebody has changed since stay as they are. An attribute
    is never set without a line.
    """
    if not written.lines:
        return False
    columns = [timeline_rows.c[name] for name in Line.model_fields]
    of_record = (timeline_rows.c.lead == written.lead, timeline_rows.c.record == written.number)
    rows = conn.execute(select(*columns).where(*of_record).order_by(timeline_rows.c.id))
    return [tuple(row) for row in rows] == [tuple(line.model_dump().values()) for line in written.lines]


def _move(conn: Connection, row: Row[Any], written: Record, attributes: dict[str, Any]) -> None:
    values: dict[str, Any] = {}
    # a workflow begun anew (its Temporal store was lost) counts its records from 1 again: it is ahead once it has
    # applied more than was ever written
    if written.number >= row.record or written.seq > row.seq:
        position = written.position
        values = {
            "record": written.number,
            "seq": written.seq,
            "position": position.model_dump(mode="json"),
            "status": position.status,
            "scenario": position.scenario,
            "step": position.step,
        }
        if row.status == "erased":
            values["status"] = "erased"
    attributes = {**row.attributes, **attributes}
    attributes = {name: value for name, value in attributes.items() if value is not None}
    changed = attributes != row.attributes
    if changed:
        values["attributes"] = attributes
    if values:
        conn.execute(update(leads).where(leads.c.id == written.lead).values(values))
    if changed and _profiled_since(conn, written):
        # a profile on its way to the workflow does not know yet what the scenario has set: tell it again, whole
        at = _last_time(conn, written.lead)
        append(
            conn,
            written.lead,
            Profiled(
                seq=0,
                at=at,
                received_at=at,
                deployment=0,
                language=row.language,
                time_zone=row.time_zone,
                attributes=attributes,
            ),
        )


def _profiled_since(conn: Connection, written: Record) -> bool:
    later = exists().where(entries.c.lead == written.lead, entries.c.kind == "profile", entries.c.seq > written.seq)
    return bool(conn.execute(select(later)).scalar())


def _last_time(conn: Connection, lead: str) -> datetime:
    found: datetime = conn.execute(select(func.max(entries.c.received_at)).where(entries.c.lead == lead)).scalar_one()
    return found


def _cancel(conn: Connection, lead: str, cancelled: CancelledSend) -> str:
    """Forbid a send's issues up to a number; returns the state its row is in now."""
    row = conn.execute(
        select(sends.c.state, sends.c.cancelled_issue).where(sends.c.key == cancelled.key).with_for_update()
    ).first()
    if row is None:
        _, scenario, enrolment, step, visit = cancelled.key.rsplit("/", 4)
        conn.execute(
            insert(sends).values(
                key=cancelled.key,
                lead=lead,
                scenario=scenario,
                enrolment=int(enrolment),
                step=step,
                visit=int(visit),
                template="",
                deployment=0,
                state="cancelled",
                cancelled_issue=cancelled.issue,
            )
        )
        return "cancelled"
    state = "cancelled" if row.state == "held" else str(row.state)
    conn.execute(
        update(sends)
        .where(sends.c.key == cancelled.key)
        .values(state=state, cancelled_issue=max(row.cancelled_issue, cancelled.issue))
    )
    return state
