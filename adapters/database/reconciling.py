"""Takes over from a provider's lists what is lacking here, and never the other way; refuses to ask the provider.

A suppression of ours is never lifted by it, and one that the provider dates before a newer consent by form stays what
it was: lifted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from adapters.database import returns
from adapters.database.addresses import owners
from adapters.database.among import among
from adapters.database.consents import ALL, BOUNCED, address_hash, normalised, suppress_all, suppression
from adapters.database.event_rows import event_row, store_rows
from adapters.database.events import agreed_again
from adapters.database.schema import leads, suppressions, sweeps

NEAR = timedelta(minutes=5)
"""What we know is dated by its event, what is listed by its listing: so close together it is the same."""
OVERLAP = timedelta(days=1)
"""Lists are written later than what they tell of: so much is read again each time."""
PROVIDER = "provider"
"""The row of `sweeps` that tells up to when all lists were compared; those of single lists are named after it."""
_SAME = {"one_click": "unsubscribed"}
_KNOWN = select(suppressions.c.address_hash, suppressions.c.scope, suppressions.c.reason, suppressions.c.at).where(
    among(suppressions.c.address_hash)
)
_LEADS = select(leads.c.id, leads.c.email).where(among(leads.c.email), leads.c.status != "erased")


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a provider's list. `group`: the name of an unsubscribe group, None: it is about all mail."""

    list: str
    address: str
    at: datetime
    reason: str
    group: str | None = None


def read_until(conn: Connection, name: str) -> datetime | None:
    """Up to when a list has been taken over; None: never."""
    found: datetime | None = conn.execute(select(sweeps.c.until).where(sweeps.c.name == _row_of(name))).scalar()
    return found


def finish(conn: Connection, name: str, until: datetime, lacking: int) -> None:
    """Note that a list has been taken over up to an instant, and how much of it was lacking."""
    _note(conn, _row_of(name), until, lacking)


def compared_until(conn: Connection, first: datetime) -> datetime:
    """Up to when all lists have been compared: a night after it owes a comparison. What never was begins at `first`."""
    found: datetime | None = conn.execute(select(sweeps.c.until).where(sweeps.c.name == PROVIDER)).scalar()
    if found is None:
        conn.execute(insert(sweeps).values(name=PROVIDER, until=first, leads=0))
        return first
    return found


def done(conn: Connection, until: datetime, lacking: int) -> None:
    """Note that what there is to be known up to an instant is known: the nights before it owe nothing more."""
    _note(conn, PROVIDER, until, lacking)


def fold(conn: Connection, listed: Sequence[Listed], now: datetime, topics: Collection[str]) -> int:
    """Take over what is lacking of some hundreds of entries; returns how many that were.

    A group counts where it has the name of a topic. A lead leaves its scenario by it as by the event that was missed.
    A returned mail of which we were told that its address is good is on the provider's list all the same: not on ours.
    """
    meant = [(each, ALL if each.group is None else each.group) for each in listed]
    meant = [(each, scope) for each, scope in meant if scope == ALL or scope in topics]
    known = _known(conn, [each for each, _ in meant])
    spared = _not_their_fault(conn, [each for each, _ in meant if each.reason == BOUNCED])
    lacking: dict[tuple[str, str, str], tuple[Listed, str]] = {}
    for each, scope in meant:
        key = (address_hash(each.address), scope, each.reason)
        newest = known[key]
        if any(at >= each.at - NEAR for at in newest) or (each.reason == BOUNCED and each.address in spared):
            continue
        if key not in lacking or lacking[key][0].at < each.at:
            lacking[key] = (each, scope)
    suppress_all(
        conn,
        [
            suppression(each.address, scope, each.reason, at=_at(each, now), source=f"reconciled/{each.list}")
            for each, scope in lacking.values()
        ],
    )
    _tell(conn, list(lacking.values()), now)
    return len(lacking)


def _not_their_fault(conn: Connection, listed: Sequence[Listed]) -> set[str]:
    """The addresses (as listed) whose mails came back for other reasons than that there is no such mailbox."""
    of, _ = _leads(conn, [normalised(each.address) for each in listed])
    told = returns.past(conn, set(of.values()))
    about = {email: told.of(lead).about(returns.mailbox_of(email)) for email, lead in of.items()}
    spared = {email for email, said in about.items() if said.returned and not said.dead}
    return {each.address for each in listed if normalised(each.address) in spared}


def _tell(conn: Connection, lacking: Sequence[tuple[Listed, str]], now: datetime) -> None:
    """Each lead concerned hears of it, unless it has agreed again since."""
    of, elsewhere = _leads(conn, [normalised(each.address) for each, _ in lacking])
    rows: list[dict[str, Any]] = []
    for each, scope in lacking:
        lead = of.get(normalised(each.address))
        if lead is None or (each.reason == "unsubscribed" and agreed_again(conn, lead, scope, each.at)):
            continue
        rows.append(
            event_row(
                event=f"reconciled/{each.list}/{lead}/{scope}/{int(each.at.timestamp())}",
                lead=lead,
                type=each.reason,
                subject="" if scope == ALL else scope,
                at=_at(each, now),
                received_at=now,
                # a dead mailbox that mail does not go to makes nobody leave
                suppresses=None if each.reason == BOUNCED and normalised(each.address) in elsewhere else scope,
                properties={"reason": f"found on the mail provider's list {each.list}"},
            )
        )
    store_rows(conn, rows)


def _leads(conn: Connection, several: Sequence[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Whose addresses these are, and those of them that mail does not go to."""
    of = {row.email: row.id for row in conn.execute(_LEADS, {"of": several})}
    others = owners(conn, [each for each in several if each not in of])
    return {**others, **of}, frozenset(others)


def _known(conn: Connection, listed: Sequence[Listed]) -> dict[tuple[str, str, str], list[datetime]]:
    found: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    hashes = sorted({address_hash(each.address) for each in listed})
    for row in conn.execute(_KNOWN, {"of": hashes}):
        found[row.address_hash, row.scope, _SAME.get(row.reason, row.reason)].append(row.at)
    return found


def _at(each: Listed, now: datetime) -> datetime:
    """Whole seconds are all that is listed: the end of that second, so that nothing of the same second comes after."""
    return min(each.at + timedelta(seconds=1) - timedelta(microseconds=1), now)


def _row_of(name: str) -> str:
    return f"{PROVIDER}/{name}"


def _note(conn: Connection, row: str, until: datetime, lacking: int) -> None:
    values = {"until": until, "leads": lacking}
    changed = conn.execute(update(sweeps).where(sweeps.c.name == row).values(values))
    if not changed.rowcount:
        conn.execute(insert(sweeps).values(name=row, **values))
