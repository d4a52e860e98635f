"""Writes what a lead's workflow decided: state, lines, ends of enrolments, cancelled sends; refuses to decide.

Records are written once and in order of their numbers. After a crash a workflow may come with another decision under a
number that is taken: the first one stands, and the workflow goes on from the state stored with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, update

from adapters.database import lead_words, timeline
from adapters.database.numbering import has_unfiled, place_of
from adapters.database.schema import enrolments, entries, leads, sends
from adapters.database.schema import timeline as timeline_rows
from adapters.database.sequence import append, lock
from nurture.commands import AnyCommand, name_of
from nurture.entries import Profiled
from nurture.errors import NurtureError
from nurture.records import CancelledSend, EnrolmentChange, Line, Record
from nurture.state import State

_STATE = TypeAdapter(State)
_COMMANDS = TypeAdapter(tuple[AnyCommand, ...])
# made once: building a statement takes longer than SQLite takes to run it
_STATE_BEYOND = select(leads.c.state).where(leads.c.id == bindparam("of"), leads.c.record > bindparam("beyond"))
_MOVE = update(leads).where(leads.c.id == bindparam("of"))


class Superseded(NurtureError):
    """The stored state does not ask for a command: whoever gave it did not know what had been decided before."""

    def __init__(self, lead: str) -> None:
        super().__init__(f"the state stored of {lead} does not ask for this", do="go on from the stored state")


def write(conn: Connection, lead: str, records: Sequence[Record]) -> dict[str, str] | None:
    """Write the records the store lacks, in order; None, and nothing is written, where they do not follow what it has.

    Answers the state of the row of each send they cancel (`cancelled`: it never began).
    """
    row = lock(conn, lead)
    if row is None:
        return {each.key: "cancelled" for record in records for each in record.cancelled}
    fresh = [record for record in records if record.number > row.record]
    if not fresh or not _follows(conn, row, records):
        return None
    found: dict[str, str] = {}
    for record in fresh:
        found |= _write(conn, row, record)
    return found


def take_up(conn: Connection, lead: str, records: Sequence[Record], command: AnyCommand) -> None:
    """Write the records a command came with, unless an earlier attempt did, and see that the state asks for it.

    Raises Superseded where it does not.
    """
    row = lock(conn, lead)
    if row is None:
        return
    if not _follows(conn, row, records):
        raise Superseded(lead)
    fresh = [record for record in records if record.number > row.record]
    for record in fresh:
        _write(conn, row, record)
    asked = fresh[-1].state.unanswered if fresh else _asked(conn, lead)
    if asked is not None and name_of(command) not in map(name_of, asked):
        raise Superseded(lead)


def _asked(conn: Connection, lead: str) -> Sequence[AnyCommand] | None:
    """What the stored state asks for; None where none is stored."""
    kept = _stored(conn, lead)
    return None if kept is None else _COMMANDS.validate_python(kept.get("unanswered", ()))


def _follows(conn: Connection, row: Row[Any], records: Sequence[Record]) -> bool:
    """True unless the store has another record under the number of one of these."""
    known = next((record for record in records if record.number == row.record), None)
    return known is None or _stored(conn, row.id) in (None, _as_json(known.state))


def _write(conn: Connection, row: Row[Any], record: Record) -> dict[str, str]:
    cancelled = {each.key: _cancel(conn, record.lead, each) for each in record.cancelled}
    places = (place_of(key) for key, state in cancelled.items() if state not in ("cancelled", "held"))
    begun = {(scenario, visit) for scenario, _, visit in places}  # a migration may have renamed the step since
    timeline.add(conn, record.lead, *(_as_it_went(line, begun) for line in record.lines))
    if record.late:
        conn.execute(
            update(timeline_rows)
            .where(timeline_rows.c.lead == record.lead, timeline_rows.c.event.in_(record.late))
            .values(late=True)
        )
    for change in record.enrolments:
        _change(conn, record.lead, change)
    _move(conn, row, record)
    return cancelled


def _as_it_went(line: Line, begun: Collection[tuple[str | None, int | None]]) -> Line:
    """A mail that is no longer needed may have begun meanwhile: then the line says that it goes all the same."""
    if line.what != "send_not_needed" or (line.scenario, line.visit) not in begun:
        return line
    return line.model_copy(update={"what": "send_not_stopped", "reason": f"it had begun; {line.reason}"})


def retire(conn: Connection, lead: str, state: State) -> bool:
    """Note that an idle workflow ends with this state; False, and nothing noted, where something came after it."""
    row = lock(conn, lead)
    if row is None:
        return True
    if row.last_seq > state.seq or row.record > state.records or has_unfiled(conn, lead):
        return False
    conn.execute(update(leads).where(leads.c.id == lead).values(state=_as_json(state), retired=True))
    return True


def starting_point(conn: Connection, lead: str, *, beyond: int = -1) -> State | None:
    """The state of the newest record, if its number is beyond one; None where there is none."""
    found = _stored(conn, lead, beyond)
    return _STATE.validate_python(found) if found is not None else None


def _stored(conn: Connection, lead: str, beyond: int = -1) -> Any | None:
    return conn.execute(_STATE_BEYOND, {"of": lead, "beyond": beyond}).scalar()


def _as_json(state: State) -> Any:
    return _STATE.dump_python(state, mode="json")


def _change(conn: Connection, lead: str, change: EnrolmentChange) -> None:
    this = (enrolments.c.lead == lead, enrolments.c.enrolment == change.enrolment, enrolments.c.state != "ended")
    match change.state:
        case "running":
            conn.execute(update(enrolments).where(*this).values(state="enrolled"))
        case "moved":
            conn.execute(update(enrolments).where(*this).values(deployment=change.deployment))
        case "ended":
            ended = {"state": "ended", "ended_at": change.at, "finish": change.finish}
            conn.execute(update(enrolments).where(*this).values(ended))


def _move(conn: Connection, row: Row[Any], record: Record) -> None:
    position = record.position
    values: dict[str, Any] = {
        "record": record.number,
        "seq": record.seq,
        "state": _as_json(record.state),
        "position": position.model_dump(mode="json"),
        "status": "erased" if row.status == "erased" else position.status,
        "scenario": position.scenario,
        "step": position.step,
    }
    # nothing is known any more of somebody who was forgotten or merged, whatever was on its way
    attributes = _with(conn, record) if record.attributes and row.status != "erased" else None
    if attributes is not None:
        values["attributes"] = attributes
    conn.execute(_MOVE, {"of": record.lead, **values})
    if attributes is not None and "company" in record.attributes:
        lead_words.keep_as_stored(conn, record.lead)
    if attributes is not None and _profiled_since(conn, record):
        # a profile on its way to the workflow does not know yet what the scenario has set: tell it again, whole
        at = _last_time(conn, record.lead)
        append(
            conn,
            record.lead,
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


def _with(conn: Connection, record: Record) -> dict[str, Any] | None:
    """The lead's attributes with what the scenario has set; None where that changes nothing."""
    known = conn.execute(select(leads.c.attributes).where(leads.c.id == record.lead)).scalar_one()
    found = {name: value for name, value in {**known, **record.attributes}.items() if value is not None}
    return found if found != known else None


def _profiled_since(conn: Connection, record: Record) -> bool:
    later = exists().where(entries.c.lead == record.lead, entries.c.kind == "profile", entries.c.seq > record.seq)
    return bool(conn.execute(select(later)).scalar())


def _last_time(conn: Connection, lead: str) -> datetime:
    found: datetime = conn.execute(select(func.max(entries.c.received_at)).where(entries.c.lead == lead)).scalar_one()
    return found


def _cancel(conn: Connection, lead: str, cancelled: CancelledSend) -> str:
    """Forbid a send's issues up to a number; returns the state its row is in now."""
    row = conn.execute(
        select(sends.c.state, sends.c.cancelled_issue, sends.c.again)
        .where(sends.c.key == cancelled.key)
        .with_for_update()
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
    state = str(row.state)
    if state == "held":  # of one that is held the second time nobody knows whether the first one went
        state = "unknown" if row.again else "cancelled"
    conn.execute(
        update(sends)
        .where(sends.c.key == cancelled.key)
        .values(state=state, cancelled_issue=max(row.cancelled_issue, cancelled.issue))
    )
    return state
