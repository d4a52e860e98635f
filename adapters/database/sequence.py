"""Gives every entry of a lead its number, without gaps and under a lock on the lead; refuses to know what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, assert_never

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from adapters.database.among import among
from adapters.database.schema import deployments, entries, leads
from nurture.definitions import Definitions
from nurture.entries import (
    AnyEntry,
    Corrected,
    Deployed,
    Enrolled,
    EpochBegan,
    Erased,
    HandoffClosed,
    Happening,
    Profiled,
    Ticked,
)
from nurture.errors import NurtureError

ENTRY: TypeAdapter[AnyEntry] = TypeAdapter(AnyEntry)
STARTING = frozenset({"enrolment", "event"})
"""Kinds of entries that start a lead's workflow; the others are only told to one that has been started."""
_AT_ONCE = 500

# made once: building a statement takes longer than SQLite takes to run it
WITHOUT_STATE = tuple(column for column in leads.c if column is not leads.c.state)
"""A lead's row but for the state of its workflow, which is long and hardly ever wanted."""
_LOCK = (
    select(*WITHOUT_STATE)
    .where(leads.c.id == bindparam("of"))
    .with_for_update(key_share=True)  # rows that refer to the lead may be written meanwhile: nothing deletes it
)
_LOCK_ROWS = select(*WITHOUT_STATE).where(among(leads.c.id)).order_by(leads.c.id).with_for_update(key_share=True)
_IDS = select(leads.c.id).where(among(leads.c.id)).order_by(leads.c.id)
_LOCK_IDS = _IDS.with_for_update(key_share=True)
_LOCK_FREE = _IDS.with_for_update(key_share=True, skip_locked=True)
_CURRENT = select(func.coalesce(func.max(deployments.c.number), 0))
_NUMBERED = (
    update(leads)
    .where(leads.c.id == bindparam("of"))
    .values(last_seq=bindparam("newest"), pending=bindparam("wanted"), retired=bindparam("asleep"))
)
_STORE = insert(entries)


class Deployments(Protocol):
    """Where definitions come from, by number; number 0 is the empty folder."""

    def get(self, number: int) -> Definitions:
        """The definitions of a deployment; raises MissingDeployment."""


class UnknownLead(NurtureError):
    """There is no lead with this id."""

    def __init__(self, lead: str) -> None:
        super().__init__(
            f"there is no lead {lead!r}",
            do="look it up with nurture leads list or GET /api/leads?q=, or bring it along",
        )
        self.lead = lead


def lock(conn: Connection, lead: str) -> Row[Any] | None:
    """The lead's row, locked until the transaction ends; None where there is no such lead."""
    return conn.execute(_LOCK, {"of": lead}).first()


def lock_rows(conn: Connection, several: Sequence[str]) -> list[Row[Any]]:
    """The rows of these leads, locked in the order of their ids until the transaction ends; at most some hundreds."""
    return list(conn.execute(_LOCK_ROWS, {"of": several}))


def lock_many(conn: Connection, several: Sequence[str], *, skip_locked: bool = False) -> list[str]:
    """Lock leads in the order of their ids, so that two who lock several never wait for each other; returns the ids.

    `skip_locked`: leave out those that somebody else has locked (where a database can tell).
    """
    locked: list[str] = []
    for batch in _batches(sorted(several)):
        locked += conn.execute(_LOCK_FREE if skip_locked else _LOCK_IDS, {"of": batch}).scalars()
    return locked


def current_deployment(conn: Connection) -> int:
    """The number of the newest deployment as this transaction sees it; 0 where there is none."""
    number: int = conn.execute(_CURRENT).scalar_one()
    return number


def append(conn: Connection, lead: str, entry: AnyEntry) -> AnyEntry:
    """Store one entry under the lead's next number and return it with that number.

    `entry` is built with `seq=0`; where its `deployment` is 0 it gets the current one. Raises UnknownLead.
    """
    return append_many(conn, lead, [entry])[0]


