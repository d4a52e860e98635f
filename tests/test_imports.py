"""Imports go one way: the core at the bottom, the entry points on top."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of a copy of the code."""
    return subprocess.run([BIN / "lint-imports"], cwd=directory, capture_output=True, text=True, check=False)


def test_imports_go_one_way() -> None:
    """The core, then workflows; the core, adapters, activities; on top worker.py, web and cli."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_an_import_against_the_direction_is_noticed(tmp_path: Path) -> None:
    """The contracts can break: a core that imports the database is refused."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "worker.py").write_text("")
    for package in ("nurture", "workflows", "activities", "adapters", "web", "cli"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "nurture" / "walk.py").write_text("import adapters\n")
    assert "BROKEN" in lint(tmp_path).stdout


@pytest.mark.parametrize("package", ["nurture", "workflows"])
def test_the_pure_packages_may_not_look_at_a_clock(package: str, tmp_path: Path) -> None:
    """Lint refuses time and chance that are not arguments."""
    text = "from datetime import datetime\n\nNOW = datetime.now()\n"
    name = str(ROOT / package / "clock_watcher.py")
    command = [str(BIN / "ruff"), "check", "--select", "TID251", "--stdin-filename", name, "-"]
    done = subprocess.run(command, input=text, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "time is an argument" in done.stdout
