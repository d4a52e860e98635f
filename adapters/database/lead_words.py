"""Keeps the words by which each lead is searched, and finds leads by a part of them; refuses to rank them.

The words are id, addresses, name and company, as `searched` folds them. No index knows parts of words, so a search
reads all of them: they stand in a narrow table of their own, a fifteenth of that of the leads.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from adapters.database import addresses
from adapters.database.schema import lead_words, leads


def searched(text: str) -> str:
    """A text as searches see it: whether letters are large or small, full or half width, is one."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(
    lead: str, email: str | None, others: Sequence[str], name: str | None, attributes: Mapping[str, Any]
) -> str:
    """What a lead is searched by; `others` are its further addresses."""
    company = attributes.get("company")
    parts = (lead, email, *sorted(others), name, company if isinstance(company, str) else None)
    return searched("\n".join(each for each in parts if each))


def keep(conn: Connection, lead: str, words: str, *, new: bool = False) -> None:
    """The lead, which the caller has locked, is searched by these from now on; a `new` one has none yet."""
    if not new:
        forget(conn, lead)
    conn.execute(insert(lead_words).values(lead=lead, words=words))


def keep_as_stored(conn: Connection, lead: str) -> None:
    """The lead is searched by what is stored of it now; the caller has locked it."""
    columns = (leads.c.email, leads.c.name, leads.c.attributes)
    row = conn.execute(select(*columns).where(leads.c.id == lead)).one()
    others = addresses.others(conn, [lead]).get(lead, [])
    keep(conn, lead, words_of(lead, row.email, others, row.name, row.attributes or {}))


def forget(conn: Connection, lead: str) -> None:
    """The lead is found by no word any more."""
    conn.execute(delete(lead_words).where(lead_words.c.lead == lead))


def holding(sought: str, *, after: str | None = None, most: int | None = None) -> ColumnElement[bool]:
    """True for the leads whose words hold a text; `most`: for the first so many of them by id, from `after` on.

    No database knows how many words hold a part: without a bound it would look up each lead of a part that all have.
    """
    found = select(lead_words.c.lead).where(lead_words.c.words.contains(searched(sought), autoescape=True))
    if after is not None:
        found = found.where(lead_words.c.lead > after)
    return leads.c.id.in_(found if most is None else found.order_by(lead_words.c.lead).limit(most))
