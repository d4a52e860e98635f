"""The command line as a whole: help, exit codes, and how errors are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import COMMANDS
from tests.cli.conftest import Nurture


@pytest.mark.parametrize("word", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(nurture: Nurture, word: str) -> None:
    """`--help` says what it does and shows a line to copy."""
    said = nurture(word, "--help")
    assert said.code == 0
    assert f"nurture {word}" in said.out
    assert "Example" in said.out


def test_help_names_every_command_people_use(nurture: Nurture) -> None:
    """And none of the children of `up`."""
    said = nurture("--help")
    assert said.code == 0
    for word in COMMANDS:
        assert (f" {word} " in said.out) == (word not in ("prepare", "web", "relay"))


@pytest.mark.parametrize("words", [("deplyo",), ("simulate",), ("graph", "x", "--no"), ("enroll", "a", "b")])
def test_a_command_line_that_cannot_be_read_ends_with_1(nurture: Nurture, words: tuple[str, ...]) -> None:
    """2 is kept for a system that is not available."""
    said = nurture(*words)
    assert said.code == 1
    assert said.err


def test_a_setting_that_cannot_be_used_is_said_without_a_traceback(
    nurture: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong, where, and what to do, on stderr."""
    monkeypatch.setenv("NURTURE_SPEED", "fast")
    said = nurture("leads", "show", "l1")
    assert said.code == 1
    assert "NURTURE_SPEED" in said.err
    assert "Traceback" not in said.err


def test_a_database_that_does_not_answer_ends_with_2(nurture: Nurture, tmp_path: Path) -> None:
    """The home is a file here, so nothing can be opened in it."""
    broken = tmp_path / "broken.db"
    broken.mkdir()
    environment = {**os.environ, "NURTURE_DATABASE_URL": f"sqlite:///{broken}"}
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "leads", "show", "l1"],
        env={**environment, "PYTHONPATH": root}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "database" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_finds_the_mistake_and_says_where(nurture: Nurture) -> None:
    """0 for the sample; 1 with file, line and column after a typo, for people and for machines."""
    assert nurture("check").code == 0
    scenario = Path("scenarios/seminar_to_demo.yaml")
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("go: seminar_invite}", "go: seminar_invit}", 1))
    said = nurture("check", "scenarios")
    assert said.code == 1
    assert "scenarios/seminar_to_demo.yaml:" in said.out
    assert "seminar_invite" in said.out
    machine = nurture("check", "--format", "json")
    assert machine.code == 1
    assert machine.out.startswith("[")


def test_check_of_a_folder_that_is_not_there_ends_with_1(nurture: Nurture) -> None:
    """The input is wrong."""
    assert nurture("check", "nowhere").code == 1
