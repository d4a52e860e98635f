"""Counts what became of mails by scenario and receiving domain, in one pass; refuses to judge it, or to name a lead."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select

from adapters.database.schema import events, sends
from nurture.delivery import Counts

UNKNOWN = "(unknown)"
"""The domain of mails whose address nobody knows any more."""
_BOUNCE = events.c.properties["bounce"].as_string()
_BY_A_PERSON = and_(events.c.automatic.is_(False), events.c.reversed_at.is_(None))
_FLAGS: dict[str, ColumnElement[bool]] = {
    "delivered": events.c.type == "delivered",
    "dead": and_(events.c.type == "bounced", func.coalesce(_BOUNCE, "dead") == "dead"),
    "mailbox": and_(events.c.type == "bounced", _BOUNCE == "mailbox"),
    "blocked": events.c.type == "blocked",
    "deferred": events.c.type == "deferred",
    "spam": and_(events.c.type == "spam_reported", func.coalesce(_BOUNCE, "") != "dropped"),
    "unsubscribed": and_(events.c.type == "unsubscribed", func.coalesce(_BOUNCE, "") != "dropped"),
    "opened": and_(events.c.type.in_(("opened", "clicked", "replied")), _BY_A_PERSON),
    "clicked": and_(events.c.type == "clicked", _BY_A_PERSON),
}


def counted(conn: Connection, since: datetime, until: datetime) -> list[tuple[str, str, Counts]]:
    """Scenario, domain and counts of the mails that were sent between two instants.

    A mail that a form asked for is counted under `form NAME`.
    """
    sent = and_(
        sends.c.attempted_at >= since,
        sends.c.attempted_at <= until,
        sends.c.state.in_(("accepted", "unknown", "in_flight")),
    )
    flags = [func.max(case((is_so, 1), else_=0)).label(name) for name, is_so in _FLAGS.items()]
    told = select(events.c.send, *flags).join(sends, sends.c.key == events.c.send).where(sent).group_by(events.c.send)
    of_mail = told.subquery()
    asked = case((sends.c.enrolment == 0, literal("form ") + sends.c.scenario), else_=sends.c.scenario)
    sums: list[Any] = [func.coalesce(func.sum(of_mail.c[name]), 0).label(name) for name in _FLAGS]
    rows = conn.execute(
        select(asked.label("whose"), func.coalesce(sends.c.domain, UNKNOWN).label("domain"), func.count().label("sent"))
        .add_columns(*sums)
        .select_from(sends.outerjoin(of_mail, of_mail.c.send == sends.c.key))
        .where(sent)
        .group_by("whose", "domain")
    )
    names = [each.name for each in fields(Counts)]
    return [(row.whose, row.domain, Counts(*(int(getattr(row, name)) for name in names))) for row in rows]
