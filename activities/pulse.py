"""Notes that this worker came round to it: one row, which the web process looks at."""

from __future__ import annotations

from temporalio import activity

from activities.desk import Desk, real_now
from adapters.database import pulse
from adapters.database.engine import writing
from nurture import protocol


class PulseActivities:
    """The activity of the pulse."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @activity.defn(name=protocol.BEAT, no_thread_cancel_exception=True)
    def beat(self) -> None:
        """Leave a mark, in real time."""
        with writing(self._desk.engine) as conn:
            pulse.beat(conn, real_now())
