"""The models of every file in `scenarios/`, field by field; refuses to know how files are read (see loading.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, StrictInt, Tag, model_validator

from nurture.conditions import BUILT_IN_EVENTS, Condition, EventPattern, Scalar, Strict, by_shape
from nurture.durations import Duration

Name = Annotated[str, Field(pattern=r"^[^\s/\\]{1,100}$")]
"""A name people give: no blanks or slashes, since it becomes a part of keys and of file names."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", examples=["09:00"])]
TimeZone = Annotated[str, Field(examples=["Asia/Tokyo"])]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", examples=["ja", "en"])]

PerCent = Annotated[StrictInt, Field(ge=0, le=100)]


def _hundred(split: Mapping[str, int]) -> None:
    if sum(split.values()) != 100:
        raise ValueError(f"the per cents of a split add up to 100, not {sum(split.values())}")


# --- scenario -------------------------------------------------------------------------------------------------------


class SendOptions(Strict):
    """The long form of `send`: a template (or a list by visit) or a split, and how soon it must have gone."""

    template: (
        Annotated[
            Annotated[str, Tag("<text>")] | Annotated[tuple[str, ...], Field(min_length=1), Tag("<list>")],
            by_shape("`template` is a template, or a list of templates by visit"),
        ]
        | None
    ) = None
    split: dict[str, PerCent] | None = None
    within: Duration | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SendOptions:
        if (self.template is None) == (self.split is None):
            raise ValueError("a send has either `template` or `split`")
        if self.split is not None:
            _hundred(self.split)
        return self


Send = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[tuple[str, ...], Field(min_length=1), Tag("<list>")]
    | Annotated[SendOptions, Tag("<mapping>")],
    by_shape("`send` is a template, a list of templates by visit, {template, within} or {split}"),
]
HOLD_OUT = "none"
"""The side of a send split that gets no mail."""


class By(Strict):
    """A deadline from a date attribute, in the lead's time zone; past or unknown ends the wait at once."""

    attribute: str
    offset: Duration = Duration()
    at: TimeOfDay = "00:00"


class WaitOptions(Strict):
    """The long form of `wait`: what ends it early, and what ends it anyway."""

    until: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    timeout: Duration | None = None
    by: By | None = None


Wait = Annotated[
    Annotated[Duration, Tag("<text>")] | Annotated[WaitOptions, Tag("<mapping>")],
    by_shape("`wait` is a duration such as 3d, or {until: [conditions], timeout: 7d}"),
]


class Edge(Strict):
    """One reaction: a condition (or `otherwise`) and where it leads."""

    when: Condition | None = None
    go: str | None = None
    finish: Name | None = None
    split: dict[str, PerCent] | None = None
    otherwise: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Edge:
        targets = [name for name in ("go", "finish", "split", "otherwise") if getattr(self, name) is not None]
        if len(targets) != 1:
            raise ValueError("an edge leads to exactly one of go, finish, split or otherwise")
        if self.otherwise is not None and self.when is not None:
            raise ValueError("`otherwise` takes no `when`: it is the last edge")
        if self.when is None and targets[0] in ("go", "finish"):
            raise ValueError(f"`{targets[0]}` needs a `when`; write {{otherwise: step}} for the last edge")
        if self.split is not None:
            _hundred(self.split)
        return self


Then = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[tuple[Edge, ...], Field(min_length=1), Tag("<list>")],
    by_shape("`then` is a step or a list of edges: {when: …, go: step} … {otherwise: step}"),
]


class Jump(Strict):
    """A condition and the step it leads to (`skip`, `anywhere`)."""

    when: Condition
    go: str


class Leave(Strict):
    """A condition and the word an enrolment finishes with."""

    when: Condition
    finish: Name


class Notify(Strict):
    """A message to a queue or a rep."""

    to: str
    text: str


