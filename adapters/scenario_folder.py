"""Reads a folder of definitions from disk, and checks all of it in one go; refuses to judge what the texts mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.holidays import countries, public_holidays
from adapters.template_check import check_templates
from nurture.definitions import Definitions
from nurture.errors import DefinitionsRefused, NurtureError, Problem
from nurture.loading import AUDIENCE, TEMPLATES, Loaded, load


class FolderUnreadable(NurtureError):
    """A folder that is not there, or that this process may not read."""


def read_folder(path: Path) -> dict[str, str]:
    """The texts of a folder by relative path, in UTF-8: its YAML files and its templates.

    Raises:
        FolderUnreadable: there is no such folder, or a file in it may not be read.
        DefinitionsRefused: a file is not UTF-8; every such file is named.
    """
    files, problems = read_texts(path)
    if any(problem.severity == "error" for problem in problems):
        raise DefinitionsRefused(problems)
    return files


def read_texts(path: Path) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The texts that can be read, and a problem for each file that cannot or that nobody will read.

    The rates of an audience are no definition: changing them makes no deployment.
    """
    if not path.is_dir():
        raise FolderUnreadable(f"there is no folder {path}", do="name the folder that holds the scenarios")
    files: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        top = sorted(each for each in path.iterdir() if not each.name.startswith("."))
        mails = sorted((path / TEMPLATES).glob("*.md")) if (path / TEMPLATES).is_dir() else []
        definitions = [each for each in top if each.suffix == ".yaml" and each.name != AUDIENCE]
        for file in definitions + mails:
            name = file.relative_to(path).as_posix()
            try:
                files[name] = file.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                problems.append(_not_utf_8(name, error))
            except OSError as error:
                message = f"this cannot be read ({error.strerror}): it has to be a file that you may read"
                problems.append(Problem(name, 1, 1, message, "unreadable-file"))
    except OSError as error:
        raise FolderUnreadable(
            f"{error.filename or path} cannot be read", where=error.strerror or "", do="check its permissions"
        ) from error
    for file in top:
        if file.suffix == ".yml":
            message = f"this file is not read: name it {file.stem}.yaml"
            problems.append(Problem(file.name, 1, 1, message, "file-name", "warning"))
    return files, tuple(problems)


def _not_utf_8(name: str, error: UnicodeDecodeError) -> Problem:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    message = f"this is not UTF-8 (byte 0x{error.object[error.start]:02X}): save the file as UTF-8"
    return Problem(name, line, column, message, "encoding")


def check_folder(
    path: Path, *, holidays: frozenset[date] = frozenset(), number: int = 0
) -> tuple[Loaded, dict[str, str]]:
    """Read a folder and find everything that is wrong with it, in its files and in the text of its templates.

    Returns the definitions with all problems, and the texts they were read from. Raises FolderUnreadable.
    """
    files, unread = read_texts(path)
    errors = [problem.file for problem in unread if problem.severity == "error"]
    loaded = check_texts(files, holidays=holidays, number=number, unread=errors)
    return replace(loaded, problems=tuple(sorted({*loaded.problems, *unread}))), files


def check_texts(
    files: Mapping[str, str],
    *,
    holidays: frozenset[date] = frozenset(),
    number: int = 0,
    unread: Collection[str] = (),
) -> Loaded:
    """The same for texts that are at hand. `unread`: files of the folder whose text is not."""
    loaded = load(files, holidays=holidays, number=number, countries=countries(), unread=unread)
    return replace(loaded, problems=tuple(sorted({*loaded.problems, *check_templates(loaded, files)})))


def holidays_of(definitions: Definitions, year: int) -> frozenset[date]:
    """The public holidays the sender keeps, from the year before `year` to three years after it."""
    country = definitions.sender.holidays if definitions.sender is not None else "none"
    return frozenset() if country == "none" else public_holidays(country, range(year - 1, year + 4))
