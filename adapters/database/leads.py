"""Keeps what is known of each lead, typed by attributes.yaml, and shows where it stands; refuses to move it.

Every change that workflows can see is a new profile entry; newly fitting the segment of an `enter` enrols the lead.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from adapters.database import addresses, consents, enrolments, lead_words
from adapters.database.attributes import checked
from adapters.database.confirmations import mailable
from adapters.database.event_rows import attach_parked, hint_of_address, hint_of_id
from adapters.database.keepable import keepable
from adapters.database.locks import claim
from adapters.database.members import facts_of
from adapters.database.merges import goes_on, lock_who_goes_on, not_merged
from adapters.database.pages import cursor_after, rows_of_a_page, text_cursor
from adapters.database.schema import events, is_hot, leads
from adapters.database.sequence import WITHOUT_STATE, Deployments, append, current_deployment, lock
from nurture.addresses import clean
from nurture.definitions import Definitions, FormConsent, Scenario
from nurture.entries import AnyEntry, Profiled
from nurture.errors import NurtureError, UnknownName
from nurture.membership import ways_in

DEFAULT_LANGUAGE = "ja"
_FEW = 5000
"""Below so many leads that fit, a search looks each of them up; else it reads words until a page is full."""
_FIRST_CONSENT = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+$")
_ID = re.compile(r"^[^\s/\\@]{1,100}$")


class LeadRefused(NurtureError):
    """What was said of a lead cannot be kept; nothing of it was."""


def _an_id(value: Any) -> Any:
    if value is not None and (not isinstance(value, str) or not _ID.fullmatch(value)):
        raise ValueError("an id is 1 to 100 characters without blanks, slashes or @; it is never an address")
    return value


def _an_address(value: Any) -> Any:
    if value is None:
        return None
    wide = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    cleaned = clean(wide) if _ADDRESS.fullmatch(wide) and len(wide) <= 320 else ""
    if not _ADDRESS.fullmatch(cleaned) or len(cleaned) > 320:
        raise ValueError(f"{value!r} is not an address such as name@example.co.jp")
    return cleaned


def _a_zone(value: Any) -> Any:
    if value is None:
        return None
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError(f"{value!r} is not a time zone such as Asia/Tokyo") from error
    return value


def _an_instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a time such as 2026-11-02T09:30:00+09:00") from error
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone: write it as 2026-11-02T09:30:00+09:00")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{value!r} is no time of the calendar") from error


def _a_consent_at(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is not None and value < _FIRST_CONSENT:
        raise ValueError(f"{value:%Y-%m-%d} is before 1970, so it is no day on which somebody agreed to mails")
    return value


def _a_basis(value: Any) -> Any:
    if value not in consents.BASES:
        raise ValueError(f"{value!r} is no basis on which mail may be sent: write one of {', '.join(consents.BASES)}")
    return value


_Address = Annotated[str, BeforeValidator(_an_address)]


class ConsentIn(BaseModel):
    """A consent that came with a lead. `at` defaults to now; what lies ahead counts from now."""

    model_config = ConfigDict(extra="forbid")

    topics: Annotated[list[str], Field(min_length=1)]
    basis: Annotated[consents.Basis, BeforeValidator(_a_basis)]
    source: str | None = None
    at: Annotated[datetime | None, BeforeValidator(_an_instant), AfterValidator(_a_consent_at)] = None


class LeadUpsert(BaseModel):
    """The body of `POST /api/leads`: what is absent stays as it is, null clears.

    `email` is where mail goes; `emails` are all addresses by which the lead is known, that one among them. A lead found
    by another address than that for mail keeps it; named by its `id`, it gets the new one, and is known by the old one.
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, BeforeValidator(_an_id)] = None
    email: Annotated[str | None, BeforeValidator(_an_address)] = None
    emails: Annotated[list[Annotated[str, BeforeValidator(_an_address)]] | None, Field(max_length=addresses.MOST)] = (
        None
    )
    name: Annotated[str | None, Field(max_length=400)] = None
    language: Annotated[str | None, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = None
    time_zone: Annotated[str | None, BeforeValidator(_a_zone)] = None
    attributes: dict[str, Any] | None = None
    consent: ConsentIn | None = None

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, said: Any) -> Any:
        return keepable(said)

    @model_validator(mode="after")
    def _one_of_them(self) -> LeadUpsert:
        if self.email is not None and self.emails is not None and self.email not in self.emails:
            raise ValueError("`emails` is the whole list: it lacks `email`, where mail goes")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """Every address it names, each once."""
        return tuple(dict.fromkeys(address for address in (self.email, *(self.emails or ())) if address is not None))


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did: the lead's id, whether it is new, the entries it made, and who was enrolled in what.

    `changed`: something is other than before; a consent, given once more, is. `held`: scenarios that it would have
    entered, were its consent not asked for by mail first.
    """

    lead: str
    created: bool
    changed: bool
    entries: tuple[AnyEntry, ...]
    decisions: tuple[enrolments.Decision, ...] = ()
    held: tuple[str, ...] = ()


def upsert(
    conn: Connection,
    data: LeadUpsert,
    *,
    store: Deployments,
    now: datetime,
    wording: FormConsent | None = None,
    awaits: str | None = None,
    by_person: bool = False,
) -> Upserted:
    """Create or change one lead, found by its id, else by its address.

    `wording` is what a form showed: only a consent with it can lift a suppression. `awaits`: the topic to which the
    lead's consent is just being asked for by mail, so that scenarios of that topic wait for it. `by_person`: the person
    itself has filled in a form; nobody else brings back an address that was erased.
    Raises LeadRefused or UnknownName, before anything is written.
    """
    definitions = store.get(current_deployment(conn))
    claim_names(conn, [data])
    before = _find(conn, data)
    attributes = _attributes(data, before, definitions)
    _check_topics(data, definitions)
    lead = before.id if before is not None else data.id or f"lead_{secrets.token_hex(8)}"
    known = addresses.others(conn, [lead]).get(lead, []) if before is not None else []
    old = before.email if before is not None else None
    email, others = addresses.chosen(data, old, known)
    values = _values(data, before, attributes) | {"email": email}
    if not by_person:
        _refuse_erased(conn, {email, *others} - {None, old, *known})
    entries: list[AnyEntry] = []
    differs = before is None or any(values[key] != getattr(before, key) for key in values)
    if before is None:
        conn.execute(insert(leads), {"id": lead, "created_at": now, "position": {}, "status": "idle", **values})
    elif differs:
        conn.execute(update(leads).where(leads.c.id == lead).values(values))
    addresses.write(conn, lead, others, known, now)
    if differs or set(others) != set(known):
        words = lead_words.words_of(lead, email, others, values["name"], attributes)
        lead_words.keep(conn, lead, words, new=before is None)
    if before is None or any(values[key] != getattr(before, key) for key in ("attributes", "language", "time_zone")):
        entries.append(
            append(
                conn,
                lead,
                Profiled(
                    seq=0, at=now, received_at=now, deployment=0, language=values["language"],
                    time_zone=values["time_zone"], attributes=attributes,
                ),
            )
        )  # fmt: skip
    if data.consent is not None:
        consents.consent(
            conn,
            lead,
            consents.Consent(
                topics=data.consent.topics, basis=data.consent.basis, source=data.consent.source,
                at=min(data.consent.at or now, now), wording=wording,
            ),
        )  # fmt: skip
    then = {*known, before.email} if before is not None else set()
    gone = {address for address in then if address is not None} - {email, *others}
    if before is not None and old is None and email is not None:
        gone.add(consents.stand_in(lead))
    addresses.carry_over(conn, gone, email or consents.stand_in(lead))
    fresh_addresses = [address for address in (email, *others) if address is not None and address not in then]
    if before is None or fresh_addresses:
        attach_parked(conn, lead, fresh_addresses, now)
    known_before = before.attributes if before is not None else None
    hot = before is not None and bool((before.position or {}).get("hot"))
    fresh = _newly_fitting(conn, lead, known_before, attributes, definitions, now, hot=hot)
    held = [each for each in fresh if each.topic == awaits and not mailable(conn, lead, awaits)] if awaits else []
    decisions = tuple(
        enrolments.decide(conn, lead, scenario, deployment=definitions.number, now=now)
        for scenario in fresh
        if scenario not in held
    )
    entries.extend(decision.entry for decision in decisions if decision.entry is not None)
    return Upserted(
        lead, before is None, differs or bool(entries or fresh_addresses or gone) or data.consent is not None,
        tuple(entries), decisions, tuple(each.scenario for each in held),
    )  # fmt: skip


def claim_names(conn: Connection, several: Sequence[LeadUpsert]) -> None:
    """Let nobody else make a lead with one of these ids or addresses, or park an event for one, meanwhile.

    Whoever makes many leads in one transaction claims all their names before the first.
    """
    ids = (hint_of_id(data.id) for data in several if data.id is not None)
    claim(conn, [*ids, *(hint_of_address(address) for data in several for address in data.named)])


def view(conn: Connection, lead: str) -> dict[str, Any] | None:
    """One lead as the API shows it; None where there is no such lead. Its `score` is not looked for: scores.py does.

    By the id of one that was merged it is the lead that goes on.
    """
    lead = goes_on(conn, lead)
    row = conn.execute(select(*WITHOUT_STATE).where(leads.c.id == lead)).first()
    if row is None:
        return None
    others = addresses.others(conn, [lead]).get(lead, [])
    return _shown(row, current_deployment(conn), _on_their_way(conn, [lead]).get(lead, 0), others)


def page(
    conn: Connection,
    limit: int | None = None,
    cursor: str | None = None,
    *,
    status: str | None = None,
    scenario: str | None = None,
    step: str | None = None,
    q: str | None = None,
    hot: bool = False,
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of leads in the order of their ids, each as `view` shows it, and the cursor of the next page.

    `q` is looked for in ids, addresses, names and companies, as `lead_words` folds them. `hot`: only those that are.
    """
    wanted = rows_of_a_page(limit)
    said = ((leads.c.status, status), (leads.c.scenario, scenario), (leads.c.step, step))
    fitting = [column == value for column, value in said if value] + ([is_hot] if hot else [])
    query = select(*WITHOUT_STATE).where(not_merged(), *fitting).order_by(leads.c.id).limit(wanted + 1)
    after = text_cursor(cursor)
    if q and (sought := q.strip()):
        few = bool(fitting) and _are_few(conn, fitting)
        every = lead_words.of_few(sought) if few else lead_words.holding(sought, fitting, after=after, most=wanted + 1)
        query = query.where(every)
    if after is not None:
        query = query.where(leads.c.id > after)
    rows = conn.execute(query).all()
    current, coming = current_deployment(conn), _on_their_way(conn, [row.id for row in rows])
    others = addresses.others(conn, [row.id for row in rows[:wanted]])
    items = [_shown(row, current, coming.get(row.id, 0), others.get(row.id, [])) for row in rows[:wanted]]
    return items, cursor_after(rows[wanted - 1].id) if len(rows) > wanted else None


