"""Makes and reads the addresses at which a mail is unsubscribed from, or a consent confirmed; refuses to do either.

A token is sealed (AES-SIV): nobody can read, change or make one without the key, and the same mail always has the same
one. That to unsubscribe never runs out; that to confirm holds the instant until which it is good.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import Engine

from adapters.mail.keys import kept_secret

_KEY_NAME = "unsubscribe"
_PURPOSE = [b"nurture unsubscribe 1"]
_CONFIRMING = [b"nurture confirm 1"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a token stands for: whose mail it was, of which topic (None: of none), and the key of the send."""

    lead: str
    topic: str | None
    send_key: str


class UnsubscribeTokens:
    """Seals and opens tokens with one key of 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESSIV(key)

    @classmethod
    def of(cls, engine: Engine) -> UnsubscribeTokens:
        """With the key kept in the database, made there on first use."""
        return cls(kept_secret(engine, _KEY_NAME, lambda: AESSIV.generate_key(512)))

    def token(self, subscription: Subscription) -> str:
        """A word of letters, digits, `-` and `_`, fit for a URL's path."""
        content = json.dumps([subscription.lead, subscription.topic, subscription.send_key], ensure_ascii=False)
        return base64.urlsafe_b64encode(self._seal.encrypt(content.encode(), _PURPOSE)).rstrip(b"=").decode()

    def read(self, token: str) -> Subscription | None:
        """What the token stands for, or None where it is not one of ours."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            lead, topic, send_key = json.loads(self._seal.decrypt(sealed, _PURPOSE))
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return Subscription(lead=lead, topic=topic, send_key=send_key)

    def url(self, public_url: str, subscription: Subscription) -> str:
        """The whole address of the confirm page, which is also that of the one-click request."""
        return f"{public_url.rstrip('/')}/u/{self.token(subscription)}"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token stands for: a request for a consent, and until when (on nurture's clock) it may be confirmed."""

    request: int
    until: datetime


class ConfirmationTokens:
    """Seals and opens the tokens of confirmations, with the same key for another purpose."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESSIV(key)

    @classmethod
    def of(cls, engine: Engine) -> ConfirmationTokens:
        """With the key kept in the database, made there on first use."""
        return cls(kept_secret(engine, _KEY_NAME, lambda: AESSIV.generate_key(512)))

    def token(self, confirmation: Confirmation) -> str:
        """A word of letters, digits, `-` and `_`, fit for a URL's path."""
        content = json.dumps([confirmation.request, confirmation.until.astimezone(UTC).isoformat()])
        return base64.urlsafe_b64encode(self._seal.encrypt(content.encode(), _CONFIRMING)).rstrip(b"=").decode()

    def read(self, token: str) -> Confirmation | None:
        """What the token stands for, good or run out; None where it is not one of ours."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            request, until = json.loads(self._seal.decrypt(sealed, _CONFIRMING))
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return Confirmation(request=request, until=datetime.fromisoformat(until))

    def url(self, public_url: str, confirmation: Confirmation) -> str:
        """The whole address of the page with the button."""
        return f"{public_url.rstrip('/')}/c/{self.token(confirmation)}"


def one_click_headers(unsubscribe_url: str, mailto: str | None = None) -> dict[str, str]:
    """The two headers of RFC 8058, which let a mail program offer its own unsubscribe button.

    `mailto`: the address at which any mail unsubscribes, for programs that cannot post.
    """
    by_mail = f", <mailto:{mailto}?subject=unsubscribe>" if mailto is not None else ""
    return {
        "List-Unsubscribe": f"<{unsubscribe_url}>{by_mail}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
