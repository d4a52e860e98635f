"""Reads what people type into the forms of the desk; what cannot be read is said with the field it stands in."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from nurture.errors import NurtureError
from nurture.texts import UNFIT

Act = Literal["accept", "return", "close", "snooze", "assign"]
MOST_AMOUNT = 2**31 - 1
_LONGEST = 2000


class Mistyped(NurtureError):
    """A field holds what cannot be used; `field` is its name, `word` says what is wrong."""

    def __init__(self, field: str, word: str) -> None:
        super().__init__(f"the field {field} cannot be used: {word}", where=field, do="correct it and send it again")
        self.field = field
        self.word = word


@dataclass(frozen=True, slots=True)
class Typed:
    """Everything that stood in a form, as it was typed, to be shown again where it was not taken."""

    act: Act
    reason: str = ""
    outcome: str = ""
    amount: str = ""
    until: str = ""
    to: str = ""


def reason_of(text: str, *, needed: bool) -> str | None:
    """The words of a reason; None for none. Raises Mistyped for one that is needed, or cannot be kept."""
    said = text.strip()
    if not said and needed:
        raise Mistyped("reason", "no_reason")
    if UNFIT.search(said):
        raise Mistyped("reason", "unfit_reason")
    if len(said) > _LONGEST:
        raise Mistyped("reason", "long_reason")
    return said or None


def amount_of(text: str) -> int | None:
    """Whole units of the company's currency, however a person writes them; None for none. Raises Mistyped."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKC", text) if sign not in ", _'¥円" and not sign.isspace()
    )
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 10 or int(plain) > MOST_AMOUNT:
        raise Mistyped("amount", "amount")
    return int(plain)


def until_of(text: str, zone: ZoneInfo) -> datetime:
    """An instant of a form, which is local to the zone that the page names. Raises Mistyped."""
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Mistyped("until", "until") from error
    if not 2000 <= local.year <= 2200:
        raise Mistyped("until", "until")
    return local if local.tzinfo is not None else local.replace(tzinfo=zone)


def outcome_of(text: str) -> Literal["won", "lost"]:
    """Raises Mistyped for anything that is no way to close a task."""
    if text == "won":
        return "won"
    if text == "lost":
        return "lost"
    raise Mistyped("outcome", "outcome")
