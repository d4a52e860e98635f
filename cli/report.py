"""`nurture report`: what came of things over time; each report has a module of its own, this one puts them together."""

from __future__ import annotations

import typer

from cli import delivery_report, hot_report, report_history

EXAMPLES = (
    "Examples: nurture report · nurture report --since 30d --by rep · nurture report delivery · "
    "nurture report history --out past"
)


def register(app: typer.Typer) -> None:
    """Add the group of reports; without a word it is that of hot leads."""
    group = typer.Typer(name="report", help=hot_report.HELP, invoke_without_command=True)
    group.callback(epilog=EXAMPLES)(hot_report.hot)
    group.command("delivery", epilog=delivery_report.EXAMPLES)(delivery_report.delivery)
    group.command("history", epilog=report_history.EXAMPLES)(report_history.history)
    app.add_typer(group, epilog=EXAMPLES)
