"""Keeps the tasks sales gets: who has which, and what came of it; refuses to decide when a lead is ready for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from sqlalchemy import Connection, Row, and_, insert, not_, select, update

from adapters.database import stirring, task_notices, tellings, timeline
from adapters.database.loads import OPEN, claim_desk, decide
from adapters.database.merges import goes_on, lock_who_goes_on
from adapters.database.pages import cursor_after, rows_of_a_page, shown, text_cursor
from adapters.database.schema import handoffs
from adapters.database.schema import timeline as timeline_lines
from adapters.database.sequence import append, lock
from adapters.notification import HandoffNotice
from nurture import calendar
from nurture.addresses import company_domain
from nurture.commands import MakeHandoff
from nurture.definitions import Definitions, Queue, Sales
from nurture.durations import Duration
from nurture.entries import HandoffClosed
from nurture.errors import NurtureError, UnknownName
from nurture.records import Line

_AGAIN = " (again)"
"""After the words of a letter that a task has as a reason already."""
State = Literal["open", "accepted", "won", "lost", "returned", "expired"]


class UnknownHandoff(NurtureError):
    """There is no handoff with this id."""

    def __init__(self, handoff: str) -> None:
        super().__init__(f"there is no handoff {handoff!r}", do="look at GET /api/handoffs")
        self.handoff = handoff


class LeadForgotten(NurtureError):
    """Who the task is about was erased since it was asked for."""

    def __init__(self, lead: str) -> None:
        super().__init__(f"lead {lead!r} was erased", do="nobody is to call this person")


class HandoffTaken(NurtureError):
    """The handoff is another rep's, or closed already; `rep` has it, `state` is what it is in."""

    def __init__(self, handoff: str, rep: str | None, state: str) -> None:
        if state == "accepted":
            what, do = f"handoff {handoff!r} is accepted by {rep!r}", f"ask {rep!r}, or take another one"
        elif state == "open":
            what = f"handoff {handoff!r} is given to {rep!r}" if rep else f"handoff {handoff!r} waits for a rep"
            do = "accept it first"
        else:
            what, do = f"handoff {handoff!r} of {rep!r} is closed: {state}", "take another one"
        super().__init__(what, do=do)
        self.handoff = handoff
        self.rep = rep
        self.state = state


@dataclass(frozen=True, slots=True)
class Handoff:
    """One task. `due`: by then it must be accepted (while open) or closed (once accepted).

    `rep` is None while it waits for one. It is due all the same: what was promised, was promised to the lead.
    """

    id: str
    lead: str
    rep: str | None
    queue: str
    reasons: tuple[str, ...]
    score: Any
    state: State
    due: datetime | None
    note: str | None
    made_at: datetime
    accepted_at: datetime | None
    closed_at: datetime | None
    amount: int | None
    reason: str | None
    company: str | None = None
    language: str | None = None
    given_at: datetime | None = None
    snoozed_until: datetime | None = None
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    notified: bool = False

    @property
    def waiting(self) -> bool:
        """True while nobody has it, because nobody has room or is at work."""
        return self.state == "open" and self.rep is None

    def shown(self) -> dict[str, Any]:
        """The handoff as the API shows it."""
        return {
            "id": self.id, "lead": self.lead, "rep": self.rep, "queue": self.queue, "reasons": list(self.reasons),
            "score": self.score, "state": self.state, "due": shown(self.due),
        }  # fmt: skip

    def shown_whole(self, currency: str | None) -> dict[str, Any]:
        """The same with everything else that is known of it; `currency`: of the amount."""
        return self.shown() | {
            "made_at": shown(self.made_at), "accepted_at": shown(self.accepted_at), "closed_at": shown(self.closed_at),
            "snoozed_until": shown(self.snoozed_until), "amount": self.amount, "currency": currency,
            "reason": self.reason, "note": self.note, "company": self.company, "waiting": self.waiting,
        }  # fmt: skip


