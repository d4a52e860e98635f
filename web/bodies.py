"""What every JSON body of the API has in common: no unknown keys, and nothing that a database cannot keep."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from adapters.database.keepable import keepable


class Said(BaseModel):
    """The base of the models of bodies."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, said: Any) -> Any:
        return keepable(said)
