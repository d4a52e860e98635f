"""`nurture segments`: what the segments hold; each command's own module does the work."""

from __future__ import annotations

import typer

from cli.segments_report import report


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    example = "nurture segments report --history scenarios/history/deals.csv"
    group = typer.Typer(name="segments", help="Look at segments.", no_args_is_help=True, epilog=f"Example: {example}")
    group.command("report", epilog=f"Example: {example}")(report)
    group.callback()(lambda: None)
    app.add_typer(group)
