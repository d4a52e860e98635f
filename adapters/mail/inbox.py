"""Shows the mails that the sink keeps and reports what their readers do; refuses to know what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, Row, Select, delete, select

from adapters.database.engine import reading, writing
from adapters.database.schema import inbox, webhook_outbox
from adapters.mail.links import Link, links_of
from adapters.mail.sink import Fate, TellsTime, fate_of, nobody_waits, report
from nurture.errors import NurtureError

_READER = {"ip": "127.0.0.1", "useragent": "nurture inbox"}


class UnknownMail(NurtureError):
    """A mail that the sink does not hold."""

    def __init__(self, message: str) -> None:
        super().__init__(f"there is no mail {message!r}", where="the inbox", do="take an id from GET /api/inbox")


class NotDelivered(NurtureError):
    """A mail that never reached its reader, so nobody can have done anything with it."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"mail {message!r} was not delivered", where="the inbox", do="send to an address that does not bounce"
        )


@dataclass(frozen=True, slots=True)
class InboxMail:
    """One mail as its reader has it. `number` orders the mails; `links` are the visible ones."""

    number: int
    id: str
    to: str
    to_name: str | None
    from_email: str
    from_name: str | None
    subject: str
    headers: Mapping[str, str]
    text: str
    html: str
    links: Sequence[str]
    custom_args: Mapping[str, str]
    at: datetime

    @property
    def fate(self) -> Fate:
        return fate_of(self.to)


class Inbox:
    """The mails of the sink. `wake` is called whenever events were added to the outbox."""

    def __init__(self, engine: Engine, clock: TellsTime, wake: Callable[[], None] = nobody_waits) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake

    def oldest_first(
        self, *, to: str | None = None, since: datetime | None = None, after: int = 0, limit: int = 100
    ) -> list[InboxMail]:
        """The mails to one address (any where None), at or after `since`, behind the number `after`."""
        query = select(inbox).where(inbox.c.id > after).order_by(inbox.c.id).limit(limit)
        return self._found(_narrowed(query, to, since))

    def newest_first(self, *, to: str | None = None, before: int | None = None, limit: int = 50) -> list[InboxMail]:
        """The same from the other end, ahead of the number `before`."""
        query = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(inbox.c.id < before)
        return self._found(_narrowed(query, to, None))

    def mail(self, message: str) -> InboxMail:
        """One mail by its id.

        Raises:
            UnknownMail: there is none.
        """
        found = self._found(select(inbox).where(inbox.c.message == message))
        if not found:
            raise UnknownMail(message)
        return found[0]

    def delivered(self, message: str) -> InboxMail:
        """One mail that its reader has got.

        Raises:
            UnknownMail: there is none.
            NotDelivered: it has not reached its reader.
        """
        found = self.mail(message)
        if found.fate != "delivered":
            raise NotDelivered(message)
        return found

    # What a reader does. Each raises UnknownMail and NotDelivered, and answers with the event told to the webhook.

    def open(self, message: str, *, machine: bool = False) -> Mapping[str, Any]:
        """The mail was opened; `machine`: by a program that loads every mail."""
        return self._tell(message, {"event": "open", "sg_machine_open": machine, "sg_content_type": "html", **_READER})

    def click(self, message: str, url: str) -> Mapping[str, Any] | None:
        """A link was followed. None where the sender asked that clicks on it are not counted."""
        links = links_of(self.mail(message).html)
        index = next((place for place, link in enumerate(links) if link.url == url), 0)
        if _untracked(links, url):
            return None
        offset = {"index": index, "type": "html"}
        return self._tell(message, {"event": "click", "url": url, "url_offset": offset, **_READER})

    def reply(self, message: str) -> Mapping[str, Any]:
        """The mail was answered, without its words. SendGrid has no such event; answering.py makes a whole answer."""
        return self._tell(message, {"event": "reply"})

    def unsubscribe(self, message: str, scope: Literal["all", "topic"] = "all") -> Mapping[str, Any]:
        """The reader wants no more mail at all, or none of the mail's topic."""
        return self._tell(message, {"event": "unsubscribe" if scope == "all" else "group_unsubscribe", **_READER})

    def spam(self, message: str) -> Mapping[str, Any]:
        """The mail was reported as spam."""
        return self._tell(message, {"event": "spamreport"})

    def bounce(self, message: str) -> Mapping[str, Any]:
        """The mail came back after all: the address does not exist any more."""
        return self._tell(message, {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1"})

    def forget(self, address: str) -> int:
        """Delete every mail to an address and every event about it that is not told yet; how many mails they were."""
        with writing(self._engine) as connection:
            waiting = connection.execute(select(webhook_outbox.c.id, webhook_outbox.c.event)).all()
            gone = [row.id for row in waiting if row.event.get("email") == address.lower()]
            connection.execute(delete(webhook_outbox).where(webhook_outbox.c.id.in_(gone)))
            return connection.execute(delete(inbox).where(inbox.c.to == address.lower())).rowcount

    def _tell(self, message: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        mail = self.delivered(message)
        with writing(self._engine) as connection:
            told = report(
                connection, [event], message=message, custom_args=mail.custom_args, to=mail.to, at=self._clock.now()
            )
        self._wake()
        return told[0]

    def _found(self, query: Select[Any]) -> list[InboxMail]:
        with reading(self._engine) as connection:
            return [_mail(row) for row in connection.execute(query)]


def _untracked(links: Sequence[Link], url: str) -> bool:
    of_url = [link for link in links if link.url == url]
    return bool(of_url) and not any(link.tracked for link in of_url)


def _narrowed(query: Select[Any], to: str | None, since: datetime | None) -> Select[Any]:
    if to:
        query = query.where(inbox.c.to == to.strip().lower())
    return query if since is None else query.where(inbox.c.at >= since)


def _mail(row: Row[Any]) -> InboxMail:
    return InboxMail(
        number=row.id,
        id=row.message,
        to=row.to,
        to_name=row.to_name,
        from_email=row.from_email,
        from_name=row.from_name,
        subject=row.subject,
        headers=row.headers,
        text=row.text,
        html=row.html,
        links=tuple(row.links),
        custom_args=row.custom_args,
        at=row.at,
    )
