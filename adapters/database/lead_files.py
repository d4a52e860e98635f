"""Brings a file of leads in, row by row: bad rows are named and never cost a good one; refuses to guess at columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from adapters.database.attributes import read
from adapters.database.consents import BASES
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert, claim_names, upsert
from adapters.database.sequence import Deployments, current_deployment, lock_many
from nurture.definitions import Definitions
from nurture.errors import NurtureError, near_names

OWN = ("id", "email", "name", "language", "time_zone")
CONSENT = ("consent_topics", "consent_basis", "consent_source", "consent_at")
AT_ONCE = 200
"""How many rows one transaction writes: nobody else waits longer than that takes."""


class FileRefused(NurtureError):
    """The file as a whole cannot be read: its encoding, or its header."""


@dataclass(slots=True)
class Imported:
    """What became of the rows: how many were kept, and a line `FILE:line: message` for each that was not."""

    good: int = 0
    created: int = 0
    enrolled: int = 0
    bad: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]
    fault: str | None = None


def decode(raw: bytes, file_name: str) -> str:
    """The text of a file in UTF-8 (with or without a mark) or Shift_JIS; raises FileRefused for any other."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:  # UTF-16 passes for Shift_JIS, with NULs in it
            return text
    raise FileRefused("neither UTF-8 nor Shift_JIS", where=file_name, do="save the file as CSV in UTF-8")


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
    rows = _rows(lines)
    header = _header(next(rows, None), definitions, file_name)
    imported, done = Imported(), 0
    first_lines: dict[str, int] = {}
    while batch := list(islice(rows, AT_ONCE)):
        found: list[tuple[_Row, LeadUpsert]] = []
        faults: list[tuple[int, str]] = []
        for row in batch:
            if not any(cell.strip() for cell in row.cells):
                continue
            try:
                lead = _lead(header, row, definitions)
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
                except (NurtureError, ValidationError) as error:
                    faults.append((row.line, _said(error)))
        imported.bad.extend(f"{file_name}:{line}: {why}" for line, why in sorted(faults))
        done += len(batch)
        progress(done)
    return imported


def leads_of(lines: Iterable[str], definitions: Definitions, *, file_name: str) -> list[LeadUpsert]:
    """The leads of a file without a fault, in its order; raises FileRefused at the first row that cannot be kept."""
    rows = _rows(lines)
    header = _header(next(rows, None), definitions, file_name)
    found: list[LeadUpsert] = []
    for row in rows:
        try:
            found.append(_lead(header, row, definitions))
        except (NurtureError, ValidationError) as error:
            raise FileRefused(_said(error), where=f"{file_name}:{row.line}") from error
    return found


def _take(conn: Connection, imported: Imported, lead: LeadUpsert, store: Deployments, now: datetime) -> None:
    made = upsert(conn, lead, store=store, now=now)
    imported.good += 1
    imported.created += made.created
    imported.enrolled += sum(decision.state != "refused" for decision in made.decisions)


def _rows(lines: Iterable[str]) -> Iterator[_Row]:
    """The rows with the line each begins at: a quoted cell may span several."""
    reader = csv.reader(lines, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _Row(begins, ["?"], f"not CSV ({error}): see to the quotes, from here on")
            continue
        if cells is None:
            return
        yield _Row(begins, cells)


def _header(row: _Row | None, definitions: Definitions, file_name: str) -> list[str]:
    if row is None:
        raise FileRefused("the file is empty", where=file_name, do="begin with a header: id,email,name,…")
    header = [cell.strip().removeprefix("\ufeff") for cell in row.cells]
    place = f"{file_name}:{row.line}"
    known = (*OWN, *CONSENT, *definitions.attributes)
    for name in header:
        if name not in known:
            near = near_names(name, known)
            hint = f"did you mean {' or '.join(repr(each) for each in near)}? " if near else ""
            raise FileRefused(f"unknown column {name!r}", where=place, do=f"{hint}known: {', '.join(known)}")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise FileRefused(f"column {twice[0]!r} stands twice", where=place, do="leave one of them out")
    if not {"id", "email"} & set(header):
        raise FileRefused("no column names the lead", where=place, do="add `id` or `email`")
    return header


def _lead(header: Sequence[str], row: _Row, definitions: Definitions) -> LeadUpsert:
    if row.fault is not None:
        raise FileRefused(row.fault)
    if len(row.cells) != len(header):
        raise FileRefused(f"{len(row.cells)} cells under {len(header)} columns", do="put commas in cells in quotes")
    cells = {name: cell.strip() for name, cell in zip(header, row.cells, strict=True) if cell.strip()}
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
    if isinstance(error, NurtureError):
        return str(error)
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    place = place.replace("consent.", "consent_")
    if first["type"] == "missing":
        return f"{place} is required"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
