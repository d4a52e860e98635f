"""The mail provider that is built in: takes mail as SendGrid does, keeps it, and reports what became of it.

It refuses to know leads and scenarios: whatever it learns of them is what a real provider would. Mail to an address
that begins with `bounce` bounces for good, to one that begins with `blocked` is turned away for now.
"""

from __future__ import annotations

import hmac
import json
import math
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, Engine, delete, insert, select

from adapters.database.engine import reading, writing
from adapters.database.schema import inbox, webhook_outbox
from adapters.mail import mail_request
from adapters.mail.faults import Drop, Failure, Faults, OfSending, RateLimit, Stall
from adapters.mail.keys import kept_secret
from adapters.mail.links import visible_links
from adapters.mail.mail_request import Fault, RequestedMail
from adapters.mail.port import SEND_KEY_ARGUMENT

_QUERY = re.compile(rf"\(?\s*unique_args\['{SEND_KEY_ARGUMENT}'\]\s*=\s*\"([^\"]*)\"\s*\)?")
Fate = Literal["delivered", "bounce", "blocked"]


class TellsTime(Protocol):
    """Nurture's clock, as far as mail needs it."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class SinkAnswer:
    """What the sink answers: a status, a JSON body (None: empty), and the id it gave the message."""

    status: int
    body: Mapping[str, Any] | None = None
    message_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


NEVER_TELLS = SinkAnswer(403, {"errors": [{"message": "this account has no list of mails (a fault of the sink)"}]})
"""What is answered to any question about a mail that was handed over."""


def nobody_waits() -> None:
    """What to call for new events where nothing has to be woken."""


def sink_api_key(engine: Engine) -> str:
    """The bearer key of the sink, made on first use: who lacks it cannot make mails up, nor events about them."""
    return kept_secret(engine, "sink_api", lambda: secrets.token_urlsafe(32).encode()).decode()


def fate_of(address: str) -> Fate:
    """What becomes of mail to an address."""
    local = address.lower()
    if local.startswith("bounce"):
        return "bounce"
    return "blocked" if local.startswith("blocked") else "delivered"


class Sink:
    """Takes mail. `wake` is called whenever events were added to the outbox."""

    def __init__(self, engine: Engine, clock: TellsTime, wake: Callable[[], None] = nobody_waits) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake
        self._key = sink_api_key(engine)

    def send(
        self, body: bytes, authorization: str | None, deadline: str | None = None, faults: Faults | None = None
    ) -> tuple[SinkAnswer, OfSending | None]:
        """POST /v3/mail/send: the answer, and the fault that still has to spoil it.

        A good request has its mails kept together with the first events about them. After `deadline` (unix seconds)
        nothing is kept: whoever asked has given up, and may look up what became of it.
        """
        if not self.knows(authorization):
            return _refused(401, Fault("this key is not the sink's")), None
        fault = faults.of_sending() if faults is not None else None
        match fault:
            case RateLimit(reset_after=after):
                reset = {"X-RateLimit-Reset": str(math.ceil(time.time() + after))}
                return replace(_refused(429, Fault("too many requests (a fault of the sink)")), headers=reset), None
            case Failure(status=status):
                return _refused(status, Fault("made to fail (a fault of the sink)")), None
            case Stall(taken=False) | Drop(taken=False):
                return SinkAnswer(202), fault
        return self._take(body, deadline), fault

    def _take(self, body: bytes, deadline: str | None) -> SinkAnswer:
        if len(body) > mail_request.LARGEST:
            return _refused(413, Fault(f"the request is larger than {mail_request.LARGEST} bytes"))
        mails, faults = mail_request.read(body)
        if faults:
            return _refused(400, *faults)
        message = secrets.token_urlsafe(16)
        with writing(self._engine) as connection:
            if deadline is not None and time.time() > float(deadline):
                return _refused(408, Fault("the request came later than its sender waits"))
            # Inside the transaction: who looks for mails since an instant must find none with an earlier one later.
            now = self._clock.now()
            for number, mail in enumerate(mails):
                self._keep(connection, message if number == 0 else f"{message}.{number}", mail, now)
        self._wake()
        return SinkAnswer(202, message_id=message)

    def messages(self, query: str, authorization: str | None) -> SinkAnswer:
        """GET /v3/messages: the mails with one send key, as the activity feed lists them."""
        if not self.knows(authorization):
            return _refused(401, Fault("this key is not the sink's"))
        asked = _QUERY.fullmatch(query)
        if asked is None:
            return _refused(400, Fault(f"the sink knows unique_args['{SEND_KEY_ARGUMENT}']=\"…\" only", "query"))
        of_send = inbox.c.custom_args[SEND_KEY_ARGUMENT].as_string() == asked[1]
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(inbox.c.message, inbox.c.to, inbox.c.from_email, inbox.c.subject, inbox.c.at)
                .where(of_send)
                .order_by(inbox.c.id)
            ).all()
        return SinkAnswer(
            200,
            {
                "messages": [
                    {
                        "msg_id": row.message,
                        "to_email": row.to,
                        "from_email": row.from_email,
                        "subject": row.subject,
                        "status": "delivered" if fate_of(row.to) == "delivered" else "not_delivered",
                        "last_event_time": row.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                    }
                    for row in rows
                ]
            },
        )

    def erase(self, body: bytes, authorization: str | None) -> SinkAnswer:
        """POST /v3/recipients/erasejob: delete every mail to the addresses, and what is still to be told of them."""
        if not self.knows(authorization):
            return _refused(401, Fault("this key is not the sink's"))
        try:
            asked = json.loads(body)["email_addresses"]
        except (ValueError, KeyError, TypeError):
            asked = None
        if not isinstance(asked, list) or not asked or not all(isinstance(each, str) for each in asked):
            return _refused(400, Fault("a list of addresses is required", "email_addresses"))
        addresses = [each.strip().lower() for each in asked]
        with writing(self._engine) as connection:
            connection.execute(delete(inbox).where(inbox.c.to.in_(addresses)))
            told = webhook_outbox.c.event["email"].as_string()
            connection.execute(delete(webhook_outbox).where(told.in_(addresses)))
        return SinkAnswer(202, {"job_id": secrets.token_hex(16)})

    def knows(self, authorization: str | None) -> bool:
        """Whether an Authorization header carries the sink's key."""
        scheme, _, given = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._key.encode())

    def _keep(self, connection: Connection, message: str, mail: RequestedMail, now: datetime) -> None:
        address = mail.to.email.lower()
        connection.execute(
            insert(inbox).values(
                message=message,
                to=address,
                to_name=mail.to.name,
                from_email=mail.sender.email,
                from_name=mail.sender.name,
                subject=mail.subject,
                headers={**mail.headers, **({"Reply-To": mail.reply_to.email} if mail.reply_to else {})},
                text=mail.text,
                html=mail.html,
                links=list(visible_links(mail.html)),
                custom_args=dict(mail.custom_args),
                at=now,
            )
        )
        report(connection, _first_events(address), message=message, custom_args=mail.custom_args, to=address, at=now)


