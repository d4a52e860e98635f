"""Keeps the secrets that mail makes for itself, each made on first use; refuses to know what they are used for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from adapters.database.engine import reading, writing
from adapters.database.schema import keys

_KNOWN: WeakKeyDictionary[Engine, dict[str, bytes]] = WeakKeyDictionary()


def kept_secret(engine: Engine, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret of this name, the same for every process of the database; `make` is called where there is none.

    It never changes, so it is read once and kept in memory: every webhook and every mail asks for one.
    """
    known = _KNOWN.setdefault(engine, {})
    if name not in known:
        known[name] = _kept(engine, name, make)
    return known[name]


def _kept(engine: Engine, name: str, make: Callable[[], bytes]) -> bytes:
    found = _read(engine, name)
    if found is not None:
        return found
    try:
        with writing(engine) as connection:
            connection.execute(
                insert(keys).values(name=name, kind="secret", private=make(), created_real=datetime.now(UTC))
            )
    except IntegrityError:
        pass  # another process was first: its secret is the one
    made = _read(engine, name)
    if made is None:
        raise RuntimeError(f"the secret {name!r} was written and cannot be read back")
    return made


def _read(engine: Engine, name: str) -> bytes | None:
    with reading(engine) as connection:
        found: bytes | None = connection.execute(select(keys.c.private).where(keys.c.name == name)).scalar()
    return found
