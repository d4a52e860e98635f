"""Keeps passwords as argon2id hashes and says which are too weak; refuses to know whose they are.

A hash takes 64 MiB and about a tenth of a second: whoever may be asked for many at once lets them wait in line.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 200
Weak = Literal["short", "long", "simple", "own_name"]

_HASHER = PasswordHasher()  # the library keeps its defaults at what RFC 9106 advises
_DIFFERENT = 5
"""How many different characters a password has at least."""


def weakness(password: str, *, login: str) -> Weak | None:
    """Why this cannot be the password of `login`, or None: length and guessing count, kinds of characters do not."""
    said = _normal(password)
    if len(said) < SHORTEST:
        return "short"
    if len(said) > LONGEST:
        return "long"
    if login and said.casefold().replace(login.casefold(), "").strip("0123456789!.-_ ") == "":
        return "own_name"
    return "simple" if len(set(said)) < _DIFFERENT else None


def hash_of(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(_normal(password))


def fits(password: str, kept: str | None) -> bool:
    """True for the password that `kept` was made of. Takes as long where nothing is kept, and is then never true."""
    said = _normal(password[: LONGEST * 4])
    try:
        return _HASHER.verify(kept or _of_nobody(), said) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def warm() -> None:
    """Make what unknown names are checked against, so that the first of them takes no longer than the others."""
    _of_nobody()


def outdated(kept: str) -> bool:
    """True where a hash was made with settings of before, and should be made anew at the next login."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _of_nobody() -> str:
    return _HASHER.hash("nobody has this password")


def _normal(password: str) -> str:
    # the same word typed on another keyboard: full-width letters, composed accents
    return unicodedata.normalize("NFKC", password).encode(errors="replace").decode()
