"""Says how the people behind a list of leads behave, as rates and delays; throwing the dice is left to the caller."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from nurture.conditions import ANY, MAIL_EVENTS, EventPattern, Strict
from nurture.definitions import Name
from nurture.durations import Duration
from nurture.errors import NurtureError

Rate = Annotated[float, Field(ge=0, le=1)]


class Delay(Strict):
    """A span of time, uniform between `from` and `to`."""

    from_: Annotated[Duration, Field(alias="from")]
    to: Duration

    @model_validator(mode="after")
    def _order(self) -> Delay:
        if self.from_.business_days or self.to.business_days:
            raise ValueError("a delay is a span such as 30m 12h 3d: people do not answer in business days")
        if not timedelta(0) <= self.from_.span <= self.to.span:
            raise ValueError("a delay begins at 0 or later, and `from` is not longer than `to`")
        return self

    def at(self, fraction: float) -> timedelta:
        """The delay at `fraction` (0 to 1) of the way from `from` to `to`."""
        return self.from_.span + (self.to.span - self.from_.span) * fraction


class Chance(Strict):
    """How likely something is, and how long after its cause it comes."""

    rate: Rate
    after: Delay


def _an_action(event: EventPattern) -> EventPattern:
    if event.type in MAIL_EVENTS:
        raise ValueError(f"{event.type!r} is a reaction to a mail: write it under its own key, not as an event")
    if event.subject in (None, ANY):
        raise ValueError(f"say what was {event.type}: {{{event.type}: seminar}}")
    return event


class Answer(Strict):
    """An event that a mail leads to, as a share of those who opened it; the delay counts from the open."""

    event: EventPattern
    rate: Rate
    after: Delay

    @model_validator(mode="after")
    def _is_an_action(self) -> Answer:
        _an_action(self.event)
        return self


class AnyTime(Strict):
    """An event without a mail: the expected number for one lead in 30 days."""

    event: EventPattern
    rate_per_30d: Annotated[float, Field(ge=0, le=1000)]

    @model_validator(mode="after")
    def _is_an_action(self) -> AnyTime:
        _an_action(self.event)
        return self


class MailHabits(Strict):
    """What happens to one mail.

    `delivered` is a share of all (the rest bounces for good), `opened` of the delivered with its delay from the
    delivery; the others are shares of the opened, each drawn by itself, with delays from the open.
    """

    delivered: Rate | None = None
    opened: Chance | None = None
    clicked: Chance | None = None
    unsubscribed: Chance | None = None
    spam_reported: Chance | None = None
    events: tuple[Answer, ...] = ()

    @property
    def delivery_rate(self) -> float:
        """The share of mails that arrive; all of them where nothing is said."""
        return 1.0 if self.delivered is None else self.delivered

    def over(self, default: MailHabits) -> MailHabits:
        """These habits, with what they do not say taken from `default`."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return default.model_copy(update=said)


class SalesHabits(Strict):
    """What sales makes of a handoff, as shares of all; what is missing to 1 is left to expire."""

    returned: Rate = 0.0
    won: Rate = 0.0
    lost: Rate = 0.0
    after: Delay

    @model_validator(mode="after")
    def _at_most_one(self) -> SalesHabits:
        if self.returned + self.won + self.lost > 1 + 1e-9:
            raise ValueError("returned, won and lost are shares of all handoffs: together at most 1")
        return self

    def outcome(self, fraction: float) -> str | None:
        """The outcome at `fraction` (0 to 1) of the shares in the order returned, won, lost; None: left to expire."""
        bound = 0.0
        for word, share in (("returned", self.returned), ("won", self.won), ("lost", self.lost)):
            bound += share
            if fraction < bound:
                return word
        return None


class Audience(Strict):
    """audience.yaml: rates of behaviour for a simulation and for the demo."""

    default: MailHabits = MailHabits()
    mails: dict[Name, MailHabits] = Field(default_factory=dict)
    any_time: tuple[AnyTime, ...] = ()
    sales: SalesHabits | None = None

    def habits(self, template: str) -> MailHabits:
        """What happens to a mail of this template: its own habits over the default ones."""
        own = self.mails.get(template)
        return self.default if own is None else own.over(self.default)


def read_audience(data: Any, *, where: str = "audience.yaml") -> Audience:
    """The audience in plain data (as YAML or JSON gives it); raises NurtureError naming every wrong key."""
    try:
        return Audience.model_validate(data)
    except ValidationError as error:
        found = []
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            place = ".".join(str(part) for part in problem["loc"]) or "the file"
            found.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
        do = "mend " + "; ".join(found)
        raise NurtureError("the rates of the audience cannot be read", where=where, do=do) from error
