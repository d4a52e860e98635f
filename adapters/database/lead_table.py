"""Divides the text of a file of leads into rows and cells; refuses to know what the cells mean.

A quote that nobody closed costs its own row, and reading goes on with the next line. Text in quotes is never a row:
who wrote it could add leads.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from adapters.charsets import codec_for, mostly_utf_8
from nurture.errors import NurtureError

MOST_LINES = 200
"""Over how many lines a cell in quotes may go: without a bound one open quote could take the whole file."""
LONGEST_LINE = 1_000_000
"""Characters of a line that is still looked at; a longer one is no row of leads."""
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_MARKS_16, _MARKS_32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_OPEN = "a quote is opened here and not closed"
_CLOSE_IT = 'close it, or write a quote inside a cell twice (""); the rows after it are read'
_SHORTEN_IT = "shorten it, or close the quote that is missing, and import it again"
_SEE_TO_IT = "if a quote is missing, close it; if it is text, begin these lines with a blank; then import it again"
_CLOSED = re.compile(r'[^"]*+(?:""[^"]*+)*+"')
"""A line inside a cell in quotes, as far as the quote that ends the cell."""


class FileRefused(NurtureError):
    """The file as a whole cannot be read: its encoding, or its header."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row with the line it begins on; `fault`: why it is none."""

    line: int
    cells: Sequence[str]
    fault: FileRefused | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The header with its line, and the rows after it, read as they are asked for. Empty cells at the end are none."""

    header: Sequence[str]
    line: int
    sign: str
    rows: Iterator[Row]

    @property
    def divided_by(self) -> str:
        """By what cells are divided, in words."""
        return _SIGNS[self.sign]


def decode(raw: bytes, file_name: str) -> str:
    """The text of a file: UTF-8 or UTF-16 by its mark, else UTF-8, Shift_JIS, EUC-JP or ISO-2022-JP.

    With the mark of UTF-8, or where most lines are UTF-8, the bytes that are not stay as halves of characters, which
    no row may hold. Raises FileRefused for any other, and for a workbook.
    """
    do = "save the file as CSV in UTF-8"
    if raw.startswith(_WORKBOOKS):
        raise FileRefused("this is an Excel workbook or an archive, no CSV", where=file_name, do=do)
    if raw.startswith(_MARKS_32):
        raise FileRefused("this is UTF-32", where=file_name, do=do)
    if raw.startswith(_MARKS_16):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise FileRefused("damaged: not the UTF-16 it begins as", where=file_name, do=do) from error
    if b"\0" in raw[:4]:
        raise FileRefused("this looks like UTF-16 without its mark", where=file_name, do=do)
    lines = raw.split(b"\n")
    codec = "utf-8" if raw.startswith(codecs.BOM_UTF8) else codec_for(lines)
    if codec == "utf-8" or (codec is None and mostly_utf_8(lines)):
        return raw.decode("utf-8-sig", "surrogateescape")
    if codec is None:
        raise FileRefused("neither UTF-8 nor Shift_JIS, nor EUC-JP", where=file_name, do=do)
    return raw.decode(codec)


def lines_of(text: str) -> Iterator[str]:
    """The lines with their ends: CR, LF or both, and nothing else (`str.splitlines` divides cells at U+2028 and VT)."""
    return (found[0] for found in _LINE.finditer(text))


def open_table(lines: Iterable[str], known: Collection[str], *, file_name: str) -> Table:
    """Find the header and how cells are divided. Raises FileRefused where there is no header, or it leaves doubt."""
    source = _Lines(iter(lines))
    told = None
    while (first := source.take()) is not None and (not first.strip() or (told is None and _sign_told(first))):
        told = told or _sign_told(first)
    place = f"{file_name}:{source.number}"
    if first is None:
        raise FileRefused("the file is empty", where=file_name, do="begin with a header: id,email,name,…")
    if len(first) > LONGEST_LINE:
        raise FileRefused(f"the first line has {len(first):,} characters", where=place, do="begin with a header")
    if "\0" in first:
        raise FileRefused("the header holds a NUL character", where=place, do="save the file as CSV in UTF-8")
    sign = told or _sign(first, known, place)
    begins = source.number
    try:
        cells = next(csv.reader(source.from_(first), delimiter=sign, strict=True))
    except (csv.Error, _TooLong) as error:
        raise FileRefused(f"the header: {_OPEN}", where=place, do="close it") from error
    header = _without_empty_end([cell.strip().removeprefix("\ufeff") for cell in cells])
    if "" in header:
        number = header.index("") + 1
        raise FileRefused(f"column {number} has no name", where=place, do="name it, or take the column out")
    return Table(header, begins, sign, _rows(source, header, sign))


class _TooLong(Exception):
    """A quoted cell goes over more lines than one may."""


class _Lines:
    """Lines, of which those that were taken too early can be put back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._back, self.number = lines, deque[str](), 0

    def take(self) -> str | None:
        """The next line; None behind the last. `number` is its number."""
        line = self._back.popleft() if self._back else next(self._lines, None)
        self.number += line is not None
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        """What `take` gives again next."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def from_(self, first: str, taken: list[str] | None = None) -> Iterator[str]:
        """A line and those after it, for a reader that takes as many as a record has; `taken` gets the latter."""
        yield first
        more = taken if taken is not None else []
        while (line := self.take()) is not None:
            more.append(line)
            if len(more) >= MOST_LINES or len(line) > LONGEST_LINE:
                raise _TooLong
            yield line


def _rows(source: _Lines, header: Sequence[str], sign: str) -> Iterator[Row]:
    while (first := source.take()) is not None:
        begins = source.number
        if len(first) > LONGEST_LINE:
            fault = FileRefused(f"the line has {len(first):,} characters", do="see to what it is, and leave it out")
            yield Row(begins, ["?"], fault)
            continue
        taken: list[str] = []
        try:
            cells = next(csv.reader(source.from_(first, taken), delimiter=sign, strict=True), [])
        except (csv.Error, _TooLong) as error:
            if _is_length(error) and _closes(source, first, taken, sign):
                fault = FileRefused(f"a cell that begins here goes on to line {source.number}", do=_SHORTEN_IT)
            else:
                source.put_back(taken)
                fault = _not_csv(error, several=bool(taken))
            yield Row(begins, ["?"], fault)
            continue
        if taken and (inside := _rows_inside(cells, begins, header, sign)):
            rows = f"rows {inside[0]}-{inside[-1]}" if len(inside) > 1 else f"row {inside[0]}"
            fault = FileRefused(f"a cell that begins here holds what looks like {rows}", do=_SEE_TO_IT)
            yield Row(begins, ["?"], fault)
            continue
        yield Row(begins, _without_empty_end(cells, len(header)))


def _is_length(error: Exception) -> bool:
    return isinstance(error, _TooLong) or "field larger" in str(error)


def _closes(source: _Lines, first: str, taken: list[str], sign: str) -> bool:
    """True if a cell that is too long ends as cells do: then it is one, and `taken` gets the rest of its record.

    Else somebody forgot its quote.
    """
    begin, more = first, taken
    while True:
        line: str | None = more[-1] if more else None  # it begins inside the cell
        if line is None and not _ends_inside(begin, sign):
            return bool(taken)
        while line is None or (end := _CLOSED.match(line)) is None:
            if (line := source.take()) is None:
                return False
            taken.append(line)
        if line[end.end() : end.end() + 1] not in ("", sign, "\r", "\n"):
            return False
        begin, more = line[end.end() :], []
        try:
            next(csv.reader(source.from_(begin, more), delimiter=sign, strict=True), [])
        except (csv.Error, _TooLong) as error:
            taken += more
            if not _is_length(error):
                return False
        else:
            taken += more
            return True


def _ends_inside(begin: str, sign: str) -> bool:
    """True if the last cell of a line, and no other, is a quote that is not closed there."""
    quoted = r'"[^"]*+(?:""[^"]*+)*+'
    return re.fullmatch(rf'(?:(?:{quoted}"|[^"{sign}][^{sign}]*+|){sign})*+{quoted}', begin) is not None


def _not_csv(error: Exception, *, several: bool) -> FileRefused:
    if several or "unexpected end" in str(error):
        return FileRefused(_OPEN, do=_CLOSE_IT)
    if "field larger" in str(error):
        longest = csv.field_size_limit()
        return FileRefused(f"a cell is longer than {longest:,} characters", do="leave it out")
    return FileRefused(f"not CSV ({error})", do="see to the quotes in this row")


def _rows_inside(cells: Sequence[str], begins: int, header: Sequence[str], sign: str) -> list[int]:
    """The lines inside cells that would be rows of their own: a quote was forgotten, or it is what somebody wrote."""
    found: list[int] = []
    number = begins
    for cell in cells:
        for place, line in enumerate(lines_of(cell)):
            if place and _is_a_row(line, header, sign):
                found.append(number)
            number += line.endswith(("\r", "\n"))
    return found


def _is_a_row(line: str, header: Sequence[str], sign: str) -> bool:
    """As many cells as columns, none beginning with a blank as prose does, with an address or an id in its place."""
    cells = next(csv.reader([line], delimiter=sign), [])
    if len(cells) != len(header) or len(cells) < 2 or any(cell.startswith(" ") for cell in cells):
        return False
    named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    if named.get("email"):
        return "@" in named["email"]
    return bool(named.get("id")) and not re.search(r"\s", named["id"])


def _without_empty_end(cells: Sequence[str], least: int = 0) -> list[str]:
    """Excel writes a comma for every column that ever held something."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return list(cells[:end])


def _sign_told(line: str) -> str | None:
    """Excel's own first line `sep=;`."""
    told = re.fullmatch(r'"?sep=([,;\t])"?', line.strip(" \r\n\ufeff"), re.IGNORECASE)
    return told[1] if told else None


def _sign(header: str, known: Collection[str], place: str) -> str:
    """By what cells are divided: the one sign that the header holds; of several the one that leaves known names."""
    signs = [sign for sign in _SIGNS if sign in header.strip()]
    if len(signs) < 2:
        return signs[0] if signs else ","
    fitting = [sign for sign in signs if _all_known(header, sign, known)]
    if len(fitting) == 1:
        return fitting[0]
    words = " and ".join(_SIGNS[sign] for sign in signs)
    raise FileRefused(
        f"the header holds {words}, so it is in doubt what divides its columns", where=place,
        do="divide them by one of these alone",
    )  # fmt: skip


def _all_known(header: str, sign: str, known: Collection[str]) -> bool:
    cells = (cell.strip().strip('"').removeprefix("\ufeff") for cell in header.split(sign))
    return all(not cell or cell in known for cell in cells)
