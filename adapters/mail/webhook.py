"""Reads what SendGrid reports of mails: who signed it and what it says in nurture's words; refuses to store anything.

Batches mix mails of ours with others of the same account, come twice, late and in any order; one bad item spoils no
other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from adapters.database.mail_events import MailEvent
from adapters.mail.port import SEND_KEY_ARGUMENT
from nurture.automatic_clicks import network_of
from nurture.bounces import Bounce
from nurture.errors import NurtureError

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
AHEAD = timedelta(days=1)
"""How far ahead a provider's clock may be: what it tells of then counts as now."""
EVIDENCE = "processed"
"""The type of an event that only proves that the provider took the mail."""

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
_LONGEST = {"sg_event_id": 200, "email": 320, "reason": 500, "url": 4000, SEND_KEY_ARGUMENT: 500}
Scope = Literal["all", "topic"]


class MalformedWebhook(NurtureError):
    """A body that is no batch of events at all."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"the body is no batch of events: {fault}",
            where="POST /webhooks/sendgrid",
            do="send a JSON array of event objects",
        )


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item of a batch that cannot be read: its place in the batch (from 0) and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request says. `foreign` counts items that are none of our business: other mail, account notices."""

    events: tuple[MailEvent, ...]
    rejected: tuple[Rejected, ...] = ()
    foreign: int = 0


# --- the signature --------------------------------------------------------------------------------------------------


def verify(body: bytes, signature: str | None, timestamp: str | None, public_keys: Iterable[str]) -> bool:
    """Whether one of the keys (base64 SPKI) signed this very body; False, never an error, whatever comes in."""
    if not signature or not timestamp:
        return False
    try:
        signed = base64.b64decode(signature, validate=True)
        message = timestamp.encode("latin-1") + body
    except (binascii.Error, ValueError):
        return False
    return any(_signed_by(key, signed, message) for key in map(_public_key, public_keys) if key is not None)


def _signed_by(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _public_key(text: str) -> EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None


# --- the events -----------------------------------------------------------------------------------------------------


def parse(body: bytes, *, now: datetime | None = None) -> Batch:
    """The events of a batch in nurture's words, in the order given; what is told of later than AHEAD of `now` is not.

    Raises:
        MalformedWebhook: the body is not JSON, or not an array (a single object counts as an array of one).
    """
    try:
        items = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhook("it is not JSON") from error
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list):
        raise MalformedWebhook("it is not an array")
    events: list[MailEvent] = []
    rejected: list[Rejected] = []
    foreign = 0
    for index, item in enumerate(items):
        try:
            event = _event(item)
        except _UnreadableItemError as error:
            rejected.append(Rejected(index, str(error)))
            continue
        if event is None:
            foreign += 1
        elif now is not None and event.at > now + AHEAD:
            rejected.append(Rejected(index, "`timestamp` is more than a day ahead"))
        else:
            events.append(event)
    return Batch(tuple(events), tuple(rejected), foreign)


