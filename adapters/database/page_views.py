"""Keeps what browsers did on the own site: a lead's events where it is known whose they are; asks nobody who they are.

A browser is known by the random id that the page snippet made in it, and is nobody's until somebody signs up in it, or
comes to the site by a link in a mail. Until then its page views are kept apart, under that id alone, for some days.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from adapters.database import timeline
from adapters.database.event_rows import known_values
from adapters.database.events import accept
from adapters.database.locks import claim
from adapters.database.schema import events, leads, page_views, sends, visitors
from adapters.database.sequence import Deployments
from nurture.records import Line

MOST_KEPT = 200
"""How many page views of one browser are kept while it is nobody's, and so the most that a sign-up brings with it."""
MOST_BROWSERS = 3
"""How many browsers the links of one mail make known: more are more people than the one it was sent to."""
Became = Literal["of_a_lead", "of_nobody", "again", "refused"]


@dataclass(frozen=True, slots=True)
class PageView:
    """What one browser did: `id` is its own word for it, so that it counts once; `site` is the origin it was on."""

    visitor: str
    id: str
    type: str
    subject: str
    site: str

    @property
    def event(self) -> str:
        """The id of its event. No stranger can choose it."""
        return f"page/{hashlib.sha256(f'{self.visitor}/{self.id}'.encode()).hexdigest()[:32]}"


def take(conn: Connection, view: PageView, *, store: Deployments, now: datetime) -> Became:
    """Keep what a browser just did, and say what became of it."""
    _claim(conn, view.visitor)
    lead = whose(conn, view.visitor)
    if lead is not None:
        told = _told(view.event, lead, view.type, view.subject, view.site)
        answer = accept(conn, [told], store=store, now=now)
        return "of_a_lead" if answer.accepted else "again" if answer.duplicates else "refused"
    if known_values(conn, page_views.c.event, [view.event]) or known_values(conn, events.c.event, [view.event]):
        return "again"
    conn.execute(
        insert(page_views).values(
            visitor=view.visitor, event=view.event, type=view.type, subject=view.subject, site=view.site, at=now
        )
    )
    newest = select(page_views.c.id).where(page_views.c.visitor == view.visitor).order_by(page_views.c.id.desc())
    last = conn.execute(newest.offset(MOST_KEPT).limit(1)).scalar()
    if last is not None:
        conn.execute(delete(page_views).where(page_views.c.visitor == view.visitor, page_views.c.id <= last))
    return "of_nobody"


def sign_up(conn: Connection, visitor: str, lead: str, *, store: Deployments, now: datetime, keep: timedelta) -> int:
    """A form was posted in this browser: from now on it is that lead's, whoever's it was; how many views it brings.

    What it did while it was nobody's becomes the lead's events, each with its own time, if not older than `keep`.
    What it did as another lead's stays with that lead.
    """
    _claim(conn, visitor)
    known = conn.execute(select(visitors.c.lead).where(visitors.c.visitor == visitor)).scalar()
    if known is None:
        conn.execute(insert(visitors).values(visitor=visitor, lead=lead, by="form", at=now))
    elif known != lead:
        of = update(visitors).where(visitors.c.visitor == visitor)
        conn.execute(of.values(lead=lead, by="form", send=None, at=now))
    rows = conn.execute(
        select(page_views)
        .where(page_views.c.visitor == visitor, page_views.c.at >= now - keep)
        .order_by(page_views.c.id)
    ).all()
    conn.execute(delete(page_views).where(page_views.c.visitor == visitor))
    if not rows:
        return 0
    told = [{**_told(row.event, lead, row.type, row.subject, row.site), "at": row.at} for row in rows]
    brought = accept(conn, told, store=store, now=now).accepted
    since = f"{rows[0].at:%Y-%m-%d %H:%M} UTC"
    line = Line(
        at=now, kind="decision", what="page_views_joined",
        reason=f"{brought} earlier page view(s) of this browser, since {since}, are the lead's: it signed up there",
    )  # fmt: skip
    timeline.add(conn, lead, line)
    return brought


def come_by_mail(
    conn: Connection, visitor: str, send: str, *, now: datetime, not_before: timedelta = timedelta(0)
) -> bool:
    """A browser came to the site by a link in a mail: what it does from now on is the lead's that the mail was for.

    A weak sign, since a mail may be forwarded. It changes nothing for a browser that is known, brings no earlier page
    views with it, and holds for three browsers a mail. Nor does it hold sooner than `not_before` after the mail went:
    that is a machine. True where it did hold.
    """
    _claim(conn, visitor)
    claim(conn, [f"visitors of {send}"])
    if whose(conn, visitor) is not None:
        return False
    mail = conn.execute(
        select(sends.c.lead, sends.c.accepted_at, sends.c.attempted_at, leads.c.status)
        .join(leads, leads.c.id == sends.c.lead)
        .where(sends.c.key == send)
    ).first()
    if mail is None or mail.status == "erased":
        return False
    went = mail.accepted_at or mail.attempted_at
    many = conn.execute(select(func.count()).select_from(visitors).where(visitors.c.send == send)).scalar_one()
    if went is None or now < went + not_before or many >= MOST_BROWSERS:
        return False
    conn.execute(insert(visitors).values(visitor=visitor, lead=mail.lead, by="mail", send=send, at=now))
    line = Line(
        at=now, kind="decision", what="visitor_known",
        reason="a browser came to the site by a link in a mail to this lead: what it does from now on is the lead's",
    )  # fmt: skip
    timeline.add(conn, mail.lead, line)
    return True


def whose(conn: Connection, visitor: str) -> str | None:
    """The id of the lead whose browser this is, or None."""
    found: str | None = conn.execute(select(visitors.c.lead).where(visitors.c.visitor == visitor)).scalar()
    return found


def forget(conn: Connection, visitor: str) -> None:
    """The consent was withdrawn: this browser is nobody's, and what it did while it was nobody's is gone."""
    _claim(conn, visitor)
    conn.execute(delete(page_views).where(page_views.c.visitor == visitor))
    conn.execute(delete(visitors).where(visitors.c.visitor == visitor))


def clean(conn: Connection, before: datetime) -> int:
    """Delete the page views of nobody that are older; returns how many."""
    return conn.execute(delete(page_views).where(page_views.c.at < before)).rowcount


def _claim(conn: Connection, visitor: str) -> None:
    """A page view and the sign-up that it belongs to may come at once: one of them is after the other."""
    claim(conn, [f"visitor {visitor}"])


def _told(event: str, lead: str, type: str, subject: str, site: str) -> dict[str, Any]:
    return {"id": event, "lead": lead, "type": type, "subject": subject, "properties": {"site": site}}
