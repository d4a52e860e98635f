"""Keeps the enrolments of a lead that wait for their turn: in which order, and which of them may not begin any more."""

from __future__ import annotations

from nurture.entries import Enrolled, Happening
from nurture.records import EnrolmentChange
from nurture.state import Queued, Run
from nurture.visit import Walk

FORBIDS = 5
"""The engine that takes an enrolment out of the queue when its mail is forbidden; before, its mail was refused."""


def put(walk: Walk, entry: Enrolled) -> None:
    """Queue an enrolment: in front, else by the priority of its scenario, else as they came."""
    state = walk.state
    scenario = walk.book.at(entry.deployment).scenarios.get(entry.scenario)
    queued = Queued(
        scenario=entry.scenario,
        enrolment=entry.enrolment,
        deployment=entry.deployment,
        priority=scenario.priority if scenario is not None else 0,
        front=entry.front or entry.replaces,  # what replaces the running one takes its place
        asked=entry.at,
    )
    state.queue = tuple(
        sorted((*state.queue, queued), key=lambda each: (not each.front, -each.priority, each.enrolment))
    )


def drop_forbidden(walk: Walk, event: Happening) -> None:
    """End every queued enrolment whose mail an event forbids, as the running one is left; it must not begin.

    Not one that was asked for after the event: whoever asked knew of it, and the gate judges its mail.
    """
    state = walk.state
    if event.suppresses is None or not state.queue or state.engine < FORBIDS:
        return
    forbidden = [each for each in state.queue if _is_forbidden(walk, each, event)]
    for each in forbidden:
        place = Run(each.scenario, each.enrolment, each.deployment, entered=event.at)
        why = f"{event.type}: no further mail may be sent"
        walk.chronicle.line("not_begun", event.at, place, subject=event.type, reason=why)
        change = EnrolmentChange(enrolment=each.enrolment, state="ended", at=event.at, finish=event.type)
        walk.chronicle.enrolment(change)
    state.queue = tuple(each for each in state.queue if each not in forbidden)


def _is_forbidden(walk: Walk, queued: Queued, event: Happening) -> bool:
    if queued.asked is not None and event.at < queued.asked:
        return False
    scenario = walk.book.at(queued.deployment).scenarios.get(queued.scenario)
    return event.suppresses in ("all", scenario.topic if scenario is not None else None)
