"""Signs and verifies webhooks as the specification Standard Webhooks 1.0 says; refuses to know what is in them.

HMAC-SHA256 over `id.timestamp.body`; the header carries `v1,<base64>`, several of them separated by blanks while a
secret is being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
VERSION = "v1"
REPLAY_WINDOW = timedelta(minutes=5)
"""What is older, or comes from so far ahead, is not taken: a copy of a request does nothing later."""
PREFIX = "whsec_"
LEAST_BYTES = 24


def key_of(secret: str) -> bytes:
    """The bytes of a secret `whsec_<base64>`; the prefix may be absent.

    Raises:
        ValueError: it is not base64, or shorter than 24 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret is base64") from None
    if len(key) < LEAST_BYTES:
        raise ValueError(f"a secret has at least {LEAST_BYTES} bytes")
    return key


def headers(secrets: Sequence[str], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers for a request that is sent at a real instant, signed with each secret; none: no headers."""
    if not secrets:
        return {}
    timestamp = str(int(at.timestamp()))
    signed = " ".join(f"{VERSION},{_signature(key_of(each), id, timestamp, body)}" for each in secrets)
    return {ID: id, TIMESTAMP: timestamp, SIGNATURE: signed}


def verify(secrets: Sequence[str], given: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether one of the secrets signed this very request a moment ago; False, never an error, whatever comes in."""
    name, timestamp, signatures = given.get(ID, ""), given.get(TIMESTAMP, ""), given.get(SIGNATURE, "")
    if not (name and timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16 and signatures):
        return False
    if abs(now.timestamp() - int(timestamp)) > REPLAY_WINDOW.total_seconds():
        return False
    versions = (each.partition(",") for each in signatures.split())
    told = [value.encode("latin-1", "replace") for version, _, value in versions if version == VERSION]
    wanted = [_signature(key_of(each), name, timestamp, body).encode() for each in secrets]
    return any(hmac.compare_digest(each, other) for each in told for other in wanted)


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    signed = f"{id}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
