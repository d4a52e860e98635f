"""Gathers everything that is stored about one person, in a form the person can read; refuses to leave anything out.

It answers requests for disclosure: what is known and where from, what was agreed to in which words, what was sent, what
was concluded (the score, item by item), and who was asked to call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from adapters.database import addresses, erasures, leads, timeline
from adapters.database.consents import address_hash, stand_in
from adapters.database.explaining import standpoint
from adapters.database.merges import is_one_of
from adapters.database.pages import shown
from adapters.database.schema import (
    click_origins,
    confirmations,
    consents,
    enrolments,
    entries,
    events,
    handoffs,
    inbox,
    replies,
    sends,
    suppressions,
    visitors,
)
from adapters.database.sequence import Deployments, current_deployment
from adapters.mail.port import SEND_KEY_ARGUMENT
from nurture.definitions import Definitions

FORMAT = 1
"""Raised when a section or a key changes its meaning."""


def of(conn: Connection, lead: str, store: Deployments, now: datetime) -> dict[str, Any]:
    """Everything about the lead, section by section; `{}` where there is no such lead."""
    view = leads.view(conn, lead)
    if view is None:
        return {}
    lead = view["id"]  # a lead that was merged into another is asked for by either id
    known = [each for each in (view["email"], *addresses.others(conn, [lead]).get(lead, [])) if each]
    erasure = erasures.of(conn, lead)
    return {
        "format": FORMAT,
        "made_at": shown(now),
        "profile": _profile(view, store.get(current_deployment(conn))),
        "earlier_profiles": _profiles(conn, lead),
        "position": {key: view[key] for key in ("status", "scenario", "step", "deadline", "phase", "hot")},
        "score": _score(conn, lead, store, now),
        "consents": _rows(conn, consents, lead, "topic", "basis", "source", "at", "asked_at", "wording_version",
                          "wording", "wording_sha256"),
        "confirmations": _rows(conn, confirmations, lead, "form", "topic", "asked_at", "until", "confirmed_at",
                               "wording_version", "wording"),
        "suppressions": _suppressions(conn, [*known, stand_in(lead)]),
        "enrolments": _rows(conn, enrolments, lead, "enrolment", "scenario", "state", "decided_at", "ended_at",
                            "finish"),
        "sends": _sends(conn, lead),
        "events": _rows(conn, events, lead, "event", "type", "subject", "at", "received_at", "url", "properties",
                        "automatic", "reversed_at"),
        "browsers": _rows(conn, visitors, lead, "visitor", "by", "send", "at"),
        "clicks": _rows(conn, click_origins, lead, "network", "at", "send"),
        "replies": _rows(conn, replies, lead, "at", "kind", "why", "subject", "text", "attachments", "send"),
        "handoffs": _rows(conn, handoffs, lead, "id", "queue", "rep", "state", "note", "reasons", "score", "reason",
                          "company", "amount", "made_at", "accepted_at", "closed_at"),
        "timeline": list(_timeline(conn, lead)),
        "erasure": erasure.shown() if erasure is not None else None,
    }  # fmt: skip


def lines(found: Mapping[str, Any]) -> Iterator[tuple[str, int, str, Any]]:
    """The same as a table: section, number of the entry in it, name, value; what is unknown is left out."""
    for section, content in found.items():
        several = content if isinstance(content, list) else [content]
        for number, entry in enumerate(several, start=1):
            pairs = entry.items() if isinstance(entry, dict) else [("", entry)]
            for name, value in pairs:
                yield from _flat(section, number, str(name), value)


def _flat(section: str, number: int, name: str, value: Any) -> Iterator[tuple[str, int, str, Any]]:
    if value is None or value in ([], {}):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(section, number, f"{name}.{key}" if name else str(key), inner)
    else:
        yield section, number, name, value


def _profile(view: Mapping[str, Any], definitions: Definitions) -> dict[str, Any]:
    own = {key: view[key] for key in ("id", "name", "email", "emails", "language", "time_zone")}
    labels = {name: attribute.label for name, attribute in definitions.attributes.items()}
    told = {name: {"label": labels.get(name) or name, "value": value} for name, value in view["attributes"].items()}
    return {**own, "attributes": told}


def _score(conn: Connection, lead: str, store: Deployments, now: datetime) -> dict[str, Any] | None:
    """What was concluded about the person: the sums, each item that counts with its condition, and what lies behind."""
    current = current_deployment(conn)
    found = standpoint(conn, lead, store, current, now)
    if found is None:
        return None
    model = found.definitions.score
    rules = {each.item: str(each.when) for each in model.attributes}
    rules |= {each.item: str(each.when) for each in model.behaviours}
    told, hot = found.score().model_dump(mode="json"), found.hot()
    items = [{**item, "because": rules.get(item["item"])} for item in told["items"] if item["points"]]
    sums = {key: told[key] for key in ("total", "attributes", "behaviours", "phase")}
    return {**sums, "items": items, "hot": hot.hot, "hot_because": hot.reasons}


def _profiles(conn: Connection, lead: str) -> list[dict[str, Any]]:
    """What was known before, newest last."""
    mine = (is_one_of(entries.c.lead, lead), entries.c.kind == "profile")
    query = select(entries.c.at, entries.c.body).where(*mine).order_by(entries.c.seq)
    return [{"at": shown(row.at), "attributes": row.body["attributes"]} for row in conn.execute(query)]


def _rows(conn: Connection, table: Table, lead: str, *names: str) -> list[dict[str, Any]]:
    order = table.c.at if "at" in table.c else next(iter(table.c))
    # what did not come along with a merge, as the requests for a consent, is the person's as well
    query = select(*(table.c[name] for name in names)).where(is_one_of(table.c.lead, lead)).order_by(order)
    return [_shown(row) for row in conn.execute(query).mappings()]


def _shown(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    return {str(name): shown(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _suppressions(conn: Connection, known: Sequence[str]) -> list[dict[str, Any]]:
    wanted = (suppressions.c.scope, suppressions.c.reason, suppressions.c.at, suppressions.c.source)
    query = select(*wanted).where(suppressions.c.address_hash.in_(map(address_hash, known))).order_by(suppressions.c.at)
    return [_shown(row) for row in conn.execute(query).mappings()]


def _sends(conn: Connection, lead: str) -> list[dict[str, Any]]:
    """Each mail with its subject as it was sent; where none was kept yet, the built-in sink may know it."""
    columns = ("key", "subject", "scenario", "step", "visit", "template", "topic", "state", "attempted_at",
               "accepted_at", "reason")  # fmt: skip
    query = select(*(sends.c[name] for name in columns)).where(sends.c.lead == lead)
    found = [dict(row) for row in conn.execute(query.order_by(sends.c.attempted_at, sends.c.key)).mappings()]
    for row in found:
        if row["subject"] is None and row["attempted_at"] is not None:
            of_send = inbox.c.custom_args[SEND_KEY_ARGUMENT].as_string() == row["key"]
            row["subject"] = conn.execute(select(inbox.c.subject).where(of_send)).scalar()
    return [_shown(row) for row in found]


def _timeline(conn: Connection, lead: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        items, cursor = timeline.page(conn, lead, 1000, cursor)
        yield from items
        if cursor is None:
            return
