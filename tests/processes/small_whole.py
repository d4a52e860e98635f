"""`nurture up` with a real Temporal server and tiny stand-ins for the other processes; run by the tests as a script."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.settings import Settings, read_settings
from cli.supervisor import Child
from cli.up import up

STAND_IN = str(Path(__file__).with_name("stand_in.py"))


def children(settings: Settings) -> list[Child]:
    """The three processes besides Temporal, by their real names."""
    environment = settings.environment()
    return [
        Child(name, [sys.executable, STAND_IN, name, str(settings.web_port)], environment)
        for name in ("relay", "worker", "web")
    ]


async def note(settings: Settings) -> None:
    """A preparation that leaves a mark: which children were already there."""
    running = sorted(path.stem for path in settings.run_directory.glob("*.pid"))
    (settings.home / "prepared").write_text(" ".join(running))


if __name__ == "__main__":
    sys.exit(up(read_settings(), prepare=note, children=children, task_queue=None))
