"""What one event of `POST /events` must look like, and what is said of one that does not; refuses to store any."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from adapters.database.event_rows import hint_of_address, hint_of_id
from adapters.database.keepable import Unreadable, keepable
from nurture import addresses
from nurture.texts import UNFIT

_INSTANT = re.compile(
    r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:(?P<second>\d{2})([.,]\d+)?)?([Zz]|[+-]\d{2}:\d{2})$", re.ASCII
)
_LAST_MINUTE = (23, 59)


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


def _subject(value: Any) -> Any:
    return "" if value is None else keepable(value)


Keepable = BeforeValidator(keepable)


def _as_kept(address: str) -> str:
    """As the lead's own address is kept; one that no lead can have is left as it is, and parked."""
    try:
        return addresses.clean(address)
    except ValueError:
        return address


class ByAddress(BaseModel):
    """A lead named by its address."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(min_length=3, max_length=320), Keepable, AfterValidator(_as_kept)]


class EventIn(BaseModel):
    """One event as `POST /events` takes it. `lead` is an id or `{"email"}`; `at` is on nurture's clock."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=300), Keepable]
    lead: Annotated[str, Field(min_length=1, max_length=200), Keepable] | ByAddress
    type: Annotated[str, Field(min_length=1, max_length=100), Keepable]
    subject: Annotated[str, Field(max_length=400), BeforeValidator(_subject)] = ""
    at: Annotated[datetime | None, BeforeValidator(_instant)] = None
    properties: Annotated[dict[str, Any] | None, Keepable] = None

    @property
    def hint(self) -> str:
        """How the lead was named, while it is unknown."""
        return hint_of_id(self.lead) if isinstance(self.lead, str) else hint_of_address(self.lead.email)


def event_schema() -> dict[str, Any]:
    """The JSON Schema of one event, without references."""
    schema = EventIn.model_json_schema()
    (address,) = schema.pop("$defs").values()
    schema["properties"]["lead"]["anyOf"][1] = address
    return schema


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
    return UNFIT.sub("�", place)[:100]
