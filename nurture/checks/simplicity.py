"""Finds what is finer than anybody can argue for, and segments that nobody fits; both are mended by writing less.

The measure is the article on lead qualification that the project follows: 10 to 20 items of score, plain points in
steps of five, and no more conditions than are needed to begin with. Its own table and its own segment pass.
"""

from __future__ import annotations

from nurture.checks.clauses import split
from nurture.checks.findings import At, Findings
from nurture.checks.reach import Reach
from nurture.checks.spots import spots
from nurture.conditions import All, AnyCondition, AnyOf, Not

MOST_ITEMS = 20
FINE_POINTS, STEP = 10, 5
"""Up to ten points every figure is plain (the article has 3, 7 and 8); above, those in steps of five are."""
MOST_CONDITIONS = 10
"""The article's own segment has nine."""


def check_simplicity(found: Findings) -> None:
    """Warnings about score items, their points, and long conditions; errors for segments that exclude themselves."""
    _items(found)
    _conditions(found)
    _segments(found)


def _items(found: Findings) -> None:
    score, at = found.folder.definitions.score, At("score.yaml")
    if len(score.attributes) + len(score.behaviours) > MOST_ITEMS:
        over = MOST_ITEMS - len(score.attributes)
        place = at.to("behaviours", over) if over >= 0 else at.to("attributes", MOST_ITEMS)
        number = len(score.attributes) + len(score.behaviours)
        message = (
            f"{number} items are more than anybody can keep an eye on: begin with the {MOST_ITEMS} that matter most"
        )
        found.warning(place, message, "many-items")
    fixed = [(at.to("attributes", index, "points"), item.points) for index, item in enumerate(score.attributes)]
    done = [(at.to("behaviours", index, "points"), item.points) for index, item in enumerate(score.behaviours)]
    for place, points in (*fixed, *done):
        if abs(points) > FINE_POINTS and points % STEP:
            plain = STEP * round(points / STEP)
            message = f"{points} points are finer than anybody can argue for: begin with {plain}"
            found.warning(place, message, "odd-points")


def _conditions(found: Findings) -> None:
    for spot in spots(found.folder):
        _long(found, spot.at, spot.condition)
    hot = found.folder.definitions.hot_lead
    if hot is not None and hot.all is not None:
        number = sum(map(_asked, hot.all))
        if number > MOST_CONDITIONS and not any(_asked(each) > MOST_CONDITIONS for each in hot.all):
            found.warning(At("hot_lead.yaml").key("all"), _too_many(number), "many-conditions")


def _long(found: Findings, at: At, condition: AnyCondition) -> None:
    number = _asked(condition)
    if number > MOST_CONDITIONS:
        found.warning(at, _too_many(number), "many-conditions")


def _asked(condition: AnyCondition) -> int:
    """How many things must be as wanted at once; of alternatives, the one that asks most."""
    match condition:
        case All(all=inner):
            return sum(map(_asked, inner))
        case Not(not_=inner):
            return sum(map(_asked, inner))
        case AnyOf(any=inner):
            return max(map(_asked, inner))
        case _:
            return 1


def _too_many(number: int) -> str:
    return f"{number} conditions at once let hardly anybody through: begin with the {MOST_CONDITIONS} that matter most"


def _segments(found: Findings) -> None:
    folder = found.folder
    sources = [folder.sources[f"{kind}.yaml"] for kind in ("segments", "attributes") if folder.present(kind)]
    if any(source.model is None or source.damaged for source in sources):
        return
    reach = Reach(folder)
    for name, segment in folder.definitions.segments.items():
        # a lead does not go back a phase inside an enrolment, so what a phase once asked need not hold any more
        clauses = split(segment.when, folder.definitions, within=(name, "phase"))
        reasons = [reach.contradiction(clause) for clause in clauses or ()]
        if reasons and all(reasons):
            message = f"no lead can fit the segment {name!r}: {reasons[0]}"
            found.error(At("segments.yaml").key(name), message, "segment-out-of-reach")
