"""`nurture simulate`: shows the path of one lead, or where many would end; the core walks, this asks and tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.progress import Progress
from rich.text import Text

from adapters.database import leads as stored_leads
from adapters.database.engine import reading
from adapters.database.events import EventIn
from cli.console import err
from cli.forecasts import forecast_data, path_data, tell_forecast, tell_path
from cli.graph import Directory
from cli.opening import definitions_in, opened_if_there
from cli.rates import audience_in, text_of
from nurture.definitions import Definitions
from nurture.errors import NurtureError, UnknownName
from nurture.simulate import SimulatedEvent, SimulatedLead, walk_many, walk_one

MOST_LEADS = 1_000_000
ANYBODY = "simulated"
"""The lead of an event that names none."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: nurture simulate seminar_to_demo · nurture simulate seminar_to_demo --events events.json · "
        "nurture simulate seminar_to_demo --leads 1000 --seed 7"
    )
    app.command("simulate", epilog=examples)(simulate)


def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario's name.")],
    lead: Annotated[
        str | None, typer.Option("--lead", metavar="ID", help="Who walks; its stored attributes are used.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="What it does: the JSON body of POST /events, `lead` optional."),
    ] = None,
    leads: Annotated[
        int | None, typer.Option("--leads", metavar="N", min=1, max=MOST_LEADS, help="Walk many leads instead of one.")
    ] = None,
    rates: Annotated[
        Path | None,
        typer.Option("--rates", metavar="FILE", help="How they behave.", show_default="DIR/audience.yaml"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same forecast.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    directory: Directory = Path("scenarios"),
) -> None:
    """Walk a scenario without sending anything: one lead (the path of silence without events), or many by rates.

    Reads DIR, not what is deployed. The run starts at nurture's now.
    """
    if leads is not None and (lead is not None or events is not None):
        raise NurtureError("--leads walks many, --lead and --events one", do="use one or the other")
    if leads is None and rates is not None:
        raise NurtureError("--rates needs --leads", do="say how many leads shall walk: --leads 1000")
    definitions = definitions_in(directory)
    if scenario not in definitions.scenarios:
        raise UnknownName("scenario", scenario, definitions.scenarios, where=str(directory))
    zone = definitions.sender.time_zone if definitions.sender is not None else "UTC"
    if leads is not None:
        audience = audience_in(rates or directory / "audience.yaml", "name another with --rates")
        start = _lead_and_now(None)[1]
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("walking", total=leads)
            forecast = walk_many(
                definitions, scenario, audience, leads, seed=seed, now=start,
                progress=lambda done: progress.update(task, completed=done),
            )  # fmt: skip
        if as_json:
            typer.echo(json.dumps(forecast_data(scenario, forecast, seed=seed, start=start), ensure_ascii=False))
        else:
            tell_forecast(scenario, forecast)
        return
    who, start = _lead_and_now(lead)
    happening = _events(events, definitions, who.id if lead is not None else None, start) if events else []
    path = walk_one(definitions, scenario, who, happening, start)
    if as_json:
        typer.echo(json.dumps(path_data(scenario, who.id, path, start=start), ensure_ascii=False))
    else:
        tell_path(scenario, who.id, path, happening, start=start, zone=zone)


def _lead_and_now(lead: str | None) -> tuple[SimulatedLead, datetime]:
    """Who walks, as stored where it is, and nurture's now; real now where there is no data yet."""
    with opened_if_there() as data:
        now = data.clock.now() if data is not None else datetime.now(UTC)
        known = None
        if data is not None and lead is not None:
            with reading(data.engine) as connection:
                known = stored_leads.view(connection, lead)
    if known is not None:
        who = SimulatedLead(known["id"], known["attributes"], known["language"], known["time_zone"])
        return who, now
    if lead is not None:
        err.print(Text(f"there is no lead {lead!r} in the data: it walks without attributes", style="yellow"))
        err.print(
            Text("  → look for the id with nurture leads list, or bring it along: nurture leads import", style="yellow")
        )
    return SimulatedLead(id=lead or "simulated"), now


def _events(file: Path, definitions: Definitions, lead: str | None, start: datetime) -> list[SimulatedEvent]:
    """The events of the file that are this lead's, or nobody's; raises NurtureError naming every bad one."""
    try:
        body = json.loads(text_of(file, "name another with --events"))
    except ValueError as error:
        raise NurtureError(
            f"this is not JSON: {error}", where=str(file), do="write the body of POST /events"
        ) from error
    told = body.get("events") if isinstance(body, dict) else None
    if not isinstance(told, list):
        raise NurtureError("there is no list `events`", where=str(file), do='write {"events": [{"type": "opened"}]}')
    found, bad = [], []
    for index, raw in enumerate(told):
        given = {"id": f"event {index}", "lead": ANYBODY, **raw} if isinstance(raw, dict) else raw
        try:
            event = EventIn.model_validate(given)
        except ValidationError as error:
            bad.append(f"events[{index}]: " + "; ".join(detail["msg"] for detail in error.errors(include_url=False)))
            continue
        if event.type not in definitions.event_types:
            unknown = UnknownName("event type", event.type, definitions.event_types)
            bad.append(f"events[{index}]: {unknown.what}. {unknown.do}")
            continue
        if lead is None or event.lead in (ANYBODY, lead):
            found.append(SimulatedEvent(at=event.at or start, type=event.type, subject=event.subject))
    if bad:
        raise NurtureError(f"{len(bad)} event(s) cannot be read", where=str(file), do="mend them: " + " | ".join(bad))
    return found
