"""Keeps who is logged in where, by the hash of the session's id; refuses to know cookies. All instants are real."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from adapters.database.among import among
from adapters.database.api_keys import digest_of
from adapters.database.schema import sessions, users
from adapters.database.users import User, read

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
_NOTED_EVERY = timedelta(minutes=5)
"""A request writes only when the last one is noted as longer ago."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where somebody is logged in; `this`: in the browser that asks."""

    id: int
    browser: str
    created_real: datetime
    seen_real: datetime
    this: bool


@dataclass(frozen=True, slots=True)
class Entered:
    """A good session, and whether it is time to note that it was seen."""

    user: User
    stale: bool


def begin(conn: Connection, user: int, browser: str, real_now: datetime) -> str:
    """The id of a new session: whoever shows it is this person. What has run out is swept away."""
    conn.execute(delete(sessions).where(_over(real_now)))
    session = secrets.token_urlsafe(32)
    conn.execute(
        insert(sessions).values(
            sha256=digest_of(session), user=user, browser=browser[:64], created_real=real_now, seen_real=real_now
        )
    )
    conn.execute(update(users).where(users.c.id == user).values(entered_real=real_now))
    return session


def of(conn: Connection, session: str, real_now: datetime) -> Entered | None:
    """Whose session this is; None where it ended, ran out, or its person is not active any more."""
    row = conn.execute(
        select(sessions.c.seen_real, users)
        .join(users, users.c.id == sessions.c.user)
        .where(
            sessions.c.sha256 == digest_of(session),
            users.c.active,
            ~_over(real_now),
        )
    ).first()
    return None if row is None else Entered(read(row), row.seen_real < real_now - _NOTED_EVERY)


def seen(conn: Connection, session: str, real_now: datetime) -> None:
    """The person did something just now."""
    conn.execute(update(sessions).where(sessions.c.sha256 == digest_of(session)).values(seen_real=real_now))


def listed(conn: Connection, user: int, session: str | None, real_now: datetime) -> list[Session]:
    """Every session of a person that is still good, the last seen first."""
    rows = conn.execute(
        select(sessions)
        .where(sessions.c.user == user, ~_over(real_now))
        .order_by(sessions.c.seen_real.desc(), sessions.c.id.desc())
    )
    mine = digest_of(session) if session is not None else None
    return [Session(row.id, row.browser, row.created_real, row.seen_real, row.sha256 == mine) for row in rows]


def standing(conn: Connection, several: Collection[str], real_now: datetime) -> frozenset[str]:
    """Those of these sessions, by the hash of their ids, that are still good; asking does not keep them alive."""
    good = select(sessions.c.sha256).join(users, users.c.id == sessions.c.user)
    good = good.where(among(sessions.c.sha256), users.c.active, ~_over(real_now))
    return frozenset(conn.execute(good, {"of": sorted(several)}).scalars()) if several else frozenset()


def end(conn: Connection, session: str) -> None:
    """Log out: the id is good for nothing any more."""
    conn.execute(delete(sessions).where(sessions.c.sha256 == digest_of(session)))


def end_one(conn: Connection, user: int, number: int) -> bool:
    """End one of a person's own sessions; False where the person has none with this number."""
    done = conn.execute(delete(sessions).where(sessions.c.id == number, sessions.c.user == user))
    return done.rowcount > 0


def _over(real_now: datetime) -> ColumnElement[bool]:
    return or_(sessions.c.seen_real < real_now - IDLE, sessions.c.created_real < real_now - LONGEST)
