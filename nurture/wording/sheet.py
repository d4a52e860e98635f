"""What a report in words consists of: questions of notes, tables and advice; refuses to know what it is about."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.review.tasks import Verdict


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence between tables; `faint`: it only explains."""

    text: str
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; `words`: to the left, else figures to the right."""

    label: str
    words: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `verdict`: that of its last cell, where that is one; `faint`: its name is no name."""

    cells: tuple[str, ...]
    verdict: Verdict | None = None
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One value to be drawn, with the words beside it; `low` and `high`: its 95 % interval, where it is a share."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """One table; `more` rows were left out. `bars`: what of it can be seen at a glance, `plot` says what that is."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    more: int = 0
    plot: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its verdict as the core has it and as it is said, what was counted, and what to do."""

    name: str
    title: str
    verdict: Verdict
    said: str
    parts: tuple[Note | Grid, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole report; `pace`: how much is missing until there are opinions, empty where nothing is."""

    heading: str
    pace: str
    questions: tuple[Question, ...]
    about: str
