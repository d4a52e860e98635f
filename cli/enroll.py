"""`nurture enroll`: enrols one lead or a segment in a scenario and says what became of each; decides about none."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from adapters.database import audit, leads
from adapters.database.engine import reading, writing
from adapters.enrolling import Enrolment, enrol, members
from cli.console import err, out
from cli.lead_list import OF_THE_DEMO, unknown_lead
from cli.opening import Data, opened
from nurture.errors import NurtureError, UnknownName

_LISTED = 50


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: nurture enroll seminar_to_demo --lead lead_001 · "
        "nurture enroll seminar_to_demo --segment midsize_infrastructure"
    )
    app.command("enroll", epilog=f"{examples}\n\n{OF_THE_DEMO}")(enroll)


def enroll(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario's name.")],
    lead: Annotated[list[str] | None, typer.Option("--lead", metavar="ID", help="A lead; may be repeated.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", metavar="S", help="Everybody in a segment.")] = None,
) -> None:
    """Enrol leads in a scenario of the current deployment."""
    if (not lead) == (segment is None):
        raise NurtureError("say who: --lead ID or --segment S", do="give one of the two")
    with opened() as data:
        definitions = data.store.current()
        if scenario not in definitions.scenarios:
            raise UnknownName("scenario", scenario, definitions.scenarios, where=f"deployment {definitions.number}")
        if segment is not None:
            wanted = members(data.engine, definitions, segment, data.clock.now())
        else:
            wanted = [_known(data, each) for each in lead or []]
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("enrolling", total=len(wanted))
            made = enrol(
                data.engine, definitions, scenario, wanted, now=data.clock.now,
                progress=lambda done: progress.update(task, completed=done),
            )  # fmt: skip
        with writing(data.engine) as connection:
            details = {"enrolled": len(made.enrolled), "queued": len(made.queued), "refused": len(made.refused)}
            audit.note(connection, "enrol", scenario, at=data.clock.now(), details=details)
    _tell(scenario, made)


def _known(data: Data, lead: str) -> str:
    with reading(data.engine) as connection:
        if leads.view(connection, lead) is None:
            raise unknown_lead(connection, lead)
    return lead


def _tell(scenario: str, made: Enrolment) -> None:
    rows = [(lead, "enrolled", "") for lead in made.enrolled]
    rows += [(lead, "queued", "another scenario or a handoff comes first") for lead in made.queued]
    rows += [(lead, "refused", reason) for lead, reason in made.refused]
    table = Table(box=None, pad_edge=False)
    for name in ("lead", "what", "reason"):
        table.add_column(name)
    styles = {"enrolled": "green", "queued": "yellow", "refused": "red"}
    for lead, what, reason in rows[:_LISTED]:
        table.add_row(Text(lead), Text(what, style=styles[what]), reason)
    if rows:
        out.print(table)
    if len(rows) > _LISTED:
        out.print(f"… and {len(rows) - _LISTED} more")
    out.print(f"{scenario}: {len(made.enrolled)} enrolled, {len(made.queued)} queued, {len(made.refused)} refused")
