"""Reads a table as people save it (CSV, TSV, semicolons, a zip around it); refuses to know what its columns mean."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nurture.errors import NurtureError, Problem

LARGEST = 1_000_000_000
"""Bytes: a larger member of an archive is not unpacked."""
_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT, _LINES_LOOKED_AT = 50, 1_000
_NAMED = 10
_UNCLOSED = "a quote is not closed"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class TableRefused(NurtureError):
    """A file that cannot be read as a table at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row and the line of the file it begins on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Header and rows of one file, all rows as wide as the header; what could not be read is in `problems`."""

    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()

    def column(self, name: str) -> list[str]:
        """The cells of a column, in the order of the rows."""
        index = self.header.index(name)
        return [row.cells[index] for row in self.rows]


def read_table(path: Path) -> Table:
    """The table in a file. Bad rows are left out and named; raises TableRefused where nothing can be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise TableRefused(what, where=str(path), do="name a CSV file with a header") from error
    problems: list[Problem] = []
    if raw.startswith(_OLD_WORKBOOK):
        raise _workbook(path)
    if zipfile.is_zipfile(io.BytesIO(raw)):
        raw, note = _unpacked(raw, path)
        problems += [_problem(path, 1, note)] if note else []
    lines = list(io.StringIO(_decoded(raw, str(path)), newline=""))  # str.splitlines divides cells at U+2028 and VT
    first = 1 if lines and lines[0].lower().startswith("sep=") else 0
    rows = list(_rows(lines[first:], _delimiter(lines[first:]), first))
    head = next((row for row in rows if isinstance(row, Row) and any(row.cells)), None)
    if head is None:
        raise TableRefused("the table is empty", where=str(path), do="begin it with a line that names its columns")
    header, renamed = _header(head.cells)
    problems += [_problem(path, head.line, text) for text in renamed]
    good = _good(rows[rows.index(head) + 1 :], head, path, problems)
    return Table(path.name, header, tuple(good), tuple(problems))


def _good(rows: Sequence[Row | Problem], head: Row, path: Path, problems: list[Problem]) -> list[Row]:
    """The rows as wide as the header; the others are added to the problems. Empty lines are nothing.

    Raises TableRefused where there are more of the others: then it is the header, or the file, that is wrong.
    """
    width = len(head.cells)
    unread = [row for row in rows if isinstance(row, Problem)]
    filled = [row for row in rows if isinstance(row, Row) and any(row.cells)]
    good = [row for row in filled if len(row.cells) == width]
    bad = [row for row in filled if len(row.cells) != width]
    if not filled and not unread:
        raise TableRefused("the table has a header and no rows", where=str(path), do="export it once more, with rows")
    if len(bad) + len(unread) > len(good):
        raise _wide(path, head, bad, unread, len(good))
    for why in dict.fromkeys(row.message for row in unread):
        lines = [row.line for row in unread if row.message == why]
        text = f"{len(lines)} row(s) are not CSV ({why}) and are left out, see to their quotes"
        problems.append(_problem(path, lines[0], f"{text}: {lines_of(lines)}", "error"))
    if bad:
        text = f"{len(bad)} row(s) have another number of cells than the header ({width}) and are left out"
        lines = [row.line for row in bad]
        problems.append(_problem(path, lines[0], f"{text}: {lines_of(lines)}", "error"))
    return good


def _wide(path: Path, head: Row, bad: Sequence[Row], unread: Sequence[Problem], good: int) -> TableRefused:
    """Most rows do not fit the header: which, and what it often is."""
    lost = len(bad) + len(unread)
    what = f"{lost} of {lost + good} rows do not fit the header"
    if len(unread) > len(bad):
        lines = lines_of([each.line for each in unread])
        return TableRefused(what, where=f"{path}:{unread[0].line}", do=f"see to the quotes in {lines}")
    widths = f"the header in line {head.line} has {len(head.cells)} cell(s), line {bad[0].line} has {len(bad[0].cells)}"
    do = "take away a title above the header, or the comma at the end of every row, and see that no cell has a bare one"
    return TableRefused(f"{what}: {widths}", where=f"{path}:{bad[0].line}", do=do)


