"""Leads that walk are moved to another deployment by a command; nobody is mailed again, and who cannot go is listed."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import write_folder
from tests.e2e.shared import person, running
from tests.e2e.whole import NewWhole, patiently

SCENARIO = """\
scenario: invite
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 5d}
    then:
      - {when: opened, go: second}
      - {otherwise: bye}
  second:
    send: mail_b
    wait: {until: [opened], timeout: 5d}
    then: bye
  bye: {finish: over}
"""
NEW = SCENARIO.replace("  second:", "  offer:").replace("go: second", "go: offer").replace("timeout: 5d", "timeout: 9d")


def test_running_leads_are_moved_to_another_deployment(tmp_path: Path, new_whole: NewWhole) -> None:
    """The plan counts, a step without a map stays pinned, a mapped one goes on; the mail of the visit still counts."""
    with running(tmp_path / "home", new_whole) as nurture:
        assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", SCENARIO))).returncode == 0
        for name in ("a", "b"):
            assert nurture.post("/api/leads", person(name)).status_code == 201
        nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["a", "b"]})
        nurture.post(f"/api/inbox/{nurture.mail('b@example.com')['id']}/open", {})
        nurture.lead("a", status="waiting", step="first")
        second = nurture.mail("b@example.com", 2)
        before = nurture.lead("b", status="waiting", step="second")
        assert nurture.run("deploy", str(write_folder(tmp_path / "scenarios", NEW))).returncode == 0

        words = ("migrate", "invite", "--from", "1", "--to", "2")
        planned = nurture.run(*words, "--plan")
        assert planned.returncode == 0, planned.stderr
        assert "1 lead(s) would go on in deployment 2, 1 stay in 1" in planned.stdout
        assert "b stays in deployment 1: 'second' is not in 2" in planned.stderr
        unknown = nurture.run(*words, "--map", "secnod=offer")
        assert (unknown.returncode, "did you mean 'second'?" in unknown.stderr) == (1, True)

        moved = nurture.run(*words, "--map", "second=offer")
        assert moved.returncode == 0, moved.stderr
        assert "2 lead(s) moved to deployment 2; 0 of 2 are left in 1" in moved.stdout
        after = patiently(lambda: nurture.lead("b", deployment=2))
        assert (after["step"], after["visit"], after["status"]) == ("offer", before["visit"], "waiting")
        assert after["deadline"] > before["deadline"]
        assert "nobody walks it there" in nurture.run(*words, "--map", "second=offer").stdout

        nurture.post(f"/api/inbox/{second['id']}/open", {})
        nurture.lead("b", status="idle")
        assert [len(nurture.mails(f"{name}@example.com")) for name in ("a", "b")] == [1, 2]
