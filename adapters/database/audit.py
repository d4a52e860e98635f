"""Notes who changed what, for auditors: one row for each change by a person; refuses to keep anything about a person.

Whoever acts is told once, at the edge (`acting`): the web process for a request, the command line for a command. What
is done below notes itself in its own transaction; for what does not, the edge notes it (`web/auditing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from adapters.database.pages import cursor_after, number_cursor
from adapters.database.schema import audit, handoffs

Via = Literal["user", "key", "link", "cli"]


@dataclass(slots=True)
class Act:
    """Who acts, and what is known so far of what is done.

    `changes`: what is asked for changes something, so that a row is owed; `noted`: one is written.
    """

    by: str | None = None
    via: Via | None = None
    role: str | None = None
    subject: str | None = None
    reason: str | None = None
    changes: bool = False
    noted: bool = False


_ACT: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(act: Act) -> Iterator[Act]:
    """Until the end of this, what is noted is noted as done by `act`."""
    token = _ACT.set(act)
    try:
        yield act
    finally:
        _ACT.reset(token)


def current() -> Act | None:
    """Who acts now; None where nobody was told."""
    return _ACT.get()


def about(subject: str, reason: str | None = None) -> None:
    """Say what this request changes, where its path does not: the id of a lead, the name of a scenario."""
    act = _ACT.get()
    if act is not None:
        act.subject, act.reason = subject, reason or act.reason


def nothing_changed() -> None:
    """Say that what was asked for was so already: no row is owed for it."""
    act = _ACT.get()
    if act is not None:
        act.changes = False


def note(
    conn: Connection,
    did: str,
    subject: str,
    *,
    at: datetime,
    by: str | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """One row. `did`: a word such as `erase`; `subject`: the id or name of what was changed; `at`: nurture's clock.

    `by` is needed only where nobody may be acting. No names, addresses or words of leads in any of it, but `reason`.
    """
    act = _ACT.get() or Act()
    conn.execute(
        insert(audit).values(
            at=at,
            real=datetime.now(UTC),
            by=by or act.by or "unknown",
            via=act.via,
            role=act.role,
            did=did[:100],
            subject=subject[:400],
            reason=reason,
            details=None if details is None else dict(details),
        )
    )
    act.noted = True


def forget_reasons(conn: Connection, lead: str) -> None:
    """Take the words out of what was noted about a lead and its tasks: they may tell of the person."""
    its_tasks = select(handoffs.c.id).where(handoffs.c.lead == lead)
    for subjects in (audit.c.subject == lead, audit.c.subject.in_(its_tasks)):  # each by the index
        conn.execute(update(audit).where(subjects).values(reason=None))


@dataclass(frozen=True, slots=True)
class Change:
    """One row: `at` on nurture's clock, `real` in real time (None in old rows); `via` None: the system by itself."""

    at: datetime
    real: datetime | None
    by: str
    via: str | None
    role: str | None
    did: str
    subject: str | None
    reason: str | None
    details: dict[str, Any] | None


def rows(
    conn: Connection,
    limit: int,
    cursor: str | None,
    *,
    by: str | None = None,
    did: str | None = None,
    subject: str | None = None,
) -> tuple[list[Change], str | None]:
    """The newest first, and the cursor of the next page. Raises NurtureError for a cursor that cannot be read."""
    wanted = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
    before = number_cursor(cursor)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    for column, word in ((audit.c.by, by), (audit.c.did, did), (audit.c.subject, subject)):
        if word is not None:
            wanted = wanted.where(column == word)
    found = conn.execute(wanted).all()
    changes = [
        Change(row.at, row.real, row.by, row.via, row.role, row.did, row.subject, row.reason, row.details)
        for row in found[:limit]
    ]
    return changes, cursor_after(found[limit - 1].id) if len(found) > limit else None
