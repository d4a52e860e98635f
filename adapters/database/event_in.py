"""What one event of `POST /events` must look like, and what is said of one that does not; refuses to store any."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from adapters.database.event_rows import hint_of_address, hint_of_id

DEEPEST = 32
"""How deep the properties of an event may be nested."""
_INSTANT = re.compile(
    r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:(?P<second>\d{2})([.,]\d+)?)?([Zz]|[+-]\d{2}:\d{2})$", re.ASCII
)
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
_LAST_MINUTE = (23, 59)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a body that says two things at once; stands where the part would."""

    reason: str


def _instant(value: Any) -> Any:
    if value is None or isinstance(value, datetime):
        return value
    written = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise ValueError("write an RFC 3339 time with its zone, such as 2026-11-02T09:30:00+09:00")
    leap = written["second"] == "60"
    plain = f"{value[:17]}59{value[19:]}" if leap else value
    try:
        found = datetime.fromisoformat(plain.upper().replace(",", ".")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{value!r} is no time of the calendar") from error
    if not leap:
        return found
    if (found.hour, found.minute) != _LAST_MINUTE:
        raise ValueError(f"{value!r} is no time of the calendar: a leap second ends a day in UTC")
    return found.replace(microsecond=999_999)


def _text(value: Any) -> Any:
    if isinstance(value, str) and _NOT_KEPT.search(value):
        raise ValueError("holds a NUL character or half of a character, which cannot be kept")
    return value


def _subject(value: Any) -> Any:
    return "" if value is None else _text(value)


def _properties(value: Any) -> Any:
    """Refuse what a JSON column cannot hold, wherever it stands inside."""
    ahead: list[tuple[Any, int]] = [(value, 1)]
    while ahead:
        part, depth = ahead.pop()
        match part:
            case str():
                _text(part)
            case float() if not math.isfinite(part):
                raise ValueError("holds a number that is none of JSON, or one with thousands of digits")
            case Unreadable():
                raise ValueError(part.reason)
            case dict() | list() if depth > DEEPEST:
                raise ValueError(f"is nested deeper than {DEEPEST} levels")
            case dict():
                ahead += [(each, depth + 1) for each in (*part.keys(), *part.values())]
            case list():
                ahead += [(each, depth + 1) for each in part]
    return value


Text = BeforeValidator(_text)


class ByAddress(BaseModel):
    """A lead named by its address."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(min_length=3, max_length=320), Text]


class EventIn(BaseModel):
    """One event as `POST /events` takes it. `lead` is an id or `{"email"}`; `at` is on nurture's clock."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=300), Text]
    lead: Annotated[str, Field(min_length=1, max_length=200), Text] | ByAddress
    type: Annotated[str, Field(min_length=1, max_length=100), Text]
    subject: Annotated[str, Field(max_length=400), BeforeValidator(_subject)] = ""
    at: Annotated[datetime | None, BeforeValidator(_instant)] = None
    properties: Annotated[dict[str, Any] | None, BeforeValidator(_properties)] = None

    @property
    def hint(self) -> str:
        """How the lead was named, while it is unknown."""
        return hint_of_id(self.lead) if isinstance(self.lead, str) else hint_of_address(self.lead.email)


def read_event(raw: Any) -> EventIn | str:
    """The event, or in one line what is wrong with it."""
    if isinstance(raw, Unreadable):
        return raw.reason
    try:
        return EventIn.model_validate(raw)
    except ValidationError as error:
        return _said(error)


def _said(error: ValidationError) -> str:
    """The first complaint of each field, in one line."""
    said: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False):
        place = str(each["loc"][0]) if each["loc"] else "event"
        message = {
            "missing": "is required",
            "extra_forbidden": "is not a field of an event",
            "model_type": "an event is a JSON object",
            "dict_type": "must be an object",
        }.get(each["type"], each["msg"].removeprefix("Value error, "))
        said.setdefault(place, message)
    if "lead" in said and not said["lead"].startswith(("is required", "holds")):
        said["lead"] = 'must be a lead id or {"email": "…"}'
    return "; ".join(f"{_shortened(place)}: {message}" for place, message in said.items())


def _shortened(place: str) -> str:
    """A field's name as it can be told again: it may be anything, and of any length."""
    return _NOT_KEPT.sub("�", place)[:100]
