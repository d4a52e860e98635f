"""The condition language as models: what people may write, and refuses to know how it is judged (see judging.py).

One language everywhere: reactions, segments, score items, hot lead, enter, leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nurture.durations import Duration

MAIL_EVENTS = ("delivered", "opened", "clicked", "replied", "bounced", "unsubscribed", "spam_reported")
WEB_EVENTS = ("visited", "downloaded", "signed_up", "attended", "requested")
BUILT_IN_EVENTS = MAIL_EVENTS + WEB_EVENTS
ANY = "any"
"""The subject that matches all; after `did`, any event that a human made."""

KEYWORDS = ("did", "attribute", "score", "segment", "phase", "hot", "outcome", "all", "any", "not")
"""Keys that open a condition and therefore cannot name an event type."""

Outcome = Literal["won", "lost", "returned", "expired"]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number is expected, not {written(value)}")  # noqa: TRY004 - pydantic takes ValueError
    return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"a text, a number, true or false is expected, not {written(value)}")  # noqa: TRY004 - pydantic takes ValueError
    return value


Number = Annotated[int | float, BeforeValidator(_number)]
Scalar = Annotated[bool | int | float | str, BeforeValidator(_scalar)]


def written(value: Any) -> str:
    """A value as a message names it: short things as written, long things by their kind."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
    return repr(value)


def _plain(value: Any) -> str:
    """A value of a test as people write it in YAML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_plain(each) for each in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shape(value: Any) -> str | None:
    """Which of a text, a list or a mapping was written, so that only that form's problems are reported."""
    if isinstance(value, dict | BaseModel):
        return "<mapping>"
    if isinstance(value, list | tuple):
        return "<list>"
    return "<text>" if isinstance(value, str | Duration) else None


def by_shape(what: str) -> Discriminator:
    """Tells the members `<text>`, `<list>` and `<mapping>` of a union apart; `what` is said of anything else."""
    return Discriminator(_shape, custom_error_type="shape", custom_error_message=what)


