"""`nurture score fit`: proposes a score from past deals, with its evidence; deploys nothing and overwrites nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from adapters.deals.columns import Columns, written
from adapters.deals.guess import guess
from adapters.deals.table import read_table
from adapters.history_file import HistoryFile, columns_beside, open_history
from adapters.scenario_folder import check_folder
from cli.console import INPUT_IS_WRONG, Ended, err
from cli.fit_report import LABELS, said_of, tell_files, tell_study
from nurture.definitions import Definitions
from nurture.durations import Duration
from nurture.errors import NurtureError, Unavailable
from nurture.wording.conditions import Language, Words, language_of

if TYPE_CHECKING:
    from adapters.fitting.proposal import Proposal
    from adapters.fitting.study import Study

EXAMPLE = "nurture score fit deals.csv --against scenarios --capacity 20/week"
_TOLD = 15


def fit(  # noqa: PLR0913, PLR0917 - the options of a command
    history: Annotated[Path, typer.Argument(metavar="HISTORY.csv", help="Past deals, won and lost; CSV or a zip.")],
    columns: Annotated[
        Path | None,
        typer.Option("--columns", metavar="FILE", help="What its columns mean; default: HISTORY.columns.yaml."),
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE.csv", help="One event a row: lead,type,subject,at.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="Compare with the score of this folder.")
    ] = None,
    capacity: Annotated[
        str | None, typer.Option("--capacity", metavar="N/week|N%", help="How many leads sales can take.")
    ] = None,
    horizon: Annotated[
        str | None, typer.Option("--horizon", metavar="SPAN", help="How long until a lead is won or lost, as 180d.")
    ] = None,
    items: Annotated[
        int | None,
        typer.Option("--items", metavar="N", min=1, max=20, help="The most items; default: as many as hold, to 20."),
    ] = None,
    directory: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")] = Path("fitted"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Go on with a guess at the columns.")] = False,
    language: Annotated[
        Language | None,
        typer.Option("--language", help="`ja` or `en`; default: that of most scenarios in --against, else `en`."),
    ] = None,
) -> None:
    """Propose items, points and a threshold from past deals, judged on deals that they were not fitted to.

    Writes score.yaml, what it names, and report.html into --out. The first run guesses what the columns mean, writes
    that beside the table and asks for a look.
    """
    wanted, span = _capacity(capacity), _span(horizon)
    _needed()
    present = _present(against)
    words = _words(present, language)
    meant = _columns(history, columns, present, words.language, yes=yes)
    _free(directory, force=force)
    spinner = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*spinner, console=err, transient=True) as progress:
        task = progress.add_task("reading", total=None)
        past = open_history(history, meant, events, present.attributes if present else None, datetime.now(UTC))
        _tell_problems(past, words.language)
        study = _study(past, present, wanted, items, span, lambda what: progress.update(task, description=what))
        progress.update(task, description="writing")
        proposal = _proposal(study, past, present, words)
        _write(proposal.files, directory)
    tell_study(study, words)
    tell_files(proposal, directory, against, words.language)


def _words(present: Definitions | None, language: Language | None) -> Words:
    """By the labels of the folder to compare with; without one attributes are called as their columns are."""
    by_itself: Language = language_of(present) if present is not None else "en"
    return Words(present or Definitions(), language or by_itself)


def _needed() -> None:
    """Raise where the extra is not installed."""
    if find_spec("sklearn") is None:
        raise Unavailable(
            "fitting needs scikit-learn, which is not installed",
            do="in a checkout: make fit; elsewhere install the extra: pip install 'nurture[fit]'",
        )


def _study(
    past: HistoryFile,
    present: Definitions | None,
    wanted: tuple[float | None, float | None] | None,
    items: int | None,
    horizon: timedelta | None,
    tick: Callable[[str], None],
) -> Study:
    from adapters.fitting.study import study_of  # noqa: PLC0415 - scikit-learn takes a second to load
    from adapters.fitting.thresholds import Capacity  # noqa: PLC0415 - as above

    capacity = Capacity(*wanted) if wanted is not None else None
    return study_of(past, against=present, capacity=capacity, most_items=items, horizon=horizon, tick=tick)


def _proposal(study: Study, past: HistoryFile, present: Definitions | None, words: Words) -> Proposal:
    from adapters.fitting.proposal import proposal_of  # noqa: PLC0415 - as above
    from adapters.fitting.report import report_of  # noqa: PLC0415

    proposal = proposal_of(study, past, present, language=words.language)
    problems = [str(each) for each in past.problems]
    report = report_of(
        study, past.path.name, problems, language=words.language, said_of=lambda item: said_of(item, words)
    )
    return replace(proposal, files={**proposal.files, "report.html": report})


def _capacity(text: str | None) -> tuple[float | None, float | None] | None:
    """A share of the leads, or a number a week."""
    if text is None:
        return None
    share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    week = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:/|per)\s*week", text.strip())
    if share is not None and 0 < float(share[1]) <= 100:
        return float(share[1]) / 100, None
    if week is not None and float(week[1]) > 0:
        return None, float(week[1])
    raise NurtureError(f"--capacity {text!r} is no capacity", do="write 20/week, or 10% of the leads")


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        found = Duration.parse(text)
    except ValueError as error:
        raise NurtureError(f"--horizon: {error}", do="write 180d") from error
    if found.business_days or not found.positive:
        raise NurtureError(f"--horizon {text!r} is no span of time", do="write 180d")
    return found.span


def _present(against: Path | None) -> Definitions | None:
    if against is None:
        return None
    loaded, _ = check_folder(against)
    if not loaded.ok:
        do = f"nurture check {against} shows what is wrong"
        raise NurtureError("the folder to compare with has errors", where=str(against), do=do)
    return loaded.definitions


def _columns(
    history: Path, columns: Path | None, present: Definitions | None, language: Language, *, yes: bool
) -> Path | Columns:
    """The mapping to use: a file, or a guess that is written beside the table for a person to look at."""
    beside = columns_beside(history)
    if columns is not None or beside.is_file():
        return columns or beside
    table = read_table(history)
    found = guess(table, present.attributes if present else None)
    text, labels = written(found, history.name), LABELS[language]
    err.print(Text(text, style="dim"))
    try:
        beside.write_text(text, encoding="utf-8")
    except OSError as error:
        err.print(Text(labels["not_kept"].format(file=beside, why=error.strerror), style="yellow"))
    else:
        err.print(Text(labels["guessed"].format(file=beside), style="bold"))
    if yes:
        return found
    if sys.stdin.isatty() and typer.confirm(labels["right"], err=True):
        return found
    err.print(Text(labels["look"]))
    raise Ended(INPUT_IS_WRONG)


def _free(directory: Path, *, force: bool) -> None:
    files = ("score.yaml", "attributes.yaml", "events.yaml")
    several = (*files, "report.html", *(f"held_out/{name}" for name in files))
    there = [name for name in several if (directory / name).exists()]
    if there and not force:
        do = "name another folder with --out, or overwrite with --force"
        raise NurtureError(f"{there[0]} is there already", where=str(directory), do=do)


def _write(files: Mapping[str, str], directory: Path) -> None:
    try:
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the proposal cannot be written: {error.strerror}"
        raise NurtureError(what, where=str(directory), do="name a folder that can be written with --out") from error


def _tell_problems(past: HistoryFile, language: Language) -> None:
    for problem in past.problems[:_TOLD]:
        err.print(Text(str(problem), style="red" if problem.severity == "error" else "yellow"))
    if len(past.problems) > _TOLD:
        more = LABELS[language]["more"].format(more=len(past.problems) - _TOLD)
        err.print(Text(more, style="yellow"))
