"""The models of journey map, score and hot lead definition; refuses to know how a lead is judged by them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from nurture.conditions import Condition, EventPattern, Strict
from nurture.definitions.words import Name
from nurture.durations import Duration


class Persona(Strict):
    """Whom the journey map imagines."""

    name: str
    about: str | None = None


class Phase(Strict):
    """One column of the journey map."""

    phase: Name
    title: str | None = None
    reached_when: Condition | None = None
    thinking: tuple[str, ...] = ()
    actions: tuple[EventPattern, ...] = ()


class Qualifying(Strict):
    """The range of phases in which leads are extracted."""

    from_: Annotated[str, Field(alias="from")]
    to: str | None = None


class JourneyMap(Strict):
    """journey_map.yaml."""

    persona: Persona | None = None
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    qualifying: Qualifying | None = None


class Fades(Strict):
    """How points lose value with time."""

    half_life: Duration | None = None
    expires: Duration | None = None

    @model_validator(mode="after")
    def _something(self) -> Fades:
        if self.half_life is None and self.expires is None:
            raise ValueError("`fades` needs half_life or expires")
        return self


class AttributeItem(Strict):
    """Points for what a lead is."""

    item: Name
    when: Condition
    points: StrictInt


class BehaviourItem(Strict):
    """Points for what a lead did."""

    item: Name
    when: Condition
    points: StrictInt
    repeat: Literal["once", "each", "each_subject"] = "once"
    cap: Annotated[StrictInt, Field(ge=1)] | None = None
    fades: Fades | None = None

    @model_validator(mode="after")
    def _capped(self) -> BehaviourItem:
        if self.repeat != "once" and self.cap is None:
            raise ValueError(f"`repeat: {self.repeat}` needs a `cap`")
        return self


class Score(Strict):
    """score.yaml."""

    attributes: tuple[AttributeItem, ...] = ()
    behaviours: tuple[BehaviourItem, ...] = ()


class Agreed(Strict):
    """When and by whom a hot lead definition was agreed."""

    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    by: Annotated[tuple[str, ...], Field(min_length=1)]


class HotLead(Strict):
    """hot_lead.yaml."""

    agreed: Agreed | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    not_: Annotated[tuple[Condition, ...], Field(alias="not")] = ()
    queue: str
    cool_down: Duration = Duration.parse("30d")

    @model_validator(mode="after")
    def _rules(self) -> HotLead:
        if self.any is None and self.all is None:
            raise ValueError("a hot lead definition needs `any` or `all`")
        return self
