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
    ) = Field(
        None, description="A template, or a list of templates: the n-th visit gets the n-th, later ones the last."
    )
    split: dict[str, PerCent] | None = Field(
        None, description="Templates with their shares in per cent, 100 together; `none` gets no mail."
    )
    within: Duration | None = Field(
        None, description="If the mail cannot go within this time, `when_refused` or else the last edge is taken."
    )

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

    attribute: str = Field(description="The attribute of type `date`; past or unknown ends the wait at once.")
    offset: Duration = Field(Duration(), description="Moves the deadline; negative: before the date.")
    at: TimeOfDay = Field("00:00", description="The time of day, in the lead's time zone.")


class WaitOptions(Strict):
    """The long form of `wait`: what ends it early, and what ends it anyway."""

    until: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = Field(
        None, description="What ends the wait early; at least one of them."
    )
    timeout: Duration | None = Field(None, description="What ends it anyway: silence is an outcome too.")
    by: By | None = Field(None, description="A deadline by a date of the lead, in place of `timeout`.")


Wait = Annotated[
    Annotated[Duration, Tag("<text>")] | Annotated[WaitOptions, Tag("<mapping>")],
    by_shape("`wait` is a duration such as 3d, or {until: [conditions], timeout: 7d}"),
]


class Edge(Strict):
    """One reaction: a condition (or `otherwise`) and where it leads."""

    when: Condition | None = Field(None, description="What must hold; the first edge that holds is taken.")
    go: str | None = Field(None, description="The step it leads to.")
    finish: Name | None = Field(None, description="Ends the enrolment with this word.")
    split: dict[str, PerCent] | None = Field(
        None, description="Steps with their shares in per cent, 100 together; a lead always falls on the same side."
    )
    otherwise: str | None = Field(None, description="The step for everyone else; the last edge, without `when`.")

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

    when: Condition = Field(description="What must hold.")
    go: str = Field(description="The step it leads to.")


class Leave(Strict):
    """A condition and the word an enrolment finishes with."""

    when: Condition = Field(description="What must hold.")
    finish: Name = Field(description="The word the enrolment finishes with, as reports count it.")


class Notify(Strict):
    """A message to a queue or a rep."""

    to: str = Field(description="A queue or a rep of sales.yaml.")
    text: str = Field(description="What it says.")


def _value_shape(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<one>"


class SetAttribute(Strict):
    """Writes one attribute of the lead."""

    attribute: str = Field(description="Which attribute.")
    to: (
        Annotated[
            Annotated[Scalar, Tag("<one>")] | Annotated[tuple[Scalar, ...], Tag("<list>")],
            Discriminator(_value_shape),
        ]
        | None
    ) = Field(description="The new value, a list for an attribute of type `list`; `null` clears it.")


class Enroll(Strict):
    """Queues the lead for another scenario, at the front."""

    scenario: str = Field(description="Which scenario.")


class HandoffStep(Strict):
    """Makes the task that sales gets."""

    queue: str = Field(description="Which queue of sales.yaml gets the task.")
    note: str | None = Field(None, description="What the rep reads first.")


ACTIONS = ("send", "notify", "set", "enroll", "handoff", "finish")


class Step(Strict):
    """One approach and its reactions: do, wait, then."""

    phase: str | None = Field(None, description="The phase of the journey map that the step serves.")
    skip: Jump | None = Field(
        None, description="Passes the step where this holds already; judged on arrival and again before the mail goes."
    )
    send: Send | None = Field(
        None, description="The mail of the step: a template, a list by visit, or `{template, within}` or `{split}`."
    )
    notify: Notify | None = Field(None, description="A message to a queue or a rep instead of a mail to the lead.")
    set: SetAttribute | None = Field(None, description="Writes one attribute of the lead.")
    enroll: Enroll | None = Field(None, description="Puts another scenario at the front of the lead's queue.")
    handoff: HandoffStep | None = Field(
        None, description="Hands the lead to sales; the step lasts until the task is closed, and takes no `wait`."
    )
    finish: Name | None = Field(None, description="Ends the enrolment with this word.")
    wait: Wait | None = Field(
        None, description="How long the step waits, or for what; without it the lead goes on at once."
    )
    then: Then | None = Field(None, description="Where the lead goes: a step, or edges judged in the order written.")
    max_visits: Annotated[StrictInt, Field(ge=1, le=1000)] | None = Field(
        None, description="How many arrivals count as visits within one enrolment."
    )
    when_exhausted: str | None = Field(None, description="Where a further arrival goes, without any action.")
    when_refused: str | None = Field(
        None, description="Where the lead goes if its mail may not be sent; absent: it finishes `unreachable`."
    )

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

    after: Duration = Field(description="How long after the last finish.")


class Enter(Strict):
    """How leads come in by themselves; neither key: by hand or by API only."""

    segment: str | None = Field(
        None,
        description="Leads that come to fit this segment are enrolled: at once where an import makes them fit, in the "
        "night after where time or an event does. Who fits already is enrolled by `nurture deploy --enroll-existing`.",
    )
    event: EventPattern | None = Field(None, description="Leads are enrolled when they do this.")
    again: Again | None = Field(None, description="When a lead may enter a second time; absent: never.")

    @model_validator(mode="after")
    def _one_way(self) -> Enter:
        if self.segment is not None and self.event is not None:
            raise ValueError("a scenario is entered by `segment` or by `event`, not by both")
        return self


class Scenario(Strict):
    """One scenario file."""

    scenario: Name = Field(
        description="The name that leads are enrolled by and that reports show; unique in the folder."
    )
    title: str | None = Field(None, description="What people call it; shown in pictures and lists.")
    language: Language | None = Field(
        None,
        description="The language of its mails: `ja` sends `templates/<name>.ja.md`; absent: `ja`.",
    )
    topic: str | None = Field(
        None,
        description="What a lead of it can unsubscribe from, one of `topics` in sender.yaml; required once it sends.",
    )
    priority: StrictInt = Field(50, description="Where several wait for the same lead, the higher one goes first.")
    when_busy: Literal["queue", "replace", "skip"] = Field(
        "queue",
        description="What becomes of an enrolment while another scenario runs: wait, end that one, or be refused.",
    )
    enter: Enter = Field(Enter(), description="How leads come in by themselves; absent: by hand or API only.")
    leave: tuple[Leave, ...] = Field(
        (), description="What ends an enrolment at any step, also in the middle of a wait."
    )
    anywhere: tuple[Jump, ...] = Field(
        (), description="What moves a lead at any step, also in the middle of a wait; not heard while sales has it."
    )
    on_hot: str | None = Field(
        None, description="The handoff step a lead jumps to when it becomes hot; `ignore`: it walks on."
    )
    start: str = Field(description="The first step.")
    steps: Annotated[dict[Name, Step], Field(min_length=1)] = Field(
        description="The steps by name; a name has neither blanks nor slashes."
    )

    @cached_property
    def sends(self) -> bool:
        return any(step.send is not None for step in self.steps.values())

    @cached_property
    def hands_off(self) -> bool:
        return any(step.handoff is not None for step in self.steps.values())
