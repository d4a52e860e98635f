"""Says what a judgement makes of the hot latch; refuses to know who holds it: the walk of a lead, or a back-test."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from nurture import calendar
from nurture.definitions import Definitions

Turn = Literal["crossed", "held_back", "cooled", "stays"]


def turned(*, hot: bool, met: bool, cooling: bool, with_sales: bool) -> Turn:
    """`hot` is the latch as it was, `met` whether the definition holds now.

    `cooling`: the cool-down from the closing of the last task is not over; `with_sales`: a task is open. The latch is
    set by a crossing, and cleared when the definition is no longer met and both are over (design, section 5).
    """
    if met and not hot:
        return "held_back" if cooling else "crossed"
    if hot and not met and not cooling and not with_sales:
        return "cooled"
    return "stays"


def cools_until(closed: datetime | None, definitions: Definitions) -> datetime | None:
    """When the cool-down is over that began with the closing of a task; None where nothing cools."""
    if closed is None or definitions.hot_lead is None:
        return None
    where = calendar.zone_of(None, definitions)
    return calendar.after(definitions.hot_lead.cool_down, closed, where, definitions)
