"""Makes one lead of two that are the same person, in one transaction; refuses where that would lose something open.

One goes on with its id, its workflow and its place in its scenario. The other ends what it walks, and holds nothing any
more: its row is erased, its id resolves to the one that goes on (merges.py). There is no way back.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, exists, func, insert, select, update

from adapters.database import addresses, audit, consents, lead_words, timeline
from adapters.database.consents import BOUNCED
from adapters.database.engine import writing
from adapters.database.event_rows import hint_of_address, hint_of_id
from adapters.database.leads import LeadUpsert, upsert
from adapters.database.locks import claim
from adapters.database.merges import goes_on
from adapters.database.pages import shown
from adapters.database.schema import addresses as address_rows
from adapters.database.schema import (
    click_origins,
    confirmations,
    enrolments,
    events,
    handoffs,
    leads,
    merges,
    replies,
    sends,
    tellings,
    visitors,
)
from adapters.database.schema import consents as consent_rows
from adapters.database.scores import points_of
from adapters.database.sequence import Deployments, UnknownLead, append, append_to_all, current_deployment, lock_rows
from nurture.definitions import Definitions
from nurture.entries import Corrected, Happening
from nurture.errors import NurtureError
from nurture.records import Line

_OPEN = handoffs.c.state.in_(("open", "accepted"))
_WALKED = enrolments.c.state != "ended"


class MergeRefused(NurtureError):
    """The two leads cannot be made one as they stand; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: how many events moved, how many of them the other lead had too, and what of `gone` ended.

    `ended`: the scenarios it walked or waited for. `refused`: topics that may not be mailed, with the reason, whichever
    of the two gave it. `again`: the two were one already. `before` and `after`: the score of `keep`.
    """

    keep: str
    gone: str
    events: int = 0
    twice: int = 0
    addresses: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    again: bool = False
    before: float | None = None
    after: float | None = None

    def shown(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "keep": self.keep, "gone": self.gone, "again": self.again, "events": self.events, "twice": self.twice,
            "addresses": list(self.addresses), "ended": list(self.ended),
            "refused": [{"topic": topic, "reason": reason} for topic, reason in self.refused],
            "score": {"before": self.before, "after": self.after},
        }  # fmt: skip


class _OnlyAsked(Exception):
    """Nobody wants it done."""


def carry_out(
    engine: Engine, keep: str, gone: str, *, store: Deployments, now: datetime, by: str, plan: bool = False
) -> Merged:
    """Merge in a transaction of its own, with the score before and after; `plan`: only say what it would do.

    Raises UnknownLead or MergeRefused.
    """
    done: Merged | None = None
    with contextlib.suppress(_OnlyAsked), writing(engine) as conn:
        definitions = store.get(current_deployment(conn))
        before = points_of(conn, [keep], definitions, now).get(keep)
        done = merge(conn, keep, gone, store=store, now=now, by=by)
        after = points_of(conn, [keep], definitions, now).get(keep)
        done = replace(done, before=before.total if before else None, after=after.total if after else None)
        if plan:
            raise _OnlyAsked
    if done is None:
        raise AssertionError("a merge that is not refused has a result")
    return done


def merge(conn: Connection, keep: str, gone: str, *, store: Deployments, now: datetime, by: str = "unknown") -> Merged:
    """Let `keep` be both. Raises UnknownLead or MergeRefused, before anything is written.

    A caller that only wants to know rolls the transaction back.
    """
    if keep == gone:
        raise MergeRefused(f"{keep!r} is one lead already", do="name two")
    if goes_on(conn, gone) == keep:
        audit.nothing_changed()
        return Merged(keep, gone, again=True)
    _claim(conn, keep, gone)
    rows = {row.id: row for row in lock_rows(conn, [keep, gone])}
    for name in (keep, gone):
        _must_be_mergeable(conn, rows.get(name), name)
    staying, going = rows[keep], rows[gone]
    if going.status == "paused":
        raise MergeRefused(f"lead {gone!r} is paused", do="resume it, or let it be the one that goes on")
    if conn.execute(select(exists().where(handoffs.c.lead == gone, _OPEN))).scalar():
        raise MergeRefused(
            f"sales has an open task about {gone!r}", do="close or return the task, or let it be the one that goes on"
        )
    _must_await_nothing(conn, going, now)
    known = addresses.others(conn, [keep, gone])
    mine = [*([staying.email] if staying.email else []), *known.get(keep, [])]
    theirs = [*([going.email] if going.email else []), *known.get(gone, [])]
    if len(mine) + len(theirs) > addresses.MOST:
        raise MergeRefused(f"together they have more than {addresses.MOST} addresses", do="forget some of them first")
    definitions = store.get(current_deployment(conn))
    topics = _topics(conn, [keep, gone], definitions)
    at = [each.email or consents.stand_in(each.id) for each in (staying, going)]
    shut = {topic: _said_no(conn, at, topic) for topic in topics}

    _end(conn, going, now)
    ended = _move_enrolments(conn, staying, gone, now)
    moved, twice = _move_events(conn, keep, gone, now)
    for table in (consent_rows, sends, replies, handoffs, tellings, visitors, click_origins):
        conn.execute(update(table).where(table.c.lead == gone).values(lead=keep))
    conn.execute(delete(address_rows).where(address_rows.c.lead == gone))
    lead_words.forget(conn, gone)
    nobody: dict[str, Any] = {
        "email": None,
        "name": None,
        "attributes": {},
        "status": "erased",
        "position": {},
        "scenario": None,
        "step": None,
    }
    conn.execute(update(leads).where(leads.c.id == gone).values(nobody))
    conn.execute(update(merges).where(merges.c.keep == gone).values(keep=keep))
    conn.execute(insert(merges).values(gone=gone, keep=keep, at=now, by=by))

    # both leads are there, with the addresses they have: whoever was erased and has come back is among them
    lacking = _what_it_lacks(staying, going, [*mine, *theirs], definitions)
    upsert(conn, lacking, store=store, now=now, by_person=True)
    to = next(iter([*mine, *theirs]), consents.stand_in(keep))
    refused = _keep_refusals(conn, to, shut, now)
    # its fact sheet is made anew from all events; what the other did may be more than it was known for, so it is woken
    again = Corrected(seq=0, at=now, received_at=now, deployment=0, events=())
    append_to_all(conn, [keep], again, wake=moved > 0)
    done = Merged(keep, gone, moved, twice, tuple(theirs), ended, tuple(refused.items()))
    _tell(conn, done, now, by)
    return done


def _claim(conn: Connection, keep: str, gone: str) -> None:
    """Before any row is locked, as everybody does who writes addresses."""
    own = conn.execute(select(leads.c.email).where(leads.c.id.in_((keep, gone)), leads.c.email.is_not(None))).scalars()
    others = addresses.others(conn, [keep, gone])
    every = [*own, *(each for several in others.values() for each in several)]
    claim(conn, [*map(hint_of_id, (keep, gone)), *map(hint_of_address, every)])


def _must_be_mergeable(conn: Connection, row: Row[Any] | None, name: str) -> None:
    if row is None:
        raise UnknownLead(name)
    if row.status == "erased":
        now = goes_on(conn, name)
        why = f"was merged into {now!r}" if now != name else "was erased"
        raise MergeRefused(f"lead {name!r} {why}", do=f"name {now!r}" if now != name else "name a lead that is there")


def _must_await_nothing(conn: Connection, going: Row[Any], now: datetime) -> None:
    """A consent that a mail asks for holds for the address it went to, which is none that mail goes to afterwards."""
    pending = conn.execute(
        select(confirmations.c.form, confirmations.c.topic, confirmations.c.until)
        .where(
            confirmations.c.lead == going.id,
            confirmations.c.confirmed_at.is_(None),
            confirmations.c.until > now,
            confirmations.c.address_hash == (consents.address_hash(going.email) if going.email else None),
        )
        .order_by(confirmations.c.until.desc())
    ).all()
    for asked in pending:
        if not consents.consented(conn, going.id, asked.topic):
            raise MergeRefused(
                f"lead {going.id!r} was asked by mail to confirm its consent to {asked.topic} (form {asked.form})",
                do=f"wait until its link was used or ends ({shown(asked.until)}), or let it be the one that goes on",
            )


def _topics(conn: Connection, several: list[str], definitions: Definitions) -> list[str]:
    listed = definitions.sender.topics if definitions.sender is not None else ()
    agreed = select(consent_rows.c.topic).where(consent_rows.c.lead.in_(several))
    return sorted({*listed, *conn.execute(agreed).scalars()})


def _said_no(conn: Connection, several: list[str], topic: str) -> str | None:
    """Why a person of these addresses may not be mailed; a dead mailbox is nobody's word."""
    for address in several:
        reason = consents.suppressed(conn, address, topic)
        if reason is not None and reason != BOUNCED:
            return reason
    return None


