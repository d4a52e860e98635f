"""Keeps which sales tasks have changed so that their workflow has to look again; refuses to tell it.

A task that is stirred has a mark that no task had before: a relay that has told an earlier change takes away the mark
it saw, and can not take away that of a later one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from adapters.database.loads import OPEN
from adapters.database.schema import handoffs


@dataclass(frozen=True, slots=True)
class Stirred:
    """A task whose workflow has to look again, and the mark by which this change is known."""

    handoff: str
    lead: str
    mark: int


def mark() -> int:
    """What `stirred` of a task becomes with a change that its workflow has to hear of."""
    return secrets.randbelow(2**31 - 1) + 1


def stirred(conn: Connection, limit: int) -> list[Stirred]:
    """Tasks whose workflow has to look again, the oldest first."""
    asked = select(handoffs.c.id, handoffs.c.lead, handoffs.c.stirred).where(handoffs.c.stirred > 0)
    return [Stirred(*row) for row in conn.execute(asked.order_by(handoffs.c.made_at).limit(limit))]


def settle(conn: Connection, told: Stirred) -> None:
    """Its workflow was told of this change; what stirred it since then is told anew."""
    this = (handoffs.c.id == told.handoff, handoffs.c.stirred == told.mark)
    conn.execute(update(handoffs).where(*this).values(stirred=0))


def stir_all(conn: Connection) -> None:
    """Let every open task be looked at again: what is due may be something else by a new deployment."""
    conn.execute(update(handoffs).where(handoffs.c.state.in_(OPEN)).values(stirred=mark()))
