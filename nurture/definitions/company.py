"""The models of who sends: sender.yaml; refuses to know the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, Tag, model_validator

from nurture.conditions import Strict, by_shape
from nurture.definitions.words import Language, TimeOfDay, TimeZone
from nurture.durations import Duration
from nurture.errors import near_names

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class From(Strict):
    """Who the mail is from."""

    name: str = Field(description="The name that readers see.")
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = Field(description="The address.")


class Window(Strict):
    """When mail may be sent, in the lead's time zone."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = Field(description="The days of the week.")
    from_: Annotated[TimeOfDay, Field(alias="from", description="When it opens.")]
    to: TimeOfDay = Field(description="When it closes, at most 24:00.")

    @model_validator(mode="after")
    def _order(self) -> Window:
        if self.from_ >= self.to:
            raise ValueError("a window closes after it opens: `from` comes before `to` (at most 24:00)")
        return self


class Cap(Strict):
    """The most mails one lead may get in a span of time."""

    mails: Annotated[StrictInt, Field(ge=1, le=50)] = Field(description="How many mails.")
    per: Duration = Field(description="In which span of time.")

    @model_validator(mode="after")
    def _span(self) -> Cap:
        if self.per.business_days or not self.per.positive:
            raise ValueError("a cap counts over a span of time: write 7d or 24h, not business days")
        return self


def closed_range(text: str) -> tuple[date, date]:
    """The first and the last day of `2026-12-29` or `2026-12-29..2027-01-03`; raises ValueError."""
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _in_order(text: str) -> str:
    try:
        first, last = closed_range(text)
    except ValueError as error:
        raise ValueError(f"{text!r} names a day that no calendar has") from error
    if first > last:
        raise ValueError(f"{text!r} ends before it begins")
    return text


ClosedDays = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?$"), AfterValidator(_in_order)
]


PROGRAMS = ("curl/", "wget/", "python-requests/", "python-urllib/", "go-http-client/", "headlesschrome/", "phantomjs/")
"""What programs call themselves that fetch pages for nobody: no person reads mail with one of them."""


class AutomaticClicks(Strict):
    """When a click is taken for a machine's."""

    sooner_than: Duration = Field(Duration.parse("10s"), description="A click sooner than this after delivery.")
    links: Annotated[StrictInt, Field(ge=2)] = Field(3, description="So many different links of one mail …")
    links_within: Duration = Field(Duration.parse("5s"), description="… clicked within this time.")
    recipients: Annotated[StrictInt, Field(ge=2)] = Field(
        5, description="Clicks out of one network in the mails of so many different people …"
    )
    recipients_within: Duration = Field(Duration.parse("30s"), description="… within this time.")
    programs: tuple[Annotated[str, Field(min_length=3, max_length=50)], ...] = Field(
        PROGRAMS, description="A click by a program that calls itself so; each is looked for in its name."
    )


PerCent = Annotated[StrictFloat | StrictInt, Field(ge=0.01, le=100)]


class Limits(Strict):
    """From which share of mails on somebody is told, and from which nothing is sent any more."""

    warn: PerCent = Field(description="At so many per cent ops are warned.")
    stop: PerCent = Field(description="At so many per cent sending stops, until somebody resumes it.")
    of: Annotated[StrictInt, Field(ge=1)] = Field(description="Of fewer mails than this nothing is concluded.")

    @model_validator(mode="after")
    def _order(self) -> Limits:
        if self.warn > self.stop:
            raise ValueError("a warning comes before the stop: `warn` is at most `stop`")
        return self


class Breaker(Strict):
    """When the mails of a scenario, or all mails, stop because too many of them do harm."""

    over: Duration = Field(Duration.parse("7d"), description="The mails of this time until now are counted.")
    spam: Limits = Field(
        Limits(warn=0.1, stop=0.3, of=500), description="Mails reported as spam, of those that were delivered."
    )
    bounces: Limits = Field(
        Limits(warn=2, stop=5, of=100),
        description="Mails to dead addresses, of those that came to an end.",
    )

    @model_validator(mode="after")
    def _span(self) -> Breaker:
        if self.over.business_days or not timedelta(hours=1) <= self.over.span <= timedelta(days=90):
            raise ValueError("mails are counted over 1h to 90d: write 7d, not business days")
        return self


