"""`nurture report`: what came of things over time; each report has a module of its own, this one puts them together."""

from __future__ import annotations

import typer

from cli.delivery_report import EXAMPLES, delivery


def register(app: typer.Typer) -> None:
    """Add the group of reports."""
    group = typer.Typer(name="report", help="What came of what was done.", no_args_is_help=True)
    group.command("delivery", epilog=EXAMPLES)(delivery)
    app.add_typer(group, epilog=EXAMPLES)
