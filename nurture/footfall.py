"""Lays what leads did onto the picture of a scenario: how many came by each box, and took each arrow.

It counts nothing itself: the lines of timelines come counted, by step, word, subject and reason. A departure by a way
that the scenario of today does not have (an older deployment had it) is counted as `elsewhere`: none goes missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from nurture.flow import FINISH, STEP, Arrow, ArrowKind, Box, Flow, words_of
from nurture.shares import Share

_WORDS: Final[Mapping[ArrowKind, str]] = {
    "enter": "entered", "then": "reaction", "otherwise": "reaction", "skip": "skipped", "exhausted": "exhausted",
    "refused": "send_refused", "anywhere": "anywhere", "leave": "finished", "hot": "on_hot",
}  # fmt: skip
"""What a timeline says where a lead takes an arrow of this kind."""
_TOO_LATE: Final = "send_too_late"
"""No arrow of its own: a mail that came too late takes `when_refused`, else the last reaction."""
COUNTED: Final = frozenset({*_WORDS.values(), _TOO_LATE, "arrived"})
"""The words whose lines are to be counted."""


@dataclass(frozen=True, slots=True)
class Lines:
    """So many lines of timelines that are alike. `reason` is of use for the reasons of `reasons_of` only."""

    what: str
    step: str = ""
    subject: str = ""
    reason: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Traffic:
    """One box: `visits` in the time asked for, skipped ones too, and how many leads are there now (`standing`)."""

    box: str
    visits: int
    standing: int


@dataclass(frozen=True, slots=True)
class Passage:
    """One arrow: how often it was taken, of all departures of its box.

    Where it holds at every step, of all who entered or, if that is more, of all who jumped: who did may have entered
    before the time asked for. Of several arrows that a timeline cannot tell apart the first has all.
    """

    source: str
    target: str
    kind: ArrowKind
    label: str
    taken: Share


@dataclass(frozen=True, slots=True)
class Footfall:
    """What leads did in one scenario; `boxes` and `arrows` in the order of the flow, `finishes` by last word."""

    entered: int
    standing: int
    boxes: tuple[Traffic, ...]
    arrows: tuple[Passage, ...]
    finishes: Mapping[str, int]
    elsewhere: int


def reasons_of(flow: Flow) -> frozenset[str]:
    """The reasons that tell one arrow of a flow from another."""
    return frozenset(arrow.why for arrow in flow.arrows if arrow.why)


def footfall(flow: Flow, lines: Iterable[Lines], standing: Mapping[str, int]) -> Footfall:
    """The counts by box and arrow; `standing`: leads that are in the scenario now, by the name of their step."""
    found, visits, finishes = Counter[Lines](), Counter[str](), Counter[str]()
    for each in lines:
        found[_way(each)] += each.count
        if each.what in ("arrived", "skipped"):
            visits[STEP + each.step] += each.count
        if each.what == "finished":
            finishes[each.subject] += each.count
    entered = visits["start"] = found[Lines("entered", count=0)]
    visits.update({FINISH + word: count for word, count in finishes.items()})
    taken = [found.pop(_line(arrow), 0) for arrow in flow.arrows]
    _add_too_late(flow, found, taken)
    left = Counter[str]()
    for arrow, count in zip(flow.arrows, taken, strict=True):
        left[arrow.source] += count
    visits["anywhere"], left["anywhere"] = left["anywhere"], max(entered, left["anywhere"])
    return Footfall(
        entered=entered,
        standing=sum(standing.values()),
        boxes=tuple(Traffic(box.id, visits[box.id], standing.get(box.id.removeprefix(STEP), 0)) for box in flow.boxes),
        arrows=tuple(
            Passage(each.source, each.target, each.kind, each.label, Share(count, left[each.source]))
            for each, count in zip(flow.arrows, taken, strict=True)
        ),
        finishes=dict(finishes.most_common()),
        elsewhere=sum(count for way, count in found.items() if way.what in _DEPARTURES),
    )


_DEPARTURES: Final = (frozenset(_WORDS.values()) | {_TOO_LATE}) - {"entered", "finished", "send_refused"}


def _add_too_late(flow: Flow, found: Counter[Lines], taken: list[int]) -> None:
    """Count the mails that came too late at the arrows which they took."""
    for index in range(len(flow.arrows) - 1, -1, -1):  # the last reaction of a step, unless it has `when_refused`
        arrow = flow.arrows[index]
        refused = any(each.kind == "refused" and each.source == arrow.source for each in flow.arrows)
        if arrow.kind == "refused" or (arrow.kind in ("then", "otherwise") and not refused):
            taken[index] += found.pop(_way(Lines(_TOO_LATE, arrow.source.removeprefix(STEP))), 0)


def _line(arrow: Arrow) -> Lines:
    """The line that a lead leaves where it takes this arrow, as `_way` has it."""
    step, target = arrow.source.removeprefix(STEP), arrow.target.removeprefix(STEP).removeprefix(FINISH)
    subject = step if arrow.kind == "exhausted" else target
    return _way(Lines(_WORDS[arrow.kind], step, subject, arrow.why))


def _way(line: Lines) -> Lines:
    """A line without what is of no use to tell its arrow from others."""
    match line.what:
        case "reaction":
            return replace(line, count=0)
        case "skipped":
            return replace(line, reason="", count=0)
        case "send_refused" | "send_too_late":
            return Lines(line.what, line.step, count=0)
        case "finished":
            return Lines(line.what, subject=line.subject, reason=line.reason, count=0)
        case "exhausted" | "anywhere" | "on_hot":
            return Lines(line.what, subject=line.subject, count=0)
        case _:
            return Lines(line.what, count=0)


def annotated(flow: Flow, counts: Footfall) -> Flow:
    """The flow with the counts written into its boxes and at its arrows, for the picture."""
    words = words_of(flow.language)
    return replace(
        flow,
        boxes=tuple(_box(box, traffic, words) for box, traffic in zip(flow.boxes, counts.boxes, strict=True)),
        arrows=tuple(_arrow(arrow, way) for arrow, way in zip(flow.arrows, counts.arrows, strict=True)),
    )


def _box(box: Box, traffic: Traffic, words: Mapping[str, str]) -> Box:
    figures = words["came"].format(n=f"{traffic.visits:,}")
    if traffic.standing:
        figures = words["stand"].format(n=f"{traffic.standing:,}") + " · " + figures
    return replace(box, figures=figures)


def _arrow(arrow: Arrow, way: Passage) -> Arrow:
    share = f" ({way.taken.value:.0%})" if way.taken.of else ""
    return replace(arrow, figures=f"{way.taken.hits:,}{share}")
