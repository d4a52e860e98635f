"""Opens what a command works on: the folder of definitions, or the data of NURTURE_HOME; refuses to change either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from adapters.clock import Clock
from adapters.database import audit
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import migrate, open_database
from adapters.scenario_folder import check_folder, holidays_of
from adapters.settings import Settings, read_settings
from cli.console import INPUT_IS_WRONG, Ended, err
from cli.who import who
from nurture.definitions import Definitions
from nurture.errors import NurtureError, Problem


@dataclass(frozen=True, slots=True)
class Data:
    """The stored data of one home, with its clock and its deployments."""

    settings: Settings
    engine: Engine
    clock: Clock
    store: DeploymentStore


@contextmanager
def opened() -> Iterator[Data]:
    """The data of NURTURE_HOME, its tables brought up to date; closed at the end.

    Raises NurtureError where the environment or the database cannot be used.
    """
    settings = read_settings()
    engine = open_database(settings.database_url)
    try:
        migrate(engine)
        with audit.acting(audit.Act(by=who(), via="cli")):
            yield Data(settings, engine, Clock(engine), DeploymentStore(engine))
    finally:
        engine.dispose()


@contextmanager
def opened_if_there() -> Iterator[Data | None]:
    """The data of NURTURE_HOME where there is any; None, and nothing is made, where there is none."""
    url = make_url(read_settings().database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        yield None
        return
    with opened() as data:
        yield data


def definitions_in(directory: Path, *, may_be_empty: bool = False) -> Definitions:
    """The checked definitions of a folder, with the holidays a deploy would look up.

    Where it has errors, all are told and the command ends with 1. Raises NurtureError where there is no such folder,
    or none of its files is a definition: then it is rather another folder that is meant.
    """
    loaded, files = check_folder(directory)
    if not files and not may_be_empty:
        do = "name the folder that holds them; nurture guide leads through what to write first"
        raise NurtureError("there are no definitions in this folder", where=str(directory), do=do)
    if not loaded.ok:
        tell_problems([problem for problem in loaded.problems if problem.severity == "error"])
        err.print(f"nothing was done; `nurture check {directory}` shows the lines", style="bold red")
        raise Ended(INPUT_IS_WRONG)
    return replace(loaded.definitions, holidays=holidays_of(loaded.definitions, datetime.now(UTC).year))


def tell_problems(problems: Sequence[Problem]) -> None:
    """One line for each, on stderr."""
    for problem in problems:
        err.print(Text(str(problem), style="red" if problem.severity == "error" else "yellow"))
