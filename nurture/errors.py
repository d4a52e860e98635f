"""Says what can go wrong in the core, and refuses to say how it is shown.

NurtureError                what, where, do
├── DefinitionsRefused      a folder of definitions with at least one error; carries every problem
├── UnknownName             a scenario, step, template … that does not exist; carries near names
├── Unavailable             something outside cannot be used now; the input is not at fault
└── MissingDeployment       a deployment that this process has not loaded (yet)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding in a file people wrote: where it is, what is wrong and what to do.

    `line` and `column` count from 1; a problem of a whole file stands at 1:1.
    """

    file: str
    line: int
    column: int
    message: str
    rule: str
    severity: Literal["error", "warning"] = field(default="error")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.rule}]"


class NurtureError(Exception):
    """The base of every error the project raises on purpose: what happened, where, and what to do next."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(". ".join(part for part in (what, where, do) if part))
        self.what = what
        self.where = where
        self.do = do


class DefinitionsRefused(NurtureError):
    """A folder of definitions has errors; nothing of it is deployed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        first = errors[0] if errors else None
        super().__init__(
            f"{len(errors)} error(s) in the definitions",
            where=f"first at {first.file}:{first.line}:{first.column}" if first else "",
            do="run `nurture check` to see them all",
        )
        self.problems = tuple(problems)


class UnknownName(NurtureError):
    """A name that stands for nothing; carries the known ones so that a person can mend it."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        near = near_names(name, self.known)
        hint = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
        do = f"{hint}known: {', '.join(self.known)}" if self.known else f"there is no {kind} yet"
        super().__init__(f"unknown {kind} {name!r}", where=where, do=do)
        self.near = near


class Unavailable(NurtureError):
    """Something outside cannot be used now; nothing is wrong with what was asked."""


class MissingDeployment(NurtureError):
    """A deployment that this process has not loaded; waiting and trying again mends it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"deployment {number} is not loaded", do="it is tried again until the worker has refreshed")
        self.number = number


def near_names(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The (at most two) known names closest to `name`, for a 'did you mean'."""
    return tuple(difflib.get_close_matches(name, list(known), n=2, cutoff=0.6))
