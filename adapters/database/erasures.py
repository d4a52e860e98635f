"""Keeps who is to be forgotten and how far that is; refuses to go through the tables: scrubbing.py does.

What is asked for holds at once, in the same transaction: the address is shut, nothing else can be told of the lead, and
its workflow has the entry that ends everything. The rest is the work of a workflow, which a relay sees to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from adapters.database import addresses, audit, consents, handoffs, lead_words
from adapters.database.loads import OPEN
from adapters.database.merges import goes_on, lock_who_goes_on, merged_into
from adapters.database.pages import shown
from adapters.database.schema import addresses as address_rows
from adapters.database.schema import confirmations, erasures, events, leads, sends
from adapters.database.schema import handoffs as tasks
from adapters.database.sequence import UnknownLead, append, lock
from nurture.entries import Erased
from nurture.erasure import WORD
from nurture.errors import NurtureError, UnknownName

MONTH = timedelta(days=31)
"""How long a record of consent is kept after the last advertising mail: Japan's law asks for a month."""
TELL_AGAIN = timedelta(minutes=1)
"""How long after it was started the workflow of an erasure is looked after again, until the tables are scrubbed …"""
LOOK_AGAIN = timedelta(hours=6)
"""… and then, while it waits for the day on which the consents go."""
Provider = Literal["asked", "accepted", "refused", "by_hand", "not_needed"]
"""`refused`: ops have to erase the addresses there by hand; `by_hand`: they have done so."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person who is to be forgotten. `state`: `running`, `consents_kept` (all else is gone), `done`."""

    lead: str
    state: Literal["running", "consents_kept", "done"]
    asked_at: datetime
    by: str
    provider: Provider
    provider_said: str | None
    consents_until: datetime | None
    ended_at: datetime | None

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "lead": self.lead, "state": self.state, "asked_at": shown(self.asked_at), "by": self.by,
            "provider": self.provider, "provider_said": self.provider_said,
            "consents_until": shown(self.consents_until), "ended_at": shown(self.ended_at),
        }  # fmt: skip


class NothingByHand(NurtureError):
    """There is nothing that ops had to erase at the mail provider."""

    def __init__(self, lead: str, provider: str) -> None:
        super().__init__(
            f"the mail provider did not refuse to erase lead {lead!r}: {provider}",
            do="leave this out; only what it refused is erased there by hand",
        )


class UnknownAddress(NurtureError):
    """No lead has this address; it may be that of somebody who was erased."""

    def __init__(self, *, erased: bool) -> None:
        what = "no lead has this address" + (": the person who had it was erased" if erased else "")
        super().__init__(
            what,
            do="look the lead up by its name (nurture leads list --find NAME, GET /api/leads?q=NAME), and name its id",
        )


def lead_named(conn: Connection, name: str) -> str:
    """The id of the lead with this id or address; raises UnknownName, or UnknownAddress where it is one."""
    if "@" not in name:
        if conn.execute(select(leads.c.id).where(leads.c.id == name)).first() is None:
            known = select(leads.c.id).where(leads.c.status != WORD).order_by(leads.c.id).limit(6)
            several = list(conn.execute(known).scalars())
            raise UnknownName("lead", name, several[:5] + ["…"] * (len(several) > 5))
        return goes_on(conn, name)
    found = addresses.owner(conn, consents.normalised(name))
    was = select(erasures.c.lead).where(erasures.c.address_hash == consents.address_hash(name))
    found = found or conn.execute(was.order_by(erasures.c.asked_at.desc())).scalar()
    if found is None:
        raise UnknownAddress(erased=bool(consents.erased(conn, [name])))
    return found


def ask(conn: Connection, lead: str, *, by: str, now: datetime, real_now: datetime) -> Erasure:
    """Let a person be forgotten, with every lead that was merged into theirs. Raises UnknownLead.

    Asking again changes nothing: it is one erasure.
    """
    row = lock_who_goes_on(conn, lead)
    if row is None:
        raise UnknownLead(lead)
    lead = row.id
    before = of(conn, lead)
    if before is not None:
        audit.nothing_changed()
        return before
    for each in (*merged_into(conn, lead), lead):
        _begin(conn, each, by=by, now=now, real_now=real_now)
    note(conn, lead, "erase", by=by, at=now)
    return _read(conn.execute(select(erasures).where(erasures.c.lead == lead)).one())


def _begin(conn: Connection, lead: str, *, by: str, now: datetime, real_now: datetime) -> None:
    row = lock(conn, lead)
    if row is None or of(conn, lead) is not None:
        return
    known = [*([row.email] if row.email else []), *addresses.others(conn, [lead]).get(lead, [])]
    for each in known:
        consents.suppress(conn, each, consents.ALL, consents.ERASED, at=now, source="erasure")
    conn.execute(delete(address_rows).where(address_rows.c.lead == lead))
    # what has no number yet would start a workflow only to be forgotten by it
    conn.execute(update(events).where(events.c.lead == lead, events.c.filed.is_(False)).values(filed=True))
    entry = append(conn, lead, Erased(seq=0, at=now, received_at=now, deployment=0))
    for task in conn.execute(select(tasks.c.id).where(tasks.c.lead == lead, tasks.c.state.in_(OPEN))).all():
        handoffs.expire(conn, task.id, now=now, reason="the lead is forgotten at its own wish")
    unsent = (confirmations.c.lead == lead, confirmations.c.ended_real.is_(None))
    conn.execute(update(confirmations).where(*unsent).values(ended_real=real_now))
    conn.execute(update(leads).where(leads.c.id == lead).values(status=WORD, email=None, name=None))
    lead_words.forget(conn, lead)
    conn.execute(
        insert(erasures).values(
            lead=lead, seq=entry.seq, addresses=known, by=by, asked_at=now, due_real=real_now,
            address_hash=consents.address_hash(known[0]) if known else None,
            provider="asked" if known else "not_needed",
        )
    )  # fmt: skip


