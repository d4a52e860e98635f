"""The models of every file in `scenarios/`, and the whole folder; how files are read, loading.py knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from nurture.conditions import BUILT_IN_EVENTS
from nurture.definitions.company import (
    WEEKDAYS,
    AutomaticClicks,
    Breaker,
    Cap,
    ClosedDays,
    From,
    Limits,
    LostAnswer,
    Sender,
    Weekday,
    Window,
)
from nurture.definitions.leads import Attribute, AttributeType, Axis, EventType, Form, FormConsent, Segment
from nurture.definitions.qualification import (
    Agreed,
    AttributeItem,
    BehaviourItem,
    Fades,
    HotLead,
    JourneyMap,
    Persona,
    Phase,
    Qualifying,
    Score,
)
from nurture.definitions.sales import Channel, Escalation, Hours, Queue, Rep, Sales
from nurture.definitions.scenario import (
    ACTIONS,
    HOLD_OUT,
    IGNORE,
    Again,
    By,
    Edge,
    Enroll,
    Enter,
    HandoffStep,
    Jump,
    Leave,
    Notify,
    Scenario,
    Send,
    SendOptions,
    SetAttribute,
    Step,
    Then,
    Wait,
    WaitOptions,
)
from nurture.definitions.words import Language, Name, PerCent, TimeOfDay, TimeZone, hundred

__all__ = [
    "ACTIONS",
    "HOLD_OUT",
    "IGNORE",
    "WEEKDAYS",
    "Again",
    "Agreed",
    "Attribute",
    "AttributeItem",
    "AttributeType",
    "AutomaticClicks",
    "Axis",
    "BehaviourItem",
    "Breaker",
    "By",
    "Cap",
    "Channel",
    "ClosedDays",
    "Definitions",
    "Edge",
    "Enroll",
    "Enter",
    "Escalation",
    "EventType",
    "Fades",
    "Form",
    "FormConsent",
    "From",
    "HandoffStep",
    "HotLead",
    "Hours",
    "JourneyMap",
    "Jump",
    "Language",
    "Leave",
    "Limits",
    "LostAnswer",
    "Name",
    "Notify",
    "PerCent",
    "Persona",
    "Phase",
    "Qualifying",
    "Queue",
    "Rep",
    "Sales",
    "Scenario",
    "Score",
    "Segment",
    "Send",
    "SendOptions",
    "Sender",
    "SetAttribute",
    "Step",
    "Template",
    "Then",
    "TimeOfDay",
    "TimeZone",
    "Wait",
    "WaitOptions",
    "Weekday",
    "Window",
    "hundred",
]


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
