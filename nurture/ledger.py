"""Writes on the timeline what an entry does to the score of a lead: by item, with the new total.

Refuses to compute points (scoring.py does) and to say that they fade: that is nobody's doing and never rests.
"""

from __future__ import annotations

from datetime import datetime

from nurture.conditions import ANY
from nurture.facts import OPENING, Facts
from nurture.judging import Situation
from nurture.scoring import Points
from nurture.visit import Walk

_LEAST = 0.05
"""A smaller change is the rest of a faded event that a new one has pushed out of the cap."""


def points(walk: Walk, at: datetime, facts: Facts | None = None) -> Points | None:
    """The points by what is known now (or by another sheet), to be compared; None where nobody will read of it.

    So it is for forecasts of many leads, and while the sheet lacks what the score of the current deployment counts.
    """
    state = walk.state
    if walk.chronicle.silent or not state.deployment:
        return None
    measure = walk.book.qualification(state.deployment).measure
    sheet = facts if facts is not None else state.facts
    if measure.empty or any(sheet.keeps.get(key, 0) < count for key, count in measure.wanted.items()):
        return None
    return measure(Situation(_judged_at(walk, at), state.attributes, sheet, {}))


def counts(walk: Walk, type: str) -> bool:
    """True if an event of this type may give points."""
    if walk.chronicle.silent or not walk.state.deployment:
        return False
    types = walk.book.qualification(walk.state.deployment).measure.types
    return type in types or ANY in types or (type in OPENING and "opened" in types)


def tell(walk: Walk, before: Points | None, at: datetime, *, after: Points | None = None, why: str = "") -> None:
    """Note what has changed since `before`, if anything has; `after`: another comparison than with what is known now.

    `why` is said where it is not the entry's own news.
    """
    now = points(walk, at)
    reached = after if after is not None else now
    if before is None or reached is None or now is None:
        return
    names = dict.fromkeys((*before.items, *reached.items))
    changed = {name: reached.of(name) - before.of(name) for name in names}
    changed = {name: by for name, by in changed.items() if abs(by) >= _LEAST}
    if not changed:
        return
    said = ", ".join(f"{name} {round(by, 1):+g}" for name, by in changed.items())
    walk.chronicle.line(
        "points",
        _judged_at(walk, at),
        walk.state.run,
        kind="score",
        subject=next(iter(changed)) if len(changed) == 1 else None,
        reason=f"{why}{said}; total {round(now.total, 1):g}",
    )


def tell_of_taken_back(walk: Walk, at: datetime) -> None:
    """Note what events gave that turned out to be a machine's: once, however many corrections came together.

    A correction that names none brings the events of another lead: then it is what they give.
    """
    before, after = walk.unmade
    walk.unmade = (None, None)
    if after is not None:
        tell(walk, before, at, after=after, why="taken back: " if walk.taken_back else "merged: ")


def _judged_at(walk: Walk, at: datetime) -> datetime:
    """What is told late is judged at the newest instant that was judged already, as phase and definition are."""
    return max(at, walk.state.judged or at)
