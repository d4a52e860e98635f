"""Thirty people walk the shipped scenario while the sink misbehaves and processes are killed: nothing comes of it.

The small version of `python -m tests.e2e.faults`: brisk people, one whole, one trouble after the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.database.engine import open_database
from tests.e2e.faults import folder
from tests.e2e.faults.outcome import Outcome, few
from tests.e2e.faults.people import People
from tests.e2e.faults.run import SPEED, Told, Trouble, run
from tests.e2e.faults.troubles import NONE, SMALL
from tests.e2e.shared import running
from tests.e2e.whole import NewWhole

PEOPLE = 30
PATIENCE = 120.0


@pytest.mark.timeout(900)
def test_faults_and_kills_change_neither_mails_nor_paths_nor_scores(tmp_path: Path, new_whole: NewWhole) -> None:
    """As in the run without any; and every mail went once, and everything acknowledged was applied once."""
    with running(tmp_path / "home", new_whole, speed=SPEED) as nurture:
        assert nurture.run("deploy", str(folder.write(tmp_path / "scenarios"))).returncode == 0
        engine = open_database(nurture.database_url)
        try:
            calm: Outcome | None = None
            for number, trouble in enumerate((NONE, *SMALL)):
                people = People(f"w{number}", PEOPLE, brisk=True)
                found, told = run(nurture, engine, people, trouble, enter_within=2, patience=PATIENCE)
                assert not found.wrong, f"{trouble.name}: {few(found.wrong)}"
                calm = calm or found
                different = found.differs_from(calm)
                assert not different, f"{trouble.name}: {few(different)}"
                assert not found.lost, f"{trouble.name}: nothing is lost for good where answers are settled"
                _happened(trouble, found, told)
                print(f"{trouble.name}: {found.mails} mails, {found.events} events, {told}")  # noqa: T201
        finally:
            engine.dispose()


def _happened(trouble: Trouble, found: Outcome, told: Told) -> None:
    """The trouble was there: a fault that never struck proves nothing."""
    for each in trouble.faults:
        struck = found.late if each["fault"] == "late" else told.struck[each["fault"]]
        assert struck > 0, f"{each['fault']} never struck"
    assert told.killed == (trouble.kills or 0)
