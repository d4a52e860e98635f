"""Keeps the people who log in: who they are, in which role, and whether they may; refuses to know how they prove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from adapters.database.locks import claim
from adapters.database.schema import sessions, user_links, users
from nurture.errors import NurtureError, UnknownName
from nurture.roles import ROLES_OF_PEOPLE

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}", re.ASCII)
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class User:
    """One person: `login` is typed and stands in the audit, `name` is shown. Instants are real."""

    id: int
    login: str
    name: str
    role: str
    rep: str | None
    language: str | None
    active: bool
    has_password: bool
    created_real: datetime
    entered_real: datetime | None


class LastAdmin(NurtureError):
    """What was asked would leave nobody who may say who logs in."""

    def __init__(self, login: str) -> None:
        super().__init__(
            f"{login} is the last admin who can log in",
            where=login,
            do="make somebody else an admin first, and let them choose a password",
        )


def add(conn: Connection, login: str, *, name: str, role: str, rep: str | None, real_now: datetime) -> User:
    """A new person without a password. Raises NurtureError where the login or name cannot be one or is taken."""
    login, name = login_of(login), _name(name)
    _check_role(role, rep)
    hold(conn)
    if conn.execute(select(users.c.id).where(users.c.login == login)).first() is not None:
        raise NurtureError(f"there is a user {login!r} already", where="login", do="choose another login name")
    conn.execute(insert(users).values(login=login, name=name, role=role, rep=rep, active=True, created_real=real_now))
    return named(conn, login)


def login_of(text: str) -> str:
    """A login name as it is kept. Raises NurtureError where it cannot be one; addresses are none, on purpose."""
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise NurtureError(
            f"{text.strip()[:80]!r} cannot be a login name",
            where="login",
            do="use 2 to 64 of a–z, 0–9, dot, hyphen and underscore, such as hanako.sato (not an address)",
        )
    return login


def nobody(conn: Connection) -> bool:
    """True as long as there is no user at all."""
    return conn.execute(select(users.c.id).limit(1)).first() is None


def listed(conn: Connection) -> list[User]:
    """Everybody, by login."""
    return [read(row) for row in conn.execute(select(users).order_by(users.c.login))]


def named(conn: Connection, login: str) -> User:
    """The person with this login. Raises UnknownName."""
    row = conn.execute(select(users).where(users.c.login == login.strip().lower())).first()
    if row is None:
        raise UnknownName("user", login[:80], [each.login for each in listed(conn)])
    return read(row)


def kept_password(conn: Connection, login: str) -> tuple[User, str | None] | None:
    """An active person and the hash of the password; None for anybody else."""
    row = conn.execute(select(users).where(users.c.login == login.strip().lower(), users.c.active)).first()
    return None if row is None else (read(row), row.password)


def hold(conn: Connection) -> None:
    """Nobody else changes people until the transaction ends; to be called before anything else of theirs is locked."""
    claim(conn, ["users"])


def unchanged(conn: Connection, user: int, kept: str | None) -> User | None:
    """The person as they are now, while held; None where they were shut out or this is not the hash any more."""
    row = conn.execute(select(users).where(users.c.id == user, users.c.active)).first()
    return read(row) if row is not None and row.password == kept else None


def give_role(conn: Connection, login: str, role: str, rep: str | None) -> User:
    """Holds from the next request of the person on. Raises NurtureError, UnknownName, LastAdmin."""
    _check_role(role, rep)
    user = _locked(conn, login)
    if role != "admin":
        _keep_an_admin(conn, user)
    conn.execute(update(users).where(users.c.id == user.id).values(role=role, rep=rep))
    return named(conn, login)


def deactivate(conn: Connection, login: str) -> User:
    """The person is out at once, and no link of theirs is good any more. Raises UnknownName, LastAdmin."""
    user = _locked(conn, login)
    _keep_an_admin(conn, user)
    conn.execute(update(users).where(users.c.id == user.id).values(active=False))
    _let_out(conn, user.id)
    return named(conn, login)


def activate(conn: Connection, login: str) -> User:
    """May log in again, with the password of before. Raises UnknownName."""
    user = _locked(conn, login)
    conn.execute(update(users).where(users.c.id == user.id).values(active=True))
    return named(conn, login)


def forget_password(conn: Connection, login: str) -> User:
    """No password and no session holds any more; a link lets in again. Raises UnknownName, NurtureError."""
    user = _locked(conn, login)
    if not user.active:
        raise NurtureError(f"{user.login} is deactivated", where=user.login, do=f"nurture users activate {user.login}")
    conn.execute(update(users).where(users.c.id == user.id).values(password=None))
    _let_out(conn, user.id)
    return named(conn, login)


def set_password(conn: Connection, user: int, kept: str) -> None:
    """The hash of a new password; every session and link of before ends."""
    conn.execute(update(users).where(users.c.id == user).values(password=kept))
    _let_out(conn, user)


def refresh_hash(conn: Connection, user: int, old: str, kept: str) -> None:
    """The same password, hashed with the settings of today; nothing where it is another one by now."""
    conn.execute(update(users).where(users.c.id == user, users.c.password == old).values(password=kept))


def set_language(conn: Connection, user: int, language: str) -> None:
    """In which language this person reads the pages."""
    conn.execute(update(users).where(users.c.id == user).values(language=language))


def read(row: Row[tuple[object, ...]]) -> User:
    """A person as a row of the table has them."""
    return User(
        row.id, row.login, row.name, row.role, row.rep, row.language, row.active, row.password is not None,
        row.created_real, row.entered_real,
    )  # fmt: skip


def _locked(conn: Connection, login: str) -> User:
    hold(conn)  # two admins who take the role from each other at once: one of them keeps it
    return named(conn, login)


def _keep_an_admin(conn: Connection, user: User) -> None:
    """Also of those who have chosen no password yet (or not again) one stays: nobody else could ever be the admin."""
    if not (user.role == "admin" and user.active):
        return
    others = (users.c.role == "admin", users.c.active, users.c.password.is_not(None), users.c.id != user.id)
    if not conn.execute(select(func.count()).where(*others)).scalar():
        raise LastAdmin(user.login)


def _let_out(conn: Connection, user: int) -> None:
    conn.execute(delete(sessions).where(sessions.c.user == user))
    conn.execute(delete(user_links).where(user_links.c.user == user))


def _check_role(role: str, rep: str | None) -> None:
    if role not in ROLES_OF_PEOPLE:
        raise UnknownName("role", role, ROLES_OF_PEOPLE, where="role")
    if rep is not None and role != "sales":
        raise NurtureError(f"the role {role} has no rep", where="rep", do="leave the rep out, or give the role sales")


def _name(name: str) -> str:
    said = " ".join(name.split())
    if not 1 <= len(said) <= _LONGEST_NAME:
        raise NurtureError("a name has 1 to 100 characters", where="name", do="write the name that pages show")
    return said
