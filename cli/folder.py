"""`nurture check` and `nurture schema`: looks at a folder of definitions; changes nothing but the schemas beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.check import check_command
from cli.console import INPUT_IS_WRONG, Ended, out
from cli.schema import write_schemas
from nurture.errors import NurtureError

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder of definitions.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check", epilog="Examples: nurture check · nurture check scenarios --format json")(check)
    app.command("schema", epilog="Example: nurture schema scenarios")(schema)


def check(
    directory: Folder = Path("scenarios"),
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for editors and CI.")] = "text",
) -> None:
    """Find everything that is wrong in a folder of definitions; ends with 0 without errors, else with 1."""
    if check_command(directory, format):
        raise Ended(INPUT_IS_WRONG)


def schema(directory: Folder = Path("scenarios")) -> None:
    """Write the JSON Schemas that editors use into DIR/schema."""
    try:
        for path in write_schemas(directory):
            out.print(str(path))
    except OSError as error:
        raise NurtureError(f"the schemas cannot be written: {error.strerror}", where=str(directory)) from error