def _are_few(conn: Connection, fitting: Sequence[ColumnElement[bool]]) -> bool:
    some = select(leads.c.id).where(*fitting).limit(_FEW).subquery()
    return conn.execute(select(func.count()).select_from(some)).scalar_one() < _FEW


def _find(conn: Connection, data: LeadUpsert) -> Row[Any] | None:
    """The lead's row, locked; None where it is new. Raises LeadRefused where id and address name two leads."""
    if data.id is None and not data.named:
        raise LeadRefused("a lead needs an id or an address", do="give `id` or `email`")
    found = [conn.execute(addresses.OWNER, {"address": address}).first() for address in data.named]
    owners = {row.id: row for row in found if row is not None}
    if data.id is None:
        if len(owners) > 1:
            raise LeadRefused(
                f"emails: these addresses belong to several leads: {', '.join(sorted(owners))}", do="give one `id`"
            )
        return next(iter(owners.values()), None)
    named = lock(conn, data.id)
    if named is not None and named.status == "erased" and goes_on(conn, data.id) != data.id:
        named = lock_who_goes_on(conn, data.id)
    strange = sorted(owners.keys() - {named.id if named is not None else data.id})
    if strange:
        what = "email" if data.email is not None and data.emails is None else "emails"
        raise LeadRefused(
            f"{what}: this address belongs to lead {strange[0]!r} already",
            do=f"use that id, or leave `{what}` of {data.id!r} out",
        )
    if named is not None and named.status == "erased":
        raise LeadRefused(f"lead {data.id!r} was erased", do="leave it out; somebody else needs another id")
    return named


