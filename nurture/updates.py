"""What a person may ask of a running lead, as the models of the workflow's updates; malformed ones are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from nurture.conditions import Strict

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


Update = Pause | Resume | LeaveScenario | GoTo | Retry


@dataclass(frozen=True, slots=True)
class Request:
    """One update as it was asked for. A request that comes again after a crash has the same id, and is granted once."""

    id: str
    update: Update
