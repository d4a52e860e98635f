"""Marks the clicks that machines made, also earlier ones, whose points are then reversed and people told.

Which they are, nurture/automatic_clicks.py decides. Of where a click came from only its network is kept, for some days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.database import handoffs, timeline
from adapters.database.among import among
from adapters.database.event_rows import AT_ONCE
from adapters.database.locks import claim
from adapters.database.merges import is_one_of
from adapters.database.schema import click_origins, events
from adapters.database.schema import timeline as timeline_rows
from adapters.database.sequence import append
from adapters.mail.rendering import is_hidden_link
from nurture.automatic_clicks import Click, Origin, automatic, in_crowds
from nurture.definitions import AutomaticClicks
from nurture.entries import Corrected
from nurture.records import Line

KEPT = timedelta(days=3)
"""How long it is kept from which network a click came: providers tell for a day."""
_SLACK = timedelta(hours=1)

_JUDGED = select(events).where(among(events.c.send), events.c.type.in_(("clicked", "delivered")))
_NEAR = select(click_origins).where(
    among(click_origins.c.network), click_origins.c.at >= bindparam("since"), click_origins.c.at <= bindparam("until")
)
_MARK = (
    update(events)
    .where(events.c.id == bindparam("row"))
    .values(automatic=True, reversed_at=bindparam("when"), properties=bindparam("about"))
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Clicks out of one network in many people's mails: their ids, and whose mails they are in."""

    clicks: frozenset[str] = frozenset()
    sends: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()


@dataclass(slots=True)
class Found:
    """What a judgement changed: how many clicks of now are a machine's, and which earlier ones."""

    fresh: int = 0
    reversed_: list[str] = field(default_factory=list)


def crowd(conn: Connection, told: Sequence[tuple[Origin, str]], rules: AutomaticClicks | None) -> Crowd:
    """The crowds that these clicks, which are not stored yet, make with those that are; each comes with its send key.

    Whoever asks has claimed the networks: two batches that make one crowd together are taken in one after the other.
    """
    if not told:
        return Crowd()
    within = (rules or AutomaticClicks()).recipients_within.span
    asked = {
        "of": sorted({origin.network for origin, _ in told}),
        "since": min(origin.at for origin, _ in told) - within,
        "until": max(origin.at for origin, _ in told) + within,
    }
    all_ = {origin.id: (origin, send) for origin, send in told}
    for row in conn.execute(_NEAR, asked):
        all_[row.event] = (Origin(row.event, row.lead, row.network, row.at), row.send)
    found = in_crowds([origin for origin, _ in all_.values()], rules)
    return Crowd(
        clicks=found,
        sends=frozenset(all_[each][1] for each in found),
        leads=frozenset(all_[each][0].to for each in found),
    )


def keep(conn: Connection, told: Sequence[tuple[Origin, str]], now: datetime) -> None:
    """Remember from which networks clicks came, and forget what is older than KEPT."""
    if not told:
        return
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"event": origin.id, "send": send, "lead": origin.to, "network": origin.network, "at": origin.at}
        for origin, send in sorted(told, key=lambda each: each[0].id)
    ]
    conn.execute(make(click_origins).on_conflict_do_nothing(), rows)
    if conn.execute(select(exists().where(click_origins.c.at < now - KEPT - _SLACK))).scalar():
        claim(conn, ["old click origins"])
        conn.execute(delete(click_origins).where(click_origins.c.at < now - KEPT))


def judge(
    conn: Connection, keys: Iterable[str], sent: Mapping[str, Row[Any]], *, crowd: frozenset[str], now: datetime,
    rules: AutomaticClicks | None,
) -> Found:  # fmt: skip
    """Judge all clicks of these mails again, since each new event may show that an earlier one was a machine's.

    `sent`: the rows of those mails that something was told of just now.
    """
    found = Found()
    by_send: dict[str, list[Row[Any]]] = defaultdict(list)
    several = sorted(keys)
    for start in range(0, len(several), AT_ONCE):
        for row in conn.execute(_JUDGED, {"of": several[start : start + AT_ONCE]}):
            by_send[row.send].append(row)
    marked: list[dict[str, Any]] = []
    unmade: list[tuple[Row[Any], str]] = []
    for key, rows in by_send.items():
        clicks = {row.event: row for row in rows if row.type == "clicked"}
        reasons = automatic([_click(row, crowd) for row in clicks.values()], _arrived(rows, sent.get(key)), rules)
        for event, reason in reasons.items():
            row = clicks[event]
            if row.received_at == now:
                found.fresh += 1
            if row.automatic:
                continue
            # a click that was shown, if only for a moment, had its points
            when = now if row.received_at < now else None
            marked.append({"row": row.id, "when": when, "about": {**row.properties, "automatic": reason}})
            if row.filed:
                unmade.append((row, reason))
                found.reversed_.append(event)
    if marked:
        conn.execute(_MARK, marked)
    _tell(conn, unmade, now)
    return found


def _click(row: Row[Any], crowd: frozenset[str]) -> Click:
    url = row.url or ""
    return Click(
        row.event, url, row.at, hidden=is_hidden_link(url), machine=row.automatic, crowd=row.event in crowd,
        program=row.properties.get("program"),
    )  # fmt: skip


def _arrived(rows: Sequence[Row[Any]], sent: Row[Any] | None) -> datetime | None:
    arrived: datetime | None = min((row.at for row in rows if row.type == "delivered"), default=None)
    if arrived is None and sent is not None:
        arrived = sent.accepted_at or sent.attempted_at
    return arrived


def _tell(conn: Connection, unmade: Sequence[tuple[Row[Any], str]], now: datetime) -> None:
    """Take back clicks that counted until now: on the timeline with the reason, in the lead's workflow, and to reps."""
    taken_back: dict[str, list[Row[Any]]] = defaultdict(list)
    for row, reason in unmade:
        conn.execute(
            update(timeline_rows)
            .where(is_one_of(timeline_rows.c.lead, row.lead), timeline_rows.c.event == row.event)
            .values(automatic=True)
        )
        timeline.add(
            conn,
            row.lead,
            Line(
                at=now, kind="score", what="reversed", subject=row.subject or None,
                reason=f"the click {row.event} was automatic: {reason}; its points are reversed, its branch stands",
            ),
        )  # fmt: skip
        taken_back[row.lead].append(row)
    for lead, theirs in sorted(taken_back.items()):  # their leads are locked
        correction = Corrected(seq=0, at=now, received_at=now, deployment=0, events=tuple(row.event for row in theirs))
        append(conn, lead, correction)
        which = ", ".join(dict.fromkeys(row.subject or "a mail" for row in theirs))
        note = f"a click this lead was given points for was a machine's ({which}): its points are reversed"
        handoffs.add_note(conn, lead, note, since=min(row.at for row in theirs), now=now)
