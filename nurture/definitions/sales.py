"""The models of who sells: sales.yaml; refuses to know who gets which task (see assigning.py)."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from nurture.conditions import Strict
from nurture.definitions.company import ClosedDays, Window, closed_range
from nurture.definitions.words import Language, Name, TimeZone
from nurture.durations import Duration

Channel = Literal["email", "slack", "webhook", "hubspot", "csv"]
"""Where sales can hear of its tasks."""


class Hours(Window):
    """When a rep works, in their time zone."""


class Rep(Strict):
    """A sales person."""

    rep: Name = Field(description="The name in tasks and in the API; no person's name is needed.")
    name: str = Field(description="What people call them.")
    email: str = Field(description="Where notifications go.")
    capacity: Annotated[StrictInt, Field(ge=0)] = Field(20, description="How many open tasks they can hold.")
    language: Language = Field("ja", description="The language in which they are told of tasks: `ja` or `en`.")
    active: StrictBool = Field(
        True, description="`false`: gets no task any more; the tasks they hold go to others with the deployment."
    )
    languages: tuple[Language, ...] = Field((), description="The languages they speak; none named: any.")
    hours: Hours | None = Field(
        None, description="When they work, in their time zone; absent: the window of sender.yaml."
    )
    time_zone: TimeZone | None = Field(None, description="Their time zone; absent: that of sender.yaml.")
    days_off: tuple[ClosedDays, ...] = Field(
        (), description="Days on which they do not work, one or from..to, besides the holidays of sender.yaml."
    )

    @cached_property
    def days_off_ranges(self) -> tuple[tuple[date, date], ...]:
        """First and last day of each absence, both included."""
        return tuple(closed_range(text) for text in self.days_off)

    def speaks(self, language: str | None) -> bool:
        """True for a language they name (`ja` is also `ja-JP`), for any where they name none, and for none known."""
        if not self.languages or not language:
            return True
        return language.split("-")[0] in {each.split("-")[0] for each in self.languages}


class Escalation(Strict):
    """Who hears of a task that nobody accepts."""

    to: str = Field(description="The rep or queue that is told; the task stays where it is.")
    after: Duration = Field(description="How long after its making, if nobody has accepted it.")


class Queue(Strict):
    """Where handoffs of one kind go, and how fast they must be taken and closed."""

    reps: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="Who takes its tasks.")
    fallback: str | None = Field(None, description="Who gets what nobody accepted in time.")
    accept_within: Duration | None = Field(None, description="How soon a task must be accepted.")
    close_within: Duration | None = Field(
        None, description="How soon after its making a task must be closed; later it is `expired`."
    )
    share: Literal["most_room", "in_turn"] = Field(
        "most_room",
        description="Who gets the next task: `most_room`, who can take most; `in_turn`, one after the other, "
        "who can take more more often.",
    )
    wait_for: tuple[Literal["capacity", "hours"], ...] = Field(
        (),
        description="What a task waits for without a rep: `capacity`, that somebody has room; `hours`, that somebody "
        "is at work. What is not named only says who is asked first.",
    )
    keep_companies: StrictBool = Field(
        False, description="`true`: leads of a company go to the rep who has an open task of it, while they have room."
    )
    remind_after: Duration | None = Field(
        None, description="How long after it was given to a rep they are reminded, once, of a task not accepted."
    )
    escalate_after: Escalation | None = Field(None, description="Who else is told, once, if nobody accepts a task.")
    tell: tuple[Channel, ...] | None = Field(
        None,
        description="Where sales hears of its tasks; absent: the webhook, where `NURTURE_NOTIFY_URL` is set. "
        "`[]`: nowhere, people look themselves.",
    )

    @field_validator("tell")
    @classmethod
    def _told_once(cls, tell: tuple[Channel, ...] | None) -> tuple[Channel, ...] | None:
        twice = next((each for each in tell or () if (tell or ()).count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"`tell` names {twice!r} twice; each channel tells once")
        return tell


class Sales(Strict):
    """sales.yaml."""

    reps: Annotated[tuple[Rep, ...], Field(min_length=1)] = Field(description="The sales people.")
    queues: Annotated[dict[Name, Queue], Field(min_length=1)] = Field(description="The queues by name.")
    letters: str | None = Field(
        None,
        description="The queue that reads what leads write back; absent: that of hot_lead.yaml, else the first one.",
    )
    personal_data: StrictBool = Field(
        False,
        description="Whether `slack` and `webhook` carry the lead's name and address, too, and not only its id and "
        "links. `email`, `hubspot` and `csv` always do.",
    )
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "JPY", description="The currency of the amounts of closed tasks, as in ISO 4217."
    )

    @model_validator(mode="after")
    def _letters_have_a_queue(self) -> Sales:
        if self.letters is not None and self.letters not in self.queues:
            raise ValueError(f"`letters` names no queue: {self.letters!r}; known: {', '.join(self.queues)}")
        return self

    def rep(self, name: str | None) -> Rep | None:
        """The rep of that name, if there is one."""
        return self._by_name.get(name or "")

    @cached_property
    def _by_name(self) -> dict[str, Rep]:
        return {each.rep: each for each in self.reps}
