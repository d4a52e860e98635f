"""Turns any report of the core into JSON data: dataclasses by their fields, shares with intervals; knows none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from nurture.shares import Share


def as_data(value: Any) -> Any:
    """A report as JSON data. Spans are in days, instants RFC 3339; conditions and events as people write them.

    A dataclass with `SHOWN` shows these properties beside its fields.
    """
    match value:
        case Share():
            found = {"hits": value.hits, "of": value.of, "value": round(value.value, 4)}
            return found | {"low": round(value.low, 4), "high": round(value.high, 4)}
        case timedelta():
            return round(value / timedelta(days=1), 4)
        case date():  # an instant is one, too
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        case tuple() | list():
            return [as_data(each) for each in value]
        case Mapping():
            return {name: as_data(each) for name, each in value.items()}
    if is_dataclass(value):
        names = (*(each.name for each in fields(value)), *getattr(value, "SHOWN", ()))
        return {name: as_data(getattr(value, name)) for name in names}
    return value