class _UnreadableItemError(Exception):
    """Why one item cannot be read."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    type: str
    suppresses: Scope | None = None
    bounce: Bounce | None = None


_MEANINGS = {
    "processed": _Meaning(EVIDENCE),
    "deferred": _Meaning("deferred"),
    "group_resubscribe": _Meaning(EVIDENCE),  # only a new consent by form lifts a suppression
    "delivered": _Meaning("delivered"),
    "open": _Meaning("opened"),
    "click": _Meaning("clicked"),
    "reply": _Meaning("replied"),
    "spamreport": _Meaning("spam_reported", "all"),
    "unsubscribe": _Meaning("unsubscribed", "all"),
    "group_unsubscribe": _Meaning("unsubscribed", "topic"),
}
_DROPPED = {
    "bounced": _Meaning("bounced", "all", "dropped"),
    "invalid": _Meaning("bounced", "all", "dropped"),
    "unsubscribed": _Meaning("unsubscribed", "all", "dropped"),
    "spam reporting": _Meaning("spam_reported", "all", "dropped"),
}


def _event(item: Any) -> MailEvent | None:
    """The event an item tells of; None where it is none of ours."""
    if not isinstance(item, dict):
        raise _UnreadableItemError("it is not an object")
    told = _text(item, "event")
    if told is None:
        raise _UnreadableItemError("`event` is missing")
    if told == "account_status_change":
        return None
    reason = _text(item, "reason") or (_text(item, "response") if told == "deferred" else None)
    meaning = _meaning(told, item, reason)
    send, address = _text(item, SEND_KEY_ARGUMENT), _text(item, "email")
    if send is None and (meaning.suppresses != "all" or address is None):
        return None  # other mail of the account; what suppresses an address holds for it whoever wrote to it
    at = _instant(item.get("timestamp"))
    url, offset = _text(item, "url") if told == "click" else None, _offset(item.get("url_offset"))
    return MailEvent(
        id=_identity(item, (send or address or "", told, int(at.timestamp()), url, offset)),
        send=send,
        type=meaning.type,
        at=at,
        url=url,
        url_offset=offset if url is not None else None,
        machine=item.get("sg_machine_open") is True,
        address=address.strip().lower() if address else None,
        suppresses=meaning.suppresses,
        reason=_reason(told, item, reason),
        bounce=meaning.bounce,
        network=network_of(_text(item, "ip")) if told == "click" else None,
        agent=_text(item, "useragent") if told == "click" else None,
    )


def _reason(told: str, item: dict[str, Any], reason: str | None) -> str | None:
    classification = item.get("bounce_classification")
    parts = [told, *([_storable(classification)[:100]] if isinstance(classification, str) and classification else [])]
    if reason:
        parts.append(reason)
    return ": ".join(parts) if len(parts) > 1 else None


def _meaning(told: str, item: dict[str, Any], reason: str | None) -> _Meaning:
    if told == "bounce":
        return _of_a_bounce(item.get("type") == "blocked", item.get("bounce_classification"))
    if told == "dropped":
        said = (reason or "").lower()
        # Never passed on, so no evidence of a mail that left; the reason may be the account's own fault.
        return next((meaning for word, meaning in _DROPPED.items() if word in said), _Meaning("dropped"))
    meaning = _MEANINGS.get(told)
    if meaning is None:
        raise _UnreadableItemError(
            f"unknown event {told[:100]!r}, known: {', '.join(sorted((*_MEANINGS, 'bounce', 'dropped')))}"
        )
    return meaning


def _of_a_bounce(blocked: bool, classification: object) -> _Meaning:
    """What a returned mail says; one that the provider gives no class counts as its type says."""
    of_mailbox = classification in ("Invalid Address", "Mailbox Unavailable")
    if blocked:
        # turned away for now, for what was sent or who sent it: the address itself is good
        return _Meaning("blocked", None, "put_off" if of_mailbox else "turned_away")
    if classification == "Mailbox Unavailable":
        return _Meaning("bounced", None, "mailbox")
    if of_mailbox or classification in (None, ""):
        return _Meaning("bounced", "all", "dead")
    return _Meaning("blocked", None, "turned_away")


def _text(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _UnreadableItemError(f"`{name}` is not a text")
    return _storable(value)[: _LONGEST.get(name, 500)] or None


def _storable(text: str) -> str:
    """Without lone surrogates and NUL, which JSON can hold and databases cannot."""
    return text.encode(errors="replace").decode().replace("\0", "")


def _instant(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _UnreadableItemError("`timestamp` is missing or no number of unix seconds")
    try:
        seconds = float(value)
    except (ValueError, OverflowError) as error:
        raise _UnreadableItemError("`timestamp` is no number of unix seconds") from error
    if not math.isfinite(seconds) or not _EARLIEST <= seconds < _LATEST:
        raise _UnreadableItemError("`timestamp` is not between the years 2000 and 3000")
    return datetime.fromtimestamp(int(seconds), UTC)


def _offset(value: Any) -> str | None:
    """Which of several equal links it was, as a short text."""
    if isinstance(value, dict):
        return _storable(f"{value.get('type', '')}:{value.get('index', '')}")[:100]
    return _storable(str(value))[:100] if isinstance(value, int | str) else None


def _identity(item: dict[str, Any], content: tuple[Any, ...]) -> str:
    """The provider's id of the event; where it gives none, one made of what the event says."""
    given = _text(item, "sg_event_id") or hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return f"sendgrid/{given}"