def of(conn: Connection, lead: str) -> Erasure | None:
    """The erasure of a lead; None where nobody asked for one."""
    row = conn.execute(select(erasures).where(erasures.c.lead == lead)).first()
    return None if row is None else _read(row)


def due(conn: Connection, real_now: datetime, limit: int) -> list[str]:
    """The leads whose erasure must be seen to, the longest waiting first."""
    found = select(erasures.c.lead).where(erasures.c.due_real <= real_now).order_by(erasures.c.due_real).limit(limit)
    return list(conn.execute(found).scalars())


def told(conn: Connection, several: Sequence[str], real_now: datetime) -> None:
    """Remember that the workflows of these were started; a lost one is started again."""
    for scrubbed, wait in (
        (erasures.c.scrubbed_at.is_(None), TELL_AGAIN),
        (~erasures.c.scrubbed_at.is_(None), LOOK_AGAIN),
    ):
        of_these = (erasures.c.lead.in_(several), erasures.c.ended_at.is_(None), scrubbed)
        conn.execute(update(erasures).where(*of_these).values(due_real=real_now + wait))


def let_go(conn: Connection, lead: str) -> bool:
    """True once the lead's workflow has heard of it (or there is none), and no mail is on its way."""
    row = conn.execute(
        select(erasures.c.seq, leads.c.seq.label("applied"), leads.c.started, leads.c.pending)
        .join(leads, leads.c.id == erasures.c.lead)
        .where(erasures.c.lead == lead)
    ).first()
    if row is None or ((row.started or row.pending) and row.applied < row.seq):
        return row is None
    in_flight = exists().where(sends.c.lead == lead, sends.c.state == "in_flight")
    return not conn.execute(select(in_flight)).scalar()


def addresses_of(conn: Connection, lead: str, *, while_it_is: Provider = "asked") -> list[str]:
    """What the provider is to forget; empty where it has answered, or there is nothing.

    `while_it_is`: `refused` for what ops have to erase there by hand.
    """
    found = select(erasures.c.addresses).where(erasures.c.lead == lead, erasures.c.provider == while_it_is)
    return list(conn.execute(found).scalar() or ())


def provider_answered(conn: Connection, lead: str, answer: Provider, said: str | None) -> None:
    """Keep what the provider said, and forget the addresses, which were kept for this alone.

    Those that it refused are kept until somebody has erased them there: who does it has to know which.
    """
    known = addresses_of(conn, lead)
    values: dict[str, object] = {"provider": answer, "provider_said": without(known, said)}
    if answer != "refused":
        values["addresses"] = []
    conn.execute(update(erasures).where(erasures.c.lead == lead).values(values))


def done_by_hand(conn: Connection, lead: str, *, by: str, now: datetime) -> Erasure:
    """Somebody has erased at the provider what it had refused: the addresses are forgotten. Again changes nothing.

    Raises UnknownLead where nobody asked for an erasure, NothingByHand where the provider did not refuse.
    """
    row = lock_who_goes_on(conn, lead)
    found = of(conn, row.id) if row is not None else None
    if row is None or found is None:
        raise UnknownLead(lead)
    if found.provider == "by_hand":
        audit.nothing_changed()
        return found
    if found.provider != "refused":
        raise NothingByHand(row.id, found.provider)
    conn.execute(update(erasures).where(erasures.c.lead == row.id).values(provider="by_hand", addresses=[]))
    note(conn, row.id, "erased_at_provider", by=by, at=now)
    return _read(conn.execute(select(erasures).where(erasures.c.lead == row.id)).one())


def without(known: Sequence[str], said: str | None) -> str | None:
    """What a provider said, less the addresses it was given: it may repeat them."""
    for each in known if said is not None else ():
        said = said and said.replace(each, "…")
    return said


def consents_until(conn: Connection, lead: str) -> datetime | None:
    """Until when the record of what the person agreed to is kept; None where no mail ever went, or all is done."""
    row = conn.execute(select(erasures.c.ended_at).where(erasures.c.lead == lead)).first()
    if row is None or row.ended_at is not None:
        return None
    went = func.max(func.coalesce(sends.c.accepted_at, sends.c.attempted_at))
    last: datetime | None = conn.execute(
        select(went).where(sends.c.lead == lead, sends.c.state.in_(("accepted", "unknown", "in_flight")))
    ).scalar()
    until = last + MONTH if last is not None else None
    conn.execute(update(erasures).where(erasures.c.lead == lead).values(consents_until=until))
    return until


def note(conn: Connection, lead: str, did: str, *, by: str, at: datetime) -> None:
    """A line for auditors: that it was asked for, or done; of the person nothing but the lead's id."""
    audit.note(conn, did, lead, by=by, at=at)


def _read(row: Row[Any]) -> Erasure:
    state: Literal["running", "consents_kept", "done"] = "running"
    if row.ended_at is not None:
        state = "done"
    elif row.scrubbed_at is not None and row.provider != "asked" and row.consents_until is not None:
        state = "consents_kept"
    return Erasure(
        row.lead, state, row.asked_at, row.by, row.provider, row.provider_said, row.consents_until, row.ended_at
    )
