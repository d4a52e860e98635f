"""Writes a mail address as mail servers take it, or says why none does; refuses to know whose it is.

A domain in any script has a spelling in ASCII (IDNA). What stands before the @ has none: few servers take other
letters there (SMTPUTF8), and the mail providers of this project do not.
"""

from __future__ import annotations

import unicodedata


def clean(address: str) -> str:
    """The address in lower case, full-width letters as plain ones, its domain in ASCII. Raises ValueError, with why.

    The message never repeats the address.
    """
    local, at, domain = unicodedata.normalize("NFKC", address).strip().lower().rpartition("@")
    if not local.isascii():
        raise ValueError("the part before the @ holds letters that mail servers do not take: only a-z, 0-9 and signs")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError("the part behind the @ is no domain that can be written in ASCII (IDNA)") from error
    return f"{local}{at}{domain}"


def spellings(address: str) -> tuple[str, ...]:
    """The address, and its domain in its own script where that is another spelling: it may be remembered so."""
    local, at, domain = address.rpartition("@")
    if "xn--" not in domain:
        return (address,)
    try:
        own = domain.encode("ascii").decode("idna")
    except UnicodeError:
        return (address,)
    return (address, f"{local}{at}{own}") if own != domain else (address,)
