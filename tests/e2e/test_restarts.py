"""Nurture's clock over stops and kills: it stands still while nobody is there, and never runs backwards."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

from adapters.database.engine import open_database, reading
from adapters.database.schema import clock as clock_row
from tests.e2e.conftest import write_folder
from tests.e2e.shared import lines, person, running, tell
from tests.e2e.whole import NewWhole, Whole, patiently

SPEED = 43_200
SCENARIO = """\
scenario: patience
language: en
start: only
steps:
  only:
    wait: {until: [{requested: demo}], timeout: 24d}
    then:
      - {when: {requested: demo}, finish: asked}
      - {otherwise: bye}
  bye: {finish: over}
"""


def shown(nurture: Whole) -> datetime:
    """What nurture's clock shows over HTTP."""
    return datetime.fromisoformat(patiently(lambda: nurture.get("/health/ready")["now"]))


def kept(nurture: Whole) -> tuple[datetime, datetime]:
    """Where the clock's present epoch began, and the latest instant that it can have shown, on nurture's clock."""
    engine = open_database(nurture.database_url)
    try:
        with reading(engine) as conn:
            row = conn.execute(clock_row.select()).one()
    finally:
        engine.dispose()
    return row.nurture, row.nurture + (row.lease_end_real - row.real) * row.speed


def again(nurture: Whole) -> None:
    """Start it once more; Whole keeps the newest process."""
    assert nurture.process is not None
    nurture.process.wait(timeout=60)
    if nurture.process.stdout is not None:
        nurture.process.stdout.close()
    nurture.start()


def test_time_stands_still_while_nobody_is_there(tmp_path: Path, new_whole: NewWhole) -> None:
    """Stopped for seconds that would be days, and killed later: no lead times out by it, no time comes twice."""
    with running(tmp_path / "home", new_whole, speed=SPEED) as nurture:
        folder = write_folder(tmp_path / "scenarios", SCENARIO)
        assert nurture.run("deploy", str(folder)).returncode == 0
        for lead in ("waits", "acts"):
            assert nurture.post("/api/leads", person(lead)).status_code == 201
        assert nurture.post("/api/enrollments", {"scenario": "patience", "leads": ["waits", "acts"]}).is_success
        deadline = nurture.lead("waits", status="waiting", step="only")["deadline"]
        before = shown(nurture)
        assert nurture.stop() == 0
        _, last = kept(nurture)
        assert last >= before
        time.sleep(5)

        again(nurture)
        began, _ = kept(nurture)
        assert last <= began <= last + timedelta(minutes=1), "the pause is no time on nurture's clock"
        assert shown(nurture) >= last
        assert nurture.lead("acts", status="waiting")["step"] == "only"
        found = nurture.get("/api/leads/waits")
        assert found["deadline"] == deadline
        tell(nurture, "acts", "one", "requested", "demo")
        nurture.lead("acts", status="idle")

        def over() -> datetime | None:
            return shown(nurture) if nurture.get("/api/leads/waits")["status"] == "idle" else None

        assert patiently(over, seconds=180) >= datetime.fromisoformat(deadline)
        ends = [at for what, at in lines(nurture, "waits", "what", "at") if what == "timeout"]
        assert ends == [deadline]

        assert nurture.process is not None
        seen = shown(nurture)
        nurture.process.kill()
        again(nurture)
        assert shown(nurture) >= seen
        assert nurture.post("/api/leads", person("later")).status_code == 201
        assert nurture.post("/api/enrollments", {"scenario": "patience", "leads": ["later"]}).is_success
        nurture.lead("later", status="waiting", step="only")


def test_accelerated_time_is_refused_with_a_real_provider(tmp_path: Path, new_whole: NewWhole) -> None:
    """Its mail reaches people in real time; nothing is started."""
    settings = {"NURTURE_MAIL": "sendgrid", "SENDGRID_API_KEY": "a-key-for-tests-only"}
    nurture = new_whole(tmp_path / "home", speed=SPEED, environment=settings)
    refused = nurture.run("up")
    assert refused.returncode == 1
    assert "NURTURE_SPEED" in refused.stderr
    assert not (tmp_path / "home" / "run").exists()