def _attributes(data: LeadUpsert, before: Row[Any] | None, definitions: Definitions) -> dict[str, Any]:
    kept = dict(before.attributes) if before is not None else {}
    if "attributes" in data.model_fields_set and data.attributes is None:
        return {}
    for name, value in (data.attributes or {}).items():
        found = checked(name, value, definitions)
        if found is None:
            kept.pop(name, None)
        else:
            kept[name] = found
    return kept


def _values(data: LeadUpsert, before: Row[Any] | None, attributes: Mapping[str, Any]) -> dict[str, Any]:
    def chosen(name: str, fallback: Any = None) -> Any:
        if name in data.model_fields_set:
            value = getattr(data, name)
            return fallback if value is None else value
        return getattr(before, name) if before is not None else fallback

    return {
        "name": chosen("name"),
        "language": chosen("language", DEFAULT_LANGUAGE),
        "time_zone": chosen("time_zone"),
        "attributes": dict(attributes),
    }


def _refuse_erased(conn: Connection, fresh: AbstractSet[str | None]) -> None:
    if consents.erased(conn, [each for each in fresh if each]):
        raise LeadRefused(
            "email: the person with this address was erased at its own wish",
            do="leave it out; a form that the person fills in brings it back",
        )


def _check_topics(data: LeadUpsert, definitions: Definitions) -> None:
    if data.consent is None or definitions.sender is None:
        return
    for topic in data.consent.topics:
        if topic not in definitions.sender.topics:
            raise UnknownName("topic", topic, definitions.sender.topics, where="consent.topics")


