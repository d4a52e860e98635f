"""Finds queues of sales whose tasks nobody would get, or of which nobody would hear in time; refuses to count tasks."""

from __future__ import annotations

from zoneinfo import available_timezones

from nurture.checks.companions import is_zone
from nurture.checks.findings import At, Findings
from nurture.checks.names import reps_of
from nurture.definitions import Queue, Sales
from nurture.errors import near_names
from nurture.refusals import did_you_mean


def check_desk(found: Findings) -> None:
    """Every rep and queue of sales.yaml."""
    sales, at = found.folder.definitions.sales, At("sales.yaml")
    if sales is None:
        return
    for index, rep in enumerate(sales.reps):
        if rep.time_zone is not None and not is_zone(rep.time_zone):
            near = did_you_mean(near_names(rep.time_zone, available_timezones())) or "; write it like Asia/Tokyo"
            place = at.to("reps", index, "time_zone")
            found.error(place, f"unknown time zone {rep.time_zone!r}{near}", "unknown-time-zone")
    for name, queue in sales.queues.items():
        _told(found, queue, at.to("queues", name))
        _taken(found, sales, name, at.to("queues", name))


def _told(found: Findings, queue: Queue, at: At) -> None:
    """Whoever is to hear of a task is there, and hears in time."""
    if queue.escalate_after is not None:
        queues, reps = found.folder.names("sales", "queues"), reps_of(found.folder)
        known = None if queues is None or reps is None else queues | reps
        found.unknown(at.to("escalate_after", "to"), "queue or rep", queue.escalate_after.to, known)
    soon, within = queue.remind_after, queue.accept_within
    if soon is None or within is None or soon.business_days or within.business_days or soon.span < within.span:
        return
    message = f"`remind_after` {soon} is not before `accept_within` {within}: the task is somebody else's by then"
    found.warning(at.to("remind_after"), message, "reminder-too-late")


def _taken(found: Findings, sales: Sales, name: str, at: At) -> None:
    """Somebody takes what comes into the queue."""
    queue = sales.queues[name]
    known = [rep for each in queue.reps if (rep := sales.rep(each)) is not None]
    fallback = sales.rep(queue.fallback)
    if known and not any(rep.active for rep in known) and (fallback is None or not fallback.active):
        message = f"nobody of {name!r} is active, and it has no active fallback: its tasks would wait for ever"
        found.error(at.to("reps"), message, "nobody-takes")
    elif fallback is not None and not fallback.active:
        message = f"the fallback {fallback.rep!r} is not active: what nobody accepts in time stays where it is"
        found.warning(at.to("fallback"), message, "nobody-takes")
