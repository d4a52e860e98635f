"""Says what the fact sheet of a lead must keep as its definitions change; refuses to read any event for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nurture.entries import Corrected, Enrolled, Entry
from nurture.plan import Book
from nurture.state import State
from nurture.updates import Migrate, Request

LEDGER = 3
"""The engine whose sheets keep what the score counts even where no condition asks for one: the timeline tells it."""


def wants_facts(book: Book, state: State, inputs: Iterable[object]) -> dict[str, int] | None:
    """What a new fact sheet must keep, where these inputs bring a deployment that asks more or take events back.

    None where the sheet stays. A lead that begins has no sheet to mend: all its entries are among the inputs.
    """
    if state.erased:
        return None
    entries: list[Entry] = [each for each in inputs if isinstance(each, Entry) and each.seq > state.seq]
    wanted = _wanted(book, state, entries, _moved_to(inputs)) if state.seq > 0 else None
    if state.seq > 0 and any(isinstance(each, Corrected) for each in entries):
        return wanted or state.facts.keeps
    if wanted is None:
        return None
    known = state.facts.keeps
    return wanted if any(known.get(key, 0) < count for key, count in wanted.items()) else None


def _wanted(book: Book, state: State, entries: Sequence[Entry], moved: int | None) -> dict[str, int] | None:
    """What the fact sheet must keep once these entries are applied; None where they change nothing about it.

    `moved`: the deployment to which the running enrolment is migrated.
    """
    if moved is None and all(entry.deployment == state.deployment for entry in entries):
        return None
    current = max([state.deployment, *(entry.deployment for entry in entries)])
    asked = [(each.scenario, each.deployment) for each in entries if isinstance(each, Enrolled)]
    if current == state.deployment and not asked and moved is None:
        return None
    if state.run is not None:
        asked += [(state.run.scenario, each) for each in (state.run.deployment, moved) if each is not None]
    asked.extend((each.scenario, each.deployment) for each in state.queue)
    pinned = frozenset(each for each in asked if each[1] != current)
    return book.keeps(pinned, current, score=state.engine >= LEDGER)


def _moved_to(inputs: Iterable[object]) -> int | None:
    """The deployment to which a person moves the running enrolment."""
    for each in inputs:
        if isinstance(each, Request) and isinstance(each.update, Migrate):
            return each.update.deployment
    return None


def fit_facts(book: Book, state: State, entries: Sequence[Entry], requests: Sequence[Request]) -> None:
    """Let the fact sheet keep what is asked from now on; what must be read for it, the driver has read."""
    moved = _moved_to(requests)
    wanted = _wanted(book, state, entries, moved) if entries or moved is not None else None
    if wanted is not None:
        state.facts.keep(wanted)
