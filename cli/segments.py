"""`nurture segments`: who is in a segment, what each of its conditions removes, its 4R; changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection, func, select

from adapters.database.engine import reading
from adapters.database.members import STRETCH
from adapters.database.schema import leads
from adapters.database.segments import Tally, known_of, tally
from adapters.lead_export import BOM, plain, write_leads
from cli.console import err, out
from cli.opening import definitions_in, opened_if_there
from cli.segments_report import report
from nurture.axes import axes_of
from nurture.definitions import Definitions, Segment
from nurture.errors import NurtureError, UnknownName
from nurture.membership import Membership
from nurture.sieve import Part, attributes_of, entered_from, sieve

COMPANY = "company"
Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="Try the segments of this folder, before it is deployed."),
]
_EXAMPLES = (
    "Examples: nurture segments list · nurture segments show midsize_infrastructure · "
    "nurture segments show dormant --csv dormant.csv"
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="segments", help="Who is in a segment, and why so many.", no_args_is_help=True)
    group.command("list", epilog="Example: nurture segments list --folder scenarios")(list_segments)
    group.command("show", epilog=_EXAMPLES)(show)
    group.command("report", epilog="Example: nurture segments report --history scenarios/history/deals.csv")(report)
    app.add_typer(group, epilog=_EXAMPLES)


@dataclass(frozen=True, slots=True)
class _Stage:
    """The leads as they are now, the definitions asked for, and a bar that counts leads."""

    conn: Connection
    definitions: Definitions
    now: datetime
    where: str
    progress: Progress

    def counted(self, several: Sequence[Membership]) -> Tally:
        """How many fit each."""
        task = self.progress.add_task("counting", total=self._all())
        return tally(self.conn, several, self.now, alive=lambda: self.progress.advance(task, STRETCH))

    def found(self, asked: Membership, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id and attributes of all who fit, one after the other."""
        task = self.progress.add_task(what, total=self._all())
        return known_of(self.conn, asked, self.now, alive=lambda: self.progress.advance(task, STRETCH))

    def _all(self) -> int:
        return self.conn.execute(select(func.count()).select_from(leads)).scalar_one()


@contextmanager
def _stage(folder: Path | None) -> Iterator[_Stage]:
    tried = definitions_in(folder) if folder is not None else None
    with opened_if_there() as data:
        definitions = tried or (data.store.current() if data is not None else Definitions())
        if tried is None and not definitions.number:
            do = "nurture deploy, or try a folder with --folder scenarios"
            raise NurtureError("nothing has been deployed yet", do=do)
        if data is None:
            raise NurtureError("there are no leads yet", do="nurture leads import FILE.csv")
        where = str(folder) if folder is not None else f"deployment {definitions.number}"
        with Progress(console=err, transient=True) as progress, reading(data.engine) as conn:
            yield _Stage(conn, definitions, data.clock.now(), where, progress)


