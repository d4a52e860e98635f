"""`nurture backtest`: what definitions would have done with past leads; the core judges, this asks and tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from adapters.database.backtesting import open_for, some_leads
from adapters.database.engine import reading
from adapters.database.history import past_leads
from cli.backtests import as_data, tell
from cli.console import err
from cli.folder import Folder
from cli.opening import Data, opened_if_there
from cli.pasts import Columns, Events, History, opened_pasts
from cli.segments_report import Format, Speaks
from nurture.backtest import Capacity, Comparison, capacity_of, matters, usually
from nurture.definitions import Definitions
from nurture.durations import Duration
from nurture.errors import NurtureError
from nurture.wording.backtests import Saying
from nurture.wording.conditions import language_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: nurture backtest · nurture backtest scenarios --since 90d · "
        "nurture backtest --history scenarios/history/deals.csv --since 365d --language en"
    )
    app.command("backtest", epilog=examples)(backtest)


def backtest(
    directory: Folder = Path("scenarios"),
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="How far back, as 180d or 26w.")] = "180d",
    history: History = None,
    columns: Columns = None,
    events: Events = None,
    capacity: Annotated[
        float | None,
        typer.Option(
            "--capacity",
            metavar="N",
            min=0.1,
            help="How many new hot leads sales can take in a week.",
            show_default="by the reps in sales.yaml",
        ),
    ] = None,
    language: Speaks = None,
    format: Format = "text",
) -> None:
    """Run what leads did through the definitions in DIR: who would have become hot when, and whether they were won.

    Nothing is deployed and nobody is handed over. Compared with the current deployment, where there is one.
    """
    span = _span(since)
    deployed = _deployed(span, needed=history is None)
    with opened_pasts(history, columns, directory, events) as pasts:
        if pasts.definitions.hot_lead is None:
            do = "write one, or name the folder that has it: nurture backtest scenarios"
            raise NurtureError("there is no hot_lead.yaml: nobody would become hot", where=str(directory), do=do)
        usual = usually(deployed.open_for)
        compared = Comparison(pasts.definitions, deployed.definitions, pasts.now - span, pasts.now, usual)
        seen, cases = 0, []
        for lead in pasts.leads:
            seen += 1
            if (case := compared.case(lead)) is not None:
                cases.append(case)
        found = compared.summed(cases, seen)
        limit = _capacity(capacity, pasts.definitions, deployed.open_for)
        new = pasts.definitions
    if format == "json":
        typer.echo(json.dumps(as_data(found, limit, Saying("en", new)), ensure_ascii=False, indent=2))
        return
    saying = Saying(language or language_of(new), new, deployed.definitions)
    tell(found, limit, saying, zone=compared.zone, source=str(history) if history is not None else None)


SAMPLED = 4_000
"""At most so many leads are looked at for a plan, which is asked for often: a few seconds."""
FORETOLD = timedelta(days=180)


def foretold(data: Data, new: Definitions) -> list[str]:
    """What a plan says of the past: nothing where the same leads would become hot as now, or there is no lead."""
    old, now = data.store.current(), data.clock.now()
    if new.hot_lead is None or not matters(old, new):
        return []
    with reading(data.engine) as connection, Progress(console=err, transient=True) as progress:
        open_since = open_for(connection, now - FORETOLD)
        compared = Comparison(new, old, now - FORETOLD, now, usually(open_since))
        some, of = some_leads(connection, SAMPLED)
        past = progress.track(past_leads(connection, some), total=len(some), description="back-testing")
        found = compared.summed([case for lead in past if (case := compared.case(lead)) is not None], len(some))
    limit = capacity_of(new.sales, open_since, new.hot_lead.queue)
    return Saying("en", new, old).summary(found, limit, sampled_of=of) if of else []


@dataclass(frozen=True, slots=True)
class _Deployed:
    """What the past is compared with, and how long sales had each task; nothing where there is no data."""

    definitions: Definitions | None = None
    open_for: Sequence[timedelta] = ()


def _deployed(span: timedelta, *, needed: bool) -> _Deployed:
    with opened_if_there() as data:
        if data is None:
            if needed:
                do = "name a table of past deals with --history FILE.csv, or begin with nurture up"
                raise NurtureError("there are no leads yet whose past could be looked at", do=do)
            return _Deployed()
        current = data.store.current() if data.store.refresh() else None
        with reading(data.engine) as connection:
            return _Deployed(current, open_for(connection, data.clock.now() - span))


def _span(text: str) -> timedelta:
    try:
        found = Duration.parse(text)
    except ValueError as error:
        raise NurtureError(f"--since {text}: {error}", do="write --since 180d") from error
    if found.business_days or not found.positive:
        raise NurtureError(f"--since {text} is no span of time to look back over", do="write --since 180d")
    return found.span


def _capacity(named: float | None, definitions: Definitions, open_for: Sequence[timedelta]) -> Capacity | None:
    if named is not None:
        return Capacity(named)
    return capacity_of(definitions.sales, open_for, definitions.hot_lead.queue if definitions.hot_lead else "")
