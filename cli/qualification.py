"""`nurture score explain | fit` and `nurture hot explain`: why a lead has its points, and what it lacks to be hot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from adapters.database import leads
from adapters.database.engine import reading
from adapters.database.scores import Explained, explained
from cli import score_fit
from cli.console import out
from cli.opening import opened
from nurture import calendar
from nurture.definitions import Definitions
from nurture.errors import NurtureError, UnknownName

Lead = Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="A date, or a time with its offset; default: now.")
]
Then = Annotated[bool, typer.Option("--as-known-then", help="By what was known then, as it was shown that day.")]


def register(app: typer.Typer) -> None:
    """Add both groups."""
    for name, what, example in (
        ("score", "Where the points of a lead come from.", "nurture score explain lead_001 --at 2026-11-01"),
        ("hot", "What makes a lead hot, or what it lacks.", "nurture hot explain lead_001"),
    ):
        group = typer.Typer(name=name, help=what, no_args_is_help=True, epilog=f"Example: {example}")
        group.command("explain", epilog=f"Example: {example}")(explain_score if name == "score" else explain_hot)
        if name == "score":
            group.command("fit", epilog=f"Example: {score_fit.EXAMPLE}")(score_fit.fit)
        group.callback()(lambda: None)
        app.add_typer(group)


def explain_score(lead: Lead, at: At = None, as_known_then: Then = False) -> None:
    """Each item with its events, the points they gave and what fading has left of them."""
    found = _explained(lead, at, then=as_known_then)
    table = Table("item", "when", "event", "points", "now", box=None, pad_edge=False)
    for item, points in found.points.items.items():
        parts = found.parts.get(item)
        if parts is None:
            table.add_row(item, "", "attribute", f"{points:g}", f"{points:g}")
        for part in parts or ():
            event = f"{part.type}: {part.subject}" if part.subject else part.type
            table.add_row(item, f"{part.at:%Y-%m-%d %H:%M} UTC", Text(event), f"{part.points:g}", f"{part.faded:.3g}")
        if parts is not None and not parts:
            table.add_row(item, "", Text("never", style="dim"), "", "0")
    out.print(table)
    sums = found.points
    out.print(f"total {sums.total:.4g}: attributes {sums.attributes:.4g}, behaviours {sums.behaviours:.4g}")


def explain_hot(lead: Lead, at: At = None, as_known_then: Then = False) -> None:
    """Each rule of the hot lead definition, and whether it holds for the lead."""
    found = _explained(lead, at, then=as_known_then)
    if not found.rules:
        out.print("there is no hot_lead.yaml in this deployment: nobody becomes hot")
        return
    for why, holds in found.rules:
        out.print(Text(f"{'holds ' if holds else 'no    '} {why}", style="green" if holds else ""))
    out.print(f"score {found.points.total:.4g}, phase {found.phase or 'none'}")
    out.print(f"hot: {'; '.join(found.reasons)}" if found.reasons else "not hot by this")


def _explained(lead: str, at: str | None, *, then: bool) -> Explained:
    with opened() as data:
        definitions = data.store.current()
        instant = _instant(at, definitions) if at is not None else data.clock.now()
        with reading(data.engine) as connection:
            found = explained(connection, lead, definitions, instant, then=then)
            if found is None:
                known, _ = leads.page(connection, 5)
                raise UnknownName("lead", lead, [item["id"] for item in known])
    return found


def _instant(text: str, definitions: Definitions) -> datetime:
    """A time with its offset, or the beginning of a day where the sender is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        do = "write 2026-11-01, or 2026-11-01T09:30:00+09:00"
        raise NurtureError(f"--at {text!r} is not a date", do=do) from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=calendar.zone_of(None, definitions))
    return found.astimezone(UTC)
