"""The small types that several files of definitions share: names, times of day, languages, per cents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StrictInt

Name = Annotated[str, Field(pattern=r"^[^\s/\\]{1,100}$")]
"""A name people give: no blanks or slashes, since it becomes a part of keys and of file names."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", examples=["09:00"])]
TimeZone = Annotated[str, Field(examples=["Asia/Tokyo"])]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", examples=["ja", "en"])]

PerCent = Annotated[StrictInt, Field(ge=0, le=100)]


def hundred(split: Mapping[str, int]) -> None:
    """Refuse per cents that do not add up to 100; raises ValueError."""
    if sum(split.values()) != 100:
        raise ValueError(f"the per cents of a split add up to 100, not {sum(split.values())}")
