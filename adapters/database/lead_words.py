"""Keeps the words by which each lead is searched, and finds leads by a part of them; refuses to rank them.

The words are id, addresses, name and company, as `searched` folds them. No index knows parts of words, so a search
reads all of them: they stand in a narrow table of their own, a fifteenth of that of the leads.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, insert, select

from adapters.database import addresses
from adapters.database.among import among
from adapters.database.schema import lead_words, leads
from adapters.database.sequence import lock_many

_STORED = select(leads.c.id, leads.c.email, leads.c.name, leads.c.attributes).where(leads.c.status != "erased")


def searched(text: str) -> str:
    """A text as searches see it: whether letters are large or small, full or half width, is one."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(
    lead: str, email: str | None, others: Sequence[str], name: str | None, attributes: Mapping[str, Any]
) -> str:
    """What a lead is searched by; `others` are its further addresses."""
    company = attributes.get("company")
    if company is not None and not isinstance(company, str):  # attributes.yaml may say a list or a number
        company = json.dumps(company, ensure_ascii=False)
    parts = (lead, email, *sorted(others), name, company)
    return searched("\n".join(each for each in parts if each))


def keep(conn: Connection, lead: str, words: str, *, new: bool = False) -> None:
    """The lead, which the caller has locked, is searched by these from now on; a `new` one has none yet."""
    if not new:
        forget(conn, lead)
    conn.execute(insert(lead_words).values(lead=lead, words=words))


def keep_as_stored(conn: Connection, lead: str) -> None:
    """The lead is searched by what is stored of it now, and by nothing where it is gone; the caller has locked it."""
    made = _as_stored(conn, _STORED.where(leads.c.id == lead))
    forget(conn, lead)
    for words in made.values():
        keep(conn, lead, words, new=True)


def _as_stored(conn: Connection, asked: Select[Any]) -> dict[str, str]:
    rows = conn.execute(asked).all()
    others = addresses.others(conn, [row.id for row in rows])
    return {row.id: words_of(row.id, row.email, others.get(row.id, []), row.name, row.attributes or {}) for row in rows}


def mend(conn: Connection, *, most: int) -> int:
    """Delete words of leads that are gone and write those that are lacking, of at most so many leads; how many it were.

    A release that knows no words leaves both behind where it still writes while the tables are those of this one.
    """
    theirs = leads.alias()
    gone = select(lead_words.c.lead).join(theirs, theirs.c.id == lead_words.c.lead).where(theirs.c.status == "erased")
    found = list(conn.execute(gone.limit(most)).scalars())
    lacking = leads.c.id.not_in(select(lead_words.c.lead))
    found += conn.execute(_STORED.with_only_columns(leads.c.id).where(lacking).limit(most - len(found))).scalars()
    return _keep_all_as_stored(conn, found)


def mend_following(conn: Connection, after: str, *, most: int) -> tuple[int, str | None]:
    """Compare so many living leads, in the order of their ids, with their words; mend what is otherwise.

    Returns how many that were, and the last id that was looked at: None at the end.
    """
    made = _as_stored(conn, _STORED.where(leads.c.id > after).order_by(leads.c.id).limit(most))
    kept = select(lead_words.c.lead, lead_words.c.words).where(among(lead_words.c.lead))
    known = {row.lead: row.words for row in conn.execute(kept, {"of": list(made)})}
    mended = _keep_all_as_stored(conn, [lead for lead, words in made.items() if known.get(lead) != words])
    return mended, next(reversed(made), None)  # as the database orders them


def _keep_all_as_stored(conn: Connection, several: Sequence[str]) -> int:
    locked = lock_many(conn, several)
    for lead in locked:
        keep_as_stored(conn, lead)
    return len(locked)


def forget(conn: Connection, lead: str) -> None:
    """The lead is found by no word any more."""
    conn.execute(delete(lead_words).where(lead_words.c.lead == lead))


def holding(
    sought: str, fitting: Sequence[ColumnElement[bool]] = (), *, after: str | None, most: int
) -> ColumnElement[bool]:
    """True for the first `most` leads by id, from `after` on, whose words hold a text and that fit what is said too.

    No database knows how many words hold a part: without a bound it would look up each lead of a part that all have.
    Who is gone is nobody, though an older release may have left its words behind.
    """
    # a value for each, and no EXISTS, which would become a join: words are read in order until there are enough
    there = select(leads.c.id).where(leads.c.id == lead_words.c.lead, leads.c.status != "erased", *fitting)
    found = select(lead_words.c.lead).where(_hold(sought), there.correlate(lead_words).scalar_subquery().is_not(None))
    if after is not None:
        found = found.where(lead_words.c.lead > after)
    return leads.c.id.in_(found.order_by(lead_words.c.lead).limit(most))


def of_few(sought: str) -> ColumnElement[bool]:
    """True for leads whose words hold a text: each lead is looked up, for a question that only few fit otherwise."""
    return exists().where(lead_words.c.lead == leads.c.id, _hold(sought), leads.c.status != "erased")


def _hold(sought: str) -> ColumnElement[bool]:
    return lead_words.c.words.contains(searched(sought), autoescape=True)
