"""Shows the mails of one lead and how far each got; refuses to decide that: nurture/mail_state.py does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from adapters.database.among import among
from adapters.database.merges import goes_on
from adapters.database.pages import cursor_after, rows_of_a_page, shown, text_cursor
from adapters.database.schema import events, sends
from nurture.conditions import MAIL_EVENTS
from nurture.mail_state import state_of

_AT = func.coalesce(sends.c.attempted_at, sends.c.slot)
# proofs that a provider has a mail are kept as `automatic`, since no workflow hears of them
_COUNTS = or_(events.c.type.not_in(MAIL_EVENTS), and_(events.c.automatic.is_(False), events.c.reversed_at.is_(None)))
_TOLD = select(events.c.send, events.c.type).where(among(events.c.send), _COUNTS)


def page(
    conn: Connection, lead: str, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of a lead's mails in the order in which they went, and the cursor of the next page."""
    wanted = rows_of_a_page(limit)
    lead = goes_on(conn, lead)
    query = select(sends, _AT.label("went")).where(sends.c.lead == lead).order_by(_AT, sends.c.key).limit(wanted + 1)
    after = text_cursor(cursor)
    if after is not None:
        went = select(_AT).where(sends.c.key == after).scalar_subquery()
        query = query.where(or_(went < _AT, and_(went == _AT, sends.c.key > after)))
    rows = conn.execute(query).all()
    items = [
        {
            "key": mail.key, "template": mail.template,
            "scenario": mail.scenario, "step": mail.step, "visit": mail.visit,
            "at": shown(mail.at), "state": mail.state, "reason": mail.reason,
        }
        for mail in _mails(conn, rows[:wanted])
    ]  # fmt: skip
    return items, cursor_after(rows[wanted - 1].key) if len(rows) > wanted else None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of a lead: when it went and how far it got.

    `message` is the provider's name for it. A letter outside of any scenario has none, and neither step nor visit.
    """

    key: str
    template: str
    scenario: str | None
    step: str | None
    visit: int | None
    at: datetime | None
    state: str
    reason: str | None
    subject: str | None
    message: str | None


def newest(conn: Connection, lead: str, limit: int) -> tuple[list[Mail], bool]:
    """The newest mails of a lead, those that have not gone yet first; whether there are older ones."""
    query = select(sends, _AT.label("went")).where(sends.c.lead == goes_on(conn, lead))
    rows = conn.execute(query.order_by(_AT.desc().nulls_first(), sends.c.key.desc()).limit(limit + 1)).all()
    return _mails(conn, rows[:limit]), len(rows) > limit


def _mails(conn: Connection, rows: Sequence[Row[Any]]) -> list[Mail]:
    told: dict[str, list[str]] = defaultdict(list)
    for event in conn.execute(_TOLD, {"of": [row.key for row in rows]}):
        told[event.send].append(event.type)
    return [
        Mail(
            key=row.key, template=row.template, scenario=row.scenario if row.enrolment else None,
            step=row.step if row.enrolment else None, visit=row.visit if row.enrolment else None, at=row.went,
            state=state_of(told[row.key]) if row.state == "accepted" else row.state, reason=row.reason,
            subject=row.subject, message=row.message_id,
        )
        for row in rows
    ]  # fmt: skip
