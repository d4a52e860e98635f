"""Prints how many leads one core walks through the sample scenario in a second: `simulate_100k.py [LEADS]`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from nurture.audience import read_audience  # noqa: E402 - the path comes first
from nurture.loading import definitions_of  # noqa: E402
from nurture.simulate import walk_many  # noqa: E402


def main() -> None:
    """Walk the leads, tell the rate and where they ended."""
    folder = ROOT / "scenarios"
    leads = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for pattern in ("*.yaml", "templates/*.md")
        for path in folder.glob(pattern)
    }
    definitions = definitions_of(files)
    audience = read_audience(yaml.safe_load(files["audience.yaml"]))
    began = time.process_time()
    found = walk_many(definitions, "seminar_to_demo", audience, leads, seed=1, now=datetime(2026, 11, 2, 1, tzinfo=UTC))
    seconds = time.process_time() - began
    print(f"{leads} leads in {seconds:.1f} s of one core: {leads / seconds:.0f} leads/s")  # noqa: T201
    print(", ".join(f"{word} {count}" for word, count in found.ends.most_common()))  # noqa: T201


if __name__ == "__main__":
    main()
