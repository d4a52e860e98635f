"""`nurture journey`: shows the journey map as a grid, and holds it against what leads did; judges neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from cli.console import out
from cli.opening import definitions_in
from cli.pages import page, write_page
from cli.pasts import FOLDER, NO_LEAD, Columns, Events, Folder, History, opened_pasts
from cli.segments_report import Format, Html, Speaks
from nurture.as_data import as_data
from nurture.errors import NurtureError
from nurture.reality_check import reality_check
from nurture.wording.conditions import Words, language_of
from nurture.wording.journeys import LABELS, CheckSheet, Map, PhaseRows, drawn, worded

WIDE_ENOUGH = 26
"""So wide a phase must be beside others; where there is no room, phases stand below each other."""
STYLES = {
    "real": "green",
    "wishful": "red",
    "elsewhere": "yellow",
    "undated": "yellow",
    "unrecorded": "yellow",
    "too_few": "dim",
}


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    example = "nurture journey check --history scenarios/history/deals.csv"
    group = typer.Typer(
        name="journey",
        help="Look at the journey map, and whether leads take it.",
        no_args_is_help=True,
        epilog=f"Examples: nurture journey show · {example}",
    )
    group.command("show", epilog="Example: nurture journey show --html map.html")(show)
    group.command("check", epilog=f"Example: {example}")(check)
    app.add_typer(group)


def show(
    directory: Annotated[Path, typer.Option("--folder", metavar="DIR", help="The folder of definitions.")] = FOLDER,
    html: Html = None,
    language: Speaks = None,
    format: Format = "text",
) -> None:
    """The journey map as a grid: phases by what people think and do, the qualifying range, what is hot in it."""
    definitions = definitions_in(directory)
    words = Words(definitions, language or language_of(definitions))
    found = _there(drawn(definitions, words), directory)
    labels = LABELS[words.language]
    if html is not None:
        write_page(html, page("journey_show.html", words.language, map=found, labels=labels))
    if format == "json":
        typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=2))
        return
    tell_map(found, labels)
    if html is not None:
        out.print(Text(f"written: {html}"))


def check(
    history: History = None,
    columns: Columns = None,
    events: Events = None,
    folder: Folder = None,
    html: Html = None,
    language: Speaks = None,
    format: Format = "text",
) -> None:
    """What leads really did of what the map expects: wishful actions, missing ones, steps that ask for others."""
    with opened_pasts(history, columns, folder, events, tell_undated=False) as pasts:
        found = reality_check(pasts.leads, pasts.definitions, pasts.now)
        definitions = pasts.definitions
    if found is None:
        raise _no_map(folder or (FOLDER if history is not None else None))
    words = Words(definitions, language or language_of(definitions))
    sheet, labels = worded(found, words), LABELS[words.language]
    if html is not None:
        shown = {"sheet": sheet, "map": drawn(definitions, words), "labels": labels}
        write_page(html, page("journey_check.html", words.language, **shown))
    if format == "json":
        typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=2))
        return
    tell_check(sheet, labels)
    if not found.leads:
        out.print(Text(NO_LEAD[words.language]))
    if html is not None:
        out.print(Text(f"written: {html}"))


def tell_map(found: Map, labels: dict[str, str]) -> None:
    """The map for the terminal; phases beside each other where there is room, else below each other."""
    if found.persona:
        out.print(Text.assemble((f"{labels['persona']}  ", "dim"), (found.persona, "bold")))
        if found.about:
            out.print(Text(found.about))
    if out.width >= WIDE_ENOUGH * len(found.columns) + 14:
        out.print(_grid(found, labels))
    else:
        for column in found.columns:
            _tell_column(found, labels, column.title)
    out.print(Text.assemble((f"{labels['qualifying']}  ", "dim"), (found.qualifying, "bold cyan")))
    if found.hot:
        out.print(Text(labels["hot"], style="dim"))
        for rule in found.hot:
            out.print(Text(f"  · {rule}"))


def _rows(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The rows of the grid: a label, and the field of a column that stands in it."""
    return tuple((labels[name], name) for name in ("reached", "thinking", "actions", "steps"))


def _grid(found: Map, labels: dict[str, str]) -> Table:
    table = Table(box=box.SQUARE, show_lines=True)
    table.add_column("", style="dim", no_wrap=True)
    for column in found.columns:
        heading = Text(f"{column.title} ★" if column.qualifying else column.title, style="bold cyan")
        table.add_column(heading, overflow="fold", ratio=1)
    for label, field in _rows(labels):
        table.add_row(label, *(Text(_cell(getattr(column, field))) for column in found.columns))
    return table


def _cell(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "\n".join(f"・{each}" for each in value)


def _tell_column(found: Map, labels: dict[str, str], title: str) -> None:
    column = next(each for each in found.columns if each.title == title)
    out.print()
    out.print(Text(f"{column.title} ★" if column.qualifying else column.title, style="bold cyan"))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, field in _rows(labels):
        table.add_row(label, Text(_cell(getattr(column, field))))
    out.print(table)


def tell_check(sheet: CheckSheet, labels: dict[str, str]) -> None:
    """The check for the terminal."""
    out.print(Text(sheet.summary, style="bold"))
    for phase in sheet.phases:
        out.print()
        out.print(Text.assemble((phase.title, "bold cyan"), (f"  {phase.reached}", "dim")))
        out.print(_actions(phase, labels) if phase.actions else Text(f"  {labels['none']}", style="dim"))
    out.print()
    out.print(Text(labels["after_note"], style="dim"))
    for label, lines in (("wrong", sheet.wrong), ("missing", sheet.missing), ("asking", sheet.asking)):
        if lines:
            out.print()
            out.print(Text(labels[label], style="bold"))
        for line in lines:
            out.print(Text(f"→ {line}", style="yellow"))
    if not sheet.judged:
        out.print(Text(f"{labels['wrong']}: {labels['no_opinion']}", style="dim"))
    elif not (sheet.wrong or sheet.missing or sheet.asking):
        out.print(Text(f"{labels['wrong']}: {labels['fine']}", style="green"))


def _actions(phase: PhaseRows, labels: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(labels["action"], overflow="fold", min_width=24)
    for name in ("won", "all", "after", "before"):
        table.add_column(labels[name], justify="right")
    table.add_column(labels["verdict"])
    for each in phase.actions:
        said = Text(each.said, style=STYLES[each.reality])
        table.add_row(Text(each.action), each.won, each.all, each.after, each.before, said)
    return table


def _there(found: Map | None, folder: Path) -> Map:
    if found is None:
        raise _no_map(folder)
    return found


def _no_map(folder: Path | None) -> NurtureError:
    """No folder: it is the deployed definitions that lack it."""
    return NurtureError(
        "there is no journey map",
        where=str(folder / "journey_map.yaml") if folder is not None else "the current deployment",
        do="write one: its phases, what people think and do in each",
    )
