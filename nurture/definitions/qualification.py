"""The models of journey map, score and hot lead definition; refuses to know how a lead is judged by them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from nurture.conditions import Condition, EventPattern, Strict
from nurture.definitions.words import Name
from nurture.durations import Duration


class Persona(Strict):
    """Whom the journey map imagines."""

    name: str = Field(description="Who it is, in a few words.")
    about: str | None = Field(None, description="What is known of such people, best from real customers.")


class Phase(Strict):
    """One column of the journey map."""

    phase: Name = Field(description="Its name.")
    title: str | None = Field(None, description="What people call it.")
    reached_when: Condition | None = Field(
        None, description="What shows that a lead has come this far; the first phase needs none."
    )
    thinking: tuple[str, ...] = Field((), description="What the lead thinks here.")
    actions: tuple[EventPattern, ...] = Field((), description="What it does here.")


class Qualifying(Strict):
    """The range of phases in which leads are extracted."""

    from_: Annotated[str, Field(alias="from", description="The first phase of the range.")]
    to: str | None = Field(None, description="The last one; absent: to the end.")


class JourneyMap(Strict):
    """journey_map.yaml."""

    persona: Persona | None = Field(None, description="Whom the map imagines.")
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = Field(
        description="The phases, from the first thought to the purchase."
    )
    qualifying: Qualifying | None = Field(None, description="In which phases hot leads are looked for.")


class Fades(Strict):
    """How points lose value with time."""

    half_life: Duration | None = Field(None, description="The time after which points are worth half.")
    expires: Duration | None = Field(None, description="The time after which they are worth nothing.")

    @model_validator(mode="after")
    def _something(self) -> Fades:
        if self.half_life is None and self.expires is None:
            raise ValueError("`fades` needs half_life or expires")
        return self


class AttributeItem(Strict):
    """Points for what a lead is."""

    item: Name = Field(description="Its name.")
    when: Condition = Field(description="What must hold now.")
    points: StrictInt = Field(description="How many points; negative ones take away.")


class BehaviourItem(Strict):
    """Points for what a lead did."""

    item: Name = Field(description="Its name.")
    when: Condition = Field(description="Which event is counted, written bare.")
    points: StrictInt = Field(description="How many points for each time that counts; negative ones take away.")
    repeat: Literal["once", "each", "each_subject"] = Field(
        "once", description="What counts: the newest only, each time, or each subject once."
    )
    cap: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="The most points of this item; required unless `repeat: once`."
    )
    fades: Fades | None = Field(None, description="How the points lose value with time.")

    @model_validator(mode="after")
    def _capped(self) -> BehaviourItem:
        if self.repeat != "once" and self.cap is None:
            raise ValueError(f"`repeat: {self.repeat}` needs a `cap`")
        return self


class Score(Strict):
    """score.yaml."""

    attributes: tuple[AttributeItem, ...] = Field((), description="Points for what a lead is.")
    behaviours: tuple[BehaviourItem, ...] = Field((), description="Points for what a lead did.")


class Agreed(Strict):
    """When and by whom a hot lead definition was agreed."""

    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(description="The day, as 2026-11-01.")
    by: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="The departments or people.")


class HotLead(Strict):
    """hot_lead.yaml."""

    agreed: Agreed | None = Field(None, description="When and by whom the definition was agreed.")
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = Field(
        None, description="Rules of which one is enough."
    )
    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = Field(
        None, description="Rules that must all hold."
    )
    not_: Annotated[tuple[Condition, ...], Field(alias="not")] = Field(
        (), description="What keeps a lead from being hot."
    )
    queue: str = Field(description="Where the task goes when a lead becomes hot outside a scenario.")
    cool_down: Duration = Field(
        Duration.parse("30d"), description="How long after a closed handoff a lead does not become hot again."
    )

    @model_validator(mode="after")
    def _rules(self) -> HotLead:
        if self.any is None and self.all is None:
            raise ValueError("a hot lead definition needs `any` or `all`")
        return self