def _value_shape(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<one>"


class SetAttribute(Strict):
    """Writes one attribute of the lead."""

    attribute: str
    to: (
        Annotated[
            Annotated[Scalar, Tag("<one>")] | Annotated[tuple[Scalar, ...], Tag("<list>")],
            Discriminator(_value_shape),
        ]
        | None
    )


class Enroll(Strict):
    """Queues the lead for another scenario, at the front."""

    scenario: str


class HandoffStep(Strict):
    """Makes the task that sales gets."""

    queue: str
    note: str | None = None


ACTIONS = ("send", "notify", "set", "enroll", "handoff", "finish")


class Step(Strict):
    """One approach and its reactions: do, wait, then."""

    phase: str | None = None
    skip: Jump | None = None
    send: Send | None = None
    notify: Notify | None = None
    set: SetAttribute | None = None
    enroll: Enroll | None = None
    handoff: HandoffStep | None = None
    finish: Name | None = None
    wait: Wait | None = None
    then: Then | None = None
    max_visits: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    when_exhausted: str | None = None
    when_refused: str | None = None

    @cached_property
    def mails(self) -> tuple[str, ...]:
        """The templates of a send by visit; empty for a split or a step without a mail."""
        match self.send:
            case str():
                return (self.send,)
            case tuple():
                return self.send
            case SendOptions(template=str() as template):
                return (template,)
            case SendOptions(template=tuple() as templates):
                return templates
        return ()

    @cached_property
    def mail_split(self) -> Mapping[str, int]:
        """The per cents of a split send; empty for any other."""
        return (self.send.split or {}) if isinstance(self.send, SendOptions) else {}

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """Every template this step may send."""
        return self.mails + tuple(name for name in self.mail_split if name != HOLD_OUT)

    @cached_property
    def send_within(self) -> Duration | None:
        return self.send.within if isinstance(self.send, SendOptions) else None

    @cached_property
    def until(self) -> tuple[Condition, ...]:
        """What ends the wait early."""
        return (self.wait.until or ()) if isinstance(self.wait, WaitOptions) else ()

    @cached_property
    def timeout(self) -> Duration | None:
        """What ends the wait anyway; None where `by` does, or where there is no wait."""
        return self.wait.timeout if isinstance(self.wait, WaitOptions) else self.wait

    @cached_property
    def by(self) -> By | None:
        return self.wait.by if isinstance(self.wait, WaitOptions) else None

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """The reactions in the order written; a plain `then: step` is one `otherwise`."""
        if isinstance(self.then, str):
            return (Edge(otherwise=self.then),)
        return self.then or ()


class Again(Strict):
    """When a lead may enter a second time, counted from its last finish."""

    after: Duration


class Enter(Strict):
    """How leads come in by themselves; neither key: by hand or by API only."""

    segment: str | None = None
    event: EventPattern | None = None
    again: Again | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Enter:
        if self.segment is not None and self.event is not None:
            raise ValueError("a scenario is entered by `segment` or by `event`, not by both")
        return self


class Scenario(Strict):
    """One scenario file."""

    scenario: Name
    title: str | None = None
    language: Language | None = None
    topic: str | None = None
    priority: StrictInt = 50
    when_busy: Literal["queue", "replace", "skip"] = "queue"
    enter: Enter = Enter()
    leave: tuple[Leave, ...] = ()
    anywhere: tuple[Jump, ...] = ()
    on_hot: str | None = None
    start: str
    steps: Annotated[dict[Name, Step], Field(min_length=1)]

    @cached_property
    def sends(self) -> bool:
        return any(step.send is not None for step in self.steps.values())

    @cached_property
    def hands_off(self) -> bool:
        return any(step.handoff is not None for step in self.steps.values())


# --- what a lead is and does ----------------------------------------------------------------------------------------

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


class FormConsent(Strict):
    """The wording a form shows, and its version."""

    version: str
    text: str


class Form(Strict):
    """One form page."""

    event: EventPattern
    fields: dict[str, Literal["required", "optional"]]
    title: str | None = None
    language: Language | None = None
    topic: str | None = None
    consent: FormConsent | None = None
    thanks: str | None = None


# --- sender and sales -----------------------------------------------------------------------------------------------

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


# --- the whole folder -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """One mail in one language: front matter and the Markdown body with its variables."""

    name: str
    language: str
    subject: str
    preheader: str
    body: str
    sha256: str


@dataclass(frozen=True)
class Definitions:
    """Everything of one deployment, read and checked. `number` is 0 before it is deployed.

    `holidays` holds the public holidays of the sender's country as dates: they were looked up when the folder was
    read, so a later calendar library cannot change what a running lead does.
    """

    number: int = 0
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    events: Mapping[str, EventType] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    journey_map: JourneyMap | None = None
    score: Score = field(default_factory=Score)
    hot_lead: HotLead | None = None
    forms: Mapping[str, Form] = field(default_factory=dict)
    sender: Sender | None = None
    sales: Sales | None = None
    templates: Mapping[tuple[str, str], Template] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    @cached_property
    def event_types(self) -> frozenset[str]:
        """Every event type that exists here: built in or own."""
        return frozenset(BUILT_IN_EVENTS) | frozenset(self.events)

    @cached_property
    def phases(self) -> tuple[str, ...]:
        """The phases of the journey map, in order."""
        return tuple(phase.phase for phase in self.journey_map.phases) if self.journey_map else ()
