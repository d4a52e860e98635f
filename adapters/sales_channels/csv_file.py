"""Appends notices to a CSV file of the month, one line each, that Excel opens as it is; refuses to read what it adds.

Whoever appends holds the file's lock and looks first whether the key is there, so a notice stands there once whatever
was killed when. A line that was not finished was never acknowledged: it is cut off. Where lines are taken out, what is
left lies whole beside the file before anything of the file is touched, so whoever comes next can finish it.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.sales_channels.port import Notice, NotTaken

BOM = "\ufeff"
"""By it Excel knows that the file is UTF-8; without it Japanese becomes noise."""
COLUMNS = (
    "key", "kind", "lead", "made_at", "due", "queue", "rep", "company", "name", "email", "reasons", "why", "link",
)  # fmt: skip
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
                     "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
"""What a spreadsheet runs instead of showing it; Japanese Excel takes full-width signs for it, too."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """The files `handoffs-YYYY-MM.csv` in a folder, by when a task was made in the sender's time zone."""

    folder: Path

    @property
    def ready(self) -> bool:
        return True

    def deliver(self, notice: Notice) -> None:
        """Append one line, unless it is there.

        Raises:
            NotTaken: the file cannot be written: no space, no right, no such place.
        """
        zone = ZoneInfo(notice.zone)
        path = self.folder / f"handoffs-{notice.made_at.astimezone(zone):%Y-%m}.csv"
        person = notice.person
        row = (
            notice.key, notice.kind, notice.lead, f"{notice.made_at.astimezone(zone):%Y-%m-%d %H:%M}",
            f"{notice.due.astimezone(zone):%Y-%m-%d %H:%M}" if notice.due else "", notice.queue, notice.rep or "",
            (person.company if person else None) or "", (person.name if person else None) or "",
            (person.email if person else None) or "", " / ".join(notice.reasons),
            " / ".join(notice.words.splitlines()), notice.links["page"],
        )  # fmt: skip
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(path) as file:
                _append(file, row)
        except OSError as error:
            raise NotTaken(
                f"the CSV file cannot be written ({error.strerror})", do=f"look at {self.folder}", needs_person=True
            ) from error

    def forget(self, lead: str) -> int:
        """Take the lines of a lead out of every file; how many there were. Raises OSError."""
        gone = 0
        for path in sorted(self.folder.glob("handoffs-*.csv")):
            with _locked(path) as file:
                rows = list(_rows(file))
                kept = [row for row in rows if len(row) < 3 or row[2] != guarded(lead)]
                if len(kept) < len(rows):
                    _lay_beside(path, kept)
                    _finish(path, file)
                    gone += len(rows) - len(kept)
        return gone


def guarded(cell: str) -> str:
    """A cell on one line that no spreadsheet takes for a formula."""
    plain = " ".join(cell.split())
    return f"'{plain}" if plain.startswith(_STARTS_A_FORMULA) else plain


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _finish(path, file)
        yield file
    finally:
        os.close(file)  # which lets go of the lock, too


def _append(file: int, row: Sequence[str]) -> None:
    rows = list(_rows(file))
    if any(known and known[0] == guarded(row[0]) for known in rows[1:]):
        return
    start = BOM + _line(COLUMNS) if not rows else ""
    _write(file, start + _line([guarded(cell) for cell in row]))


def _rows(file: int) -> Iterator[list[str]]:
    """The finished lines; what was being written when somebody was killed is cut off."""
    content = _read(file)
    end = content.rfind(b"\n") + 1
    if end < len(content):
        os.ftruncate(file, end)
    yield from csv.reader(io.StringIO(content[:end].decode("utf-8-sig", "replace"), newline=""))


def _read(file: int) -> bytes:
    parts, at = [], 0
    while part := os.pread(file, 1 << 20, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _lay_beside(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Have `.new` hold what the file is to be: there once it is whole."""
    part = path.with_suffix(".part")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write(file, BOM + "".join(_line(row) for row in rows))
    except OSError:
        part.unlink()
        raise
    finally:
        os.close(file)
    part.rename(path.with_suffix(".new"))


def _finish(path: Path, file: int) -> None:
    """Write what lies beside the file into it, in place: whoever has it open must not go on with a copy that knows."""
    new = path.with_suffix(".new")
    if new.exists():
        content = new.read_bytes().decode()
        os.ftruncate(file, 0)
        _write(file, content)
        new.unlink()


def _write(file: int, text: str) -> None:
    """At the end, and on the disk before it counts as told."""
    left = text.encode()
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