def make(conn: Connection, command: MakeHandoff, definitions: Definitions, *, score: Any = None) -> Handoff:
    """Make the task, once: the same id again, or a lead whose task is still open, adds its reasons to what is there.

    Who gets it, the rules of sales.yaml decide; nobody for now where it has to wait. Raises UnknownName for a queue
    that sales.yaml does not have, HandoffTaken for a reason that comes after the task was closed, LeadForgotten where
    the lead was erased since. Of a lead that was merged since, it is about the one that goes on.
    """
    lead = lock_who_goes_on(conn, command.lead)
    if lead is not None and lead.status == "erased":
        raise LeadForgotten(command.lead)
    about = lead.id if lead is not None else command.lead
    row = (
        conn.execute(select(handoffs).where(handoffs.c.id == command.handoff)).first()
        or conn.execute(select(handoffs).where(handoffs.c.lead == about, handoffs.c.state.in_(OPEN))).first()
    )
    if row is not None:
        return _join(conn, row, command)
    queue = _queue(definitions, command.queue)
    said = lead.attributes.get("company") if lead is not None else None
    company = (said if isinstance(said, str) else None) or (company_domain(lead.email) if lead is not None else None)
    language = lead.language if lead is not None else None
    claim_desk(conn)
    given = decide(conn, command.queue, definitions, command.at, company=company, language=language)
    conn.execute(
        insert(handoffs).values(
            id=command.handoff,
            lead=about,
            queue=command.queue,
            rep=given.rep,
            given_at=command.at if given.rep else None,
            company=company[:200] if company else None,
            language=language,
            total=score.get("total") if isinstance(score, dict) else None,
            note=command.note,
            reasons=list(command.reasons),
            score=score,
            state="open",
            made_at=command.at,
            due=later(command.at, queue.accept_within, definitions),
            scenario=command.scenario,
            step=command.step,
            visit=command.visit,
        )
    )
    task = tell(conn, get(conn, command.handoff), "handed_over", command.at, "; ".join(command.reasons) or None)
    if given.why is not None:
        tell(conn, task, "given" if given.rep else "waiting", command.at, given.why)
    if given.rep is None and given.why is not None:
        task_notices.add_waiting(conn, task.id, task.queue, given.why, definitions, command.at)
    return task


def get(conn: Connection, handoff: str) -> Handoff:
    """One task; raises UnknownHandoff."""
    row = conn.execute(select(handoffs).where(handoffs.c.id == handoff)).first()
    if row is None:
        raise UnknownHandoff(handoff)
    return read(row)


def accept(
    conn: Connection, handoff: str, rep: str, *, now: datetime, definitions: Definitions | None = None
) -> Handoff:
    """A rep takes the task. Raises UnknownHandoff, HandoffTaken (a second accept), UnknownName for the rep."""
    check_rep(rep, definitions)
    task = locked(conn, handoff)
    if task.state != "open":
        raise HandoffTaken(handoff, task.rep, task.state)
    queue = definitions.sales.queues.get(task.queue) if definitions is not None and definitions.sales else None
    due = later(task.made_at, queue.close_within, definitions) if queue and definitions else None
    taken: dict[str, Any] = {"given_at": now} if task.rep != rep else {}
    if task.waiting or not task.notified:  # its workflow waits for a rep, or tells of the one it had
        taken["stirred"] = stirring.mark()
    change(conn, handoff, state="accepted", rep=rep, accepted_at=now, due=due, snoozed_until=None, **taken)
    return tell(conn, get(conn, handoff), "accepted", now, f"by {rep}")


def return_(
    conn: Connection, handoff: str, rep: str, reason: str | None, *, now: datetime,
    definitions: Definitions | None = None,
) -> Handoff:  # fmt: skip
    """Sales gives the lead back, with a reason; needs no accept. Raises as `accept`, where another rep has it."""
    return _close(conn, handoff, "returned", now, rep=rep, reason=reason, definitions=definitions)


