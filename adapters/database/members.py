"""Finds the leads that fit a condition: by SQL as far as it goes, and one by one where `nurture.membership` must judge.

Leads are gone through in the order of their ids, a stretch at a time, so that a question about a million of them takes
no more memory than one about a thousand, and whoever waits sees how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select, true

from adapters.database.among import among as one_of
from adapters.database.matching import Match, counted, matching, meant
from adapters.database.schema import events, leads
from nurture.facts import Facts, gathered
from nurture.membership import Membership

AT_ONCE = 500
"""How many leads are judged after one question."""
STRETCH = 10_000
"""How many leads one question of SQL is about."""
NOT_ERASED = leads.c.status != "erased"
WITHIN = and_(leads.c.id > bindparam("after"), leads.c.id <= bindparam("until"))
"""What is true of the leads of a stretch."""
_END = select(leads.c.id).where(leads.c.id > bindparam("after")).order_by(leads.c.id).offset(STRETCH - 1).limit(1)
_LAST = select(func.max(leads.c.id))


def fitting(
    conn: Connection,
    asked: Membership,
    now: datetime,
    *,
    among: Sequence[str] | None = None,
    known: datetime | None = None,
    alive: Callable[[], None] = lambda: None,
) -> list[str]:
    """The ids, in order, of the leads (`among` these, else of all) that fit at `now`; see `members`."""
    found: list[str] = []
    for some in members(conn, asked, now, among=among, known=known, alive=alive):
        found += some
    return found


def members(
    conn: Connection,
    asked: Membership,
    now: datetime,
    *,
    among: Sequence[str] | None = None,
    known: datetime | None = None,
    after: str = "",
    alive: Callable[[], None] = lambda: None,
) -> Iterator[list[str]]:
    """The same a stretch at a time, each in the order of ids; a stretch in which nobody fits is an empty list.

    `known`: only what was known by then counts of what they did; attributes are always those of today. `after`:
    only leads whose ids come after this one. `alive` is called before every question.
    """
    match = matching(asked, now, conn.dialect.name, known=known)
    for question, given in _questions(conn, match, among, after):
        alive()
        rows = conn.execute(question, given).all()
        doubtful = [row.id for row in rows if not row.sure]
        fit = set(_judged(conn, doubtful, asked, now, known=known, alive=alive))
        yield [row.id for row in rows if row.sure or row.id in fit]


def facts_of(
    conn: Connection,
    several: Sequence[str],
    asked: Membership,
    *,
    known: datetime | None = None,
    until: datetime | None = None,
    numbered: bool = False,
) -> dict[str, Facts]:
    """What each of these leads (at most AT_ONCE) did of what is asked, as far as it was `known` at an instant.

    `until`: only what happened up to an instant, whenever it was told: a sheet keeps the newest, and they fill caps.
    `numbered`: without events that are accepted and have not been filed yet.
    """
    did: dict[str, list[tuple[str, str, str | None, datetime]]] = {lead: [] for lead in several}
    if asked.dids:
        columns = (events.c.lead, events.c.type, events.c.subject, events.c.send, events.c.at)
        wanted = [one_of(events.c.lead), meant(asked.dids), counted(events, known)]
        wanted += [events.c.filed] if numbered else []
        wanted += [events.c.at <= until] if until is not None else []
        query = select(*columns).where(*wanted).order_by(events.c.lead, events.c.at, events.c.id)
        for row in conn.execute(query, {"of": several}):
            did[row.lead].append((row.type, row.subject, row.send, row.at))
    return {lead: gathered(asked.wanted, told) for lead, told in did.items()}


def _judged(
    conn: Connection,
    several: Sequence[str],
    asked: Membership,
    now: datetime,
    *,
    known: datetime | None,
    alive: Callable[[], None],
) -> Iterator[str]:
    """Those of the leads that fit, each judged by itself."""
    known_of = select(leads.c.id, leads.c.attributes, leads.c.position).where(one_of(leads.c.id))
    for start in range(0, len(several), AT_ONCE):
        alive()
        some = several[start : start + AT_ONCE]
        sheets = facts_of(conn, some, asked, known=known)
        for row in conn.execute(known_of, {"of": some}):
            if asked.fits(row.attributes, sheets[row.id], now, hot=bool((row.position or {}).get("hot"))):
                yield row.id


def stretches(conn: Connection, after: str = "") -> Iterator[dict[str, str]]:
    """The parameters of WITHIN for one stretch of leads after the other, from those behind `after` on."""
    if conn.dialect.name == "postgresql":
        # it would compile every question to machine code, a hundred times, which takes longer than to answer them
        conn.exec_driver_sql("SET LOCAL jit = off")
    last: str | None = conn.execute(_LAST).scalar()
    while last is not None and after != last:  # which of two comes first, only the database knows
        until: str = conn.execute(_END, {"after": after}).scalar() or last
        yield {"after": after, "until": until}
        after = until


def _questions(
    conn: Connection, match: Match, among: Sequence[str] | None, after: str
) -> Iterator[tuple[Select[Any], Mapping[str, Any]]]:
    """Questions for the rows (id, sure) of the leads that may fit and are not erased, each about a few of them."""
    sure = true() if match.exact else match.sure

    def asked(of: ColumnElement[bool]) -> Select[Any]:
        return select(leads.c.id, sure.label("sure")).where(of, NOT_ERASED, match.maybe).order_by(leads.c.id)

    if among is None:
        within = asked(WITHIN)
        yield from ((within, given) for given in stretches(conn, after))
        return
    named, of_these = sorted(set(among)), asked(cast("ColumnElement[bool]", one_of(leads.c.id, "named")))
    for start in range(0, len(named), STRETCH):
        yield of_these, {"named": named[start : start + STRETCH]}
