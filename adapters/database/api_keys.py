"""Keeps the keys of the API as hashes, each with its role; refuses to know what a role may do.

A key is 256 random bits, so nobody can guess it from its hash: one SHA-256 is enough, and quick enough for every
request. (What people choose as passwords would need a slow hash.)
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from adapters.database.schema import keys
from nurture.errors import NurtureError, UnknownName

KIND = "api"
_OF_KEYS = "api/"
"""How the rows of keys are named, so that none can take the name of a secret in the same table."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key: its name, its role, and the real instant at which it was made."""

    name: str
    role: str
    created_real: datetime


def digest_of(key: str) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def add(conn: Connection, name: str, role: str, real_now: datetime) -> str:
    """Make a key and return it: it is shown once. Raises NurtureError where the name is taken or cannot be one."""
    if not _NAME.fullmatch(name):
        raise NurtureError(
            f"{name!r} cannot name a key", where="--name", do="use up to 50 letters, digits, dots, hyphens, underscores"
        )
    if any(each.name == name for each in listed(conn)):
        raise NurtureError(
            f"there is a key {name!r} already",
            where="--name",
            do=f"choose another name, or `nurture keys remove {name}`",
        )
    key = secrets.token_urlsafe(32)
    conn.execute(
        insert(keys).values(name=_OF_KEYS + name, kind=KIND, sha256=digest_of(key), role=role, created_real=real_now)
    )
    return key


def remove(conn: Connection, name: str) -> None:
    """End a key; from the next request on it is not good any more. Raises UnknownName."""
    known = [each.name for each in listed(conn)]
    if name not in known:
        raise UnknownName("key", name, known)
    conn.execute(delete(keys).where(keys.c.name == _OF_KEYS + name, keys.c.kind == KIND))


def listed(conn: Connection) -> list[ApiKey]:
    """Every key, by name."""
    rows = conn.execute(select(keys).where(keys.c.kind == KIND).order_by(keys.c.name)).all()
    return [ApiKey(row.name.removeprefix(_OF_KEYS), row.role or "", row.created_real) for row in rows]


def known(conn: Connection, key: str) -> ApiKey | None:
    """The key that this is, or None. Every one is compared, each in constant time."""
    given, found = digest_of(key), None
    for row in conn.execute(select(keys).where(keys.c.kind == KIND, keys.c.sha256.is_not(None))):
        if hmac.compare_digest(given, row.sha256):
            found = ApiKey(row.name.removeprefix(_OF_KEYS), row.role or "", row.created_real)
    return found


def stands(conn: Connection, digest: str) -> bool:
    """True while there is a key with this digest."""
    return conn.execute(select(keys.c.name).where(keys.c.kind == KIND, keys.c.sha256 == digest)).first() is not None