def close(
    conn: Connection, handoff: str, rep: str, outcome: Literal["won", "lost"], *, now: datetime,
    amount: int | None = None, reason: str | None = None, definitions: Definitions | None = None,
) -> Handoff:  # fmt: skip
    """Sales is done with the lead; needs no accept. Raises as `accept`, where another rep has it."""
    return _close(conn, handoff, outcome, now, rep=rep, amount=amount, reason=reason, definitions=definitions)


def add_note(conn: Connection, lead: str, note: str, *, since: datetime, now: datetime) -> None:
    """Tell whoever has an open task of the lead something about it, where the task was made after `since`.

    It stands with the reasons, which is what reps read.
    """
    wanted = select(handoffs).where(handoffs.c.lead == lead, handoffs.c.state.in_(OPEN), handoffs.c.made_at >= since)
    for row in conn.execute(wanted).all():
        if note not in row.reasons:
            change(conn, row.id, reasons=[*row.reasons, note])
            tell(conn, read(row), "note_added", now, note)


def expire(conn: Connection, handoff: str, *, now: datetime, reason: str) -> Handoff:
    """Close a task that nobody closed in time (or whose lead was erased). Raises HandoffTaken where it is closed."""
    return _close(conn, handoff, "expired", now, reason=reason)


def fall_back(conn: Connection, handoff: str, definitions: Definitions, *, now: datetime) -> Handoff:
    """Give a task that nobody accepted in time to the queue's fallback; once accepted or closed it stays."""
    task = locked(conn, handoff)
    queue = definitions.sales.queues.get(task.queue) if definitions.sales else None
    if task.state != "open" or queue is None or definitions.sales is None:
        return task
    late = f"not accepted within {queue.accept_within}"
    to = definitions.sales.rep(queue.fallback)
    if to is None or not to.active or to.rep == task.rep:
        change(conn, handoff, due=None)
        if task.waiting:
            tell(conn, task, "waiting", now, f"{late}: nobody had room, and {task.queue} has no fallback for it")
        return get(conn, handoff)
    change(conn, handoff, rep=to.rep, due=None, given_at=now, reminded_at=None)
    why = f"{late}: from {task.rep or 'nobody'} to {to.rep}"
    tell_new_rep(conn, task, to.rep, why, now)
    return tell(conn, get(conn, handoff), "reassigned", now, why)


def overdue(conn: Connection, definitions: Definitions, now: datetime) -> tuple[list[str], list[str]]:
    """The tasks whose time is over: those to give to the fallback, and those to close as expired."""
    late: list[str] = []
    lapsed: list[str] = []
    for row in conn.execute(select(handoffs).where(handoffs.c.state.in_(OPEN)).order_by(handoffs.c.made_at)):
        queue = definitions.sales.queues.get(row.queue) if definitions.sales else None
        last = later(row.made_at, queue.close_within, definitions) if queue is not None else None
        if last is not None and now >= last:
            lapsed.append(row.id)
        elif row.state == "open" and row.due is not None and now >= row.due:
            late.append(row.id)
    return late, lapsed


def notice(conn: Connection, handoff: str) -> HandoffNotice:
    """What sales is told of a task; raises UnknownHandoff."""
    task = get(conn, handoff)
    return HandoffNotice(
        id=task.id, lead=task.lead, queue=task.queue, rep=task.rep, reasons=task.reasons, note=task.note
    )


def was_notified(conn: Connection, handoff: str) -> bool:
    """True if sales was told of the task before."""
    told = select(handoffs.c.notified_real).where(handoffs.c.id == handoff)
    return conn.execute(told).scalar() is not None


def notified(conn: Connection, handoff: str, real_now: datetime) -> None:
    """Remember that sales was told; the first time counts."""
    conn.execute(
        update(handoffs)
        .where(handoffs.c.id == handoff, handoffs.c.notified_real.is_(None))
        .values(notified_real=real_now)
    )


