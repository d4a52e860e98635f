"""What concerns many leads at once: found by SQL, told in batches, going on where a crash ended it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog
from temporalio import activity

from activities.desk import Desk
from adapters import starting
from adapters.database import page_views, reconciling, sweeping
from adapters.database.engine import reading, writing
from adapters.database.entering import entering as entering_since
from adapters.enrolling import enrol
from adapters.mending_words import mend_words
from nurture import protocol
from nurture.sweep import next_night

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""How many leads get their tick in one transaction."""
_LAST = chr(0x10FFFF)
"""Behind every id: all ticks were given."""


class BulkActivities:
    """The activities of the sweep."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._revived = desk.meter.create_counter("nurture_workflows_revived", "Workflows started again by the sweep")
        self._revived.add(0)

    @activity.defn(name=protocol.SWEEP, no_thread_cancel_exception=True)
    def sweep(self) -> protocol.Swept:
        """If a night has begun since the last sweep, tick every lead concerned, once; nights missed are joined.

        Whoever has begun to fit the segment of an `enter` is enrolled. Old page views of nobody are deleted, the words
        by which leads are searched are mended. Whether the provider's lists are to be compared is answered from what
        was compared: an answer that a crash loses is given again.
        """
        desk, now, after = self._desk, self._desk.clock.now(), ""
        current = desk.store.current()
        if activity.info().heartbeat_details:  # an attempt that died: go on with its night
            began, after = activity.info().heartbeat_details
            now = datetime.fromisoformat(began)
        with writing(desk.engine) as conn:
            since = sweeping.swept_until(conn, now)
            reconciling.compared_until(conn, since)
        if next_night(since, current) <= now:
            with reading(desk.engine) as conn:
                found = sweeping.concerned(
                    conn, desk.store, current.number, since, now,
                    alive=lambda: activity.heartbeat(now.isoformat(), after),
                )  # fmt: skip
            told = sum(self._tick(few, now) for few in _few(lead for lead in found if lead > after))

            def alive(_: int = 0) -> None:
                activity.heartbeat(now.isoformat(), _LAST)

            with reading(desk.engine) as conn:
                entering = entering_since(conn, desk.store, current.number, since, now, alive=alive)
            entered = sum(
                len(made.enrolled) + len(made.queued)
                for scenario, leads in entering.items()
                for made in [
                    enrol(desk.engine, current, scenario, leads, now=desk.clock.now, progress=alive, awaits=True)
                ]
            )
            mended = mend_words(desk.engine, alive)
            if mended:
                log.warning("words_mended", leads=mended, why="a release that knows none has written leads")
            with writing(desk.engine) as conn:
                sweeping.finish(conn, now, told)
                page_views.clean(conn, now - timedelta(days=desk.page_view_days))
            if told or entered:
                log.info("night_swept", leads=told, entered=entered)
            since = now
        with writing(desk.engine) as conn:
            owed = reconciling.compared_until(conn, since) < since
        wait = desk.clock.epoch.real_span(next_night(since, current) - desk.clock.now())
        return protocol.Swept(wait=wait, night=owed)

    @activity.defn(name=protocol.REVIVE, no_thread_cancel_exception=True)
    async def revive(self) -> int:
        """Start the workflow of every lead and every open task that should have one and has none; how many."""
        alive, tasks = await asyncio.to_thread(self._living)
        again = await starting.revive(activity.client(), alive, tasks, self._desk.clock.epoch)
        self._revived.add(again)
        if again:
            log.warning("workflows_started_again", number=again, why="they were terminated, or Temporal has lost them")
        return again

    def _living(self) -> tuple[list[str], dict[str, str]]:
        with reading(self._desk.engine) as conn:
            return starting.living_leads(conn), starting.living_tasks(conn, self._desk.store.current())

    def _tick(self, leads: Sequence[str], night: datetime) -> int:
        """Tick these; the night and the newest lead ticked travel with the heartbeat."""
        with writing(self._desk.engine) as conn:
            told = sweeping.tick(conn, leads, self._desk.clock.now())
        activity.heartbeat(night.isoformat(), leads[-1])
        return told


def _few(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while batch := list(islice(left, AT_ONCE)):
        yield batch
