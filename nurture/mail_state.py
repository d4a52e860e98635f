"""Says how far a mail got, in one word, from all that was told of it; the order in which it was told never matters.

The one place for that word. It is the highest rank of what is known, so a late event never lowers it; what a machine
did is not among it, so a click that is recognised later takes its rank away again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

MailState = Literal[
    "accepted", "processed", "deferred", "delivered", "opened", "clicked", "replied",
    "blocked", "dropped", "bounced", "unsubscribed", "spam_reported",
]  # fmt: skip
"""From lowest to highest. What went wrong outranks what went well: who complained is not counted as a reader."""

_STATES: tuple[MailState, ...] = get_args(MailState)


def state_of(told: Iterable[str]) -> MailState:
    """The state of a mail of which events of these types are known; `accepted` where there are none."""
    known = set(told)
    return next((state for state in reversed(_STATES) if state in known), "accepted")
