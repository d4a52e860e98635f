"""Decides for which department a caller agrees, and under which name; refuses to know how that is kept and shown.

The pages and the API agree through this, so that both want the same of people.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from adapters.database import agreements
from adapters.database.agreements import (
    DEPARTMENTS,
    LONGEST_NAME,
    LONGEST_NOTE,
    Agreement,
    Department,
    Party,
    Terms,
)
from adapters.database.engine import writing
from nurture import calendar
from nurture.errors import NurtureError
from web.context import Nurture
from web.security import Caller

_OF_ROLE: dict[str, Department] = {"marketer": "marketing", "sales": "sales"}
Wrong = Literal["name", "long_name", "day", "future", "nothing", "long_note", "total"]
_SAID: dict[Wrong, tuple[str, str]] = {
    "name": ("nobody is named who agrees", "write who does: a department, or a person of it"),
    "long_name": (f"a name has at most {LONGEST_NAME} characters", "write a shorter one"),
    "day": ("the date is not a day", "write 2026-11-01"),
    "future": ("the date is in the future", "write the day on which it was agreed"),
    "nothing": ("nothing is agreed on", "write what was decided, or name the deployment that is agreed on"),
    "long_note": (f"a note has at most {LONGEST_NOTE:,} characters", "write a shorter one"),
    "total": ("a threshold changes a definition, and none was looked at", "name the deployment, too"),
}


class NotSaid(NurtureError):
    """What was said is no agreement: `wrong` says what it lacks, `where` in which key of what was said."""

    def __init__(self, wrong: Wrong, where: str) -> None:
        what, do = _SAID[wrong]
        super().__init__(what, where=where, do=do)
        self.wrong = wrong


def department_of(caller: Caller) -> Department | None:
    """The department that a role speaks for; None for an admin, who may for either."""
    return _OF_ROLE.get(caller.role)


def login_of(caller: Caller) -> str:
    """By what one is told from others; no login name can have the colon of a key."""
    return caller.name if caller.user is not None else f"{caller.via}:{caller.name}"


def own_name(caller: Caller) -> str:
    """What the pages call somebody; nothing for programs."""
    return caller.user.name if caller.user is not None else ""


def today(here: Nurture) -> date:
    """The day by nurture's clock where the company is."""
    return here.clock.now().astimezone(calendar.zone_of(None, here.store.current())).date()


def propose(
    here: Nurture, caller: Caller, *, marketing: str, sales: str, day: str, note: str, seen: int | None,
    total: int | None,
) -> Agreement:  # fmt: skip
    """A draft for the caller's own department; an admin who names both agrees for both at once.

    The other name is whom one expects to confirm. Raises NotSaid, and what `agreements.propose` raises.
    """
    names: dict[Department, str] = {"marketing": _name(marketing, "marketing"), "sales": _name(sales, "sales")}
    own = department_of(caller)
    if own is not None:
        names[own] = names[own] or own_name(caller)
    speaks = [own] if own is not None else [each for each in DEPARTMENTS if names[each]]
    if not speaks or not all(names[each] for each in speaks):
        raise NotSaid("name", own or "marketing")
    terms = Terms(_day(here, day), _note(note, "note"), seen, total)
    if seen is None and total is not None:
        raise NotSaid("total", "total")
    if seen is None and not terms.note:
        raise NotSaid("nothing", "note")
    parties = tuple(Party(each, names[each], login_of(caller)) for each in speaks)
    other = next((names[each] for each in DEPARTMENTS if each not in speaks and names[each]), None)
    with writing(here.engine) as connection:
        return agreements.propose(connection, terms, parties, other=other, now=here.clock.now())


def confirm(here: Nurture, caller: Caller, number: int, name: str = "") -> Agreement:
    """The caller's department agrees, by the name that is said or the caller's own.

    Never by that of whoever was expected: they may not know of it. An admin is of no department, and a program has no
    name, so both have to say one. Raises NotSaid, and what `agreements.confirm` raises.
    """
    said = _name(name, "name")
    with writing(here.engine) as connection:
        draft = agreements.get(connection, number)
        department = department_of(caller) or draft.open_for or "sales"
        who = said or (own_name(caller) if department_of(caller) is not None else "")
        if not who and draft.state == "proposed":
            raise NotSaid("name", "name")
        party = Party(department, who, login_of(caller))
        alone = caller.role == "admin"
        return agreements.confirm(connection, number, party, alone=alone, now=here.clock.now())


def withdraw(here: Nurture, caller: Caller, number: int, why: str = "") -> Agreement:
    """Either department may. Raises NotSaid, and what `agreements.withdraw` raises."""
    reason = _note(why, "reason")
    with writing(here.engine) as connection:
        return agreements.withdraw(
            connection, number, by=login_of(caller), why=reason or None, now=here.clock.now()
        )  # fmt: skip


def _name(said: str, where: str) -> str:
    name = " ".join(said.split())
    if len(name) > LONGEST_NAME:
        raise NotSaid("long_name", where)
    return name


def _note(said: str, where: str) -> str:
    note = said.replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        raise NotSaid("long_note", where)
    return note


def _day(here: Nurture, said: str) -> str:
    if not said.strip():
        return today(here).isoformat()
    try:
        day = date.fromisoformat(said.strip())
    except ValueError as error:
        raise NotSaid("day", "date") from error
    if day > today(here):
        raise NotSaid("future", "date")
    return day.isoformat()
