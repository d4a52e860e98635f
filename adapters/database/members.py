"""Finds the leads that fit a condition by what is stored of them; refuses to judge: `nurture.membership` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, or_, select

from adapters.database.schema import events, leads
from nurture.conditions import ANY, Did
from nurture.facts import NOT_HUMAN, OPENING, Facts, gathered
from nurture.membership import Membership

AT_ONCE = 500
"""How many leads are looked at in one question."""


def fitting(
    conn: Connection,
    asked: Membership,
    now: datetime,
    *,
    among: Sequence[str] | None = None,
    known: datetime | None = None,
    alive: Callable[[], None] = lambda: None,
) -> list[str]:
    """The ids, in order, of the leads (`among` these, else of all) that fit at `now`.

    `known`: only what was known by then counts of what they did; attributes are always those of today. `alive` is
    called every few hundred leads.
    """
    found: list[str] = []
    for some in _some(conn, among):
        alive()
        sheets = facts_of(conn, [row.id for row in some], asked, known=known)
        found += [
            row.id
            for row in some
            if asked.fits(row.attributes, sheets[row.id], now, hot=bool((row.position or {}).get("hot")))
        ]
    return found


def facts_of(
    conn: Connection,
    several: Sequence[str],
    asked: Membership,
    *,
    known: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Facts]:
    """What each of these leads (at most AT_ONCE) did of what is asked, as far as it was `known` at an instant.

    `until`: only what happened up to an instant, whenever it was told: a sheet keeps the newest, and they fill caps.
    """
    did: dict[str, list[tuple[str, str, str | None, datetime]]] = {lead: [] for lead in several}
    if asked.dids:
        columns = (events.c.lead, events.c.type, events.c.subject, events.c.send, events.c.at)
        wanted = [events.c.lead.in_(several), meant(asked.dids)]
        if known is None:
            wanted += [events.c.automatic.is_(False), events.c.reversed_at.is_(None)]
        else:  # what was taken back later, since it was a machine's or wrong, counted then
            stood = and_(events.c.automatic.is_(False), events.c.reversed_at.is_(None))
            wanted += [or_(stood, events.c.reversed_at > known), events.c.received_at <= known]
        if until is not None:
            wanted.append(events.c.at <= until)
        for row in conn.execute(select(*columns).where(*wanted).order_by(events.c.lead, events.c.at, events.c.id)):
            did[row.lead].append((row.type, row.subject, row.send, row.at))
    return {lead: gathered(asked.wanted, told) for lead, told in did.items()}


def meant(several: Sequence[Did]) -> ColumnElement[bool]:
    """True for the rows of `events` that one of these asks about, at whatever time."""
    return or_(false(), *(and_(*_meant(each)) for each in several))


def _meant(asked: Did) -> Iterator[ColumnElement[bool]]:
    if asked.any_human_event:
        yield events.c.type.not_in(NOT_HUMAN)
        return
    pattern = asked.did
    yield events.c.type.in_((pattern.type, *(OPENING if pattern.type == "opened" else ())))
    if pattern.subject not in (None, ANY):
        below = events.c.subject.startswith(f"{pattern.subject}/", autoescape=True)
        yield or_(events.c.subject == pattern.subject, below)


def _some(conn: Connection, among: Sequence[str] | None) -> Iterator[Sequence[Row[Any]]]:
    """The leads that are not erased, a few at a time, in the order of their ids."""
    rows: Select[Any] = (
        select(leads.c.id, leads.c.attributes, leads.c.position).where(leads.c.status != "erased").order_by(leads.c.id)
    )
    if among is not None:
        named = sorted(set(among))
        for start in range(0, len(named), AT_ONCE):
            yield conn.execute(rows.where(leads.c.id.in_(named[start : start + AT_ONCE]))).all()
        return
    last = ""
    while some := conn.execute(rows.where(leads.c.id > last).limit(AT_ONCE)).all():
        yield some
        last = some[-1].id
