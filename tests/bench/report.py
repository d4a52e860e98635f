"""Keeps what is measured in docs/performance.md and others: each between two marks, so that one can be taken anew."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def machine() -> str:
    """What the figures were taken on, as far as it matters for them."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def write(name: str, kind: str, how: str, table: str, page: Path = PAGE) -> str:
    """Put a table in the place of the one of the same name and kind; where it was written."""
    begin, end = f"<!-- {name} {kind} -->", f"<!-- end {name} {kind} -->"
    taken = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; {how}."
    text = page.read_text(encoding="utf-8")
    block = f"{begin}\n\n{taken}\n\n{table}\n{end}"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not found.search(text):
        raise SystemExit(f"{page} has no place for {name} {kind}: add {begin} and {end}")
    page.write_text(found.sub(lambda _: block, text), encoding="utf-8")
    return str(page.relative_to(page.parents[1]))
