"""What people get wrong while the product runs: each is told what, where and what to do, and the good rest is kept."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.conftest import write_folder
from tests.e2e.shared import person, running
from tests.e2e.test_first_path import SCENARIO
from tests.e2e.whole import NewWhole

CSV = """\
id,email,name,language,consent_topics,consent_basis
good_1,good_1@example.com,Good One,en,newsletter,opt_in
bad_1,not an address,Bad One,en,newsletter,opt_in
bad_2,bad_2@example.com,Bad Two,en,newsletter,because
good_2,good_2@example.com,Good Two,en,newsletter,opt_in
"""


def test_bad_input_is_answered_and_the_good_rest_is_kept(tmp_path: Path, new_whole: NewWhole) -> None:
    """A wrong folder, wrong rows, an unsigned webhook, wrong names: nothing of it reaches what runs."""
    with running(tmp_path / "home", new_whole) as nurture:
        folder = write_folder(tmp_path / "scenarios", SCENARIO)
        assert nurture.run("deploy", str(folder)).returncode == 0
        (folder / "scenario.yaml").write_text(SCENARIO.replace("go: third", "go: thrid").replace("mail_b", "mail_x"))
        wrong = nurture.run("deploy", str(folder))
        assert wrong.returncode == 1
        assert "thrid" in wrong.stderr + wrong.stdout
        assert "mail_x" in wrong.stderr + wrong.stdout, "all problems in one run"
        assert nurture.get("/health/ready")["checks"]["deployment"] == 1

        table = tmp_path / "leads.csv"
        table.write_text(CSV, encoding="utf-8")
        imported = nurture.run("leads", "import", str(table))
        assert imported.returncode == 1
        told = imported.stdout + imported.stderr
        assert all(f"leads.csv:{line}: " in told for line in (3, 4))
        assert {each["id"] for each in nurture.all("/api/leads")} == {"good_1", "good_2"}

        event = '[{"event": "open", "email": "good_1@example.com", "timestamp": 1, "nurture_send": "x"}]'
        unsigned = httpx.post(f"{nurture.web}/webhooks/sendgrid", content=event, timeout=15, trust_env=False)
        assert unsigned.status_code == 401
        assert nurture.post("/events", {"events": [{"id": "1", "lead": "good_1", "type": "opend"}]}).status_code == 422
        assert list(nurture.all("/api/leads/good_1/timeline")) == []

        unknown = nurture.run("enroll", "invitation", "--lead", "good_1")
        assert unknown.returncode == 1
        assert "invite" in unknown.stderr
        answer = nurture.post("/api/enrollments", {"scenario": "invitation", "leads": ["good_1"]})
        assert answer.status_code == 404
        assert "invite" in answer.text

        assert nurture.post("/api/leads", person("good_3")).status_code == 201
        enrolled = nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["good_1", "good_3"]})
        assert enrolled.json()["enrolled"] == ["good_1", "good_3"]
        assert nurture.mail("good_3@example.com")["subject"] == "mail_a"
