"""Gives tasks to reps after they were made: those that wait, those whose rep has left, and by the word of a person.

Refuses to decide who fits (nurture/assigning.py). Whoever changes a task here stirs it: its workflow looks again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from adapters.database import audit, stirring, task_notices
from adapters.database.handoffs import (
    Handoff,
    HandoffTaken,
    change,
    check_rep,
    get,
    later,
    locked,
    tell,
    tell_new_rep,
)
from adapters.database.loads import OPEN, claim_desk, decide, loads_of, reps_by_company
from adapters.database.schema import handoffs
from nurture.assigning import assign, plain_company, with_one_more
from nurture.definitions import Definitions, Sales
from nurture.errors import NurtureError

LONGEST_SNOOZE = timedelta(days=90)


class RepInactive(NurtureError):
    """A task is to go to a rep who gets none any more."""

    def __init__(self, rep: str) -> None:
        super().__init__(
            f"rep {rep!r} is not active", where="sales.yaml", do="name another one, or set `active: true` and deploy"
        )


class SnoozeRefused(NurtureError):
    """A task cannot be put off until then."""


def to_give(conn: Connection, definitions: Definitions, now: datetime) -> list[str]:
    """The tasks that would go to somebody else, or begin to wait, as things stand; the best first.

    The highest score goes first, of equals the newest.
    """
    sales = definitions.sales
    if sales is None:
        return []
    active = [rep.rep for rep in sales.reps if rep.active]
    rows = conn.execute(
        select(handoffs.c.id, handoffs.c.queue, handoffs.c.rep, handoffs.c.company, handoffs.c.language)
        .where(
            handoffs.c.state.in_(OPEN),
            handoffs.c.queue.in_(list(sales.queues)),
            or_(and_(handoffs.c.state == "open", handoffs.c.rep.is_(None)), handoffs.c.rep.not_in(active)),
        )
        .order_by(func.coalesce(handoffs.c.total, 0).desc(), handoffs.c.made_at.desc(), handoffs.c.id)
    ).all()
    if not rows:
        return []
    loads = {queue: loads_of(conn, queue, now) for queue in {row.queue for row in rows}}
    keep = any(sales.queues[queue].keep_companies for queue in loads)
    by_company = reps_by_company(conn) if keep else {}
    found: list[str] = []
    full: set[tuple[str, str | None]] = set()  # who gets nobody now gets nobody later in the round: loads only grow
    for row in rows:
        rep: str | None = None
        if (row.queue, row.language) not in full:
            known = by_company.get(plain_company(row.company), ()) if row.company else ()
            rep = assign(row.queue, definitions, loads[row.queue], now, language=row.language, company_reps=known).rep
        if rep is None:
            full.add((row.queue, row.language))
        else:
            loads = {queue: with_one_more(each, rep) for queue, each in loads.items()}
        if rep is not None or row.rep is not None:
            found.append(row.id)
    return found


def give(conn: Connection, handoff: str, definitions: Definitions, *, now: datetime) -> Handoff | None:
    """Give one task that waits, or whose rep has left, to whom the rules say by now; None where it stays as it is."""
    task = locked(conn, handoff)
    sales = definitions.sales
    if task.state not in OPEN or sales is None or task.queue not in sales.queues:
        return None
    holder = sales.rep(task.rep)
    if task.rep is not None and holder is not None and holder.active:
        return None
    claim_desk(conn)
    if task.rep is not None:
        return _pass_on(conn, task, sales, definitions, now)
    given = decide(conn, task.queue, definitions, now, company=task.company, language=task.language)
    if given.rep is None:
        return None
    why = f"it waited in {task.queue} since {task.made_at.isoformat(timespec='minutes')}"
    why = f"{why}; {given.why}" if given.why else why
    accept = sales.queues[task.queue].accept_within
    change(
        conn, handoff, rep=given.rep, given_at=now, due=task.due or later(now, accept, definitions),
        stirred=stirring.mark(),
    )  # fmt: skip
    tell_new_rep(conn, task, given.rep, why, now)
    return tell(conn, get(conn, handoff), "given", now, why)


def _pass_on(conn: Connection, task: Handoff, sales: Sales, definitions: Definitions, now: datetime) -> Handoff:
    """Somebody else gets what a rep had who is not active any more; what was accepted goes to the fallback."""
    queue = sales.queues[task.queue]
    fallback = sales.rep(queue.fallback)
    reasons = list(task.reasons)
    to: str | None
    if task.state == "accepted":
        reasons.append(f"{task.rep} had accepted this and is not active any more")
    if task.state == "accepted" and fallback is not None and fallback.active:
        to, waits = fallback.rep, ""
    else:
        given = decide(conn, task.queue, definitions, now, company=task.company, language=task.language)
        to, waits = given.rep, given.why or ""
    change(
        conn, task.id, state="open", rep=to, given_at=now if to else None, accepted_at=None, reminded_at=None,
        snoozed_until=None, reasons=reasons, due=later(now, queue.accept_within, definitions),
        stirred=stirring.mark(),
    )  # fmt: skip
    why = f"{task.rep} is not active any more: to {to or 'nobody yet'}"
    if to is not None:
        tell_new_rep(conn, task, to, why, now)
    else:
        why = f"{why}; {waits}"
        task_notices.add_waiting(conn, task.id, task.queue, waits, definitions, now)
    return tell(conn, get(conn, task.id), "reassigned", now, why)


def hand_to(
    conn: Connection, handoff: str, rep: str, *, by: str, reason: str, now: datetime, definitions: Definitions,
    holder: str | None = None,
) -> Handoff:  # fmt: skip
    """Let another rep have an open task, by the word of a person, who may go beyond capacity and hours.

    It has to be accepted anew. `holder`: the rep who has to have it. Raises UnknownHandoff, UnknownName for the rep,
    RepInactive, HandoffTaken once it is closed or where somebody else than `holder` has it.
    """
    check_rep(rep, definitions)
    known = definitions.sales.rep(rep) if definitions.sales is not None else None
    if known is not None and not known.active:
        raise RepInactive(rep)
    task = locked(conn, handoff)
    if task.state not in OPEN or (holder is not None and task.rep != holder):
        raise HandoffTaken(handoff, task.rep, task.state)
    if task.rep == rep:
        audit.nothing_changed()
        return task
    claim_desk(conn)
    queue = definitions.sales.queues.get(task.queue) if definitions.sales is not None else None
    due = later(now, queue.accept_within, definitions) if queue is not None else None
    change(
        conn, handoff, state="open", rep=rep, given_at=now, accepted_at=None, reminded_at=None, snoozed_until=None,
        due=due, stirred=stirring.mark(),
    )  # fmt: skip
    why = f"from {task.rep or 'nobody'} to {rep} by {by}: {reason}"
    tell_new_rep(conn, task, rep, f"from {task.rep or 'nobody'} by {by}", now)
    return tell(conn, get(conn, handoff), "reassigned", now, why)


def snooze(
    conn: Connection,
    handoff: str,
    rep: str,
    until: datetime,
    reason: str | None,
    *,
    now: datetime,
    definitions: Definitions,
) -> Handoff:
    """Put a task off: until then nobody is reminded and it goes to nobody else; then its rep is reminded.

    Raises UnknownHandoff, UnknownName for the rep, HandoffTaken where the rep does not have it, SnoozeRefused for an
    instant that is past, more than 90 days ahead, or after the task expires.
    """
    check_rep(rep, definitions)
    task = locked(conn, handoff)
    if task.state not in OPEN or task.rep != rep:
        raise HandoffTaken(handoff, task.rep, task.state)
    if not now < until <= now + LONGEST_SNOOZE:
        raise SnoozeRefused(
            f"{until.isoformat()} is not within the next {LONGEST_SNOOZE.days} days",
            do="name an instant in the future, such as that of the next call",
        )
    queue = definitions.sales.queues.get(task.queue) if definitions.sales is not None else None
    last = later(task.made_at, queue.close_within, definitions) if queue is not None else None
    if last is not None and until >= last:
        raise SnoozeRefused(
            f"the task expires at {last.isoformat()}, before {until.isoformat()}",
            do="name an earlier instant, or return the lead so that its scenario goes on",
        )
    due = task.due
    if task.state == "open" and queue is not None:
        due = later(until, queue.accept_within, definitions)
    change(conn, handoff, snoozed_until=until, due=due, stirred=stirring.mark())
    why = f"until {until.isoformat(timespec='minutes')} by {rep}" + (f": {reason}" if reason else "")
    return tell(conn, get(conn, handoff), "snoozed", now, why)
