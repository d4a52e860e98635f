"""Writes a mail address as mail servers take it, or says why none does; refuses to know whose it is.

A domain in any script has a spelling in ASCII (IDNA). What stands before the @ has none: few servers take other
letters there (SMTPUTF8), and the mail providers of this project do not.
"""

from __future__ import annotations

import unicodedata

FREE_MAIL = frozenset((
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.jp", "ymail.com", "outlook.com", "outlook.jp",
    "hotmail.com", "hotmail.co.jp", "live.com", "live.jp", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com",
    "docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp",
))  # fmt: skip
"""Domains of free mail providers and carriers: an address there says nothing of a company."""


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


def company_domain(address: str | None) -> str | None:
    """The domain of an address where it is a company's own; None for that of a free mail provider."""
    domain = (address or "").rpartition("@")[2].lower()
    return domain if domain and domain not in FREE_MAIL else None
