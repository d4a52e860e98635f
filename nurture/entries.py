"""Everything numbered and delivered to a lead's workflow: what happened; refuses to know what follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nurture.clock import Epoch
from nurture.conditions import Outcome


class Stored(BaseModel):
    """A model that crosses Temporal or is stored.

    Unknown keys are ignored, so that an old worker survives a new field.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Entry(Stored):
    """What every entry has.

    `seq` is the lead's own number, 1, 2, 3 … without gaps (1 is its profile); `at` is the event time, already
    min(told, received); `deployment` is the one that was current when the entry was numbered. Times are on nurture's
    clock.
    """

    seq: int
    at: datetime
    received_at: datetime
    deployment: int


class Profiled(Entry):
    """What the lead is now: the whole of its attributes, not a change of them."""

    kind: Literal["profile"] = "profile"
    language: str = "ja"
    time_zone: str | None = None
    attributes: dict[str, Any] = {}


class Happening(Entry):
    """Something the lead did, or its mail.

    `send` is the send key of the mail it belongs to, for mail events. `suppresses` is `all` or a topic, where the
    event forbids further mail (unsubscribed, spam report, hard bounce). `written`: it is a letter that somebody has to
    read, and not only the news that there was an answer.
    """

    kind: Literal["event"] = "event"
    id: str
    type: str
    subject: str = ""
    send: str | None = None
    suppresses: str | None = None
    written: bool = False


class Enrolled(Entry):
    """The database has decided that the lead runs (or waits for) a scenario. `replaces`: the running one ends."""

    kind: Literal["enrolment"] = "enrolment"
    scenario: str
    enrolment: int
    replaces: bool = False
    front: bool = False


class HandoffClosed(Entry):
    """What sales made of a handoff."""

    kind: Literal["outcome"] = "outcome"
    handoff: str
    outcome: Outcome
    reason: str | None = None


class Deployed(Entry):
    """A new deployment is current; its number is the entry's `deployment`.

    `hand_over`: a lead that it makes hot, or that one before it made hot, goes to sales.
    """

    kind: Literal["deployment"] = "deployment"
    hand_over: bool = False


class EpochBegan(Entry):
    """Nurture's clock goes on from another anchor."""

    kind: Literal["epoch"] = "epoch"
    epoch: Epoch


class Ticked(Entry):
    """Time alone may have changed something for this lead (the nightly sweep)."""

    kind: Literal["tick"] = "tick"


class Corrected(Entry):
    """The stored events of the lead are other ones than its workflow was told, so what it knows of them is made anew.

    Events that counted until now were taken back, since a machine made them: by their ids. None: a lead that is the
    same person was merged into this one, and its events came with it.
    """

    kind: Literal["correction"] = "correction"
    events: tuple[str, ...]


class Erased(Entry):
    """The person is to be forgotten: whatever runs ends, what was known of them goes, and nothing follows."""

    kind: Literal["erasure"] = "erasure"


AnyEntry = Annotated[
    Profiled | Happening | Enrolled | HandoffClosed | Deployed | EpochBegan | Ticked | Corrected | Erased,
    Field(discriminator="kind"),
]


class Delivery(Stored):
    """What one `deliver` signal carries."""

    entries: tuple[AnyEntry, ...]
