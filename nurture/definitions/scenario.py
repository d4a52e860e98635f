"""The model of a scenario file: steps, what they do, wait for and lead to; refuses to know how any of it is walked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictInt, Tag, model_validator

from nurture.conditions import Condition, EventPattern, Scalar, Strict, by_shape
from nurture.definitions.words import Language, Name, PerCent, TimeOfDay, hundred
from nurture.durations import Duration


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
            hundred(self.split)
        return self


Send = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[tuple[str, ...], Field(min_length=1), Tag("<list>")]
    | Annotated[SendOptions, Tag("<mapping>")],
    by_shape("`send` is a template, a list of templates by visit, {template, within} or {split}"),
]
HOLD_OUT = "none"
"""The side of a send split that gets no mail."""
IGNORE = "ignore"
"""What `on_hot` says where a hot lead walks on."""


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
            hundred(self.split)
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
    def action(self) -> str | None:
        """Which kind of action it has; None where it only waits."""
        actions = {
            "send": self.send, "notify": self.notify, "set": self.set, "enroll": self.enroll, "handoff": self.handoff,
            "finish": self.finish,
        }  # fmt: skip
        return next((name for name, given in actions.items() if given is not None), None)

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
