"""Tells the report of hot leads on the terminal, question by question; refuses to judge, and to find the words."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from cli.console import out
from nurture.definitions import Definitions
from nurture.review.report import Review
from nurture.review.tasks import Verdict
from nurture.wording.backtests import LABELS
from nurture.wording.conditions import Language
from nurture.wording.hot_sheet import worded
from nurture.wording.sheet import Grid, Note, Row

MOST = 12
"""How many rows a table shows; CSV and JSON have them all."""
_STYLES: dict[Verdict, str] = {"good": "green", "fair": "", "weak": "yellow", "too_few": "dim"}


def tell(found: Review, definitions: Definitions, language: Language) -> None:
    """Everything, from how much there is to judge by to what stands in the way."""
    sheet = worded(found, definitions, language, most=MOST)
    out.print(Text(sheet.heading, style="bold"))
    if sheet.pace:
        out.print(Text(sheet.pace, style="yellow"))
    for question in sheet.questions:
        out.print()
        title = Text(question.title, style="bold")
        out.print(title.append(f"  {question.said}", style=_STYLES[question.verdict] or "not bold"))
        for part in question.parts:
            if isinstance(part, Note):
                out.print(Text(part.text, style="dim" if part.faint else ""))
            else:
                _tell_grid(part, language)
        for each in question.advice:
            out.print(Text(f"→ {each}", style="yellow"))
    out.print()
    out.print(Text(sheet.about, style="dim"))


def _tell_grid(grid: Grid, language: Language) -> None:
    table = Table(box=None, pad_edge=False, title=grid.title or None, title_justify="left")
    for column in grid.columns:
        table.add_column(column.label, justify="left" if column.words else "right", overflow="fold")
    for row in grid.rows:
        table.add_row(*_cells(row))
    out.print(table)
    if grid.more:
        out.print(Text(LABELS[language]["more"].format(more=grid.more), style="dim"))


def _cells(row: Row) -> list[Text]:
    cells = [Text(each) for each in row.cells]
    if row.faint:
        cells[0].stylize("dim")
    if row.verdict is not None:
        cells[-1].stylize(_STYLES[row.verdict])
    return cells
