"""`nurture check` and `nurture schema`: looks at a folder of definitions; changes nothing but the schemas beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.check import check_command
from cli.console import INPUT_IS_WRONG, Ended, out
from cli.schema import write_reference, write_schemas
from nurture.errors import NurtureError

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of definitions.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check", epilog="Examples: nurture check · nurture check scenarios --format json")(check)
    app.command("schema", epilog="Examples: nurture schema scenarios · nurture schema --reference docs")(schema)


def check(
    directory: Folder = Path("scenarios"),
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="`json` for editors and CI.")] = "text",
) -> None:
    """Find everything that is wrong in a folder of definitions; ends with 0 without errors, else with 1."""
    if check_command(directory, format):
        raise Ended(INPUT_IS_WRONG)


def schema(
    directory: Folder = Path("scenarios"),
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="DIR", help="Write the scenario reference for people instead.")
    ] = None,
) -> None:
    """Write the JSON Schemas that editors use into DIR/schema, or the reference that people read."""
    try:
        for path in write_schemas(directory) if reference is None else write_reference(reference):
            out.print(str(path))
    except OSError as error:
        where, what = (directory, "schemas") if reference is None else (reference, "reference")
        raise NurtureError(f"the {what} cannot be written: {error.strerror}", where=str(where)) from error
