"""`nurture report delivery`: what became of mails on the terminal, as CSV or as data; refuses to judge any itself."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from adapters.database.delivered import counted
from adapters.database.engine import reading
from adapters.lead_export import cell
from cli.console import err, out
from cli.delivery_words import ADVICE, COLUMNS, TITLES, VERDICTS
from cli.opening import opened
from nurture.as_data import as_data
from nurture.definitions import Breaker
from nurture.delivery import Counts, Line, Report, report
from nurture.durations import Duration
from nurture.errors import NurtureError
from nurture.shares import Share
from nurture.wording.conditions import Language, language_of

EXAMPLES = "Examples: nurture report delivery · nurture report delivery --since 7d --csv delivery.csv"
MOST_SHOWN = 20
_STYLES = {"good": "green", "watch": "yellow", "bad": "red", "too_few": "dim"}
_COUNTS = [each.name for each in fields(Counts)]


def delivery(
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="Mails sent in this time until now.")] = "30d",
    csv_: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write every line there, too; - is the terminal.")
    ] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="`ja` or `en`; default: the language of most scenarios.")
    ] = None,
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for other programs.")] = "text",
) -> None:
    """What became of mails, by scenario and receiving domain: how many arrived, came back, were read, and what to do.

    Domains only, never an address.
    """
    span = span_of(since)
    with opened() as data, Progress(console=err, transient=True) as progress, reading(data.engine) as conn:
        progress.add_task("counting", total=None)
        known, now = data.store.current(), data.clock.now()
        rules = known.sender.breaker if known.sender is not None else Breaker()
        found = report(counted(conn, now - span.span, now), rules, since=now - span.span, now=now)
    speaks = language or language_of(known)
    if csv_ is not None:
        _write(csv_, found)
    if format == "json":
        typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=2))
    elif csv_ != "-":
        tell(found, speaks)


def span_of(text: str) -> Duration:
    """A plain span of time; raises NurtureError."""
    do = "write a span such as 7d, 30d or 12h"
    try:
        span = Duration.parse(text)
    except ValueError as error:
        raise NurtureError(str(error), where="--since", do=do) from error
    if span.business_days or not span.positive:
        raise NurtureError(f"{text} is no span of time to look back over", where="--since", do=do)
    return span


def tell(found: Report, language: Language) -> None:
    """The report for the terminal."""
    words = TITLES[language]
    when = f"{found.since:%Y-%m-%d %H:%M} {words['until']} {found.now:%Y-%m-%d %H:%M} UTC"
    out.print(Text(f"{words['since']} {when}", style="bold"))
    if not found.total.counts.sent:
        out.print(words["none"])
        return
    parts = (
        (words["all"], [found.total]),
        (words["scenarios"], found.scenarios),
        (words["domains"], found.domains[:MOST_SHOWN]),
    )
    for title, lines in parts:
        out.print()
        out.print(_table(title, lines, language))
        for line in lines:
            for each in line.advice if line is not found.total else ():
                out.print(Text(f"→ {line.name}: {ADVICE[language][each]}", style="yellow"))
    if len(found.domains) > MOST_SHOWN:
        out.print(Text(words["more"].format(count=len(found.domains) - MOST_SHOWN), style="dim"))
    out.print()
    out.print(Text(words["about"], style="dim"))


def _table(title: str, lines: Iterable[Line], language: Language) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name, shown in COLUMNS[language].items():
        table.add_column(shown, justify="left" if name in ("name", "verdict") else "right", overflow="fold")
    for line in lines:
        cells = [_cell(getattr(line.counts, name), line.rates.get(name)) for name in _COUNTS]
        verdict = Text(VERDICTS[language][line.verdict], style=_STYLES[line.verdict])
        table.add_row(Text(line.name), *cells, verdict)
    return table


def _cell(count: int, rate: Share | None) -> str:
    if rate is None:
        return f"{count:,}"
    if not rate.of:
        return "–"
    return f"{count:,}\n{100 * rate.value:.1f} ({100 * rate.low:.1f}–{100 * rate.high:.1f})"


def _write(where: str, found: Report) -> None:
    if where == "-":
        _rows(sys.stdout, found)
        return
    try:
        with Path(where).open("w", encoding="utf-8", newline="") as file:
            _rows(file, found)
    except OSError as error:
        do = "choose another name, or - for the terminal"
        raise NurtureError(f"the file cannot be written: {error.strerror}", where=where, do=do) from error
    err.print(Text(f"written: {where}"))


def _rows(file: TextIO, found: Report) -> None:
    rows = csv.writer(file, lineterminator="\n")
    rates = list(found.total.rates)
    shares = [f"{name}_{part}" for name in rates for part in ("share", "low", "high")]
    rows.writerow(["by", "name", *_COUNTS, *shares, "verdict", "advice"])
    several = [("all", found.total), *(("scenario", each) for each in found.scenarios)]
    for by, line in [*several, *(("domain", each) for each in found.domains)]:
        parts = [
            f"{value:.4f}" if line.rates[name].of else ""
            for name in rates
            for value in (line.rates[name].value, line.rates[name].low, line.rates[name].high)
        ]
        counts = [getattr(line.counts, name) for name in _COUNTS]
        rows.writerow([by, cell(line.name), *counts, *parts, line.verdict, " ".join(line.advice)])
