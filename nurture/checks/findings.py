"""Collects what the checks find, with its place; refuses to decide what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from nurture.errors import Problem, near_names
from nurture.folder import Folder
from nurture.refusals import did_you_mean
from nurture.yaml_text import Path


class At(NamedTuple):
    """A place by its path in a file; `named`: the key, not the value."""

    file: str
    path: Path = ()
    named: bool = False

    def to(self, *parts: str | int) -> At:
        """The value further down."""
        return At(self.file, (*self.path, *parts))

    def key(self, *parts: str | int) -> At:
        """The key further down."""
        return At(self.file, (*self.path, *parts), named=True)


@dataclass(slots=True)
class Findings:
    """Problems of one folder, each with its place."""

    folder: Folder
    problems: list[Problem] = field(default_factory=list)

    def error(self, at: At, message: str, rule: str) -> None:
        line, column = self.folder.place(at.file, at.path, named=at.named)
        self.problems.append(Problem(at.file, line, column, message, rule))

    def warning(self, at: At, message: str, rule: str) -> None:
        line, column = self.folder.place(at.file, at.path, named=at.named)
        self.problems.append(Problem(at.file, line, column, message, rule, "warning"))

    def unknown(self, at: At, kind: str, name: str, known: Iterable[str] | None, hint: str = "") -> bool:
        """Report a name that stands for nothing; `known` None: nothing can be said. True if reported."""
        names = None if known is None else sorted(known)
        if names is None or name in names:
            return False
        near = near_names(name, names)
        rest = did_you_mean(near) or (f"; known: {_some(names)}" if names else f"; {hint or 'there is none'}")
        self.error(at, f"unknown {kind} {name!r}{rest}", f"unknown-{kind.partition(' ')[0]}")
        return True


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")
