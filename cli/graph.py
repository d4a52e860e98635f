"""`nurture graph`: a scenario as Mermaid text on stdout and as an SVG picture in a file; draws nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import err
from cli.opening import definitions_in
from nurture.errors import NurtureError, UnknownName
from nurture.flow import read_flow
from nurture.graph import mermaid, svg

Directory = Annotated[
    Path, typer.Option("--dir", "--folder", metavar="DIR", help="The folder of definitions.", show_default="scenarios")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("graph", epilog="Example: nurture graph seminar_to_demo --svg picture.svg")(graph)


def graph(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario's name.")],
    svg_file: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Where the picture goes.", show_default="./SCENARIO.svg"),
    ] = None,
    directory: Directory = Path("scenarios"),
) -> None:
    """Draw a scenario: Mermaid text on stdout, an SVG picture in a file."""
    definitions = definitions_in(directory)
    if scenario not in definitions.scenarios:
        raise UnknownName("scenario", scenario, definitions.scenarios, where=str(directory))
    found = definitions.scenarios[scenario]
    picture = svg_file or Path(f"{scenario}.svg")
    try:
        picture.write_text(svg(read_flow(found)), encoding="utf-8")
    except OSError as error:
        raise NurtureError(
            f"the picture cannot be written: {error.strerror}", where=str(picture), do="name another file with --svg"
        ) from error
    # Mermaid goes to stdout as it is, since it is piped; the rest is for the person
    typer.echo(mermaid(found), nl=False)
    err.print(f"picture: {picture}")
