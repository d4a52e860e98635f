"""Mail that does harm stops by itself in the whole product, keeps nobody, and goes on when a person says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import SENDER, write_folder
from tests.e2e.shared import lines, person, tell
from tests.e2e.whole import Whole, patiently

ONE_MAIL = """\
scenario: main
language: en
topic: newsletter
leave:
  - {when: {requested: demo}, finish: asked}
start: first
steps:
  first:
    send: mail_a
    wait: {until: [{signed_up: seminar}], timeout: 30d}
    then: bye
  bye: {finish: over}
"""
STRICT = SENDER + "breaker: {bounces: {warn: 10, stop: 20, of: 4}}\n"


def test_rule_10_dead_addresses_stop_a_scenario_until_somebody_resumes_it(
    tmp_path: Path, whole: Callable[..., Whole]
) -> None:
    """Of four mails two bounce: the next two wait, one of them moves on meanwhile; resumed, the other one goes."""
    folder = write_folder(tmp_path / "scenarios", ONE_MAIL)
    (folder / "sender.yaml").write_text(STRICT, encoding="utf-8")
    nurture = whole()
    nurture.start()
    assert nurture.run("deploy", str(folder)).returncode == 0

    def begin(*names: str) -> None:
        for name in names:
            assert nurture.post("/api/leads", person(name)).is_success
        assert nurture.post("/api/enrollments", {"scenario": "main", "leads": names}).json()["enrolled"] == [*names]

    def why(lead: str) -> list[str]:
        return [reason for what, reason in lines(nurture, lead, "what", "reason") if what == "held"]

    begin("good1", "good2", "bounce1", "bounce2")
    patiently(lambda: "main" in nurture.get("/health/ready")["checks"].get("mail", ""), seconds=60)
    assert "2 of 4 mails went to addresses that do not exist" in nurture.run("mail", "stops").stdout
    begin("late1", "late2")
    assert "until somebody resumes it" in patiently(lambda: why("late1"), seconds=60)[0]
    patiently(lambda: why("late2"))
    tell(nurture, "late1", "e1", "requested", "demo")
    nurture.lead("late1", status="idle", scenario=None)
    assert (nurture.lead("late2")["status"], nurture.mails("late2@example.com")) == ("sending", [])
    assert [nurture.run("mail", "resume", what).returncode for what in ("main", "--all")] == [0, 0]
    assert patiently(lambda: nurture.mails("late2@example.com"), seconds=90)
    assert nurture.mails("late1@example.com") == []
    assert len(why("late2")) == 1
    assert "mail" not in nurture.get("/health/ready")["checks"]
    report = nurture.get("/api/report/delivery?since=1d")
    assert (report["total"]["counts"]["dead"], report["scenarios"][0]["name"]) == (2, "main")
    assert nurture.get("/api/leads/bounce1/mails")["items"][0]["state"] == "bounced"
    assert nurture.stop() == 0
