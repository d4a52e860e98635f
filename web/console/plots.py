"""Says how long the bars of a plot are; refuses to choose what is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.wording.sheet import Grid

_WIDE = 100.0


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """One bar: its `length`, and the ends of its interval where it has one, of 100."""

    label: str
    text: str
    length: float
    low: float | None
    high: float | None


def plot_of(grid: Grid) -> tuple[DrawnBar, ...]:
    """The bars of a table, the longest as long as there is room; none where there is nothing to compare."""
    most = max((each.high if each.high is not None else each.value for each in grid.bars), default=0.0)
    if len(grid.bars) < 2 or most <= 0:
        return ()

    def scaled(value: float | None) -> float | None:
        return None if value is None else round(_WIDE * value / most, 1)

    return tuple(
        DrawnBar(each.label, each.text, round(_WIDE * each.value / most, 1), scaled(each.low), scaled(each.high))
        for each in grid.bars
    )
