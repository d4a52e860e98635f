"""Reads durations as people write them (`45s 30m 12h 3d 2w 5bd`); what a business day is, the calendar decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

PATTERN = r"^-?[0-9]+(s|m|h|d|w|bd)$"
LONGEST = timedelta(days=3660)
"""No duration is longer: what lasts for ten years is a typing error, and the calendar must not overflow."""
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Duration:
    """Either a span of time or a number of business days, never both. `written` is how a person wrote it."""

    span: timedelta = timedelta(0)
    business_days: int = 0
    written: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read one duration; raises ValueError naming the units when `text` is none."""
        if not isinstance(text, str) or not re.fullmatch(PATTERN, text):
            raise ValueError(f"{text!r} is not a duration: write a number and a unit, such as 45s 30m 12h 3d 2w 5bd")
        number, unit = re.fullmatch(r"(-?[0-9]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
        too_long = len(number) > 10 or abs(int(number)) * _UNITS.get(unit, _UNITS["d"]) > LONGEST.total_seconds()
        if too_long:
            raise ValueError(f"{text!r} is longer than ten years")
        if unit == "bd":
            return cls(business_days=int(number), written=text)
        return cls(span=timedelta(seconds=int(number) * _UNITS[unit]), written=text)

    @property
    def positive(self) -> bool:
        return self.span > timedelta(0) or self.business_days > 0

    def __str__(self) -> str:
        if self.written:
            return self.written
        if self.business_days:
            return f"{self.business_days}bd"
        seconds = int(self.span.total_seconds())
        for unit in ("w", "d", "h", "m"):
            if seconds and seconds % _UNITS[unit] == 0 and not (unit == "w" and seconds % _UNITS["w"]):
                return f"{seconds // _UNITS[unit]}{unit}"
        return f"{seconds}s"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Duration:
            return value if isinstance(value, Duration) else cls.parse(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": PATTERN, "examples": ["45s", "30m", "12h", "3d", "2w", "5bd"]}