def _keep_refusals(conn: Connection, address: str, shut: dict[str, str | None], now: datetime) -> dict[str, str]:
    """The stricter word wins: what either might not be mailed before, the one may not be mailed now.

    An opt-in of one that is newer than the other's refusal does not lift it: they were not said to be one person.
    """
    found: dict[str, str] = {}
    for topic, reason in shut.items():
        if reason is None:
            continue
        found[topic] = reason
        if consents.suppressed(conn, address, topic) in (None, BOUNCED):
            consents.suppress(conn, address, topic, reason, at=now, source="merge")  # type: ignore[arg-type]
    return found


def _end(conn: Connection, going: Row[Any], now: datetime) -> None:
    """Let the other's workflow leave whatever it walks and waits for. Whoever has none needs no word."""
    if not (going.started or going.pending):
        return
    walked = conn.execute(
        select(func.count()).select_from(enrolments).where(enrolments.c.lead == going.id, _WALKED)
    ).scalar_one()
    for number in range(1, walked + 1):
        append(
            conn,
            going.id,
            Happening(
                seq=0, at=now, received_at=now, deployment=0, id=f"merge/{going.id}/{number}", type="merged",
                suppresses="all",
            ),
        )  # fmt: skip


def _move_enrolments(conn: Connection, staying: Row[Any], gone: str, now: datetime) -> tuple[str, ...]:
    """What the other has walked counts for `enter once`, too; what it walks ends. Returns the scenarios that ended."""
    rows = conn.execute(select(enrolments).where(enrolments.c.lead == gone).order_by(enrolments.c.enrolment)).all()
    for number, row in enumerate(rows, start=staying.last_enrolment + 1):
        of = update(enrolments).where(enrolments.c.lead == gone, enrolments.c.enrolment == row.enrolment)
        ends = {} if row.state == "ended" else {"state": "ended", "ended_at": now, "finish": "merged"}
        conn.execute(of.values(lead=staying.id, enrolment=number, **ends))
    of_lead = update(leads).where(leads.c.id == staying.id)
    conn.execute(of_lead.values(last_enrolment=staying.last_enrolment + len(rows)))
    return tuple(row.scenario for row in rows if row.state != "ended")


