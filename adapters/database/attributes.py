"""Checks a value against the attribute it is given for, from JSON and from text; refuses to know whose it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from nurture.definitions import Attribute, Definitions
from nurture.errors import NurtureError, UnknownName, near_names

COMPANY = "company"
"""The one attribute that need not be in attributes.yaml: every form may ask for it."""
_COMPANY = Attribute(type="text", axis="demographic")
LONGEST_TEXT = 2_000
"""Characters of a text: a profile travels to the workflow, whose messages may have 2 MB."""
LONGEST_LIST = 100
_LARGEST = 1e300
"""Beyond it a number cannot be compared with others."""
_FLAGS = {"true": True, "yes": True, "1": True, "はい": True, "false": False, "no": False, "0": False, "いいえ": False}


class WrongValue(NurtureError):
    """A value that its attribute cannot have."""

    def __init__(self, name: str, value: Any, wanted: str) -> None:
        super().__init__(f"attribute {name!r}: {value!r} is not {wanted}", do="change the value, or attributes.yaml")
        self.attribute = name


def attribute_named(name: str, definitions: Definitions) -> Attribute:
    """The attribute of that name; raises UnknownName with near names."""
    found = definitions.attributes.get(name)
    if found is None:
        raise UnknownName("attribute", name, definitions.attributes, where="attributes.yaml of the current deployment")
    return found


def checked(name: str, value: Any, definitions: Definitions) -> Any:
    """The value as it is kept, or None where it clears; raises UnknownName or WrongValue."""
    listed = name in definitions.attributes or name != COMPANY
    attribute = attribute_named(name, definitions) if listed else _COMPANY
    if value is None:
        return None
    match attribute.type:
        case "text":
            good = isinstance(value, str) and len(value) <= LONGEST_TEXT
            return _when(good, name, value, f"a text of at most {LONGEST_TEXT} characters")
        case "number":
            good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
            return _when(good, name, value, "a number")
        case "choice":
            return _choice(name, value, attribute)
        case "date":
            return _date(name, value)
        case "flag":
            return _when(isinstance(value, bool), name, value, "true or false")
        case "list":
            good = (
                isinstance(value, list)
                and len(value) <= LONGEST_LIST
                and all(isinstance(each, str | int | float) and len(str(each)) <= LONGEST_TEXT for each in value)
            )
            wanted = f"a list of at most {LONGEST_LIST} numbers, or texts of at most {LONGEST_TEXT} characters"
            return _when(good, name, value, wanted)


def read(name: str, text: str, definitions: Definitions) -> Any:
    """The value a cell of a table holds, as `checked` keeps it; list values are separated by `;`."""
    attribute = attribute_named(name, definitions)
    written = text.strip()
    match attribute.type:
        case "number":
            return _number(name, written)
        case "flag":
            if written.lower() not in _FLAGS:
                raise WrongValue(name, text, "true or false")
            return _FLAGS[written.lower()]
        case "list":
            return [each.strip() for each in written.split(";") if each.strip()]
        case _:
            return checked(name, written, definitions)


def _when(good: bool, name: str, value: Any, wanted: str) -> Any:
    if not good:
        raise WrongValue(name, value, wanted)
    return value


def _choice(name: str, value: Any, attribute: Attribute) -> Any:
    known = attribute.values or {}
    if isinstance(value, str) and value in known:
        return value
    near = near_names(value, known) if isinstance(value, str) else ()
    hint = f" (did you mean {' or '.join(repr(each) for each in near)}?)" if near else ""
    raise WrongValue(name, value, f"one of {', '.join(known)}{hint}")


def _date(name: str, value: Any) -> str:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise WrongValue(name, value, "a date such as 2026-11-02")


def _number(name: str, text: str) -> int | float:
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise WrongValue(name, text, "a number") from None
    if not abs(number) <= _LARGEST:  # no number is not, either
        raise WrongValue(name, text, "a number")
    return number
