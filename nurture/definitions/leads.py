"""The models of what leads are and do: attributes, events, segments, forms; refuses to know any lead."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from nurture.conditions import Condition, EventPattern, Strict
from nurture.definitions.words import Language, Name

AttributeType = Literal["text", "number", "choice", "date", "flag", "list"]
Axis = Literal["demographic", "geographic", "psychographic", "behavioural"]


class Attribute(Strict):
    """One thing that can be known of a lead."""

    type: AttributeType = Field(description="What its values are; it decides which tests fit.")
    axis: Axis = Field(description="Along which axis of segmentation it describes a lead.")
    label: str | None = Field(None, description="What people call it.")
    values: dict[str, str] | None = Field(
        None, description="The keys of a choice with what people read; of type `choice` only."
    )

    @model_validator(mode="after")
    def _values(self) -> Attribute:
        if (self.type == "choice") != (self.values is not None):
            raise ValueError("`values` belongs to an attribute of type choice, and only to it")
        return self


class EventType(Strict):
    """An own event type, or the known subjects of a built-in one."""

    label: str | None = Field(None, description="What people call it.")
    subjects: tuple[str, ...] | None = Field(
        None, description="The subjects that exist, so that a mistyped one is found; absent: any."
    )


class Segment(Strict):
    """A named set of leads."""

    title: str | None = Field(None, description="What people call it.")
    when: Condition = Field(description="What holds for its leads; events are asked with `did`.")


class FormConsent(Strict):
    """The wording a form shows, and its version."""

    version: str = Field(description="Which version of the wording; kept with every consent.")
    text: str = Field(description="The wording.")


class Form(Strict):
    """One form page. `confirm`: the template of the mail that asks for the consent once more (double opt-in).

    `confirm_only: unsubscribed`: it asks those alone who have unsubscribed; of the others the post is the consent.
    """

    event: EventPattern = Field(description="The event that posting it makes, with its subject.")
    fields: dict[str, Literal["required", "optional"]] = Field(
        description="What it asks for: `email`, `name`, `company` or an attribute, each `required` or `optional`."
    )
    title: str | None = Field(None, description="The heading of the page.")
    language: Language | None = Field(None, description="The language of the page.")
    topic: str | None = Field(None, description="To which topic posting it consents.")
    consent: FormConsent | None = Field(None, description="The wording of the consent that the page shows.")
    confirm: Name | None = Field(
        None,
        description="The template of a mail that asks for the consent once more (double opt-in): only then it counts.",
    )
    confirm_only: Literal["unsubscribed"] | None = Field(
        None,
        description="`unsubscribed`: only who has unsubscribed confirms by mail; of others the post is the consent.",
    )
    thanks: str | None = Field(None, description="The path or address that is shown afterwards.")
