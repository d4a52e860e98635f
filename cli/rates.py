"""Reads a file that a command was given as text, and the rates of an audience; refuses to know what they are for."""

from __future__ import annotations

from pathlib import Path

from nurture.audience import Audience, read_audience
from nurture.errors import NurtureError
from nurture.yaml_text import read_yaml


def text_of(file: Path, do: str) -> str:
    """The text of a file in UTF-8; raises NurtureError that says what to `do` where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise NurtureError(f"the file cannot be read: {reason}", where=str(file), do=do) from error


def audience_in(file: Path, do: str) -> Audience:
    """The rates in a file such as audience.yaml; raises NurtureError naming what is wrong."""
    document = read_yaml(text_of(file, do), file=str(file))
    if document.problems:
        raise NurtureError("the rates cannot be read", where=str(document.problems[0]), do="mend the file")
    return read_audience(document.data, where=str(file))
