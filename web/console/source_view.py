"""Puts files of definitions into numbered lines with their problems, and two versions into differences; reads none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from nurture.errors import Problem

_AROUND = 3
"""So many equal lines are shown before and after a difference."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a file, from 1 on, and what is wrong in it."""

    number: int
    text: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file in the list, with how many errors and warnings it has."""

    name: str
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison with its number in either version; `gap`: lines are left out here."""

    kind: Literal["same", "gone", "new", "gap"]
    text: str = ""
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file that differs; `only`: the version that has it, where one has not."""

    name: str
    lines: tuple[DiffLine, ...]
    gone: int
    new: int
    only: Literal["before", "after"] | None = None


def files_of(files: Mapping[str, str], problems: Iterable[Problem]) -> tuple[FileEntry, ...]:
    """Every file by name, those in folders last; files that are missing have problems, too, and stand among them."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"error": 0, "warning": 0})
    for each in problems:
        counts[each.file][each.severity] += 1
    names = sorted({*files, *counts}, key=lambda name: ("/" in name, name))
    return tuple(FileEntry(name, counts[name]["error"], counts[name]["warning"]) for name in names)


def source_lines(text: str, problems: Iterable[Problem]) -> tuple[SourceLine, ...]:
    """The lines of a file; a problem beyond its end stands at the last line."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    found: dict[int, list[Problem]] = defaultdict(list)
    for each in problems:
        found[min(max(each.line, 1), len(lines))].append(each)
    return tuple(SourceLine(number, line, tuple(found[number])) for number, line in enumerate(lines, 1))


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileDiff, ...]:
    """Each file that is not the same in both, by name."""
    names = sorted({*before, *after}, key=lambda name: ("/" in name, name))
    return tuple(
        _diff(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def _diff(name: str, before: str | None, after: str | None) -> FileDiff:
    one, other = ((text or "").splitlines() for text in (before, after))
    lines: list[DiffLine] = []
    for group in SequenceMatcher(None, one, other, autojunk=False).get_grouped_opcodes(_AROUND):
        if lines:
            lines.append(DiffLine("gap"))
        for tag, start, end, begin, finish in group:
            if tag == "equal":
                pairs = zip(range(start, end), range(begin, finish), strict=True)
                lines += [DiffLine("same", one[left], left + 1, right + 1) for left, right in pairs]
            else:
                lines += [DiffLine("gone", one[place], before=place + 1) for place in range(start, end)]
                lines += [DiffLine("new", other[place], after=place + 1) for place in range(begin, finish)]
    only: Literal["before", "after"] | None = "after" if before is None else "before" if after is None else None
    return FileDiff(name, tuple(lines), _count(lines, "gone"), _count(lines, "new"), only)


def _count(lines: Sequence[DiffLine], kind: str) -> int:
    return sum(each.kind == kind for each in lines)
