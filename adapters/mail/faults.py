"""Keeps how the built-in sink has been told to misbehave, and throws the dice; refuses to misbehave itself.

Nothing is ever on by itself. A fault stands in the database, so that it survives the process that has it, and holds for
every web process; one of each name at a time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import Engine, delete, insert, or_, select, update

from adapters.database.engine import reading, writing
from adapters.database.schema import sink_faults

BELIEVED = 0.2
"""Seconds for which what was read is believed: every mail asks."""


class Fault(BaseModel):
    """What all faults have: the share of requests (of a webhook: of batches) they strike, and how often in all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    count: Annotated[int, Field(ge=1)] | None = None


# --- of a mail that is handed over ----------------------------------------------------------------------------------


class RateLimit(Fault):
    """429: too many mails; `reset_after` in seconds, as X-RateLimit-Reset tells it. Nothing is taken."""

    fault: Literal["rate_limit"]
    reset_after: Annotated[float, Field(gt=0, le=86_400)] = 5.0


class Failure(Fault):
    """An answer that is no acceptance: an outage, or a key that is refused. Nothing is taken."""

    fault: Literal["failure"]
    status: Literal[401, 403, 500, 502, 503, 504] = 503


class Stall(Fault):
    """No answer for `seconds`, then the connection is closed. `taken`: the mail was, all the same."""

    fault: Literal["stall"]
    seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    taken: bool = True


class Drop(Fault):
    """The connection is closed in the place of an answer. `taken`: the mail was, all the same."""

    fault: Literal["drop"]
    taken: bool = True


class Slow(Fault):
    """The mail is taken, and the answer comes `seconds` later."""

    fault: Literal["slow"]
    seconds: Annotated[float, Field(gt=0, le=300)] = 2.0


class NoLookup(Fault):
    """Asked what became of a mail, the sink says that it will never tell, as a provider without such a list."""

    fault: Literal["no_lookup"]


# --- of the events that are told to the webhook ---------------------------------------------------------------------


class Duplicate(Fault):
    """Every event is told `times`; `rekey`: each time with another `sg_event_id`."""

    fault: Literal["duplicate"]
    times: Annotated[int, Field(ge=2, le=100)] = 3
    rekey: bool = False


class Shuffle(Fault):
    """Events are told in no order."""

    fault: Literal["shuffle"]


class Late(Fault):
    """Events are told `hours` late, on nurture's clock; `rate` is a share of events, as long as it is on."""

    fault: Literal["late"]
    hours: Annotated[float, Field(gt=0, le=72)] = 12.0
    count: None = None


class Forge(Fault):
    """Batches that turn the events into spam reports come as well: signed by a strange key, for another body, not."""

    fault: Literal["forge"]


class Flood(Fault):
    """For every event `opens` more are told: machines that load the mail, again and again."""

    fault: Literal["flood"]
    opens: Annotated[int, Field(ge=1, le=1000)] = 20


OfSending = RateLimit | Failure | Stall | Drop | Slow
AnyFault = OfSending | NoLookup | Duplicate | Shuffle | Late | Forge | Flood
_READ: TypeAdapter[AnyFault] = TypeAdapter(Annotated[AnyFault, Field(discriminator="fault")])
_OF_SENDING = ("rate_limit", "failure", "stall", "drop", "slow")
"""In the order in which they are tried: the first that strikes a request has it."""


class Faults:
    """The faults of one installation, as one process sees them; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._known: Mapping[str, AnyFault] = {}

    def set(self, fault: AnyFault) -> None:
        """Have this fault from now on, in the place of the one of its name."""
        values = {"says": fault.model_dump(mode="json"), "left": fault.count, "since_real": datetime.now(UTC)}
        with writing(self._engine) as conn:
            changed = conn.execute(update(sink_faults).where(sink_faults.c.name == fault.fault).values(values))
            if not changed.rowcount:
                conn.execute(insert(sink_faults).values(name=fault.fault, struck=0, **values))
        self._forget()

    def off(self, name: str | None = None) -> int:
        """Have this fault no more, or none at all; how many there were."""
        query = delete(sink_faults)
        if name is not None:
            query = query.where(sink_faults.c.name == name)
        with writing(self._engine) as conn:
            gone = conn.execute(query).rowcount
        self._forget()
        return gone

    def list(self) -> list[dict[str, Any]]:
        """All of them, with how often each has struck (`struck`) and may still (`left`, None: without end)."""
        with reading(self._engine) as conn:
            rows = conn.execute(select(sink_faults).order_by(sink_faults.c.name)).all()
        return [
            {**row.says, "left": row.left, "struck": row.struck, "since": row.since_real.astimezone(UTC).isoformat()}
            for row in rows
        ]

    def now(self) -> Mapping[str, AnyFault]:
        """Those that are on, by their names."""
        with self._lock:
            if time.monotonic() - self._read_at > BELIEVED:
                with reading(self._engine) as conn:
                    rows = conn.execute(select(sink_faults.c.name, sink_faults.c.says, sink_faults.c.left)).all()
                self._known = {row.name: _READ.validate_python(row.says) for row in rows if row.left != 0}
                self._read_at = time.monotonic()
            return self._known

    def of_sending(self) -> OfSending | None:
        """The fault that strikes this mail, counted; None: it is taken as always."""
        for name in _OF_SENDING:
            struck = self.strikes(name)
            if isinstance(struck, OfSending):
                return struck
        return None

    def strikes(self, name: str) -> AnyFault | None:
        """The fault of this name, if it is on and strikes now; it is counted."""
        fault = self.now().get(name)
        if fault is None or random.random() >= fault.rate:  # noqa: S311 - a play, no secret
            return None
        row = sink_faults.c
        with writing(self._engine) as conn:
            struck = conn.execute(
                update(sink_faults)
                .where(row.name == name, or_(row.left.is_(None), row.left > 0))
                .values(struck=row.struck + 1, left=row.left - 1)
            ).rowcount
        if not struck:
            self._forget()
        return fault if struck else None

    def _forget(self) -> None:
        with self._lock:
            self._read_at = float("-inf")


def read_fault(said: Any) -> AnyFault:
    """The fault that plain data describes; raises pydantic.ValidationError."""
    return _READ.validate_python(said)


def late_by(fault: AnyFault | None, speed: int) -> timedelta:
    """How much later in real time events are told."""
    return timedelta(hours=fault.hours) / speed if isinstance(fault, Late) else timedelta(0)
