"""The names and models that workflows, activities and the relay agree on; refuses to know either side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from nurture.clock import Epoch
from nurture.commands import AnyCommand
from nurture.entries import AnyEntry, Stored
from nurture.facts import Facts
from nurture.records import Record
from nurture.state import State

TASK_QUEUE = "nurture"


def mail_queue(queue: str) -> str:
    """The queue of the mails of workflows on `queue`: one of its own, so that mail can be given a rate."""
    return f"{queue}-mail"


def aside_queue(queue: str) -> str:
    """The queue where stopped mails of workflows on `queue` are looked at: however many, nothing waits for them."""
    return f"{queue}-aside"


MAIL_QUEUE = mail_queue(TASK_QUEUE)
"""Where mail is handed out, at most so many a second as the provider takes."""
ASIDE_QUEUE = aside_queue(TASK_QUEUE)
LEAD_WORKFLOW = "Lead"
HANDOFF_WORKFLOW = "Handoff"
SWEEP_WORKFLOW = "Sweep"
RECONCILE_WORKFLOW = "Reconcile"
PULSE_WORKFLOW = "Pulse"
CONFIRMATION_WORKFLOW = "Confirmation"
ERASURE_WORKFLOW = "Erasure"
DELIVER = "deliver"
LOOK_AGAIN = "look_again"

READ_LEAD = "read_lead"
WRITE_RECORD = "write_record"
GATHER_FACTS = "gather_facts"
RETIRE_LEAD = "retire_lead"
SEND_MAIL = "send_mail"
AWAIT_MAIL = "await_mail"
SEND_CONFIRMATION = "send_confirmation"
MAKE_HANDOFF = "make_handoff"
NOTIFY_PERSON = "notify_person"
ENROLL_LEAD = "enroll_lead"
NOTIFY_HANDOFF = "notify_handoff"
TEND_HANDOFF = "tend_handoff"
SWEEP = "sweep"
REVIVE = "revive"
LET_GO = "let_go"
FORGET_HISTORY = "forget_history"
SCRUB = "scrub"
ERASE_AT_PROVIDER = "erase_at_provider"
KEEP_CONSENTS = "keep_consents"
RECONCILE = "reconcile"
BEAT = "beat"


def lead_workflow_id(lead: str) -> str:
    """The id of a lead's workflow; the lead's id is opaque, never an address."""
    return f"lead/{lead}"


SWEEP_WORKFLOW_ID = "sweep"
"""There is one sweep, whatever the number of workers."""


RECONCILE_WORKFLOW_ID = "reconcile"
"""There is at most one at a time."""


PULSE_WORKFLOW_ID = "pulse"
"""There is one for all workers: it tells whether any of them takes what there is to be done."""


def handoff_workflow_id(handoff: str) -> str:
    """The id of the workflow of one sales task."""
    return f"handoff/{handoff}"


class LeadStart(Stored):
    """What a lead's workflow is started (or continued) with. No state: it is read from the database.

    `engine`: the walk it takes; a history that was begun without the number was begun with the first.
    """

    lead: str
    epoch: Epoch
    state: State | None = None
    engine: int = 1


class ReadLead(Stored):
    """Ask for the stored entries above `seq`, and for the stored state where it is beyond `record`.

    `anyway`: the state is wanted whatever its record, because this run begins or was told that it has gone astray.
    """

    lead: str
    seq: int
    record: int = 0
    anyway: bool = False


class LeadRead(Stored):
    """The stored entries, without gaps: above the number asked for, or above the `seq` of the `state` answered.

    `state` and `epoch`: where to go on from, and the clock that goes with it. `facts`: a lead that begins may have done
    things that no definition named then, and one names now. `more`: there are further entries above the last of these,
    since no answer may be larger than 2 MB.
    """

    entries: tuple[AnyEntry, ...]
    state: State | None = None
    epoch: Epoch | None = None
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


class WriteRecords(Stored):
    """The newest record, and before it those whose writing has not been confirmed."""

    lead: str
    records: tuple[Record, ...]


class Written(Stored):
    """The records are written; `cancelled` maps each send key asked for to the state its row is in.

    `behind`: nothing was written, since the store holds records this run knows nothing of.
    """

    cancelled: dict[str, str] = Field(default_factory=dict)
    behind: bool = False


class Order(Stored):
    """A command for an activity, with the records not known to be written: they go into the same transaction.

    `aside`: whoever ordered a mail that is stopped waits for it elsewhere, and takes no place of the mail that goes.
    """

    command: AnyCommand
    records: tuple[Record, ...] = ()
    aside: bool = False


SUPERSEDED = "Superseded"
"""The type of the error with which an activity refuses a command that the stored state does not ask for."""


STOPPED = "MailStopped"
"""The type of the error with which the sending of a stopped mail ends; `await_mail` tells when it may go."""


def confirmation_workflow_id(request: int) -> str:
    """The id of the workflow that sends the mail of one request for a consent."""
    return f"confirmation/{request}"


class Confirm(Stored):
    """A request for a consent, by its number: what its workflow and its activity are started with."""

    request: int


def erasure_workflow_id(lead: str) -> str:
    """The id of the workflow that lets a person be forgotten."""
    return f"erasure/{lead}"


class Erase(Stored):
    """Whom to forget, by the lead's id: what the workflow of an erasure and its activities are started with.

    `give_up`: the provider has not answered for days, and is asked no more.
    """

    lead: str
    give_up: bool = False


class LetGo(Stored):
    """Whether nothing is under way any more for a person who is to be forgotten."""

    done: bool


class ConsentsKept(Stored):
    """How long, in real time, the record of what was agreed to is still kept; None: it is gone, and all is done."""

    wait: timedelta | None = None


class HandoffStart(Stored):
    """What the workflow of a sales task is started with."""

    handoff: str
    lead: str


class HandoffTended(Stored):
    """How long to wait, in real time, before a sales task needs looking at again; None: it never does by itself.

    `waits`: nobody has it yet, so its workflow lives on. `tell`: there is something to tell about it.
    """

    wait: timedelta | None = None
    waits: bool = False
    tell: bool = False


class Swept(Stored):
    """How long to wait for the next night, in real time.

    `night`: the provider's lists have not been compared since the last one.
    """

    wait: timedelta
    night: bool = False


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
