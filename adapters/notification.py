"""What people of sales may be told, by ids and words of the definitions; refuses to know how they hear of it.

Names and addresses of leads are not in it: whoever may carry them reads them when it tells (notices.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nurture.nudges import Nudge


@dataclass(frozen=True, slots=True)
class HandoffNotice:
    """A handoff that was made. `id` is the handoff's; the same notice may be sent again under it."""

    id: str
    lead: str
    queue: str
    rep: str | None
    reasons: Sequence[str] = field(default_factory=tuple)
    note: str | None = None

    @property
    def kind(self) -> str:
        return "handoff"


@dataclass(frozen=True, slots=True)
class Message:
    """A `notify` step: words of the scenario for a queue or a rep; `key` is that of the visit.

    `nudge`: what it says where it is about a task; its reader's language decides on the words, and `text` is for logs.
    `task`: the id of that one.
    """

    key: str
    lead: str
    to: str
    text: str
    nudge: Nudge | None = None
    task: str | None = None

    @property
    def id(self) -> str:
        return self.key

    @property
    def kind(self) -> str:
        return "message"
