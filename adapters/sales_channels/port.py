"""What telling sales through one channel means; refuses to know any channel, and when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from nurture.briefing import Briefing
from nurture.definitions import From
from nurture.errors import NurtureError

REDACTED_FOR: frozenset[str] = frozenset({"slack", "webhook"})
"""Channels that carry no name and no address unless sales.yaml says so; the others make no sense without."""


class NotTaken(NurtureError):
    """A channel did not take a notice, and is tried again. `why` names no person.

    `retry_after`: when the channel wants to be asked again, in real time. `needs_person`: it does not mend itself.
    """

    def __init__(
        self, why: str, *, do: str = "", retry_after: timedelta | None = None, needs_person: bool = False
    ) -> None:
        super().__init__(why, do=do or "it is tried again")
        self.why = f"{why}: {do}" if do else why
        self.retry_after = retry_after
        self.needs_person = needs_person


class NeverTaken(NotTaken):
    """This notice can never go this way, whoever mends what: it is dropped here, and the timeline says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who the lead is, for channels that may carry it."""

    name: str | None
    email: str | None
    company: str | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who of sales reads it."""

    rep: str
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What one channel is to say to one reader.

    `key` stays the same however often it is tried. `again`: an earlier attempt may have got through. `text` is that of
    a `notify` step; a handoff has reasons and a briefing. `due` and `made_at` are on nurture's clock. `person` is None
    where the channel may not know.
    """

    key: str
    kind: Literal["handoff", "message"]
    id: str
    lead: str
    queue: str
    rep: str | None
    made_at: datetime
    to: str | None = None
    text: str | None = None
    reasons: Sequence[str] = ()
    note: str | None = None
    due: datetime | None = None
    briefing: Briefing | None = None
    reader: Reader | None = None
    person: Person | None = None
    sender: From | None = None
    zone: str = "UTC"
    links: Mapping[str, str] = field(default_factory=dict)
    again: bool = False

    def anonymous(self) -> Notice:
        """The same without name and address."""
        return replace(self, person=None)

    @property
    def headline(self) -> str:
        """One line that says what it is."""
        if self.briefing is not None:
            return self.briefing.headline
        first = (self.text or "").strip().splitlines()
        return first[0][:150] if first else f"{self.to or self.queue}"

    @property
    def words(self) -> str:
        """What it says, as plain text without the headline."""
        return self.briefing.text() if self.briefing is not None else self.text or ""


class SalesChannel(Protocol):
    """A way to reach sales. `deliver` blocks for at most 15 s and may be called from many threads at once."""

    @property
    def ready(self) -> bool:
        """Whether it is set up."""

    def deliver(self, notice: Notice) -> None:
        """Say it, so that nobody hears the same key twice as far as the other side lets us.

        Raises:
            NeverTaken: it can never go this way.
            NotTaken: nobody heard it, or nobody knows; to be tried again with the same key.
        """


@dataclass(frozen=True, slots=True)
class NotSetUp:
    """A channel that sales.yaml may name, and that this process has no access to."""

    variable: str

    @property
    def ready(self) -> bool:
        return False

    def deliver(self, notice: Notice) -> None:
        """Always raises NotTaken; it goes on by itself once the setting is there."""
        del notice
        raise NotTaken("not set up", do=f"set {self.variable} and restart the worker", needs_person=True)
