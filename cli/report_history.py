"""`nurture report history`: writes what came of tasks for fitting a score and a back-test; refuses to fit anything."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from adapters.database.engine import reading
from adapters.database.history import past_leads
from adapters.database.past_tasks import past_tasks
from adapters.history_export import write_history
from cli.console import err, out
from cli.delivery_report import span_of
from cli.opening import opened
from nurture.review.tasks import PastTask

EXAMPLES = "Examples: nurture report history --out past · nurture report history --out past --since 365d --force"
LEAST_WINS = 50
"""With fewer wins nurture score fit fits nothing."""


def history(
    directory: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write.")],
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="Tasks made in this time until now.")] = "1095d",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write every task as a past deal, as it was known when it was made: nurture score fit and backtest read that.

    history.csv with one task a row, events.csv with what its lead had done by then, history.columns.yaml with what the
    columns mean. No name and no address; what attributes hold of a person is yours to keep safe.
    """
    span = span_of(since)
    with opened() as data, Progress(console=err, transient=True) as progress, reading(data.engine) as conn:
        known, now = data.store.current(), data.clock.now()
        of_lead: dict[str, list[PastTask]] = defaultdict(list)
        for task in past_tasks(conn, now - span.span, now):
            of_lead[task.lead].append(task)
        several = progress.track(past_leads(conn, sorted(of_lead)), total=len(of_lead), description="writing")
        pairs = ((lead, of_lead[lead.id]) for lead in several)
        made = write_history(directory, pairs, dict(known.attributes), force=force)
    out.print(f"{made.number:,} task(s), {made.won:,} won, {made.lost:,} lost; {made.happened:,} event(s)")
    out.print(Text(f"written: {made.deals}, {made.events}, {made.columns}"))
    if made.won < LEAST_WINS:
        more = f"{LEAST_WINS - made.won} more wins until nurture score fit has enough ({LEAST_WINS})"
        err.print(Text(more, style="yellow"))
        return
    out.print(Text(f"now: nurture score fit {made.deals} --events {made.events} --against scenarios"))
