"""Says whether a lead agreed to a topic and whether its address is shut; refuses to send or to ask anybody.

A suppression belongs to the address (as a hash: it outlives an erasure), a consent to the lead. Both are only ever
added to: what was agreed to is never changed (the database refuses it) and goes with an erasure alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, and_, bindparam, exists, insert, or_, select

from adapters.database.among import among
from adapters.database.schema import addresses, consents, leads, suppressions
from nurture.addresses import spellings
from nurture.definitions import FormConsent

ALL = "all"
"""The scope of a suppression that shuts an address for every topic."""
Basis = Literal["opt_in", "business_card", "existing_customer", "published_address", "contract"]
BASES: tuple[Basis, ...] = get_args(Basis)
"""On what a consent may rest; every one that is written down says which."""
SuppressionReason = Literal["unsubscribed", "spam_reported", "bounced", "one_click", "manual", "erased"]
ERASED: SuppressionReason = "erased"
"""Why the address of a person is shut who was forgotten: nobody but the person can open it again."""
BOUNCED: SuppressionReason = "bounced"
"""What a mailbox says and not a person: it shuts the one address alone."""
_LIFTED_BY_A_FORM = frozenset({"unsubscribed", "one_click", ERASED})
"""What the person said and may take back. A complaint, a dead mailbox or a decision of ops is not undone by a form."""

# made once: building a statement takes longer than SQLite takes to run it
CONSENTED = select(exists().where(consents.c.lead == bindparam("of"), consents.c.topic == bindparam("to")))
"""Whether the lead `of` ever agreed to the topic `to`."""
_OTHERS = select(addresses.c.address_hash).join(leads, leads.c.id == addresses.c.lead)
_SHUT = (
    select(suppressions.c.reason, suppressions.c.at, suppressions.c.scope)
    .where(
        or_(
            suppressions.c.address_hash.in_(bindparam("hashes", expanding=True)),
            and_(
                # what a person said at any address of theirs holds for all
                suppressions.c.reason != BOUNCED,
                suppressions.c.address_hash.in_(_OTHERS.where(leads.c.email == bindparam("address"))),
            ),
        ),
        or_(suppressions.c.scope == ALL, suppressions.c.scope == bindparam("topic")),
    )
    .order_by(suppressions.c.at)
)


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent to be written: to which topics, on which basis, from where, since when.

    `wording`: what a form showed; `asked_at`: when it was posted, where a mail asked for the consent once more.
    """

    topics: Sequence[str]
    basis: str
    source: str | None
    at: datetime
    wording: FormConsent | None = None
    asked_at: datetime | None = None


def normalised(address: str) -> str:
    """The form in which an address is kept and compared: no blanks around it, lower case."""
    return address.strip().lower()


def address_hash(address: str) -> str:
    """What a suppression keeps of an address."""
    return hashlib.sha256(normalised(address).encode()).hexdigest()


def stand_in(lead: str) -> str:
    """What stands in for the address of a lead that has none: what is said at it holds for the next one it gets."""
    return f"lead {lead.encode().hex()}"


def _hashes(address: str) -> list[str]:
    """Of every spelling: who was suppressed under one of them is so under all."""
    return [address_hash(each) for each in spellings(normalised(address))]


def consent(conn: Connection, lead: str, given: Consent) -> None:
    """Write down a consent. Only one given in a form (with its wording) can lift a suppression, by being newer."""
    rows = [
        {
            "lead": lead,
            "topic": topic,
            "basis": given.basis,
            "source": given.source,
            "at": given.at,
            "by_form": given.wording is not None,
            "wording_version": given.wording.version if given.wording else None,
            "wording": given.wording.text if given.wording else None,
            "wording_sha256": hashlib.sha256(given.wording.text.encode()).hexdigest() if given.wording else None,
            "asked_at": given.asked_at,
        }
        for topic in dict.fromkeys(given.topics)
    ]
    if rows:
        conn.execute(insert(consents), rows)


def consented(conn: Connection, lead: str, topic: str) -> bool:
    """True if the lead ever agreed to the topic; what it took back since is a suppression."""
    return bool(conn.execute(CONSENTED, {"of": lead, "to": topic}).scalar())


def suppressed(conn: Connection, address: str, topic: str) -> str | None:
    """Why no mail of the topic may go to the address, or None. A newer consent by form lifts what a person undid.

    What a person said at another address of the same lead counts, too.
    """
    return next(iter(_reasons(conn, address, topic)), None)


def unsubscribed(conn: Connection, address: str, topic: str) -> bool:
    """True if the person has said no to mail of the topic and not taken it back: a newer consent by form does that."""
    return any(reason in _LIFTED_BY_A_FORM for reason in _reasons(conn, address, topic))


def _reasons(conn: Connection, address: str, topic: str) -> list[str]:
    """Every reason that holds, the oldest first."""
    rows = _shut(conn, address, topic)
    if not rows:
        return []
    lifted = conn.execute(
        select(consents.c.at)
        .join(leads, leads.c.id == consents.c.lead)
        .where(leads.c.email == normalised(address), consents.c.topic == topic, consents.c.by_form)
        .order_by(consents.c.at.desc())
        .limit(1)
    ).scalar()
    return [
        str(row.reason) for row in rows if lifted is None or lifted <= row.at or row.reason not in _LIFTED_BY_A_FORM
    ]


def undeliverable(conn: Connection, address: str, topic: str) -> str | None:
    """Why not even a mail that somebody asked for in a form may go to the address, or None.

    An unsubscribe is no reason: the mail asks whether it is to be taken back.
    """
    return next((row.reason for row in _shut(conn, address, topic) if row.reason not in _LIFTED_BY_A_FORM), None)


def _shut(conn: Connection, address: str, topic: str) -> Sequence[Any]:
    asked = {"hashes": _hashes(address), "address": normalised(address), "topic": topic}
    return conn.execute(_SHUT, asked).all()


def erased(conn: Connection, addresses: Iterable[str]) -> frozenset[str]:
    """Those of the addresses (normalised) whose owner was forgotten, whatever they have agreed to since."""
    by_hash = {each: normalised(address) for address in addresses for each in _hashes(address)}
    found = select(suppressions.c.address_hash).where(
        among(suppressions.c.address_hash), suppressions.c.reason == ERASED
    )
    return frozenset(by_hash[each] for each in conn.execute(found, {"of": list(by_hash)}).scalars())


def suppress(
    conn: Connection,
    address: str,
    scope: str,
    reason: SuppressionReason,
    *,
    at: datetime,
    source: str | None = None,
) -> None:
    """Shut an address for a topic, or for `all`."""
    suppress_all(conn, [suppression(address, scope, reason, at=at, source=source)])


def suppression(address: str, scope: str, reason: str, *, at: datetime, source: str | None = None) -> dict[str, Any]:
    """The row of one suppression, for `suppress_all`."""
    return {"address_hash": address_hash(address), "scope": scope, "reason": reason, "at": at, "source": source}


def suppress_all(conn: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write many suppressions made by `suppression`."""
    found = list(rows)
    if found:
        conn.execute(insert(suppressions), found)