def lines_of(lines: Sequence[int]) -> str:
    """Some of these lines, for a message."""
    more = len(lines) - _NAMED
    return f"line(s) {', '.join(map(str, lines[:_NAMED]))}" + (f" and {more} more" if more > 0 else "")


def _problem(path: Path, line: int, message: str, severity: str = "warning") -> Problem:
    return Problem(path.name, line, 1, message, rule="table", severity="error" if severity == "error" else "warning")


def _workbook(path: Path) -> TableRefused:
    return TableRefused(
        "this is an Excel workbook", where=str(path), do="in Excel, save it as CSV UTF-8, and name that"
    )


def _unpacked(raw: bytes, path: Path) -> tuple[bytes, str]:
    """The largest table in an archive, and a note where there was more than one."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if "xl/workbook.xml" in archive.namelist():
            raise _workbook(path)
        found = [
            each
            for each in archive.infolist()
            if each.filename.lower().endswith((".csv", ".tsv", ".txt"))
            and not any(part.startswith((".", "__MACOSX")) for part in each.filename.split("/"))
        ]
        found = [each for each in found if each.filename.lower().endswith((".csv", ".tsv"))] or found
        if not found:
            raise TableRefused("there is no CSV file in the archive", where=str(path), do="pack one, or name the file")
        largest = max(found, key=lambda each: each.file_size)
        if largest.file_size > LARGEST:
            raise TableRefused(f"{largest.filename} is too large", where=str(path), do="export fewer years")
        try:
            unpacked = archive.read(largest)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # damaged, or with a password
            raise TableRefused(f"cannot unpack: {error}", where=str(path), do="unpack it and name the CSV") from error
    others = ", ".join(each.filename for each in found if each is not largest)
    return unpacked, f"{largest.filename} is read, the largest table in the archive; not: {others}" if others else ""


def _decoded(raw: bytes, name: str) -> str:
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp932"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableRefused("neither UTF-8 nor Shift_JIS", where=name, do="save the file as CSV in UTF-8")


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that gives the most lines the same number of cells, above one; of two the one with more cells."""
    best, found = (0.0, 0), ","
    for sign in _DELIMITERS:
        several = islice(_rows(lines[:_LINES_LOOKED_AT], sign, 0), _LOOKED_AT)
        widths = Counter(len(row.cells) for row in several if isinstance(row, Row) and any(row.cells))
        if not widths:
            continue
        width, rows = widths.most_common(1)[0]
        rank = (round(rows / widths.total(), 1) if width > 1 else 0.0, width)
        if rank > best:
            best, found = rank, sign
    return found


def _rows(lines: Sequence[str], delimiter: str, before: int) -> Iterator[Row | Problem]:
    """The rows with the line each begins on: a quoted cell may span several.

    A quote that nobody closed ends with its line, else it would swallow all that follow. It is one where what comes of
    it is no CSV, or a row over several lines with another number of cells than the first.
    """
    at, width = 0, 0
    while at < len(lines):
        start, why = at, ""
        reader = csv.reader((lines[index] for index in range(start, len(lines))), delimiter=delimiter, strict=True)
        while not why:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                why = str(error) if start + reader.line_num - at <= 1 else _UNCLOSED
                continue
            if cells is None:
                return
            ended = start + reader.line_num
            if width and len(cells) != width and ended - at > 1:
                why = _UNCLOSED
                continue
            width = width or (len(cells) if any(cells) else 0)
            yield Row(at + before + 1, tuple(cell.strip() for cell in cells))
            at = ended
        yield Problem("", at + before + 1, 1, why, rule="table")
        at += 1


def _header(cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Every column by a name of its own, and a note for each that had none."""
    names: list[str] = []
    notes: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = base = cell.removeprefix("\ufeff").strip() or f"column_{number}"
        count = 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        if name != cell.removeprefix("\ufeff").strip():
            notes.append(f"column {number} is called {name!r} here: its name is {'empty' if not cell else 'taken'}")
        names.append(name)
    return tuple(names), notes
