"""The names and models that workflows, activities and the relay agree on; refuses to know either side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from nurture.clock import Epoch
from nurture.commands import AnyCommand, Record
from nurture.entries import AnyEntry, Stored
from nurture.facts import Facts
from nurture.state import State

TASK_QUEUE = "nurture"
LEAD_WORKFLOW = "Lead"
HANDOFF_WORKFLOW = "Handoff"
DELIVER = "deliver"

READ_LEAD = "read_lead"
WRITE_RECORD = "write_record"
GATHER_FACTS = "gather_facts"
RETIRE_LEAD = "retire_lead"
SEND_MAIL = "send_mail"
MAKE_HANDOFF = "make_handoff"
NOTIFY_PERSON = "notify_person"
ENROLL_LEAD = "enroll_lead"
NOTIFY_HANDOFF = "notify_handoff"
TEND_HANDOFF = "tend_handoff"


def lead_workflow_id(lead: str) -> str:
    """The id of a lead's workflow; the lead's id is opaque, never an address."""
    return f"lead/{lead}"


def handoff_workflow_id(handoff: str) -> str:
    """The id of the workflow of one sales task."""
    return f"handoff/{handoff}"


class LeadStart(Stored):
    """What a lead's workflow is started (or continued) with. No state: it is read from the database."""

    lead: str
    epoch: Epoch
    state: State | None = None


class ReadLead(Stored):
    """Ask for the stored entries above `seq`; with `kept` also for the state an idle workflow left behind."""

    lead: str
    seq: int
    kept: bool = False


class LeadRead(Stored):
    """The stored entries, without gaps; where the state left behind is asked for, that or what happened before.

    `facts`: a lead that begins may have done things that no definition named then, and one names now. `more`: there
    are further entries above the last of these, since no answer may be larger than 2 MB.
    """

    entries: tuple[AnyEntry, ...]
    state: State | None = None
    facts: Facts | None = None
    more: bool = False


class GatherFacts(Stored):
    """Ask for a fact sheet made anew from the events up to `seq`."""

    lead: str
    seq: int
    keeps: dict[str, int]


class FactsGathered(Stored):
    """A fact sheet made anew."""

    facts: Facts


class RetireLead(Stored):
    """An idle workflow wants to complete: keep its state, unless entries above its `seq` exist."""

    lead: str
    state: State


class Written(Stored):
    """A record is written; `cancelled` maps each send key asked for to the state its row is in."""

    cancelled: dict[str, str] = Field(default_factory=dict)


class Order(Stored):
    """A command for an activity, with the record of the advance that gave it, written in the same transaction."""

    command: AnyCommand
    record: Record | None = None


class HandoffStart(Stored):
    """What the workflow of a sales task is started with."""

    handoff: str
    lead: str


class HandoffTended(Stored):
    """How long to wait, in real time, before a sales task needs looking at again; None: it never does."""

    wait: timedelta | None = None


class Explanation(Stored):
    """Where a lead stands, since when, and why. Outside a scenario the fields up to `deadline` are None."""

    scenario: str | None
    step: str | None
    visit: int | None
    since: datetime | None
    waiting_for: tuple[Any, ...] | None
    deadline: datetime | None
    status: str
    why: str
