"""`make demo` on a fresh machine: what installs speaks on stderr, so that programs can wait for the ready line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
UV = """#!/bin/sh
echo "uv says: $1"
test "$1" = venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
exit 0
"""
NURTURE = """#!/bin/sh
echo "ready web=http://127.0.0.1:8080 temporal=127.0.0.1:7233 ui=http://127.0.0.1:8233"
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_ready_line_stands_alone_on_stdout(tmp_path: Path) -> None:
    """With nothing installed yet, and once more when everything is."""
    shutil.copy(MAKEFILE, tmp_path / "Makefile")
    for name, text in {
        "pyproject.toml": "", "requirements/main.txt": "", "requirements/console.txt": "",
        "tools/uv": UV, ".venv/bin/nurture": NURTURE,
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    # The variables of a `make test` around this one would have make say which folder it enters.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment["PATH"] = f"{tmp_path / 'tools'}:{os.environ['PATH']}"
    for installs in (True, False):
        said = subprocess.run(
            ["make", "demo"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert said.stdout.startswith("ready web=")
        assert said.stdout.count("\n") == 1
        assert ("installing the packages" in said.stderr) == installs
