"""Puts what leads did in a scenario into the rows of a table, readable without the picture; refuses to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nurture.flow import FINISH, STEP, Box, BoxKind, Flow
from nurture.footfall import Footfall, Passage

KINDS: Mapping[str, Mapping[BoxKind, str]] = {
    "ja": {
        "start": "入口", "anywhere": "どこでも", "send": "メール", "wait": "待つ", "act": "処理", "handoff": "営業へ",
        "finish": "終了",
    },
    "en": {
        "start": "way in", "anywhere": "anywhere", "send": "mail", "wait": "wait", "act": "act", "handoff": "to sales",
        "finish": "finish",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Departure:
    """One way out of a box: why, where to, how often, and its share of all departures, 0 to 1 (None: of none)."""

    why: str
    to: str
    taken: int | None
    share: float | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One box: its `step` (None: the way in, or what holds at every step); numbers are None until they are counted."""

    step: str | None
    title: str
    kind: str
    lines: tuple[str, ...]
    visits: int | None
    standing: int | None
    departures: tuple[Departure, ...]


@dataclass(frozen=True, slots=True)
class FootfallView:
    """The whole table; `finishes`: how often by last word; `elsewhere`: departures of ways that are gone by now.

    `standing_elsewhere`: leads at steps that only an older deployment has.
    """

    steps: tuple[StepRow, ...]
    finishes: tuple[tuple[str, int], ...]
    entered: int | None = None
    standing: int | None = None
    elsewhere: int = 0
    standing_elsewhere: int = 0


def footfall_view(flow: Flow, counts: Footfall | None, language: str) -> FootfallView:
    """The rows in the order of the picture, its ends left out: they stand in `finishes`."""
    kinds = KINDS["ja" if language == "ja" else "en"]
    titles = {box.id: box.title for box in flow.boxes}
    traffic = {each.box: each for each in counts.boxes} if counts is not None else {}
    ways = counts.arrows if counts is not None else ()

    def row(box: Box) -> StepRow:
        came = traffic.get(box.id)
        if counts is None:
            arrows = [each for each in flow.arrows if each.source == box.id]
            out = tuple(Departure(each.label, titles[each.target], None, None) for each in arrows)
        else:
            out = tuple(_departure(each, titles) for each in ways if each.source == box.id)
        step = box.id.removeprefix(STEP) if box.id.startswith(STEP) else None
        return StepRow(
            step, box.title, kinds[box.kind], box.lines, came.visits if came is not None else None,
            came.standing if came is not None and step is not None else None, out,
        )  # fmt: skip

    rows = tuple(row(box) for box in flow.boxes if not box.id.startswith(FINISH))
    if counts is None:
        return FootfallView(rows, ())
    known = sum(each.standing or 0 for each in rows)
    return FootfallView(
        rows, tuple(counts.finishes.items()), counts.entered, counts.standing, counts.elsewhere, counts.standing - known
    )


def _departure(way: Passage, titles: Mapping[str, str]) -> Departure:
    return Departure(way.label, titles[way.target], way.taken.hits, way.taken.value if way.taken.of else None)
