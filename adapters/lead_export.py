"""Writes leads as CSV, one after the other, for spreadsheets and other programs; refuses to choose the leads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet would carry out."""
BOM = "\ufeff"
"""By this mark Excel knows that a file is UTF-8."""


def write_leads(file: TextIO, several: Iterable[tuple[str, dict[str, Any]]], columns: Sequence[str]) -> int:
    """Write `id` and these attributes of each lead; returns how many leads. Lists are separated by `;`.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    rows, count = csv.writer(file, lineterminator="\n"), 0
    rows.writerow(["id", *(_guarded(name) for name in columns)])
    for lead, attributes in several:
        rows.writerow([_guarded(lead), *(cell(attributes.get(name)) for name in columns)])
        count += 1
    return count


def cell(value: Any) -> str:
    """One value in a file: as people read it, and a text that begins like a formula guarded."""
    text = plain(value)
    return text if isinstance(value, int | float) else _guarded(text)


def plain(value: Any) -> str:
    """One value as people read it, and as `nurture leads import` does."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ";".join(plain(each) for each in value)
        case _:
            return str(value)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