def _move_events(conn: Connection, keep: str, gone: str, now: datetime) -> tuple[int, int]:
    """The other's events are the lead's from now on; of one thing told of both, one counts.

    They count as received now, so that what was known of the lead before stays what was shown then.
    """
    mine, theirs = events.alias("mine"), events.alias("theirs")
    same = and_(
        mine.c.lead == keep, mine.c.type == theirs.c.type, mine.c.subject == theirs.c.subject, mine.c.at == theirs.c.at,
        mine.c.reversed_at.is_(None), mine.c.automatic.is_(False),
    )  # fmt: skip
    counts = and_(theirs.c.lead == gone, theirs.c.reversed_at.is_(None), theirs.c.automatic.is_(False))
    twice = conn.execute(select(theirs.c.id).where(counts, exists().where(same))).scalars().all()
    if twice:
        conn.execute(update(events).where(events.c.id.in_(twice)).values(reversed_at=now))
    moved = update(events).where(events.c.lead == gone)
    return conn.execute(moved.values(lead=keep, seq=None, received_at=now)).rowcount, len(twice)


def _what_it_lacks(staying: Row[Any], going: Row[Any], every: list[str], definitions: Definitions) -> LeadUpsert:
    """What the one that goes on did not know of itself; what it knew stays."""
    fill = {
        name: value
        for name, value in going.attributes.items()
        if name not in staying.attributes and (name in definitions.attributes or name == "company")
    }
    said: dict[str, Any] = {"id": staying.id, "emails": every, "attributes": fill}
    if every:
        said["email"] = staying.email or every[0]
    for name in ("name", "time_zone"):
        if getattr(staying, name) is None and getattr(going, name) is not None:
            said[name] = getattr(going, name)
    return LeadUpsert.model_validate(said)


def _tell(conn: Connection, done: Merged, now: datetime, by: str) -> None:
    ended = f"; it left {', '.join(done.ended)}" if done.ended else ""
    twice = f", {done.twice} of them known already" if done.twice else ""
    what = f"{done.gone} is the same person: {done.events} event(s) came with it{twice}{ended}"
    timeline.add(conn, done.keep, Line(at=now, kind="ops", what="merged", subject=done.gone, reason=what))
    details = {"gone": done.gone, "events": done.events, "twice": done.twice, "ended": list(done.ended)}
    audit.note(conn, "merge", done.keep, by=by, at=now, details=details)
