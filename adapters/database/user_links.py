"""Makes links that are good once and lets people in by them; refuses to know the pages they lead to.

`first`: whoever opens it makes the first admin, as long as there is no user. `invitation`: a user chooses a password.
`entry`: a user is let in without one (the demo's people).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from adapters.database.api_keys import digest_of
from adapters.database.schema import user_links, users
from adapters.database.users import User, read

Kind = Literal["first", "invitation", "entry"]
LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is still good, and whose it is; that of the first admin is nobody's."""

    kind: Kind
    user: User | None


def make(conn: Connection, kind: Kind, user: int | None, real_now: datetime) -> str:
    """A token that is good once within 24 hours. Of invitations and first links, only the newest one is good."""
    conn.execute(delete(user_links).where(user_links.c.until_real < real_now))
    if kind != "entry":
        conn.execute(delete(user_links).where(user_links.c.kind == kind, user_links.c.user.is_not_distinct_from(user)))
    token = secrets.token_urlsafe(32)
    conn.execute(insert(user_links).values(sha256=digest_of(token), kind=kind, user=user, until_real=real_now + LIFE))
    return token


def look(conn: Connection, token: str, kind: Kind, real_now: datetime) -> Link | None:
    """What the token stands for, without using it up: pages are also opened by programs that look at links."""
    row = conn.execute(
        select(user_links.c.user).where(*_this(token, kind), user_links.c.until_real >= real_now)
    ).first()
    return None if row is None else _link(conn, kind, row.user)


def use(conn: Connection, token: str, kind: Kind, real_now: datetime) -> Link | None:
    """What the token stands for; afterwards it stands for nothing. Of two at once, one gets it."""
    row = conn.execute(
        delete(user_links).where(*_this(token, kind), user_links.c.until_real >= real_now).returning(user_links.c.user)
    ).first()
    return None if row is None else _link(conn, kind, row.user)


def end_first(conn: Connection) -> None:
    """No first admin is made any more."""
    conn.execute(delete(user_links).where(user_links.c.kind == "first"))


def _this(token: str, kind: Kind) -> tuple[ColumnElement[bool], ...]:
    return (user_links.c.sha256 == digest_of(token), user_links.c.kind == kind)


def _link(conn: Connection, kind: Kind, user: int | None) -> Link | None:
    if user is None:
        return Link(kind, None) if kind == "first" else None
    row = conn.execute(select(users).where(users.c.id == user, users.c.active)).first()
    return None if row is None else Link(kind, read(row))