class Strict(BaseModel):
    """A model of something people write: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class EventPattern(Strict):
    """Which events are meant: a type, and a subject path (`any` or None match every subject).

    `subject` None is the bare form: for a mail event it means the mail of this visit.
    """

    type: str
    subject: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"type": value}
        if isinstance(value, dict) and len(value) == 1 and "type" not in value:
            ((kind, subject),) = value.items()
            if not isinstance(subject, str):
                raise ValueError(f"the subject of {kind!r} must be a text, such as {{{kind}: any}}")
            return {"type": kind, "subject": subject}
        if isinstance(value, dict) and len(value) != 1 and set(value) - {"type", "subject"}:
            raise ValueError(
                "an event is written `type` or `{type: subject}`, with one key; "
                "spans and numbers go with did: {did: {type: subject}, within: 30d}"
            )
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "title": "Event",
            "description": "An event: `type` or `{type: subject}`; the subject `any` matches all.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": {"type": "string"},
                    "propertyNames": {"not": {"enum": list(KEYWORDS)}},
                },
            ],
        }

    @model_serializer
    def as_written(self) -> str | dict[str, str]:
        """The short form people write."""
        return self.type if self.subject is None else {self.type: self.subject}

    @property
    def own_mail(self) -> bool:
        """True where only the mail of the present visit is meant."""
        return self.subject is None and self.type in MAIL_EVENTS

    def matches(self, type: str, subject: str) -> bool:
        """True if an event of this type and subject is meant (own-mail is the caller's to judge)."""
        if type != self.type:
            return False
        return self.subject in (None, ANY) or subject == self.subject or subject.startswith(f"{self.subject}/")

    def __str__(self) -> str:
        return self.type if self.subject is None else f"{self.type}: {self.subject}"


class Happened(Strict):
    """An event, bare; what span it covers depends on the place where it is written."""

    event: EventPattern

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"event"} and isinstance(value["event"], EventPattern):
            return value
        return {"event": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return EventPattern.__get_pydantic_json_schema__(schema, handler)

    @model_serializer
    def as_written(self) -> str | dict[str, str]:
        """The short form people write."""
        return self.event.as_written()

    def __str__(self) -> str:
        return str(self.event)


class Did(Strict):
    """An event at any time: `{did: {attended: seminar}, within: 90d, at_least: 2}`; `did: any` is any human event."""

    did: EventPattern = Field(description="Which event, at any time; `any`: anything that a person did.")
    within: Duration | None = Field(None, description="How far back it counts; absent: for ever.")
    at_least: Annotated[StrictInt, Field(ge=1, le=50)] = Field(1, description="How many times at least.")

    @model_validator(mode="after")
    def _span(self) -> Did:
        if self.within is not None and (self.within.business_days or not self.within.positive):
            raise ValueError("`within` looks back over a span of time: write 7d or 12h, not business days")
        return self

    @property
    def any_human_event(self) -> bool:
        return self.did.type == ANY and self.did.subject is None

    def __str__(self) -> str:
        what = "any" if self.any_human_event else str(self.did)
        times = f", at least {self.at_least} times" if self.at_least > 1 else ""
        return f"did {what}{f' within {self.within}' if self.within else ''}{times}"


class AttributeIs(Strict):
    """What a lead is: one attribute against one or more tests, all of which must hold. Unknown is never true."""

    attribute: str = Field(description="Which attribute; an unknown value makes every test but `known: false` false.")
    at_least: Number | None = Field(None, description="A number not below this.")
    at_most: Number | None = Field(None, description="A number not above this.")
    is_: Annotated[Scalar | None, Field(alias="is")] = Field(None, description="Equal to this.")
    in_: Annotated[tuple[Scalar, ...] | None, Field(alias="in", min_length=1)] = Field(
        None, description="Equal to one of these."
    )
    contains: Scalar | None = Field(None, description="A text with this in it, or a list with this item.")
    known: StrictBool | None = Field(None, description="Known at all, or not.")
    before: str | None = Field(None, description="A date before this day.")
    after: str | None = Field(None, description="A date after this day.")

    @model_validator(mode="after")
    def _has_a_test(self) -> AttributeIs:
        tests = (self.at_least, self.at_most, self.is_, self.in_, self.contains, self.known, self.before, self.after)
        if all(test is None for test in tests):
            raise ValueError("an attribute needs a test: at_least, at_most, is, in, contains, known, before or after")
        return self

    def __str__(self) -> str:
        tests = self.model_dump(by_alias=True, exclude_none=True, exclude={"attribute"})
        return f"{self.attribute} " + ", ".join(f"{name} {_plain(value)}" for name, value in tests.items())


class ScoreIs(Strict):
    """`total`, `attributes`, `behaviours` or one item, against a bound."""

    score: str = Field(description="`total`, `attributes`, `behaviours` or one item.")
    at_least: Number | None = Field(None, description="Not below this.")
    at_most: Number | None = Field(None, description="Not above this.")

    @model_validator(mode="after")
    def _has_a_bound(self) -> ScoreIs:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a score needs at_least or at_most")
        return self

    def __str__(self) -> str:
        low = f" at least {self.at_least:g}" if self.at_least is not None else ""
        high = f" at most {self.at_most:g}" if self.at_most is not None else ""
        return f"score {self.score}{low}{high}"


class InSegment(Strict):
    """The lead fits a segment now."""

    segment: str = Field(description="The lead fits this segment now.")

    def __str__(self) -> str:
        return f"in segment {self.segment}"


class PhaseBound(Strict):
    """A phase or any after it."""

    at_least: str = Field(description="This phase or a later one.")


class InPhase(Strict):
    """`{phase: p}` or `{phase: {at_least: p}}`."""

    phase: Annotated[
        Annotated[str, Tag("<text>")] | Annotated[PhaseBound, Tag("<mapping>")],
        by_shape("`phase` is a phase, or {at_least: phase}"),
    ] = Field(description="The lead is in this phase; `{at_least: p}`: in it or a later one.")

    @property
    def name(self) -> str:
        return self.phase if isinstance(self.phase, str) else self.phase.at_least

    def __str__(self) -> str:
        return f"phase {self.phase}" if isinstance(self.phase, str) else f"phase at least {self.phase.at_least}"


class IsHot(Strict):
    """The hot latch."""

    hot: StrictBool = Field(description="The lead is hot, or is not.")

    def __str__(self) -> str:
        return "hot" if self.hot else "not hot"


class OutcomeIs(Strict):
    """What sales made of the handoff of this step; false elsewhere."""

    outcome: Annotated[
        Annotated[Outcome, Tag("<text>")] | Annotated[tuple[Outcome, ...], Field(min_length=1), Tag("<list>")],
        by_shape("`outcome` is one of won, lost, returned, expired, or a list of them"),
    ] = Field(description="What sales made of the handoff of this step; false anywhere else.")

    @property
    def words(self) -> tuple[str, ...]:
        return (self.outcome,) if isinstance(self.outcome, str) else self.outcome

    def __str__(self) -> str:
        return f"outcome {' or '.join(self.words)}"


class All(Strict):
    """Every part holds."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1)] = Field(description="Every part holds.")

    def __str__(self) -> str:
        return "(" + " and ".join(str(part) for part in self.all) + ")"


class AnyOf(Strict):
    """At least one part holds."""

    any: Annotated[tuple[Condition, ...], Field(min_length=1)] = Field(description="At least one part holds.")

    def __str__(self) -> str:
        return "(" + " or ".join(str(part) for part in self.any) + ")"


class Not(Strict):
    """No part holds: one condition or a list of them."""

    not_: Annotated[tuple[Condition, ...], Field(alias="not", min_length=1)] = Field(description="No part holds.")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, dict) and "not" in value and not isinstance(value["not"], list | tuple):
            return {**value, "not": [value["not"]]}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        several = made["properties"]["not"]
        said = {"description": several.pop("description"), "title": several.pop("title")}
        made["properties"]["not"] = {**said, "anyOf": [several, several["items"]]}
        return made

    def __str__(self) -> str:
        return "not " + " nor ".join(str(part) for part in self.not_)


_OPENERS = {
    "did": "<did>", "attribute": "<attribute>", "score": "<score>", "segment": "<segment>", "phase": "<phase>",
    "hot": "<hot>", "outcome": "<outcome>", "all": "<all>", "any": "<any>", "not": "<not>",
}  # fmt: skip
_BY_MODEL: dict[type, str] = {}


def condition_kind(value: Any) -> str | None:
    """The tag of the model that reads `value`: the first keyword among its keys, else an event."""
    if isinstance(value, Strict):
        return _BY_MODEL.get(type(value))
    if isinstance(value, str):
        return "<event>"
    if isinstance(value, dict):
        return next((tag for keyword, tag in _OPENERS.items() if keyword in value), "<event>")
    return None


Condition = Annotated[
    Annotated[Happened, Tag("<event>")]
    | Annotated[Did, Tag("<did>")]
    | Annotated[AttributeIs, Tag("<attribute>")]
    | Annotated[ScoreIs, Tag("<score>")]
    | Annotated[InSegment, Tag("<segment>")]
    | Annotated[InPhase, Tag("<phase>")]
    | Annotated[IsHot, Tag("<hot>")]
    | Annotated[OutcomeIs, Tag("<outcome>")]
    | Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(
        condition_kind,
        custom_error_type="condition",
        custom_error_message="a condition is an event (`opened`, `{signed_up: seminar}`) or a mapping that opens with "
        + ", ".join(KEYWORDS),
    ),
]
"""Anything that is true or false of a lead."""

AnyCondition = Happened | Did | AttributeIs | ScoreIs | InSegment | InPhase | IsHot | OutcomeIs | All | AnyOf | Not

_BY_MODEL.update({
    Happened: "<event>", Did: "<did>", AttributeIs: "<attribute>", ScoreIs: "<score>", InSegment: "<segment>",
    InPhase: "<phase>", IsHot: "<hot>", OutcomeIs: "<outcome>", All: "<all>", AnyOf: "<any>", Not: "<not>",
})  # fmt: skip


def as_written(condition: AnyCondition) -> Any:
    """The condition as JSON data in the form people write it."""
    return condition.model_dump(mode="json", by_alias=True, exclude_defaults=True)


All.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


def parts(condition: AnyCondition) -> Iterator[AnyCondition]:
    """The condition and everything nested in it, depth first, in the order written."""
    yield condition
    match condition:
        case All():
            children: tuple[AnyCondition, ...] = condition.all
        case AnyOf():
            children = condition.any
        case Not():
            children = condition.not_
        case _:
            return
    for child in children:
        yield from parts(child)
