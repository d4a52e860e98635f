"""Ends everything about a lead that is to be forgotten, and forgets it; refuses to know who asked for it and why."""

from __future__ import annotations

from datetime import datetime

from nurture.facts import Facts
from nurture.records import EnrolmentChange
from nurture.visit import Walk

WORD = "erased"
"""What an enrolment finishes with that an erasure ends."""
UNREAD = 4
"""The engine that tells sales nothing of a letter whose writer was erased in the same moment."""


def forget(walk: Walk, at: datetime) -> None:
    """The built-in leave that spares nothing: a pause does not hold it back, and nobody waiting takes the place.

    A mail that has not begun does not begin; one that has still gives its answer. What is left counts only: numbers of
    entries, records and issues, so that nothing that was done before is done again.
    """
    state = walk.state
    state.paused = None
    at = max(at, state.run.since or at) if state.run is not None else at
    walk.finish(WORD, at, reason="the person is forgotten")
    for queued in state.queue:
        walk.chronicle.enrolment(EnrolmentChange(enrolment=queued.enrolment, state="ended", at=at, finish=WORD))
    state.queue, state.erased = (), True
    state.attributes, state.facts, state.time_zone = {}, Facts(), None
    state.handoff, state.handoff_made, state.closed = None, False, None
    if state.engine >= UNREAD:
        state.letters = state.unread = ()
    state.hot, state.hot_reasons, state.hot_unsold, state.held_back = False, (), (), False
    state.phase, state.sent, state.finished, state.requests = None, (), WORD, ()
    walk.qualifies_anew = False
    walk.chronicle.line(WORD, at, None)
