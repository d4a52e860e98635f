"""Lets one transaction at a time do what has no row to lock yet, by name; refuses to know what the names stand for.

On SQLite there is one writer at a time anyway, so nothing is done there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, text

_TAKE = text("SELECT pg_advisory_xact_lock(name) FROM unnest(CAST(:names AS bigint[])) AS name")


def claim(conn: Connection, names: Iterable[str]) -> bool:
    """Wait for whoever has claimed one of the names, and hold them all until the transaction ends.

    Always in the same order, so that two who claim several never wait for each other. True where it may have waited:
    what was read before may have changed.
    """
    if conn.dialect.name != "postgresql":
        return False
    numbers = sorted({int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True) for name in names})
    if numbers:
        conn.execute(_TAKE, {"names": numbers})
    return bool(numbers)
