"""`nurture report`: the questions of marketing and sales about hot leads, answered; refuses to judge any itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress
from rich.text import Text

from adapters.database.engine import reading
from adapters.database.reviewing import reviewed
from adapters.review_csv import write_review
from cli.console import err
from cli.delivery_report import span_of
from cli.hot_telling import tell
from cli.opening import opened
from nurture.as_data import as_data
from nurture.backtest import Capacity
from nurture.errors import NurtureError
from nurture.history import PastLead
from nurture.review.report import Review
from nurture.review.results import USUAL
from nurture.review.tasks import By
from nurture.wording.conditions import Language, language_of

HELP = "What came of hot leads and of mails; without a word, the report of hot leads for marketing and sales."


def hot(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="Tasks made in this time until now.")] = "90d",
    by: Annotated[By | None, typer.Option("--by", help="Show results by this alone.")] = None,
    capacity: Annotated[
        float | None,
        typer.Option(
            "--capacity", metavar="N", min=0.1, help="How many new hot leads sales can take in a week.",
            show_default="by the reps in sales.yaml",
        ),
    ] = None,
    csv_: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write every group there, too; - is the terminal.")
    ] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="`ja` or `en`; default: the language of most scenarios.")
    ] = None,
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for other programs.")] = "text",
) -> None:  # fmt: skip
    """What came of hot leads: how they got there, when sales had them, results, quality, number, thresholds.

    Each answer has figures with their 95 % interval, a verdict and what to do. Without a word it is this report.
    """
    if context.invoked_subcommand is not None:
        return
    span = span_of(since)
    limit = Capacity(capacity) if capacity is not None else None
    with opened() as data, Progress(console=err, transient=True) as progress, reading(data.engine) as conn:

        def watch(several: Iterable[PastLead], number: int) -> Iterable[PastLead]:
            return progress.track(several, total=number, description="reading leads")

        known, groupings = data.store.current(), (by,) if by is not None else USUAL
        found = reviewed(conn, known, span.span, data.clock.now(), by=groupings, capacity=limit, watch=watch)
    if csv_ is not None:
        _write(csv_, found, only=by is not None)
    if format == "json":
        typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=2))
    elif csv_ != "-":
        tell(found, known, language or language_of(known))


def _write(where: str, found: Review, *, only: bool) -> None:
    if where == "-":
        write_review(sys.stdout, found, only=only)
        return
    try:
        with Path(where).open("w", encoding="utf-8", newline="") as file:
            write_review(file, found, only=only)
    except OSError as error:
        do = "choose another name, or - for the terminal"
        raise NurtureError(f"the file cannot be written: {error.strerror}", where=where, do=do) from error
    err.print(Text(f"written: {where}"))
