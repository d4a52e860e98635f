"""The models of who sends and who sells: sender.yaml and sales.yaml; refuses to know the calendar."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, Tag, model_validator

from nurture.conditions import Strict, by_shape
from nurture.definitions.words import Name, TimeOfDay, TimeZone
from nurture.durations import Duration

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class From(Strict):
    """Who the mail is from."""

    name: str
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Window(Strict):
    """When mail may be sent, in the lead's time zone."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    from_: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay

    @model_validator(mode="after")
    def _order(self) -> Window:
        if self.from_ >= self.to:
            raise ValueError("a window closes after it opens: `from` comes before `to` (at most 24:00)")
        return self


class Cap(Strict):
    """The most mails one lead may get in a span of time."""

    mails: Annotated[StrictInt, Field(ge=1, le=50)]
    per: Duration

    @model_validator(mode="after")
    def _span(self) -> Cap:
        if self.per.business_days or not self.per.positive:
            raise ValueError("a cap counts over a span of time: write 7d or 24h, not business days")
        return self


def _closed(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _in_order(text: str) -> str:
    try:
        first, last = _closed(text)
    except ValueError as error:
        raise ValueError(f"{text!r} names a day that no calendar has") from error
    if first > last:
        raise ValueError(f"{text!r} ends before it begins")
    return text


ClosedDays = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?$"), AfterValidator(_in_order)
]


class AutomaticClicks(Strict):
    """When a click is taken for a machine's."""

    sooner_than: Duration = Duration.parse("10s")
    links: Annotated[StrictInt, Field(ge=2)] = 3
    links_within: Duration = Duration.parse("5s")


class Sender(Strict):
    """sender.yaml: whose mails these are, and when they may go."""

    legal_name: str
    postal_address: str
    contact: str
    from_: Annotated[From, Field(alias="from")]
    time_zone: TimeZone
    window: Annotated[
        Annotated[Literal["always"], Tag("<text>")] | Annotated[Window, Tag("<mapping>")],
        by_shape('`window` is {days: [mon, …], from: "09:00", to: "18:00"}, or `always`'),
    ] = "always"
    holidays: str = "none"
    closed: tuple[ClosedDays, ...] = ()
    cap: Cap | None = None
    topics: tuple[str, ...] = ()
    automatic_clicks: AutomaticClicks = AutomaticClicks()

    @cached_property
    def closed_ranges(self) -> tuple[tuple[date, date], ...]:
        """First and last day of each closure, both included."""
        return tuple(_closed(text) for text in self.closed)


class Rep(Strict):
    """A sales person."""

    rep: Name
    name: str
    email: str
    capacity: Annotated[StrictInt, Field(ge=0)] = 20


class Queue(Strict):
    """Where handoffs of one kind go, and how fast they must be taken and closed."""

    reps: Annotated[tuple[str, ...], Field(min_length=1)]
    fallback: str | None = None
    accept_within: Duration | None = None
    close_within: Duration | None = None


class Sales(Strict):
    """sales.yaml."""

    reps: Annotated[tuple[Rep, ...], Field(min_length=1)]
    queues: Annotated[dict[Name, Queue], Field(min_length=1)]
