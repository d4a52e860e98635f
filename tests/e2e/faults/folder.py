"""Writes the folder that the fault suite runs: the shipped one, without what depends on the hour of the day.

Scenarios, templates, segments, attributes and the hot lead definition are the shipped ones, word for word, with these
changes: mail goes at any hour (no window, holiday or cap), points do not fade, the invitation may be thirty days late
instead of one, and a sign-up is remembered for ten years instead of thirty days. Whether a mail goes today or on
Monday, and what a point is worth by then, hangs on minutes; and at the speed of the suite a minute is not even a
hundredth of a second.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[3] / "scenarios"
CHANGES = (
    ("sender.yaml", r"^window: .*$", "window: always"),
    ("sender.yaml", r"^holidays: .*$", "holidays: none"),
    ("sender.yaml", r"^(closed|cap): .*\n", ""),
    ("score.yaml", r", fades: \{[^}]*\}", ""),
    ("seminar_to_demo.yaml", r"within: 1d\}", "within: 30d}"),
    ("seminar_to_demo.yaml", r"signed_up: seminar\}, within: 30d\}", "signed_up: seminar}, within: 3650d}"),
)


def write(folder: Path) -> Path:
    """The folder, ready to be deployed. Raises ValueError where the shipped one has nothing to change any more."""
    shutil.copytree(SHIPPED, folder)
    for name, old, new in CHANGES:
        text = (folder / name).read_text(encoding="utf-8")
        changed, count = re.subn(old, new, text, flags=re.MULTILINE)
        if not count:
            raise ValueError(f"{name} has no {old!r}: the fault suite has to be fitted to it")
        (folder / name).write_text(changed, encoding="utf-8")
    return folder
