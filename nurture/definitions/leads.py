"""The models of what leads are and do: attributes, events, segments, forms; refuses to know any lead."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from nurture.conditions import Condition, EventPattern, Strict
from nurture.definitions.words import Language, Name

AttributeType = Literal["text", "number", "choice", "date", "flag", "list"]
Axis = Literal["demographic", "geographic", "psychographic", "behavioural"]


class Attribute(Strict):
    """One thing that can be known of a lead."""

    type: AttributeType
    axis: Axis
    label: str | None = None
    values: dict[str, str] | None = None

    @model_validator(mode="after")
    def _values(self) -> Attribute:
        if (self.type == "choice") != (self.values is not None):
            raise ValueError("`values` belongs to an attribute of type choice, and only to it")
        return self


class EventType(Strict):
    """An own event type, or the known subjects of a built-in one."""

    label: str | None = None
    subjects: tuple[str, ...] | None = None


class Segment(Strict):
    """A named set of leads."""

    title: str | None = None
    when: Condition


class FormConsent(Strict):
    """The wording a form shows, and its version."""

    version: str
    text: str


class Form(Strict):
    """One form page. `confirm`: the template of the mail that asks for the consent once more (double opt-in)."""

    event: EventPattern
    fields: dict[str, Literal["required", "optional"]]
    title: str | None = None
    language: Language | None = None
    topic: str | None = None
    consent: FormConsent | None = None
    confirm: Name | None = None
    thanks: str | None = None
