"""Knows by which other addresses a lead is found, besides the one that mail goes to; refuses to mail any of them.

An address belongs to one lead. Whoever writes one has claimed it (see locks.py), since no index spans both tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from adapters.database.among import among
from adapters.database.consents import BOUNCED, address_hash
from adapters.database.schema import addresses, leads, suppressions
from adapters.database.sequence import WITHOUT_STATE

MOST = 20
"""How many addresses one lead may have, the one for mail among them."""

# made once: building a statement takes longer than SQLite takes to run it
_IS_OWNER = or_(
    leads.c.email == bindparam("address"),
    leads.c.id == select(addresses.c.lead).where(addresses.c.address == bindparam("address")).scalar_subquery(),
)
OWNER = select(*WITHOUT_STATE).where(_IS_OWNER).with_for_update(key_share=True)
"""The lead of an address, whichever of its addresses it is, locked."""
_WHOSE = select(leads.c.id).where(_IS_OWNER)
_OWNERS = select(addresses.c.address, addresses.c.lead).where(among(addresses.c.address))
_OTHERS = (
    select(addresses.c.lead, addresses.c.address)
    .where(among(addresses.c.lead))
    .order_by(addresses.c.added_at, addresses.c.address)
)


def owner(conn: Connection, address: str) -> str | None:
    """The id of the lead of an address (normalised), whichever of its addresses it is; locks nothing."""
    found: str | None = conn.execute(_WHOSE, {"address": address}).scalar()
    return found


def owners(conn: Connection, several: Collection[str]) -> dict[str, str]:
    """Whose other addresses these are: address → lead, for those that are anybody's; at most some hundreds."""
    if not several:
        return {}
    return {row.address: row.lead for row in conn.execute(_OWNERS, {"of": list(several)})}


def others(conn: Connection, several: Sequence[str]) -> Mapping[str, list[str]]:
    """The other addresses of each of these leads, the oldest first; at most some hundreds of leads."""
    found: dict[str, list[str]] = {}
    if several:
        for row in conn.execute(_OTHERS, {"of": list(several)}):
            found.setdefault(row.lead, []).append(row.address)
    return found


class Said(Protocol):
    """What is said of a lead's addresses: of `email`, `emails` and `id`, what is absent is None, and not set."""

    id: str | None
    email: str | None
    emails: list[str] | None

    @property
    def named(self) -> tuple[str, ...]: ...
    @property
    def model_fields_set(self) -> set[str]: ...


def chosen(said: Said, old: str | None, known: Sequence[str]) -> tuple[str | None, list[str]]:
    """Where mail goes from now on, and by which other addresses the lead is known; `old` and `known` were these.

    A lead that is found by another address keeps that for mail; named by its id it gets the new one, and is known by
    the old one.
    """
    if "emails" in said.model_fields_set:
        others = list(said.named)
        email = said.email or (old if old in others else next(iter(others), None))
    elif said.email is not None:
        others = [*known, *([old] if old is not None else [])]
        email = said.email if said.id is not None or old is None else old
    else:
        others = list(known)
        email = None if "email" in said.model_fields_set else old
    return email, [address for address in others if address != email]


def write(conn: Connection, lead: str, wanted: Sequence[str], before: Sequence[str], now: datetime) -> None:
    """Let the lead's other addresses be these and no more; `before`: what they were."""
    gone = [address for address in before if address not in wanted]
    if gone:
        conn.execute(delete(addresses).where(addresses.c.lead == lead, addresses.c.address.in_(gone)))
    fresh = [address for address in wanted if address not in before]
    if fresh:
        rows = [
            {"address": address, "lead": lead, "address_hash": address_hash(address), "added_at": now}
            for address in fresh
        ]
        conn.execute(insert(addresses), rows)


def carry_over(conn: Connection, gone: Iterable[str], to: str) -> None:
    """What people said at addresses that a lead has no more holds for the one it has: nobody is mailed by a change.

    A dead mailbox says nothing of another one.
    """
    hashes = [address_hash(address) for address in gone]
    if not hashes:
        return
    said = select(suppressions).where(suppressions.c.address_hash.in_(hashes), suppressions.c.reason != BOUNCED)
    rows = [
        {
            "address_hash": address_hash(to), "scope": row.scope, "reason": row.reason, "at": row.at,
            "source": row.source,
        }
        for row in conn.execute(said)
    ]  # fmt: skip
    if rows:
        conn.execute(insert(suppressions), rows)
