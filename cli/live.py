"""Draws the live view of the demo; decides how counts look, not what they are."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from adapters.database.panorama import Panorama
from nurture.definitions import Definitions

BAR = 8
"""How long the longest bar is: a terminal of 80 columns has room for it."""


def drawn(
    seen: Panorama, definitions: Definitions, now: datetime, addresses: dict[str, str], yours: str | None
) -> RenderableType:
    """The whole view. `yours`: the rep whose tasks wait for whoever looks at it."""
    head = Text.assemble(
        (f"{now:%Y-%m-%d %a %H:%M}", "bold"),
        f"   {seen.leads} leads   {sum(seen.mails.values())} mails   {sum(seen.events.values())} events",
        f"   {sum(seen.handoffs.values())} handoffs   {seen.back} times back a step",
        f"   lag {seen.lag.total_seconds() / 3600:.1f} h ({seen.waiting} waiting)",
    )
    columns = Table.grid(padding=(0, 2), expand=False)
    columns.add_row(_steps(seen, definitions), _counts("mails", seen.mails), _counts("events", seen.events),
                    Group(_counts("handoffs", seen.handoffs), _counts("finished", seen.finishes)))  # fmt: skip
    where = Table.grid(padding=(0, 2))
    where.add_column(no_wrap=True)
    where.add_column(overflow="fold")  # an address that is cut cannot be opened
    for name, address in addresses.items():
        where.add_row(Text(name, style="dim"), Text(address, style="cyan"))
    ended = f"everybody has come to an end: {_rest(seen, yours)}Ctrl-C ends the demo"
    over = [Text(ended, style="bold")] if _over(seen) else []
    return Panel(
        Group(head, *over, Text(), columns, Text(), where),
        title="nurture demo: a day in two seconds",
        expand=False,
    )


def _over(seen: Panorama) -> bool:
    """True once all who ever walked have ended, or wait for sales; leads of the weeks before never walked."""
    return seen.walked > 0 and sum(seen.steps.values()) <= seen.statuses["with_sales"]


def _rest(seen: Panorama, yours: str | None) -> str:
    left = seen.waits_for[yours] if yours is not None else 0
    return f"{left} tasks wait for you on the desk, " if left else ""


def line(seen: Panorama, now: datetime) -> str:
    """The view in one line, where there is no terminal."""
    steps = " ".join(f"{step}={number}" for (_, step), number in sorted(seen.steps.items()))
    ends = " ".join(f"{word}={number}" for word, number in sorted(seen.finishes.items()))
    return (
        f"{now:%Y-%m-%d %H:%M} leads={seen.leads} mails={sum(seen.mails.values())} events={sum(seen.events.values())} "
        f"handoffs={sum(seen.handoffs.values())} back={seen.back} lag={seen.lag.total_seconds() / 3600:.1f}h "
        f"| {steps} | finished: {ends or '-'}"
    )


def _steps(seen: Panorama, definitions: Definitions) -> Table:
    table = Table(title="leads at step", show_header=False, title_justify="left", box=None)
    table.add_column(no_wrap=True, min_width=18)
    table.add_column(no_wrap=True, min_width=3, justify="right")
    table.add_column(no_wrap=True)
    most = max([BAR, *seen.steps.values()])
    for name, scenario in definitions.scenarios.items():
        for step in scenario.steps:
            number = seen.steps.get((name, step), 0)
            if number or scenario.steps[step].finish is None:
                place = step if len(definitions.scenarios) == 1 else f"{name}: {step}"
                table.add_row(place, str(number or "·"), Text("█" * (-(-number * BAR // most)), style="green"))
    return table


def _counts(title: str, counts: Counter[str]) -> Table:
    table = Table(title=title, show_header=False, title_justify="left", box=None)
    for name, number in counts.most_common():
        table.add_row(name, str(number))
    if not counts:
        table.add_row(Text("none yet", style="dim"))
    return table
