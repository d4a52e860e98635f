"""What handing one mail to a provider means, and the four ways it can end; refuses to know any provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

Evidence = Literal["accepted", "absent", "cannot_tell", "never_tells"]
"""What a provider says of a send whose answer was lost; `cannot_tell`: not now, `never_tells`: it has no such list."""


SEND_KEY_ARGUMENT = "nurture_send"
"""The custom argument that carries the send key to the provider and back in its events."""
TO_SALES = "sales/"
"""How the key of a mail to a rep begins, before the id of the lead it is about: it belongs to no send."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail for one person, rendered. `send_key` travels with it and comes back in every event about it.

    `not_after` is a real instant after which nobody waits for the answer any more: a provider that settles takes
    nothing later than that, so what it does not know by then was never taken. `tracked` False: nobody is told whether
    it was opened or clicked. `reply_to`: where answers go, None: to the sender.
    """

    to: str
    to_name: str
    from_email: str
    from_name: str
    subject: str
    text: str
    html: str
    send_key: str
    headers: Mapping[str, str] = field(default_factory=dict)
    not_after: datetime | None = None
    tracked: bool = True
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the mail; `message_id` is its own name for it, empty where it told none."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """The provider certainly did not take the mail, and may take it later.

    `retry_after` is in real time, None where the provider did not say. `provider_wide`: no other mail would pass
    either. `alert`: it does not mend itself, a person has to do something.
    """

    reason: str
    retry_after: timedelta | None = None
    provider_wide: bool = False
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request, or a part of it, was written and no answer came: the mail may have gone out."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take this mail; `reason` holds its own message."""

    reason: str


Answer = Accepted | Held | Unknown | Refused


Erasure = Accepted | Held | Refused
"""What a provider says when it is asked to forget an address; where no answer came, it is asked again."""


class Mailer(Protocol):
    """Something that takes mail. Its methods block, may be called from many threads at once, and never raise.

    `settles`: asked after `not_after`, `lookup` tells for certain, so that a lost answer need not stay unknown.
    """

    @property
    def settles(self) -> bool: ...

    def send(self, mail: Mail) -> Answer:
        """Hand one mail over, once: nothing in here tries again."""

    def lookup(self, send_key: str) -> Evidence:
        """Whether a mail with this key was taken before. Ask only after the answer of the send must be lost."""

    def erase(self, addresses: Sequence[str]) -> Erasure:
        """Have everything forgotten that the provider keeps of these addresses; asking twice does no harm."""
