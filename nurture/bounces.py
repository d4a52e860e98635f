"""Decides what a returned mail says of its address; refuses to know how a provider tells it, and to shut an address.

An address that does not exist is shut for good. A mailbox that is unavailable may be full, or its server away: it is
shut once that went on for DAYS different days. All else is about the sender or the text, and no lead's fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Bounce = Literal["dead", "mailbox", "turned_away", "put_off", "dropped"]
"""`dead`: no such address; `mailbox`: none that works now; `turned_away`: the domain does not take such mail;
`put_off`: this mailbox does not take it now; `dropped`: never passed on, because of an earlier one."""
DAYS = 3
"""On so many different days a mailbox must be unavailable, with no mail delivered in between, before it is shut."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing told of a mail to the address: it was `delivered`, or its mailbox was unavailable (`mailbox`)."""

    send: str
    what: Literal["delivered", "mailbox"]
    at: datetime


def unavailable_days(told: Iterable[Told], where: ZoneInfo) -> int:
    """On how many days of a time zone the mailbox was unavailable since it last took a mail.

    A mail that was delivered and came back later took nobody anywhere: its delivery does not count.
    """
    known = list(told)
    returned = {each.send for each in known if each.what == "mailbox"}
    works = max((each.at for each in known if each.what == "delivered" and each.send not in returned), default=None)
    days: set[date] = {
        each.at.astimezone(where).date()
        for each in known
        if each.what == "mailbox" and (works is None or each.at > works)
    }
    return len(days)