def append_many(conn: Connection, lead: str, fresh: Sequence[AnyEntry]) -> tuple[AnyEntry, ...]:
    """Store several entries of one lead under its next numbers, in the order given. Raises UnknownLead."""
    row = lock(conn, lead)
    if row is None:
        raise UnknownLead(lead)
    if not fresh:
        return ()
    return append_each(conn, [(row, fresh)], current_deployment(conn))[lead]


def append_each(
    conn: Connection, fresh: Sequence[tuple[Row[Any], Sequence[AnyEntry]]], deployment: int
) -> dict[str, tuple[AnyEntry, ...]]:
    """Store entries of several leads, each under its lead's next numbers; the rows are those read with the locks.

    `deployment` is the current one, for entries that name none.
    """
    numbered: dict[str, tuple[AnyEntry, ...]] = {}
    rows: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for row, several in fresh:
        if not several:
            continue
        given = numbered[row.id] = tuple(
            entry.model_copy(update={"seq": row.last_seq + place, "deployment": entry.deployment or deployment})
            for place, entry in enumerate(several, start=1)
        )
        rows += [_row(row.id, entry) for entry in given]
        wanted = bool(row.started or row.pending or any(entry.kind in STARTING for entry in given))
        moved.append({"of": row.id, "newest": given[-1].seq, "wanted": wanted, "asleep": row.retired and not wanted})
    if rows:
        conn.execute(_STORE, rows)
        conn.execute(_NUMBERED, moved)
    return numbered


def append_to_all(conn: Connection, to: Sequence[str], entry: AnyEntry, *, wake: bool = False) -> int:
    """Store the same entry for many leads, each under its own next number; returns how many leads there were.

    `wake`: those whose workflow was never started are told, too.
    """
    told = 0
    for batch in _batches(sorted(to)):
        rows = conn.execute(
            select(leads.c.id, leads.c.last_seq, leads.c.started, leads.c.pending)
            .where(leads.c.id.in_(batch))
            .order_by(leads.c.id)
            .with_for_update(key_share=True)
        ).all()
        if not rows:
            continue
        deployment = entry.deployment or current_deployment(conn)
        conn.execute(
            insert(entries),
            [
                _row(row.id, entry.model_copy(update={"seq": row.last_seq + 1, "deployment": deployment}))
                for row in rows
            ],
        )
        conn.execute(update(leads).where(leads.c.id.in_(batch)).values(last_seq=leads.c.last_seq + 1))
        wanted = [row.id for row in rows if row.started or row.pending or wake or entry.kind in STARTING]
        conn.execute(update(leads).where(leads.c.id.in_(wanted)).values(pending=True, retired=False))
        told += len(rows)
    return told


def stored_after(conn: Connection, lead: str, seq: int) -> tuple[AnyEntry, ...]:
    """The lead's stored entries with a number above `seq`, in order."""
    bodies = conn.execute(
        select(entries.c.body).where(entries.c.lead == lead, entries.c.seq > seq).order_by(entries.c.seq)
    ).scalars()
    return tuple(ENTRY.validate_python(body) for body in bodies)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _row(lead: str, entry: AnyEntry) -> dict[str, Any]:
    return {
        "lead": lead,
        "seq": entry.seq,
        "kind": entry.kind,
        "reference": _reference(entry),
        "deployment": entry.deployment,
        "at": entry.at,
        "received_at": entry.received_at,
        "body": entry.model_dump(mode="json"),
    }


def _reference(entry: AnyEntry) -> str | None:
    match entry:
        case Happening():
            return entry.id
        case Enrolled():
            return str(entry.enrolment)
        case HandoffClosed():
            return entry.handoff
        case Deployed():
            return str(entry.deployment)
        case Profiled() | EpochBegan() | Ticked() | Corrected() | Erased():
            return None
        case _:
            assert_never(entry)
