"""Brings a file of leads in, row by row: bad rows are named and never cost a good one; refuses to guess at columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from adapters.database.attributes import read
from adapters.database.consents import BASES
from adapters.database.engine import reading, writing
from adapters.database.lead_table import FileRefused, Row, Table, open_table
from adapters.database.leads import LeadUpsert, claim_names, upsert
from adapters.database.sequence import Deployments, current_deployment, lock_many
from nurture.definitions import Definitions
from nurture.errors import NurtureError, near_names
from nurture.texts import UNFIT

OWN = ("id", "email", "name", "language", "time_zone")
CONSENT = ("consent_topics", "consent_basis", "consent_source", "consent_at")
AT_ONCE = 200
"""How many rows one transaction writes: nobody else waits longer than that takes."""
AHEAD = timedelta(minutes=10)
"""How far a consent may lie ahead before it is told of: clocks differ."""
_LONGEST_MESSAGE = 500


@dataclass(slots=True)
class Imported:
    """What became of the rows: how many were kept, and a line `FILE:line: message` for each that was not.

    `warned`: such lines for rows that were kept, though not to the letter.
    """

    good: int = 0
    created: int = 0
    enrolled: int = 0
    bad: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)


def import_rows(
    engine: Engine,
    lines: Iterable[str],
    *,
    store: Deployments,
    now: datetime,
    file_name: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Upsert the lead of every row; `progress` is told how many rows are done.

    `lines` is the decoded text of the file, line by line. Raises FileRefused where the header cannot be used.
    """
    with reading(engine) as conn:
        definitions = store.get(current_deployment(conn))
    table = _table(lines, definitions, file_name)
    rows, imported, done = table.rows, Imported(), 0
    first_lines: dict[str, int] = {}
    while batch := list(islice(rows, AT_ONCE)):
        found: list[tuple[Row, LeadUpsert]] = []
        faults: list[tuple[int, str]] = []
        for row in batch:
            if not any(cell.strip() for cell in row.cells):
                continue
            try:
                lead = _lead(table, row, definitions)
                if lead.id is not None and first_lines.setdefault(lead.id, row.line) != row.line:
                    raise FileRefused(f"id {lead.id!r} stands in line {first_lines[lead.id]} already")
                found.append((row, lead))
            except (NurtureError, ValidationError) as error:
                faults.append((row.line, _said(error)))
        with writing(engine) as conn:
            claim_names(conn, [lead for _, lead in found])
            lock_many(conn, [lead.id for _, lead in found if lead.id is not None])
            for row, lead in found:
                try:
                    _take(conn, imported, lead, store, now)
                    if (word := _ahead(lead, now)) is not None:
                        imported.warned.append(f"{file_name}:{row.line}: warning: {word}")
                except (NurtureError, ValidationError) as error:
                    faults.append((row.line, _said(error)))
        imported.bad.extend(f"{file_name}:{line}: {why}" for line, why in sorted(faults))
        done += len(batch)
        progress(done)
    return imported


def leads_of(lines: Iterable[str], definitions: Definitions, *, file_name: str) -> list[LeadUpsert]:
    """The leads of a file without a fault, in its order; raises FileRefused at the first row that cannot be kept."""
    table = _table(lines, definitions, file_name)
    found: list[LeadUpsert] = []
    for row in table.rows:
        if not any(cell.strip() for cell in row.cells):
            continue
        try:
            found.append(_lead(table, row, definitions))
        except (NurtureError, ValidationError) as error:
            raise FileRefused(_said(error), where=f"{file_name}:{row.line}") from error
    return found


def _take(conn: Connection, imported: Imported, lead: LeadUpsert, store: Deployments, now: datetime) -> None:
    made = upsert(conn, lead, store=store, now=now)
    imported.good += 1
    imported.created += made.created
    imported.enrolled += sum(decision.state != "refused" for decision in made.decisions)


def _ahead(lead: LeadUpsert, now: datetime) -> str | None:
    at = lead.consent.at if lead.consent is not None else None
    if at is None or at <= now + AHEAD:
        return None
    return f"consent_at {at:%Y-%m-%d} is in the future, so the consent counts from now: see to the date"


def _table(lines: Iterable[str], definitions: Definitions, file_name: str) -> Table:
    """The table, if every column is known and one of them names the lead."""
    known = (*OWN, *CONSENT, *definitions.attributes)
    table = open_table(lines, known, file_name=file_name)
    place = f"{file_name}:{table.line}"
    for name in table.header:
        if name not in known:
            near = [each for each in known if each.lower() == name.lower()] or near_names(name, known)
            hint = f"did you mean {' or '.join(repr(each) for each in near)}? " if near else ""
            raise FileRefused(f"unknown column {name!r}", where=place, do=f"{hint}known: {', '.join(known)}")
    twice = sorted({name for name in table.header if table.header.count(name) > 1})
    if twice:
        raise FileRefused(f"column {twice[0]!r} stands twice", where=place, do="leave one of them out")
    if not {"id", "email"} & set(table.header):
        raise FileRefused("no column names the lead", where=place, do="add `id` or `email`")
    return table


def _lead(table: Table, row: Row, definitions: Definitions) -> LeadUpsert:
    if row.fault is not None:
        raise row.fault
    if len(row.cells) != len(table.header):
        do = f"cells are divided by {table.divided_by}: put a cell that holds one in quotes"
        raise FileRefused(f"{len(row.cells)} cells under {len(table.header)} columns", do=do)
    for name, cell in zip(table.header, row.cells, strict=True):
        if (unfit := UNFIT.search(cell)) is not None:
            what = "a NUL character, which cannot be kept" if unfit[0] == "\0" else "bytes that are not UTF-8"
            raise FileRefused(f"{name}: holds {what}", do="write this cell once more")
    cells = {name: cell.strip() for name, cell in zip(table.header, row.cells, strict=True) if cell.strip()}
    said: dict[str, Any] = {name: cells[name] for name in OWN if name in cells}
    said["attributes"] = {
        name: read(name, text, definitions) for name, text in cells.items() if name in definitions.attributes
    }
    consent = {name.removeprefix("consent_"): cells[name] for name in CONSENT if name in cells}
    if "topics" in consent and "basis" not in consent:
        do = f"fill in consent_basis: {', '.join(BASES)}"
        raise FileRefused("a consent without a basis: without one nobody may be mailed", do=do)
    if "topics" in consent:
        said["consent"] = {**consent, "topics": consent["topics"].split()}
    elif consent:
        raise FileRefused("a consent without topics", do="fill in consent_topics, or leave the other cells empty")
    return LeadUpsert.model_validate(said)


def _said(error: NurtureError | ValidationError) -> str:
    said = _whole(error)
    return said if len(said) <= _LONGEST_MESSAGE else f"{said[:_LONGEST_MESSAGE]}…"


def _whole(error: NurtureError | ValidationError) -> str:
    if isinstance(error, NurtureError):
        return str(error)
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    place = place.replace("consent.", "consent_")
    if first["type"] == "missing":
        return f"{place} is required"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
