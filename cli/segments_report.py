"""`nurture segments report`: the 4R of segments on the terminal, as a page, or as data; refuses to judge any itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.console import out
from cli.pages import page, write_page
from cli.pasts import FOLDER, NO_LEAD, Columns, Events, Folder, History, opened_pasts
from nurture.as_data import as_data
from nurture.errors import NurtureError, UnknownName
from nurture.four_r import four_r
from nurture.wording.conditions import Language, Words, language_of
from nurture.wording.four_r import LABELS, Card, Sheet, worded

WIDE_ENOUGH = 78
"""So wide a terminal must be for figures beside their verdict."""
STYLES = {"good": "green", "fair": "yellow", "weak": "red", "too_few": "dim"}
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one self-contained page, too.")
]
Speaks = Annotated[
    Language | None, typer.Option("--language", help="`ja` or `en`; default: the language of most scenarios.")
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for other programs.")]


def report(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One segment; default: all of them.")] = None,
    history: History = None,
    columns: Columns = None,
    events: Events = None,
    folder: Folder = None,
    floor: Annotated[
        int | None,
        typer.Option(
            "--floor",
            metavar="N",
            min=0,
            help="How many leads a month a segment must bring; default: what keeps the reps busy.",
        ),
    ] = None,
    html: Html = None,
    language: Speaks = None,
    format: Format = "text",
) -> None:
    """The four R of each segment: Rank, Realistic, Reach, Response, with figures and what to change."""
    with opened_pasts(history, columns, folder, events) as pasts:
        known = pasts.definitions.segments
        judged = folder or (FOLDER if history is not None else None)
        where = str(judged / "segments.yaml") if judged is not None else "the current deployment"
        if name is not None and name not in known:
            raise UnknownName("segment", name, known, where=where)
        if not known:
            do = "write one into segments.yaml"
            raise NurtureError("there is no segment to report on", where=where, do=do)
        found = four_r(pasts.leads, pasts.definitions, pasts.now, floor=floor, names=[name] if name else None)
    words = Words(pasts.definitions, language or language_of(pasts.definitions))
    sheet = worded(found, words)
    if html is not None:
        write_page(html, page("four_r.html", words.language, sheet=sheet, labels=LABELS[words.language]))
    if format == "json":
        typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=2))
        return
    tell(sheet)
    if not found.leads:
        out.print(Text(NO_LEAD[words.language]))
    if html is not None:
        out.print(Text(f"written: {html}"))


def tell(sheet: Sheet) -> None:
    """The report for the terminal."""
    out.print(Text(sheet.summary, style="bold"))
    for card in sheet.cards:
        out.print()
        out.print(_headline(card))
        out.print(_grid(card))
        for line in card.advice:
            out.print(Text(f"→ {line}", style="yellow"))
    out.print()
    for note in sheet.notes:
        out.print(Text(note, style="dim"))


def _headline(card: Card) -> Text:
    place = f"{card.place}. " if card.place is not None else "–  "
    return Text.assemble((place, "bold"), (card.name, "bold cyan"), f"  {card.title}  ", (f"[{card.axes}]", "dim"))


def _grid(card: Card) -> Table:
    """A row for each R, its figures beside it; below it where the terminal is narrow."""
    beside = out.width >= WIDE_ENOUGH
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(2 if beside else 0):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in card.rows:
        name, verdict = Text(row.name, style="bold"), Text(row.said, style=STYLES[row.verdict])
        lines = [*(Text(each) for each in row.figures), *(Text(f"→ {each}", style="yellow") for each in row.advice)]
        if beside:
            table.add_row(name, verdict, Text("\n").join(lines))
        else:
            table.add_row(Text.assemble(name, "  ", verdict))
            table.add_row(Padding(Text("\n").join(lines), (0, 0, 0, 2)))
    return table