def unnotified(conn: Connection, limit: int) -> list[tuple[str, str]]:
    """Tasks that sales was not told of yet, as (id, lead), the oldest first."""
    rows = conn.execute(
        select(handoffs.c.id, handoffs.c.lead)
        .where(handoffs.c.notified_real.is_(None), handoffs.c.state.in_(OPEN))
        .order_by(handoffs.c.made_at)
        .limit(limit)
    )
    return [(row.id, row.lead) for row in rows]


class Filters(TypedDict, total=False):
    """What a list of tasks may be narrowed to; `waiting`: those that nobody has yet, or all others."""

    state: str | None
    rep: str | None
    queue: str | None
    lead: str | None
    due_before: datetime | None
    waiting: bool | None


def page(
    conn: Connection, limit: int | None = None, cursor: str | None = None, **wanted: Unpack[Filters]
) -> tuple[list[Handoff], str | None]:
    """One page of tasks in the order they were made, and the cursor of the next page."""
    rows_wanted = rows_of_a_page(limit)
    query = select(handoffs).order_by(handoffs.c.made_at, handoffs.c.id).limit(rows_wanted + 1)
    for name in ("state", "rep", "queue"):
        if (value := wanted.get(name)) is not None:
            query = query.where(handoffs.c[name] == value)
    if (lead := wanted.get("lead")) is not None:
        query = query.where(handoffs.c.lead == goes_on(conn, lead))
    if (due := wanted.get("due_before")) is not None:
        query = query.where(handoffs.c.due < due)
    if (waiting := wanted.get("waiting")) is not None:
        waits = and_(handoffs.c.state == "open", handoffs.c.rep.is_(None))
        query = query.where(waits if waiting else not_(waits))
    after = text_cursor(cursor)
    if after is not None:
        made = select(handoffs.c.made_at).where(handoffs.c.id == after).scalar_subquery()
        query = query.where((handoffs.c.made_at > made) | ((handoffs.c.made_at == made) & (handoffs.c.id > after)))
    rows = conn.execute(query).all()
    tasks = [read(row) for row in rows[:rows_wanted]]
    return tasks, cursor_after(tasks[-1].id) if len(rows) > rows_wanted else None


def _join(conn: Connection, row: Row[Any], command: MakeHandoff) -> Handoff:
    fresh = [reason for reason in command.reasons if reason not in row.reasons]
    if not fresh and (not command.letters or _is_heard(conn, row, command)):
        return read(row)
    if row.state not in OPEN:
        raise HandoffTaken(row.id, row.rep, row.state)
    change(conn, row.id, reasons=[*row.reasons, *fresh])
    said = (each if each in fresh else f"{each}{_AGAIN}" for each in dict.fromkeys((*fresh, *command.letters)))
    return tell(conn, get(conn, row.id), "reason_added", command.at, "; ".join(said))


def _is_heard(conn: Connection, row: Row[Any], command: MakeHandoff) -> bool:
    """True if this very command was carried out before: another letter to the same mail says the same."""
    if row.made_at == command.at:
        return True
    marks = select(timeline_lines.c.reason).where(
        timeline_lines.c.lead == row.lead, timeline_lines.c.kind == "handoff",
        timeline_lines.c.what == "reason_added", timeline_lines.c.at == command.at,
        timeline_lines.c.reason.is_not(None),
    )  # fmt: skip
    said = {each.removesuffix(_AGAIN) for mark in conn.execute(marks).scalars() for each in mark.split("; ")}
    return said.issuperset(command.letters)


