"""Turns a report of the core into JSON: dataclasses by their fields, shares with their intervals; knows no report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from nurture.shares import Share

Extra = Callable[[Any], Mapping[str, Any]]
"""What a dataclass says beside its fields: computed properties worth showing."""


def plain(report: Any, extra: Extra = lambda _: {}) -> str:
    """The report as JSON text. Spans are in days, instants RFC 3339, conditions and events as people write them."""
    return json.dumps(_data(report, extra), ensure_ascii=False, indent=2)


def _data(value: Any, extra: Extra) -> Any:
    match value:
        case Share():
            found = {"hits": value.hits, "of": value.of, "value": round(value.value, 4)}
            return found | {"low": round(value.low, 4), "high": round(value.high, 4)}
        case timedelta():
            return round(value / timedelta(days=1), 2)
        case datetime():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)  # as people write it
        case tuple() | list():
            return [_data(each, extra) for each in value]
    if is_dataclass(value):
        shown = {each.name: getattr(value, each.name) for each in fields(value)} | dict(extra(value))
        return {name: _data(each, extra) for name, each in shown.items()}
    return value
