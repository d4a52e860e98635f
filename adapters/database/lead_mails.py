"""Shows the mails of one lead and how far each got; refuses to decide that: nurture/mail_state.py does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
    return _items(conn, rows[:wanted]), cursor_after(rows[wanted - 1].key) if len(rows) > wanted else None


def newest(conn: Connection, lead: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The newest mails of a lead, that first, with `subject` and the provider's `message`; whether there are older."""
    query = select(sends, _AT.label("went")).where(sends.c.lead == goes_on(conn, lead))
    rows = conn.execute(query.order_by(_AT.desc().nulls_first(), sends.c.key.desc()).limit(limit + 1)).all()
    several = zip(_items(conn, rows[:limit]), rows, strict=False)
    return [{**item, "subject": row.subject, "message": row.message_id} for item, row in several], len(rows) > limit


def _items(conn: Connection, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    told: dict[str, list[str]] = defaultdict(list)
    for event in conn.execute(_TOLD, {"of": [row.key for row in rows]}):
        told[event.send].append(event.type)
    return [
        {
            "key": row.key, "template": row.template, "scenario": row.scenario if row.enrolment else None,
            "step": row.step if row.enrolment else None, "visit": row.visit if row.enrolment else None,
            "at": shown(row.went), "state": state_of(told[row.key]) if row.state == "accepted" else row.state,
            "reason": row.reason,
        }
        for row in rows
    ]  # fmt: skip
