"""Makes and reads the addresses at which the mails of this place are answered; refuses to know who wrote them.

`r+TOKEN@DOMAIN` is where answers to one mail go, `u+TOKEN@DOMAIN` where any mail at all unsubscribes from its topic. A
token is an HMAC of the send key, 26 letters and digits that survive a mail server which ignores their case: nobody can
guess one, and the same mail always has the same one. What it stands for is looked up in the ledger of sends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine

from adapters.mail.keys import kept_secret

_ADDRESS = re.compile(r"([ru])\+([a-z2-7]{26})@(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Addressed:
    """What an address asks for: `answer` a mail, or `leave` its topic; by the mail's token."""

    wish: Literal["answer", "leave"]
    token: str


class ReplyAddresses:
    """The addresses of one domain, with one key."""

    def __init__(self, domain: str, key: bytes) -> None:
        self._domain = domain
        self._key = key

    @classmethod
    def of(cls, domain: str | None, engine: Engine) -> ReplyAddresses | None:
        """With the key kept in the database, made there on first use; None where there is no domain for replies."""
        if domain is None:
            return None
        return cls(domain, kept_secret(engine, "reply_addresses", lambda: secrets.token_bytes(32)))

    def token(self, send_key: str) -> str:
        """The token of a mail, at most 40 signs."""
        sealed = hmac.digest(self._key, send_key.encode(), hashlib.sha256)[:16]
        return base64.b32encode(sealed).decode().rstrip("=").lower()

    def answer_at(self, token: str) -> str:
        """Where answers to the mail go: its Reply-To."""
        return f"r+{token}@{self._domain}"

    def leave_at(self, token: str) -> str:
        """Where any mail unsubscribes: the second address of its List-Unsubscribe."""
        return f"u+{token}@{self._domain}"


def addressed(addresses: Iterable[str]) -> Addressed | None:
    """What the first of the addresses that is one of ours asks for; of whatever domain, since domains are renamed."""
    for each in addresses:
        found = _ADDRESS.fullmatch(each.strip())
        if found is not None:
            return Addressed("answer" if found[1].lower() == "r" else "leave", found[2].lower())
    return None