def _newly_fitting(
    conn: Connection,
    lead: str,
    before: Mapping[str, Any] | None,
    attributes: Mapping[str, Any],
    definitions: Definitions,
    now: datetime,
    *,
    hot: bool,
) -> list[Scenario]:
    """The scenarios with an `enter` whose segment the lead newly fits."""
    if before == attributes:
        return []
    found: list[Scenario] = []
    for name, asked in ways_in(definitions).items():
        facts = facts_of(conn, [lead], asked)[lead]
        fitted = before is not None and asked.fits(before, facts, now, hot=hot)
        if not fitted and asked.fits(attributes, facts, now, hot=hot):
            found.append(definitions.scenarios[name])
    return found


def _on_their_way(conn: Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many acknowledged events of each lead have no number yet: they are stored, and not applied."""
    rows = conn.execute(
        select(events.c.lead, func.count().label("many"))
        .where(events.c.filed.is_(False), events.c.lead.in_(ids), events.c.automatic.is_(False))
        .group_by(events.c.lead)
    )
    return {row.lead: row.many for row in rows}


def _shown(row: Row[Any], current: int, coming: int, others: Sequence[str]) -> dict[str, Any]:
    position: dict[str, Any] = row.position or {}
    # nothing is told to a lead without a workflow: what is stored is all there is to apply
    told = row.started or row.pending or coming
    return {
        "id": row.id,
        "email": row.email,
        "emails": [*([row.email] if row.email else []), *others],
        "name": row.name,
        "language": row.language,
        "time_zone": row.time_zone,
        "attributes": row.attributes,
        "seq": row.seq if told else row.last_seq,
        "stored_seq": row.last_seq + coming,
        "status": row.status,
        "scenario": position.get("scenario"),
        "deployment": position.get("deployment") or current,
        "step": position.get("step"),
        "visit": position.get("visit"),
        "waiting_for": position.get("waiting_for"),
        "deadline": position.get("deadline"),
        "phase": position.get("phase"),
        "hot": bool(position.get("hot", False)),
        "score": None,
    }