def _refused(status: int, *faults: Fault) -> SinkAnswer:
    return SinkAnswer(status, {"errors": [fault.as_json() for fault in faults]})


def _first_events(address: str) -> Iterable[dict[str, Any]]:
    yield {"event": "processed"}
    match fate_of(address):
        case "delivered":
            yield {"event": "delivered", "response": "250 OK", "tls": 1}
        case "bounce":
            yield {
                "event": "bounce",
                "type": "bounce",
                "status": "5.1.1",
                "reason": "550 5.1.1 no such user here",
                "bounce_classification": "Invalid Address",
            }
        case "blocked":
            yield {
                "event": "bounce",
                "type": "blocked",
                "status": "4.7.1",
                "reason": "450 4.7.1 try again later",
                "bounce_classification": "Reputation",
            }


def report(
    connection: Connection,
    events: Iterable[Mapping[str, Any]],
    *,
    message: str,
    custom_args: Mapping[str, str],
    to: str,
    at: datetime,
) -> Sequence[dict[str, Any]]:
    """Add events about one mail to the outbox, in the shape of the provider's; they are told once this commits."""
    whole = [
        {
            **custom_args,  # top-level keys; the reserved names below overwrite them, as at the provider
            "email": to,
            "timestamp": int(at.timestamp()),
            "smtp-id": f"<{message}@sink.example>",
            "category": ["nurture"],
            "sg_event_id": secrets.token_urlsafe(16),
            "sg_message_id": f"{message}.sink",
            **event,
        }
        for event in events
    ]
    due = datetime.now(UTC)
    connection.execute(insert(webhook_outbox), [{"event": event, "due_real": due, "tries": 0} for event in whole])
    return whole