def _close(
    conn: Connection, handoff: str, outcome: Literal["won", "lost", "returned", "expired"], now: datetime, *,
    rep: str | None = None, amount: int | None = None, reason: str | None = None,
    definitions: Definitions | None = None,
) -> Handoff:  # fmt: skip
    if rep is not None:
        check_rep(rep, definitions)
    task = locked(conn, handoff)
    if task.state not in OPEN or (task.state == "accepted" and rep not in (None, task.rep)):
        raise HandoffTaken(handoff, task.rep, task.state)
    change(
        conn,
        handoff,
        state=outcome,
        rep=rep or task.rep,
        closed_at=now,
        amount=amount,
        reason=reason,
        due=None,
        snoozed_until=None,
        **({"stirred": stirring.mark()} if task.waiting else {}),  # its workflow waits without a timer
    )
    entry = append(
        conn,
        task.lead,
        HandoffClosed(seq=0, at=now, received_at=now, deployment=0, handoff=handoff, outcome=outcome, reason=reason),
    )
    return tell(conn, get(conn, handoff), outcome, now, reason, seq=entry.seq)


def tell_new_rep(conn: Connection, task: Handoff, rep: str, why: str, now: datetime) -> None:
    """See to it that a rep hears of a task that was another's; of one that nobody was told of, everybody hears first.

    `task` as it was before. One channel that may have told somebody is enough: it does not tell of the task again.
    """
    if task.notified or tellings.begun(conn, tellings.of_task(task.id)):
        task_notices.add(conn, task.id, "given", to=rep, text=why, at=now)


def locked(conn: Connection, handoff: str) -> Handoff:
    """The task, read under the lock on its lead; raises UnknownHandoff."""
    task, about = get(conn, handoff), None
    while task.lead != about:  # a merge may have been waited for
        about = task.lead
        lock(conn, about)
        task = get(conn, handoff)
    return task


def change(conn: Connection, handoff: str, **values: Any) -> None:
    """Write these columns of a task; the caller has locked it."""
    conn.execute(update(handoffs).where(handoffs.c.id == handoff).values(values))


def tell(
    conn: Connection, task: Handoff, what: str, at: datetime, reason: str | None, seq: int | None = None
) -> Handoff:
    """Write a line about the task on its lead's timeline; returns the task."""
    place = conn.execute(
        select(handoffs.c.scenario, handoffs.c.step, handoffs.c.visit).where(handoffs.c.id == task.id)
    ).one()
    timeline.add(
        conn,
        task.lead,
        Line(
            at=at, kind="handoff", what=what, subject=task.rep or task.queue, scenario=place.scenario or None,
            step=place.step or None, visit=place.visit or None, reason=reason, seq=seq,
        ),
    )  # fmt: skip
    return task


def read(row: Row[Any]) -> Handoff:
    """The task of a row."""
    return Handoff(
        id=row.id, lead=row.lead, rep=row.rep, queue=row.queue, reasons=tuple(row.reasons), score=row.score,
        state=row.state, due=row.due, note=row.note, made_at=row.made_at, accepted_at=row.accepted_at,
        closed_at=row.closed_at, amount=row.amount, reason=row.reason,
        company=row.company, language=row.language, given_at=row.given_at, snoozed_until=row.snoozed_until,
        reminded_at=row.reminded_at, escalated_at=row.escalated_at, notified=row.notified_real is not None,
    )  # fmt: skip


def _queue(definitions: Definitions, name: str) -> Queue:
    queues = definitions.sales.queues if definitions.sales is not None else {}
    if name not in queues:
        raise UnknownName("queue", name, queues, where="sales.yaml")
    return queues[name]


def check_rep(rep: str, definitions: Definitions | None) -> None:
    """Raise UnknownName for a rep that sales.yaml does not have."""
    sales: Sales | None = definitions.sales if definitions is not None else None
    if sales is not None and sales.rep(rep) is None:
        raise UnknownName("rep", rep, [each.rep for each in sales.reps], where="sales.yaml")


def later(start: datetime, duration: Duration | None, definitions: Definitions) -> datetime | None:
    """The instant a duration after another, in the sender's calendar; None for no duration."""
    if duration is None:
        return None
    return calendar.after(duration, start, calendar.zone_of(None, definitions), definitions)