def list_segments(folder: Folder = None) -> None:
    """Every segment with its number of leads, its axes and the scenarios it leads into."""
    with _stage(folder) as stage:
        known = stage.definitions
        counted = stage.counted([Membership.of(each.when, known) for each in known.segments.values()])
    if not known.segments:
        out.print(Text(f"no segment in {stage.where}: write segments.yaml, then nurture deploy"))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("segment", no_wrap=True)
    for name in ("leads", "%"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("axes", "leads into", "title"):
        table.add_column(name, overflow="fold")
    for (name, segment), number in zip(known.segments.items(), counted.fitting, strict=True):
        table.add_row(
            Text(name), str(number), _share(number, counted.leads), ", ".join(axes_of(segment.when, known)),
            Text(", ".join(entered_from(name, known))), Text(segment.title or ""),
        )  # fmt: skip
    out.print(table)
    out.print(Text(f"{counted.leads} lead(s) in all, by the segments of {stage.where}"))


def show(
    name: Annotated[str, typer.Argument(metavar="SEGMENT", help="The segment's name.")],
    sample: Annotated[int, typer.Option("--sample", metavar="N", min=0, max=1000, help="How many leads to show.")] = 5,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write all its leads there instead; - is the terminal.")
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Mark the CSV file as UTF-8, as Excel needs it.")] = False,
    folder: Folder = None,
) -> None:
    """How many leads fit, what each condition removes, and a few of the leads; or all of them as CSV."""
    with _stage(folder) as stage:
        segment = stage.definitions.segments.get(name)
        if segment is None:
            raise UnknownName("segment", name, stage.definitions.segments, where=stage.where)
        asked = Membership.of(segment.when, stage.definitions)
        if csv is not None:
            written = _export(stage, asked, csv, excel=excel)
        else:
            _show(stage, name, segment, asked, sample)
    if csv is not None:
        err.print(Text(f"{written} lead(s) written to {'the terminal' if csv == '-' else csv}"))


def _show(stage: _Stage, name: str, segment: Segment, asked: Membership, sample: int) -> None:
    known = stage.definitions
    through = sieve(segment, known)
    several = [Membership.of(part.condition, known) for part in through]
    in_order = [Membership.of(part.so_far, known) for part in through if part.so_far is not None]
    counted = stage.counted([asked, *several, *in_order])
    fit, alone, left = counted.fitting[0], counted.fitting[1 : len(through) + 1], counted.fitting[len(through) + 1 :]
    few = list(islice(stage.found(asked, "looking"), sample)) if fit else []
    stage.progress.stop()
    out.print(Text.assemble((name, "bold"), f"  {segment.title or ''}"))
    out.print(Text(f"{segment.when}", style="dim"))
    out.print(Text(f"{fit} of {counted.leads} lead(s), {_share(fit, counted.leads)} %, by {stage.where}"))
    out.print(f"axes: {', '.join(axes_of(segment.when, known)) or 'none'}")
    scenarios = entered_from(name, known)
    if scenarios:
        out.print(Text(f"leads into: {', '.join(scenarios)}"))
    if not counted.leads:
        out.print("there are no leads yet: nurture leads import FILE.csv")
        return
    out.print()
    out.print(_tree(through, alone, left, counted.leads))
    if not fit:
        most = min((number, place) for place, number in enumerate(alone) if through[place].whole)
        removed, worst = counted.leads - most[0], through[most[1]]
        out.print(Text(f"\nnobody fits; the condition that removes most is {worst.words}: {removed} lead(s)"))
    elif few:
        out.print()
        out.print(_sample(few, [COMPANY, *(each for each in attributes_of(segment.when, known) if each != COMPANY)]))
        out.print(Text(f"{len(few)} of {fit} shown; all: nurture segments show {name} --csv {name}.csv"))


def _tree(through: Sequence[Part], alone: Sequence[int], left: Sequence[int], total: int) -> Table:
    """Each part with the leads that fit it, those it removes by itself, and those left after it and all before it."""
    table, after = Table("condition", box=None, pad_edge=False), iter(left)
    for column in ("fit", "removes", "left in order"):
        table.add_column(column, justify="right")
    for part, number in zip(through, alone, strict=True):
        remaining = "" if part.so_far is None else str(next(after))
        words = Text("  " * part.depth + part.words, style="" if part.whole else "dim")
        table.add_row(words, str(number), str(total - number), remaining)
    return table


def _sample(few: Sequence[tuple[str, dict[str, Any]]], names: Sequence[str]) -> Table:
    table = Table("lead", *names, box=None, pad_edge=False)
    for lead, attributes in few:
        table.add_row(Text(lead), *(Text(plain(attributes.get(name))) for name in names))
    return table


def _export(stage: _Stage, asked: Membership, where: str, *, excel: bool) -> int:
    columns = list(dict.fromkeys([COMPANY, *stage.definitions.attributes]))
    found = stage.found(asked, "writing")
    if where == "-":
        sys.stdout.write(BOM if excel else "")
        return write_leads(sys.stdout, found, columns)
    try:
        with Path(where).open("w", encoding="utf-8-sig" if excel else "utf-8", newline="") as file:
            return write_leads(file, found, columns)
    except OSError as error:
        raise NurtureError(
            f"the file cannot be written: {error.strerror}",
            where=where,
            do="choose another name, or - for the terminal",
        ) from error


def _share(number: int, total: int) -> str:
    return f"{100 * number / total:.1f}" if total else "0.0"
