"""`nurture score explain` and `nurture hot explain`: why a lead has its points, and what it lacks to be hot.

`nurture hot agree` stands beside, in agreeing.py, and `nurture score fit` in score_fit.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from adapters.database import leads
from adapters.database.engine import reading
from adapters.database.explaining import HotExplained, ScoreExplained, Standpoint, standpoint
from adapters.settings import read_settings
from cli import score_fit
from cli.agreeing import EXAMPLE, agree_command
from cli.console import out
from cli.opening import opened_if_there
from nurture import calendar
from nurture.distance import Distance
from nurture.errors import NurtureError, UnknownName

Lead = Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="A date, or a time with its offset; default: now.")
]
Then = Annotated[bool, typer.Option("--as-known-then", help="By what was known then, as it was shown that day.")]
As = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or for programs (as the API answers).")
]
BEGIN = "bring some along with nurture leads import FILE.csv, or begin with nurture demo"
MOST_NAMED = 6
"""How many items that could give points are named."""


def register(app: typer.Typer) -> None:
    """Add both groups."""
    commands: tuple[tuple[str, str, str, Callable[..., None]], ...] = (
        ("score", "Where the points of a lead come from.", "nurture score explain lead_001 --at 2026-11-01",
         explain_score),
        ("hot", "What makes a lead hot, or what it lacks.", "nurture hot explain lead_001", explain_hot),
    )  # fmt: skip
    for name, what, example, explain in commands:
        group = typer.Typer(name=name, help=what, no_args_is_help=True, epilog=f"Example: {example}")
        group.command("explain", epilog=f"Example: {example}")(explain)
        if name == "hot":
            group.command("agree", epilog=EXAMPLE)(agree_command)
        else:
            group.command("fit", epilog=f"Example: {score_fit.EXAMPLE}")(score_fit.fit)
        group.callback()(lambda: None)
        app.add_typer(group)


def explain_score(lead: Lead, at: At = None, as_known_then: Then = False, format: As = "text") -> None:
    """Each item with its events, the points they gave and what fading has left of them."""
    found = _standpoint(lead, at, then=as_known_then).score()
    if format == "json":
        typer.echo(found.model_dump_json(indent=2))
        return
    _tell_score(found)


def _tell_score(found: ScoreExplained) -> None:
    table = Table("item", "when", "event", "points", "now", box=None, pad_edge=False)
    for item in found.items:
        if item.kind == "attribute":
            table.add_row(Text(item.item), "", "attribute", f"{item.points:g}", f"{item.points:g}")
        elif not item.events:
            table.add_row(Text(item.item), "", Text("never", style="dim"), "", "0")
        for each in item.events:
            event = f"{each.type}: {each.subject}" if each.subject else each.type
            when, left = f"{each.at:%Y-%m-%d %H:%M} UTC", f"{each.faded:.3g}"
            table.add_row(Text(item.item), when, Text(event), f"{each.points:g}", left)
    out.print(table if found.items else "there is no score.yaml in this deployment: every score is 0")
    sums = f"attributes {found.attributes:.4g}, behaviours {found.behaviours:.4g}"
    out.print(f"total {found.total:.4g}: {sums}")


def explain_hot(lead: Lead, at: At = None, as_known_then: Then = False, format: As = "text") -> None:
    """Which rules of the hot lead definition the lead meets, and what is missing to each of the others."""
    found = _standpoint(lead, at, then=as_known_then).hot()
    if format == "json":
        typer.echo(found.model_dump_json(indent=2))
        return
    _tell_hot(found)


def _tell_hot(found: HotExplained) -> None:
    if found.definition is None:
        out.print("there is no hot_lead.yaml in this deployment: nobody becomes hot")
        return
    tree = Tree(Text("hot lead definition", style="bold"), guide_style="dim")
    for part in found.definition.parts:
        _grow(tree, part)
    out.print(tree)
    out.print(Text(f"score {found.total:.4g}, phase {found.phase or 'none'}"))
    out.print(Text(f"hot: {'; '.join(found.reasons)}" if found.meets else "not hot by this"))
    if found.hot and not found.meets:
        out.print("marked hot at present, since it was once: the mark goes with the end of the cool-down")


def _grow(tree: Tree, part: Distance) -> None:
    """One condition, what it lacks, and below it its parts."""
    line = Text.assemble(("yes " if part.met else "no  ", "green" if part.met else "yellow"), part.what)
    if part.lacks:
        line.append(f": {part.lacks}")
    branch = tree.add(line)
    for gain in part.could[:MOST_NAMED]:
        most = f", at most +{gain.most:.3g}" if gain.most > gain.points else ""
        branch.add(Text(f"could give: {gain.item} +{gain.points:.3g}{most} ({gain.how})", style="dim"))
    if len(part.could) > MOST_NAMED:
        branch.add(Text(f"and {len(part.could) - MOST_NAMED} more item(s)", style="dim"))
    for each in part.parts:
        _grow(branch, each)


def _standpoint(lead: str, at: str | None, *, then: bool) -> Standpoint:
    with opened_if_there() as data:
        if data is None:
            raise NurtureError("there are no leads yet", where=str(read_settings().home), do=BEGIN)
        current = data.store.current()
        try:
            instant = calendar.instant_of(at, calendar.zone_of(None, current)) if at is not None else None
        except NurtureError as error:
            raise NurtureError(f"--at {error.what}", do=error.do) from error
        with reading(data.engine) as connection:
            found = standpoint(
                connection, lead, data.store, current.number, data.clock.now(), at=instant,
                known="then" if then else "now",
            )  # fmt: skip
            if found is None:
                known, _ = leads.page(connection, 5)
                if not known:
                    raise NurtureError("there are no leads yet", where=str(data.settings.home), do=BEGIN)
                raise UnknownName("lead", lead, [item["id"] for item in known])
    return found
