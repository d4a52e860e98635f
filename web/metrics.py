"""Shows Prometheus what this process counted and what the database holds now; nothing in it names a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse, Response

from adapters.clock import Clock
from adapters.database.engine import reading
from adapters.database.gauges import TROUBLES, Gauges, Tasks, look
from adapters.database.handoffs import State
from adapters.metrics import introduce
from nurture.definitions import Channel
from web.context import Nurture

router = APIRouter()

REMEMBERED = 3.0
"""Seconds for which a look at the database is shown again: several may ask, and none of it is urgent."""
_STATES: tuple[State, ...] = ("open", "accepted", "won", "lost", "returned", "expired")


@router.get("/metrics", summary="Counts in the text format of Prometheus", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """The counters of this web process, and gauges over the database, which every web process shows alike."""
    shown: CollectorRegistry = request.app.state.gauges
    return Response(generate_latest(REGISTRY) + generate_latest(shown), media_type=CONTENT_TYPE_LATEST)


def gauges_of(nurture: Nurture) -> CollectorRegistry:
    """The gauges over the database of one app."""
    introduce()
    registry = CollectorRegistry()
    registry.register(_Database(nurture))
    return registry


class _Database(Collector):
    """Looks at the database when it is asked, at most once in a few seconds."""

    def __init__(self, nurture: Nurture) -> None:
        self._nurture = nurture
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen: Gauges | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing: what is shown is known only after a look."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every gauge; only that the database is away, where it is."""
        with self._lock:
            if time.monotonic() - self._looked > REMEMBERED:
                self._seen = self._look()
                self._looked = time.monotonic()
            seen = self._seen
        yield _one("nurture_database_up", "1 while the database answers", 0 if seen is None else 1)
        if seen is not None:
            clock = self._nurture.clock
            yield _one("nurture_clock_speed", "How many times as fast nurture's clock runs", clock.epoch.speed)
            yield from _shown(seen, clock, self._known_queues())

    def _look(self) -> Gauges | None:
        try:
            with reading(self._nurture.engine) as conn:
                return look(conn, self._nurture.clock.now(), datetime.now(UTC))
        except SQLAlchemyError:
            return None

    def _known_queues(self) -> list[str]:
        sales = self._nurture.store.current().sales
        return list(sales.queues) if sales is not None else []


def _shown(seen: Gauges, clock: Clock, known: list[str]) -> Iterator[Metric]:
    real = clock.epoch.real_span
    yield _by("nurture_leads", "Leads by status", "status", seen.statuses)
    yield _by("nurture_leads_blocked", "Blocked leads by what has to be mended", "reason", seen.faults)
    yield _one("nurture_relay_backlog_entries", "Stored entries that Temporal was not told of", seen.entries)
    yield _one("nurture_relay_backlog_events", "Acknowledged events that have no number yet", seen.unfiled)
    yield _one("nurture_relay_lag_seconds", "How long the oldest of both has waited", real(seen.lag).total_seconds())
    yield _one("nurture_events_parked", "Events whose lead is not known", seen.parked)
    yield _one("nurture_mails_held", "Mails that wait for the provider", seen.held_mails)
    held = {trouble: int(trouble == seen.trouble) for trouble in TROUBLES}
    yield _by("nurture_mail_hold", "1 while all mail is held, by why", "reason", held)
    yield _one("nurture_mail_hold_seconds", "How long all mail has been held", seen.held_for.total_seconds())
    yield _by("nurture_mail_stopped", "2 while its mail is stopped, 1 while it is close", "scenario", seen.stopped)
    yield _one("nurture_mail_domains_resting", "Domains that turned mail away and get none for now", seen.resting)
    none = Tasks(states={}, overdue=0, untold=0)
    queues = {name: seen.queues.get(name, none) for name in sorted({*known, *seen.queues})}
    tasks = GaugeMetricFamily("nurture_handoffs", "Tasks of sales by queue and state", labels=("queue", "state"))
    for name, queue in queues.items():
        for state in _STATES:
            tasks.add_metric((name, state), queue.states.get(state, 0))
    yield tasks
    overdue = {name: queue.overdue for name, queue in queues.items()}
    yield _by("nurture_handoffs_overdue", "Open tasks whose time is over", "queue", overdue)
    untold = {name: queue.untold for name, queue in queues.items()}
    yield _by("nurture_handoffs_untold", "Open tasks that sales was not told of", "queue", untold)
    if seen.silent is not None:
        says = "How long ago a worker last came round to what there was to do"
        yield _one("nurture_worker_silent_seconds", says, seen.silent.total_seconds())
    pending = dict.fromkeys(get_args(Channel), 0) | {each.channel: each.number for each in seen.channels}
    yield _by("nurture_tellings_pending", "What sales is still to be told, by channel", "channel", pending)
    waiting = {name: queue.waiting for name, queue in queues.items()}
    yield _by("nurture_handoffs_waiting", "Open tasks that no rep has yet", "queue", waiting)
    yield _one("nurture_deployment", "The number of the newest deployment", seen.deployment)


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(name: str, says: str, label: str, values: Mapping[Any, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=(label,))
    for each, value in values.items():
        family.add_metric((each,), value)
    return family
