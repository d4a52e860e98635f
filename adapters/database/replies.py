"""Keeps the mails that leads write back, each once, and what follows at once; refuses to read mail or to tell a rep.

A letter of a person is an event that its lead's workflow hears of, and which tells sales; a wish to get no more shuts
the address in the same transaction; a machine's answer is a line on the timeline. Anybody can write any From: where
only that says whose a mail is, it has to be proven, else the mail is kept and nothing follows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, insert, select

from adapters.database import timeline
from adapters.database.addresses import owners
from adapters.database.consents import ALL, normalised, suppress_all, suppression
from adapters.database.event_rows import event_row, store_rows
from adapters.database.events import unsubscribe
from adapters.database.merges import goes_on, lock_who_goes_on, merged_into
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page, shown
from adapters.database.schema import leads, replies, sends
from adapters.mail.inbound import Inbound
from adapters.mail.reply_addresses import addressed
from nurture.records import Line
from nurture.replies import Verdict, judge

EXCERPT = 300
"""How much of a letter a list shows."""
Became = Literal["written", "opt_out", "automatic", "left", "unproven", "duplicate", "unknown"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail, and whose it was.

    `left`: it came to the address at which any mail unsubscribes; `unproven`: nothing shows that its sender wrote it.
    """

    became: Became
    lead: str | None = None


def take(conn: Connection, mail: Inbound, now: datetime) -> Taken:
    """Take one mail in. It is known by the address it was sent to, else by its sender's; `unknown` keeps nothing."""
    wish = addressed(mail.to)
    sent = _sent(conn, wish.token) if wish is not None else None
    lead = str(sent.lead) if sent is not None else _by_address(conn, mail.sender)
    row = lock_who_goes_on(conn, lead) if lead is not None else None
    if row is None or row.status == "erased":
        return Taken("unknown")
    message, *others = [_known_as(mail, each) for each in (row.id, *merged_into(conn, row.id))]
    if conn.execute(select(replies.c.id).where(replies.c.message.in_([message, *others]))).first() is not None:
        return Taken("duplicate", row.id)
    verdict = judge(mail.headers, mail.subject, mail.text)
    leaves = sent is not None and wish is not None and wish.wish == "leave" and verdict.kind != "automatic"
    if sent is None and not mail.proven and verdict.kind != "automatic":
        unproven = Verdict("written", "nothing shows that its sender wrote it", verdict.words)
        _keep(conn, mail, row.id, message, sent, unproven, now)
        _doubt(conn, row.id, "its sender's domain vouches for it neither by DKIM nor by SPF: nothing follows", now)
        return Taken("unproven", row.id)
    if leaves:
        verdict = Verdict("opt_out", "the address it was sent to", verdict.words)
    _keep(conn, mail, row.id, message, sent, verdict, now)
    _follow(conn, mail, row, message, sent, verdict, now, leaves=leaves)
    return Taken("left" if leaves else verdict.kind, row.id)


def _follow(
    conn: Connection, mail: Inbound, lead: Row[Any], message: str, sent: Row[Any] | None, verdict: Verdict,
    now: datetime, *, leaves: bool,
) -> None:  # fmt: skip
    match verdict.kind:
        case "opt_out" if leaves and sent is not None and sent.topic:
            unsubscribe(conn, lead.id, sent.topic, now=now, send=sent.key, source="list_unsubscribe_mail")
        case "opt_out":
            unsubscribe(conn, lead.id, ALL, now=now, send=sent.key if sent is not None else None, source="reply")
            _shut_sender(conn, mail, lead, now)
            if verdict.more:
                _hear(conn, lead.id, message, sent, now)
        case "automatic":
            _ignore(conn, lead.id, sent, verdict, now)
        case "written":
            _hear(conn, lead.id, message, sent, now)


def _known_as(mail: Inbound, lead: str) -> str:
    return hashlib.sha256(f"{lead}\n{mail.identity}".encode()).hexdigest()


def page(
    conn: Connection, lead: str, limit: int | None = None, cursor: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """The mails of a lead, newest first, `{id, at, kind, why, send, subject, excerpt, words, text, attachments}`."""
    wanted = rows_of_a_page(limit)
    query = select(replies).where(replies.c.lead == goes_on(conn, lead)).order_by(replies.c.id.desc()).limit(wanted + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(replies.c.id < before)
    rows = conn.execute(query).all()
    items = [
        {
            "id": row.id,
            "at": shown(row.at),
            "kind": row.kind,
            "why": row.why,
            "send": row.send,
            "subject": row.subject,
            "excerpt": excerpt(row.words),
            "words": row.words,
            "text": row.text,
            "attachments": row.attachments,
        }
        for row in rows[:wanted]
    ]
    return items, cursor_after(rows[wanted - 1].id) if len(rows) > wanted else None


def excerpt(words: str) -> str:
    """The beginning of a letter on one line."""
    line = " ".join(words.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def _sent(conn: Connection, token: str) -> Row[Any] | None:
    columns = (sends.c.key, sends.c.lead, sends.c.topic, sends.c.template, sends.c.scenario, sends.c.step)
    query: Select[Any] = select(*columns, sends.c.visit, sends.c.enrolment).where(sends.c.answers_to == token)
    return conn.execute(query).first()


def _by_address(conn: Connection, address: str) -> str | None:
    found: str | None = conn.execute(select(leads.c.id).where(leads.c.email == normalised(address))).scalar()
    return found or owners(conn, [normalised(address)]).get(normalised(address))


def _keep(
    conn: Connection, mail: Inbound, lead: str, message: str, sent: Row[Any] | None, verdict: Verdict, now: datetime
) -> None:
    conn.execute(
        insert(replies).values(
            lead=lead,
            message=message,
            send=sent.key if sent is not None else None,
            at=now,
            kind=verdict.kind,
            why=verdict.why,
            subject=mail.subject,
            words=verdict.words,
            text=mail.text,
            attachments=mail.attachments,
        )
    )


def _hear(conn: Connection, lead: str, message: str, sent: Row[Any] | None, now: datetime) -> None:
    """The event `replied` of the mail; `written` in its properties says that somebody has to read an answer."""
    store_rows(
        conn,
        [
            event_row(
                event=f"reply/{message}",
                semantic=message,
                lead=lead,
                type="replied",
                subject=sent.template if sent is not None else "",
                at=now,
                received_at=now,
                send=sent.key if sent is not None else None,
                properties={"written": True},
            )
        ],
    )


def _ignore(conn: Connection, lead: str, sent: Row[Any] | None, verdict: Verdict, now: datetime) -> None:
    line = Line(
        at=now,
        kind="decision",
        what="reply_ignored",
        subject=sent.template if sent is not None else None,
        reason=f"an answer of a machine: {verdict.why}",
    )
    if sent is not None and sent.enrolment:
        line = line.model_copy(update={"scenario": sent.scenario, "step": sent.step, "visit": sent.visit})
    timeline.add(conn, lead, line)


def _shut_sender(conn: Connection, mail: Inbound, lead: Row[Any], now: datetime) -> None:
    """Who wrote from another address than the one he is mailed at means that one, too; if it is he who wrote."""
    address = normalised(mail.sender)
    if not address or address == lead.email:
        return
    if mail.proven:
        suppress_all(conn, [suppression(address, ALL, "unsubscribed", at=now, source="reply")])
    else:
        _doubt(conn, lead.id, "the other address it came from stays open: that domain vouches for nothing", now)


def _doubt(conn: Connection, lead: str, reason: str, now: datetime) -> None:
    timeline.add(conn, lead, Line(at=now, kind="decision", what="reply_unproven", reason=reason))
