"""`nurture deployments`: lists the numbered snapshots, shows and compares their files, deploys one of them again."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from adapters.database import deployments
from adapters.database.engine import reading
from adapters.scenario_folder import check_texts
from cli.check import report
from cli.console import INPUT_IS_WRONG, Ended, err, out
from cli.deploy import put_in_place
from cli.opening import Data, opened
from nurture.errors import UnknownName

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `nurture deployments list` has it.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="deployments",
        help="Look at what was deployed, and deploy it again.",
        no_args_is_help=True,
        epilog="Example: nurture deployments list",
    )
    group.command("list", epilog="Example: nurture deployments list")(list_)
    group.command("show", epilog="Example: nurture deployments show 3 --file sender.yaml")(show)
    group.command("compare", epilog="Example: nurture deployments compare 2 3")(compare)
    group.command("again", epilog="Example: nurture deployments again 2")(again)
    app.add_typer(group)


def list_() -> None:
    """Every deployment, the newest first, with how many leads walk in it."""
    with opened() as data, reading(data.engine) as connection:
        found, walked = deployments.listed(connection), deployments.deployed_counts(connection)
    if not found:
        out.print("nothing has been deployed yet: nurture deploy")
        return
    table = Table("number", "deployed", "by", "files", "leads in it", box=None)
    for each in found:
        at = f"{each.at:%Y-%m-%d %H:%M} UTC"
        table.add_row(str(each.number), at, each.by or "", str(each.files), str(walked.get(each.number, 0)))
    out.print(table)


def show(
    number: Number,
    file: Annotated[str | None, typer.Option("--file", metavar="FILE", help="The text of this file only.")] = None,
) -> None:
    """The files of a deployment, or the text of one."""
    with opened() as data:
        files = data.store.files(_known(data, number))
    if file is None:
        for name, text in files.items():
            out.print(f"{name}  ({len(text.splitlines())} lines)")
        return
    if file not in files:
        raise UnknownName("file", file, files, where=f"deployment {number}")
    out.print(Text(files[file]), end="")


def compare(
    older: Annotated[int, typer.Argument(metavar="OLDER", help="As `nurture deployments list` has it.")],
    newer: Annotated[int, typer.Argument(metavar="NEWER", help="As `nurture deployments list` has it.")],
) -> None:
    """What differs between two deployments, line by line."""
    with opened() as data:
        before, after = (data.store.files(_known(data, number)) for number in (older, newer))
    lines = list(_differences(before, after, older, newer))
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        out.print(Text(line, style=style))
    if not lines:
        out.print(f"deployments {older} and {newer} have the same files")


def again(number: Number) -> None:
    """Make the files of an older deployment the current ones, under a new number."""
    with opened() as data:
        files = data.store.files(_known(data, number))
        loaded = check_texts(files)
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        for text in report(errors, files):
            err.print(text)
        if errors:
            err.print(Text("nothing was deployed: a check has become stricter since", style="bold red"))
            raise Ended(INPUT_IS_WRONG)
        put_in_place(data, loaded, files)


def _known(data: Data, number: int) -> int:
    if number not in data.store.numbers():
        raise UnknownName("deployment", str(number), map(str, data.store.numbers()))
    return number


def _differences(before: Mapping[str, str], after: Mapping[str, str], older: int, newer: int) -> list[str]:
    found: list[str] = []
    for name in sorted({*before, *after}):
        one, other = (files.get(name, "").splitlines() for files in (before, after))
        found += difflib.unified_diff(one, other, f"{older}/{name}", f"{newer}/{name}", lineterm="")
    return found
