"""Marks the links of a mail that lead to the own site with whose mail they stand in; refuses to say that to strangers.

The mark is sealed (AES-SIV): it tells nobody an address or a lead's id, and nobody can make or change one. It runs out,
and what it is worth while it is good is decided where it is read (adapters/database/page_views.py).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import Engine

from adapters.mail.keys import kept_secret

PARAMETER = "nv"
"""The name of the mark in an address; the page snippet reads it, and takes it out of the address at once."""
LIFE = timedelta(days=30)
"""How long a mark is good, on nurture's clock …"""
TO_CLICK = timedelta(hours=1)
"""… and at least in real time: a person does not run faster where the clock does."""
_KEY_NAME = "unsubscribe"
_PURPOSE = [b"nurture link 1"]
_OWN = ("/forms/", "/u/", "/c/", "/mail/", "/thanks")
"""Paths of Nurture itself, where nobody reads a mark."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a mark stands for: the key of the mail it stood in, and until when (on nurture's clock) it is good."""

    send: str
    until: datetime


class LinkTokens:
    """Seals and opens marks, with the key of the other tokens for another purpose."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESSIV(key)

    @classmethod
    def of(cls, engine: Engine) -> LinkTokens:
        """With the key kept in the database, made there on first use."""
        return cls(kept_secret(engine, _KEY_NAME, lambda: AESSIV.generate_key(512)))

    def token(self, came: Came) -> str:
        """A word of letters, digits, `-` and `_`, the same for the same mail."""
        content = json.dumps([came.send, came.until.astimezone(UTC).isoformat()], ensure_ascii=False)
        return base64.urlsafe_b64encode(self._seal.encrypt(content.encode(), _PURPOSE)).rstrip(b"=").decode()

    def read(self, token: str) -> Came | None:
        """What the mark stands for, good or run out; None where it is not one of ours."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            send, until = json.loads(self._seal.decrypt(sealed, _PURPOSE))
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return Came(send=send, until=datetime.fromisoformat(until))


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Which links are marked, and how: those to the `origins` listed, but for Nurture's own pages at `public_url`."""

    tokens: LinkTokens
    origins: Collection[str]
    public_url: str

    def marked(self, url: str, send: str, until: datetime) -> str:
        """The address with the mark of a mail in its query, or as it is."""
        try:
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc}".lower()
        except ValueError:
            return url
        own = url.removeprefix(self.public_url.rstrip("/"))
        if origin not in self.origins or (own != url and own.startswith(_OWN)):
            return url
        mark = f"{PARAMETER}={quote(self.tokens.token(Came(send, until)))}"
        return parts._replace(query=f"{parts.query}&{mark}" if parts.query else mark).geturl()


def good_until(slot: datetime, speed: int) -> datetime:
    """Until when the marks of a mail are good; `slot` is when it was to go."""
    return slot + max(LIFE, TO_CLICK * speed)
