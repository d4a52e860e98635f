"""`nurture score explain` and `nurture hot explain`: why a lead has its points, and what it lacks to be hot.

`nurture hot agree` stands beside, in agreeing.py, and `nurture score fit` in score_fit.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from adapters.database.engine import reading
from adapters.database.explaining import standpoint
from adapters.settings import read_settings
from cli import score_fit
from cli.agreeing import EXAMPLE, agree_command
from cli.console import out
from cli.lead_list import BEGIN, OF_THE_DEMO, unknown_lead
from cli.opening import opened_if_there
from cli.segments_report import Speaks
from nurture import calendar
from nurture.distance import Distance
from nurture.errors import NurtureError
from nurture.explained import HotExplained, ScoreExplained, Standpoint
from nurture.wording.conditions import Language, language_of
from nurture.wording.qualification import Explaining

Lead = Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="A date, or a time with its offset; default: now.")
]
Then = Annotated[bool, typer.Option("--as-known-then", help="By what was known then, as it was shown that day.")]
As = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or for programs (as the API answers).")
]
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
        group.command("explain", epilog=f"Example: {example}\n\n{OF_THE_DEMO}")(explain)
        if name == "hot":
            group.command("agree", epilog=EXAMPLE)(agree_command)
        else:
            group.command("fit", epilog=f"Example: {score_fit.EXAMPLE}")(score_fit.fit)
        group.callback()(lambda: None)
        app.add_typer(group)


def explain_score(
    lead: Lead, at: At = None, as_known_then: Then = False, language: Speaks = None, format: As = "text"
) -> None:
    """Each item with its events, the points they gave and what fading has left of them."""
    stands = _standpoint(lead, at, then=as_known_then)
    found = stands.score()
    if format == "json":
        typer.echo(found.model_dump_json(indent=2))
        return
    _tell_score(found, _words(stands, language))


def _tell_score(found: ScoreExplained, words: Explaining) -> None:
    labels = words.labels
    table = Table(labels["item"], labels["when"], labels["event"], box=None, pad_edge=False)
    for name in ("points", "now"):
        table.add_column(labels[name], justify="right")
    for item in found.items:
        if item.kind == "attribute":
            table.add_row(Text(item.item), "", labels["attribute"], f"{item.points:g}", f"{item.points:g}")
        elif not item.events:
            table.add_row(Text(item.item), "", Text(labels["never"], style="dim"), "", "0")
        for each in item.events:
            when, left = f"{each.at:%Y-%m-%d %H:%M} UTC", f"{each.faded:.3g}"
            table.add_row(Text(item.item), when, Text(words.event(each)), f"{each.points:g}", left)
    out.print(table if found.items else labels["no_score"])
    out.print(Text(words.sums(found)))


def explain_hot(
    lead: Lead, at: At = None, as_known_then: Then = False, language: Speaks = None, format: As = "text"
) -> None:
    """Which rules of the hot lead definition the lead meets, and what is missing to each of the others."""
    stands = _standpoint(lead, at, then=as_known_then)
    found = stands.hot()
    if format == "json":
        typer.echo(found.model_dump_json(indent=2))
        return
    _tell_hot(found, _words(stands, language))


def _tell_hot(found: HotExplained, words: Explaining) -> None:
    if found.definition is None:
        out.print(words.labels["no_hot"])
        return
    tree = Tree(Text(words.labels["definition"], style="bold"), guide_style="dim")
    for part in found.definition.parts:
        _grow(tree, part, words, found.at)
    out.print(tree, soft_wrap=False)  # else what is wider than the terminal is cut off
    for line in words.stands(found):
        out.print(Text(line))
    if found.hot and not found.meets:
        out.print(words.labels["latched"])


def _grow(tree: Tree, part: Distance, words: Explaining, now: datetime) -> None:
    """One condition, what it lacks, and below it its parts."""
    yes, lacks = ("yes", "green") if part.met else ("no", "yellow"), words.lacks(part, now)
    line = Text.assemble((f"{words.labels[yes[0]]} ", yes[1]), words.what(part))
    if lacks:
        line.append(f": {lacks}")
    branch = tree.add(line)
    for gain in part.could[:MOST_NAMED]:
        branch.add(Text(words.gain(gain), style="dim"))
    if len(part.could) > MOST_NAMED:
        branch.add(Text(words.say("more", more=len(part.could) - MOST_NAMED), style="dim"))
    for each in part.parts:
        _grow(branch, each, words, now)


def _words(stands: Standpoint, language: Language | None) -> Explaining:
    return Explaining(stands.definitions, language or language_of(stands.definitions))


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
                raise unknown_lead(connection, lead)
    return found