TopicTitle = Annotated[
    Annotated[Annotated[str, Field(min_length=1, max_length=100)], Tag("<text>")]
    | Annotated[
        Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1)],
        Tag("<mapping>"),
    ],
    by_shape("a title is a text, or one for each language: {ja: …, en: …}"),
]


class LostAnswer(Strict):
    """What becomes of a mail of which nobody can tell whether the provider took it."""

    then: Literal["go_on", "send_again"] = Field(
        "go_on",
        description="`go_on`: it is not sent again, and the lead goes on at once. `send_again`: the lead waits, and "
        "the mail goes once more if nothing was heard of the first; somebody may get it twice.",
    )
    after: Duration = Field(
        Duration.parse("1h"), description="How long the provider's events are waited for, before it is sent again."
    )

    @model_validator(mode="after")
    def _long_enough(self) -> LostAnswer:
        if self.after.business_days or not timedelta(minutes=10) <= self.after.span <= timedelta(hours=72):
            raise ValueError("events of the provider are waited for between 10m and 72h: they may be late by hours")
        return self


class Sender(Strict):
    """sender.yaml: whose mails these are, and when they may go."""

    legal_name: str = Field(description="The legal name at the end of every mail.")
    postal_address: str = Field(description="The postal address at the end of every mail.")
    contact: str = Field(description="Whom to ask, at the end of every mail.")
    from_: Annotated[From, Field(alias="from", description="Whom readers see as the sender.")]
    time_zone: TimeZone = Field(
        description="The time zone of business days and of leads that have none, as Asia/Tokyo."
    )
    window: Annotated[
        Annotated[Literal["always"], Tag("<text>")] | Annotated[Window, Tag("<mapping>")],
        by_shape('`window` is {days: [mon, …], from: "09:00", to: "18:00"}, or `always`'),
    ] = Field("always", description="When mail may go, in the lead's time zone; `always`: at any time.")
    holidays: str = Field(
        "none", description="The country whose public holidays are kept, as `jp`; `none`: no country's."
    )
    closed: tuple[ClosedDays, ...] = Field((), description="Further days on which nothing goes, one or from..to.")
    cap: Cap | None = Field(None, description="The most mails for one lead; absent: no cap.")
    topics: tuple[str, ...] = Field(
        (), description="What people can unsubscribe from; each scenario names one of them."
    )
    topic_titles: dict[str, TopicTitle] = Field(
        default_factory=dict,
        description="What a topic is called on the preference page: a text, or one for each language, {ja: …, en: …}.",
    )
    lost_answer: LostAnswer = Field(
        LostAnswer(), description="What happens where the provider's answer to a mail was lost."
    )
    automatic_clicks: AutomaticClicks = Field(
        AutomaticClicks(), description="When a click is taken for a machine's, so that it neither branches nor scores."
    )

    breaker: Breaker = Field(
        Breaker(), description="When mails stop by themselves because of spam reports or dead addresses."
    )

    @model_validator(mode="after")
    def _titles_have_topics(self) -> Sender:
        unknown = [topic for topic in self.topic_titles if topic not in self.topics]
        if unknown:
            near = near_names(unknown[0], self.topics)
            hint = f"did you mean {' or '.join(repr(name) for name in near)}?" if near else "add it to `topics`"
            raise ValueError(f"`topic_titles` names {unknown[0]!r}, which is none of `topics`: {hint}")
        return self

    def title_of(self, topic: str, language: str) -> str:
        """What a topic is called in a language: its title there, else in any other, else its own name."""
        title = self.topic_titles.get(topic, topic)
        if isinstance(title, str):
            return title
        return title.get(language[:2]) or next(iter(title.values()))

    @cached_property
    def closed_ranges(self) -> tuple[tuple[date, date], ...]:
        """First and last day of each closure, both included."""
        return tuple(closed_range(text) for text in self.closed)
