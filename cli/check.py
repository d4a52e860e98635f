"""Shows the problems of a folder: each with its place, its line and a caret, or as JSON; refuses to look for any."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from rich.text import Text

from adapters.scenario_folder import FolderUnreadable, check_folder
from cli.console import out, say_error
from nurture.errors import Problem
from nurture.yaml_text import source_lines

OK, WRONG, UNAVAILABLE = 0, 1, 2
LONGEST_LINE = 160
"""A longer source line is cut around the caret."""


def check_command(directory: Path, format: Literal["text", "json"] = "text") -> int:
    """Print everything that is wrong in a folder; 0 without errors, 1 with, 2 where it cannot be read."""
    try:
        loaded, texts = check_folder(directory)
    except FolderUnreadable as error:
        say_error(error)
        return UNAVAILABLE
    if format == "json":
        print(json.dumps(as_data(loaded.problems, directory), ensure_ascii=False, indent=2))  # noqa: T201 - the result
    else:
        for text in report(loaded.problems, texts, directory):
            out.print(text)
        read = (len(texts), len(loaded.definitions.scenarios), len(loaded.definitions.templates))
        out.print(summary(loaded.problems, *read))
    return OK if loaded.ok else WRONG


def as_data(problems: Iterable[Problem], directory: Path) -> list[dict[str, str | int]]:
    """The problems for editors and CI."""
    return [
        {
            "file": str(directory / problem.file),
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "rule": problem.rule,
            "severity": problem.severity,
        }
        for problem in problems
    ]


def report(problems: Iterable[Problem], texts: Mapping[str, str], directory: Path = Path()) -> Iterator[Text]:
    """Per problem `file:line:column: message [rule]`, the source line and a caret under the column."""
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        told = "" if problem.severity == "error" else "warning: "
        yield Text.assemble(
            (f"{directory / problem.file}:{problem.line}:{problem.column}:", "bold"),
            (f" {told}", colour),
            problem.message,
            (f" [{problem.rule}]", colour),
        )
        lines = source_lines(texts.get(problem.file, "").removeprefix("\ufeff"))
        source = lines[problem.line - 1] if problem.line <= len(lines) else ""
        if source.strip():
            shown, column = _cut(source, problem.column)
            number = f"{problem.line:>5}"
            yield Text.assemble((f"{number} | ", "dim"), shown)
            yield Text.assemble((" " * len(number) + " | ", "dim"), (_padding(shown[: column - 1]) + "^", colour))


def _cut(line: str, column: int) -> tuple[str, int]:
    """A line with tabs as one blank each, cut around the column where it is very long."""
    line = line.replace("\t", " ")
    if len(line) <= LONGEST_LINE:
        return line, column
    first = max(0, min(column - 1 - LONGEST_LINE // 2, len(line) - LONGEST_LINE))
    before, after = "…" if first else "", "…" if first + LONGEST_LINE < len(line) else ""
    return before + line[first : first + LONGEST_LINE] + after, column - first + len(before)


def _padding(before: str) -> str:
    """As many blanks as the text takes columns on a terminal: a full-width sign takes two, a combining one none."""
    return " " * sum(_width(sign) for sign in before)


def _width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def summary(problems: Iterable[Problem], files: int, scenarios: int, templates: int) -> Text:
    """The closing line."""
    kinds = [problem.severity for problem in problems]
    errors, warnings = kinds.count("error"), kinds.count("warning")
    read = f"{_count(files, 'file')} ({_count(scenarios, 'scenario')}, {_count(templates, 'template')})"
    if not kinds:
        return Text(f"no problems in {read}", style="green")
    found = ", ".join(_count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number)
    return Text(f"{found} in {read}", style="red" if errors else "yellow")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
