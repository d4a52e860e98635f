"""The topology of production, PostgreSQL and a Temporal server of its own, against the embedded whole on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import write_folder
from tests.e2e.test_kills import SCENARIO, SPEED, play
from tests.e2e.whole import NewWhole


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_the_cluster_walks_every_lead_as_the_embedded_server_does(
    new_whole: NewWhole, embedded_whole: NewWhole, tmp_path: Path
) -> None:
    """The same seed gives the same mails, last steps and handoffs."""
    folder = write_folder(tmp_path / "scenarios", SCENARIO)
    embedded = embedded_whole(tmp_path / "embedded", speed=SPEED)
    embedded.database_url = f"sqlite:///{tmp_path / 'embedded' / 'nurture.db'}"
    one = play(embedded, folder, 11, kills=False)
    other = play(new_whole(tmp_path / "cluster", speed=SPEED), folder, 11, kills=False)
    assert other.mails == one.mails
    assert other.ends == one.ends
    assert other.handoffs == one.handoffs
