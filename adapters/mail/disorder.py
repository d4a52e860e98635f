"""Makes what is told to a webhook as untidy as providers do, and worse; refuses to post anything."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from adapters.mail.faults import Duplicate, Faults, Flood, Late, late_by

Event = Mapping[str, Any]
Signing = Literal["ours", "strange", "stale", "none"]
"""`stale`: with our key, and for another body."""


@dataclass(frozen=True, slots=True)
class Disorder:
    """How untidily events are told: copies (with other ids), order, delay, and what comes besides.

    `late` is the share of events, in per cents, for which the delay (in real time) holds. `flood`: so many opens by
    machines for each event. `forged`: false batches come as well.
    """

    copies: int = 1
    rekey: bool = False
    shuffle: int | None = None
    """The seed of a random order; None keeps the order."""
    delay: timedelta = timedelta(0)
    late: int = 100
    flood: int = 0
    forged: bool = False

    def of(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        """The events as they are told."""
        told = [dict(event) for event in events for _ in range(self.copies)]
        if self.rekey:
            told = [_rekeyed(event) for event in told]
        if self.shuffle is not None:
            random.Random(self.shuffle).shuffle(told)  # noqa: S311  # a test's order, no secret
        return told

    def besides(self, events: Sequence[Event]) -> Iterator[tuple[list[dict[str, Any]], Signing]]:
        """Whole batches that come as well, before these events, and how each is signed."""
        if self.flood:
            yield [_machine_open(event, number) for event in events for number in range(self.flood)], "ours"
        if self.forged:
            false = [{**_rekeyed(event), "event": "spamreport"} for event in events]
            yield false, "strange"
            yield false, "stale"
            yield false, "none"


TIDY = Disorder()


def lateness_of(faults: Faults, speed: int) -> Disorder:
    """How late events are told now; `speed` of nurture's clock."""
    late = faults.now().get("late")
    return replace(TIDY, delay=late_by(late, speed), late=round(late.rate * 100)) if isinstance(late, Late) else TIDY


def disorder_of(faults: Faults, batch: Disorder) -> Disorder:
    """With what befalls one batch that is told now; dice are thrown, and what strikes is counted."""
    copies, flood = faults.strikes("duplicate"), faults.strikes("flood")
    if isinstance(copies, Duplicate):
        batch = replace(batch, copies=copies.times, rekey=copies.rekey)
    if isinstance(flood, Flood):
        batch = replace(batch, flood=flood.opens)
    if faults.strikes("shuffle") is not None:
        batch = replace(batch, shuffle=secrets.randbits(32))
    return replace(batch, forged=faults.strikes("forge") is not None)


def _rekeyed(event: Event) -> dict[str, Any]:
    return {**event, "sg_event_id": secrets.token_urlsafe(16)}


def _machine_open(event: Event, number: int) -> dict[str, Any]:
    """Another second each time, since equal ones would be one event."""
    kept = {name: value for name, value in event.items() if name not in ("url", "url_offset")}
    seconds = int(event["timestamp"]) + 1 + number
    return {**_rekeyed(kept), "event": "open", "sg_machine_open": True, "timestamp": seconds}
