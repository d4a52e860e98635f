"""`nurture leads`: brings a file of leads in, and shows one lead; refuses to judge either.

What a person may ask for (disclosure, erasure) stands in privacy.py.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from adapters.database import audit, erasures, leads, timeline
from adapters.database.consents import suppressed
from adapters.database.engine import reading, writing
from adapters.database.lead_files import Imported, import_rows
from adapters.database.lead_table import decode, lines_of
from adapters.database.merging import carry_out
from adapters.database.pages import shown
from adapters.database.schema import consents
from adapters.database.scores import with_scores
from cli.console import INPUT_IS_WRONG, Ended, err, out
from cli.lead_list import EXAMPLES, OF_THE_DEMO, list_, unknown_lead
from cli.opening import Data, opened
from cli.privacy import erase, export
from nurture.errors import NurtureError

_SHOWN_LINES = 20
_TOLD = 50


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        name="leads",
        help="Bring leads in and look at them.",
        no_args_is_help=True,
        epilog="Examples: nurture leads import leads.csv · nurture leads list",
    )
    group.command("import", epilog="Example: nurture leads import scenarios/leads.csv")(import_)
    group.command("list", epilog=EXAMPLES)(list_)
    for name, example, command in (
        ("merge", "nurture leads merge lead_001 lead_057 --plan", merge),
        ("show", "nurture leads show lead_001 --json", show),
        ("export", "nurture leads export lead_001 --format csv --out lead_001.csv", export),
    ):
        group.command(name, epilog=f"Example: {example}\n\n{OF_THE_DEMO}")(command)
    group.command("erase", epilog="Example: nurture leads erase taro@example.co.jp")(erase)
    app.add_typer(group)


def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.csv", help="UTF-8, UTF-16 with its mark, Shift_JIS or EUC-JP, with a header."),
    ],
) -> None:
    """Create or change the lead of every row; bad rows are listed, the good rest is kept.

    Header: id email name language time_zone consent_topics consent_basis consent_source consent_at; every other
    column is an attribute. Columns are divided by commas, semicolons or tabs, whichever the header holds. Topics stand
    between spaces, list values between semicolons (in quotes, where these divide columns). Ends with 1 if a row was
    bad; FILE.rejected.txt then lists them all.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise NurtureError(
            f"the file cannot be read: {error.strerror}", where=str(file), do="name a CSV file"
        ) from error
    text = decode(raw, str(file))
    rows = max(text.count("\n"), text.count("\r"), 1)
    with opened() as data, Progress(console=err, transient=True) as progress:
        task = progress.add_task("importing", total=rows)
        done = import_rows(
            data.engine, lines_of(text), store=data.store, now=data.clock.now(), file_name=str(file),
            progress=lambda rows: progress.update(task, completed=rows),
        )  # fmt: skip
        with writing(data.engine) as connection:
            details = {"kept": done.good, "new": done.created, "bad": len(done.bad)}
            audit.note(connection, "import_leads", "leads", at=data.clock.now(), details=details)
    out.print(f"{done.good} lead(s) kept, {done.created} of them new; {done.enrolled} enrolled")
    _tell_lines(done.warned, "yellow")
    if done.bad:
        _tell_bad(done, file)
        raise Ended(INPUT_IS_WRONG)


def _tell_bad(done: Imported, file: Path) -> None:
    """Show the first bad rows, and write all of them beside the file; where nothing can be written, show all."""
    rejected = file.with_name(f"{file.name}.rejected.txt")
    try:
        rejected.write_text("\n".join(done.bad) + "\n", encoding="utf-8")
    except OSError as error:
        _tell_lines(done.bad, "red", most=len(done.bad))
        err.print(f"{len(done.bad)} bad row(s); {rejected} cannot be written: {error.strerror}")
        return
    _tell_lines(done.bad, "red")
    err.print(f"{len(done.bad)} bad row(s), all listed in {rejected}")


def _tell_lines(lines: Sequence[str], style: str, *, most: int = _TOLD) -> None:
    for line in lines[:most]:
        err.print(Text(line, style=style))
    if len(lines) > most:
        err.print(f"… and {len(lines) - most} more")


def merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The lead that goes on, by its id.")],
    gone: Annotated[str, typer.Argument(metavar="GONE", help="The other one, which is the same person.")],
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would come of it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let one lead be two that are the same person; there is no way back.

    KEEP keeps its id, its workflow and its place in its scenario. GONE leaves what it walks; its events, addresses,
    consents and timeline are KEEP's, and its id resolves to KEEP. What either refused stays refused.
    """
    with opened() as data:
        done = carry_out(data.engine, keep, gone, store=data.store, now=data.clock.now(), by="cli", plan=plan)
    if as_json:
        typer.echo(json.dumps(done.shown(), ensure_ascii=False, indent=2))
        return
    if done.again:
        out.print(f"{gone} is {keep} already")
        return
    out.print(f"{gone} {'would become' if plan else 'is now'} {keep}")
    out.print(f"events: {done.events} moved, {done.twice} of them known already and counted once")
    out.print(f"addresses: {', '.join(done.addresses) or 'none'}")
    out.print(f"scenarios that end: {', '.join(done.ended) or 'none'}")
    out.print(f"not to be mailed: {', '.join(f'{topic} ({reason})' for topic, reason in done.refused) or 'nothing'}")
    out.print(f"score: {done.before or 0:.4g} -> {done.after or 0:.4g}")
    if plan:
        out.print("nothing was changed; without --plan it is done, and there is no way back")


def show(
    lead: Annotated[str, typer.Argument(metavar="ID", help="The lead's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Where a lead stands, what it agreed to, and the newest lines of its timeline."""
    with opened() as data:
        found = _about(data, lead)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    _tell(found)


def _about(data: Data, lead: str) -> dict[str, Any]:
    with reading(data.engine) as connection:
        view = leads.view(connection, lead)
        if view is None:
            raise unknown_lead(connection, lead)
        lead = view["id"]
        (view,) = with_scores(connection, [view], data.store.current(), data.clock.now())
        agreed = [
            {
                "topic": row.topic,
                "basis": row.basis,
                "source": row.source,
                "at": shown(row.at),
                "wording_version": row.wording_version,
                "wording_sha256": row.wording_sha256,
                "suppressed": suppressed(connection, view["email"], row.topic) if view["email"] else None,
            }
            for row in connection.execute(
                select(consents).where(consents.c.lead == lead).order_by(consents.c.topic, consents.c.at)
            )
        ]
        newest: deque[dict[str, Any]] = deque(maxlen=_SHOWN_LINES)
        cursor: str | None = None
        while True:
            items, cursor = timeline.page(connection, lead, 1000, cursor)
            newest.extend(items)
            if cursor is None:
                break
        erasure = erasures.of(connection, lead)
    told = erasure.shown() if erasure is not None else None
    return {**view, "consents": agreed, "erasure": told, "timeline": list(newest)}


def _tell(found: dict[str, Any]) -> None:
    also = " · ".join(each for each in found["emails"] if each != found["email"]) or None
    found = {**found, "also known by": also}
    grid = Table.grid(padding=(0, 2))
    erasure = {name: value for name, value in (found["erasure"] or {}).items() if value and name != "lead"}
    found = {**found, "erasure": ", ".join(f"{name} {value}" for name, value in erasure.items()) or None}
    names = (
        "id",
        "name",
        "email",
        "also known by",
        "language",
        "status",
        "scenario",
        "step",
        "visit",
        "deadline",
        "phase",
        "hot",
        "seq",
        "erasure",
    )
    for name in names:
        if found[name] is not None:
            grid.add_row(Text(name, style="dim"), Text(str(found[name])))
    score = found["score"]
    earned = ", ".join(f"{name} {points:.3g}" for name, points in score["items"].items() if points)
    grid.add_row(Text("score", style="dim"), Text(f"{score['total']:.4g}" + (f" ({earned})" if earned else "")))
    if found["waiting_for"]:
        grid.add_row(Text("waiting for", style="dim"), Text(json.dumps(found["waiting_for"], ensure_ascii=False)))
    for name, value in found["attributes"].items():
        grid.add_row(Text(name, style="dim"), Text(json.dumps(value, ensure_ascii=False)))
    out.print(grid)
    if found["consents"]:
        table = Table(title="\nconsents", title_justify="left", box=None, pad_edge=False)
        columns = ("topic", "basis", "source", "at", "wording", "suppressed")
        for name in columns:
            table.add_column(name, overflow="fold")
        for consent in found["consents"]:
            # the beginning of the hash tells two wordings apart; `--json` has the whole
            sha256 = (consent["wording_sha256"] or "")[:12]
            shown = {**consent, "wording": f"{consent['wording_version'] or ''} {sha256}".strip()}
            table.add_row(*(Text(str(shown[name] or "")) for name in columns))
        out.print(table)
    table = Table(title=f"\nnewest {_SHOWN_LINES} lines", title_justify="left", box=None, pad_edge=False)
    for name in ("at", "kind", "what", "subject", "step", "reason"):
        table.add_column(name, overflow="fold")
    for line in found["timeline"]:
        table.add_row(*(Text(str(line[name] or "")) for name in ("at", "kind", "what", "subject", "step", "reason")))
    out.print(table if found["timeline"] else "\nnothing has happened yet")
