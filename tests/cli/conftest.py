"""Command lines run as people run them: from a working directory with a copy of the sample folder and a new home."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import run
from tests.databases import Databases

SAMPLES = Path(__file__).parents[2] / "scenarios"


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Nurture = Callable[..., Said]


@pytest.fixture
def nurture(
    tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Nurture:
    """`nurture("deploy", "--plan")` runs that command line."""
    shutil.copytree(SAMPLES, tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NURTURE_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("NURTURE_DATABASE_URL", databases.empty(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def say(*words: str) -> Said:
        capsys.readouterr()
        code = run(words)
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return say


@pytest.fixture
def deployed(nurture: Nurture) -> Nurture:
    """With the sample folder deployed."""
    assert nurture("deploy").code == 0
    return nurture
