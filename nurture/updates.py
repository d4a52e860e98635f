"""What a person may ask of a running lead, read from one JSON object; a malformed one is refused in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field, StrictInt, ValidationError

from nurture.conditions import Strict
from nurture.errors import NurtureError

Reason = Annotated[str, Field(min_length=1, max_length=500)]


class Pause(Strict):
    """Stop the lead for a while: nothing is sent or handed over, the remaining time is frozen."""

    reason: Reason


class Resume(Strict):
    """Go on after a pause."""

    reason: Reason


class LeaveScenario(Strict):
    """End the running enrolment with the word `left`."""

    reason: Reason


class GoTo(Strict):
    """Move the lead to a step of its scenario: an arrival, so a visit."""

    step: str
    reason: Reason


class Retry(Strict):
    """Try a blocked step again."""

    reason: Reason


class Migrate(Strict):
    """Go on at a step of another deployment's graph: no arrival, and nothing is sent."""

    deployment: Annotated[StrictInt, Field(ge=1)]
    step: str


Update = Pause | Resume | LeaveScenario | GoTo | Retry | Migrate


@dataclass(frozen=True, slots=True)
class Request:
    """One update as it was asked for. A request that comes again after a crash has the same id, and is granted once."""

    id: str
    update: Update


class UpdateRefused(NurtureError):
    """What was asked for cannot be read."""


Kind = TypeVar("Kind", bound=Strict)
_FAULTS = {
    "missing": "{key} is missing",
    "extra_forbidden": "{key} is not known",
    "string_type": "{key} is a text",
    "int_type": "{key} is a whole number",
    "string_too_short": "{key} must not be empty",
    "string_too_long": "{key} is at most 500 characters long",
}


def read(kind: type[Kind], name: str, given: Any) -> Kind:
    """The update of that kind in a JSON object; raises UpdateRefused with everything that is wrong."""
    keys = ", ".join(f'"{key}": "…"' for key in kind.model_fields)
    do = f"give one JSON object: {{{keys}}}"
    if not isinstance(given, dict):
        raise UpdateRefused(f"{name} was asked without a JSON object", do=do)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        faults = [
            _FAULTS.get(each["type"], f"{{key}}: {each['msg']}").format(key=".".join(map(str, each["loc"])))
            for each in error.errors(include_url=False)
        ]
        raise UpdateRefused(f"{name} was asked wrongly: {'; '.join(faults)}", do=do) from error
