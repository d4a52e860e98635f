"""`nurture deploy`: everything or nothing, and what changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from adapters.database.engine import writing
from adapters.database.schema import handoffs, leads
from cli.opening import opened
from cli.plan import show_past
from tests.cli.conftest import Nurture
from tests.databases import Databases


def test_the_first_deploy_lists_every_file(nurture: Nurture) -> None:
    """Number 1, all files added; the same folder again changes nothing."""
    first = nurture("deploy")
    assert first.code == 0
    assert "deployment 1 is current" in first.out
    assert "added    seminar_to_demo.yaml" in first.out
    again = nurture("deploy")
    assert again.code == 0
    assert "nothing changed" in again.out


def test_a_changed_file_is_a_new_deployment(deployed: Nurture) -> None:
    """Only what differs is listed."""
    mail = Path("scenarios/templates/newsletter_01.ja.md")
    mail.write_text(mail.read_text(encoding="utf-8") + "\n追伸\n", encoding="utf-8")
    said = deployed("deploy")
    assert "deployment 2 is current" in said.out
    assert "changed  templates/newsletter_01.ja.md" in said.out
    assert "added" not in said.out


def test_a_folder_with_errors_is_not_deployed(deployed: Nurture) -> None:
    """All problems are shown, the code is 1, and the former deployment stays."""
    Path("scenarios/segments.yaml").write_text("midsize: {when: {attribute: employes, at_least: 1}}\n")
    said = deployed("deploy")
    assert said.code == 1
    assert "employes" in said.err
    assert "unknown segment" in said.err or "midsize_infrastructure" in said.err
    assert "nothing was deployed" in said.err
    assert "deployment 1 is current" not in said.out
    assert deployed("enroll", "seminar_to_demo", "--segment", "midsize_infrastructure").code == 0


def test_a_plan_changes_nothing(nurture: Nurture) -> None:
    """It says what would change, and the next deploy is still number 1."""
    said = nurture("deploy", "--plan")
    assert said.code == 0
    assert "added    seminar_to_demo.yaml" in said.out
    assert "would" in said.out
    assert "deployment 1 is current" in nurture("deploy").out


def test_leads_that_fit_already_are_enrolled_only_when_asked(nurture: Nurture) -> None:
    """A deploy moves nobody by itself; `--enroll-existing` says how many it enrolled."""
    segments = Path("scenarios/segments.yaml")
    wide = segments.read_text(encoding="utf-8")
    segments.write_text(wide.replace("at_most: 100", "at_most: 60"), encoding="utf-8")
    nurture("deploy")
    Path("leads.csv").write_text("id,employees,industry\nl1,80,telecom\n")
    assert "0 enrolled" in nurture("leads", "import", "leads.csv").out
    segments.write_text(wide, encoding="utf-8")
    assert "enrolled" not in nurture("deploy").out
    planned = nurture("deploy", "--plan")
    assert "1 lead(s) fit the segment of seminar_to_demo; none would enter without --enroll-existing" in planned.out
    planned = nurture("deploy", "--plan", "--enroll-existing")
    assert "1 lead(s) fit the segment of seminar_to_demo and would be: 1 enrolled" in planned.out
    assert "nobody fits the segment of reactivation now" in planned.out
    assert "seminar_to_demo: 1 enrolled, 0 queued, 0 refused" in nurture("deploy", "--enroll-existing").out


def test_a_plan_says_who_stands_where_and_what_the_new_files_change_for_them(deployed: Nurture) -> None:
    """The imported leads of the segment begin; under changed steps they walk on in their own deployment."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    same = deployed("deploy", "--plan").out
    walking = [line.split() for line in same.splitlines() if line.startswith("seminar_to_demo")]
    assert [line[:3] for line in walking] == [["seminar_to_demo", "1", "(begins)"]]
    assert walking[0][4:] == ["walk", "on,", "nothing", "changes"]
    assert f"plan: {walking[0][3]} lead(s) walk or await a scenario, and keep their steps" in same
    scenario = Path("scenarios/seminar_to_demo.yaml")
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("timeout: 5d", "timeout: 6d"), encoding="utf-8")
    assert "walk on in deployment 1, until `nurture migrate`" in deployed("deploy", "--plan").out


def test_a_plan_counts_as_enrolling_does(deployed: Nurture) -> None:
    """Whoever is in it already, or was in it before, is refused then and foreseen to be."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    Path("scenarios/segments.yaml").write_text(
        Path("scenarios/segments.yaml").read_text(encoding="utf-8").replace("at_least: 50", "at_least: 30"),
        encoding="utf-8",
    )
    planned = deployed("deploy", "--plan", "--enroll-existing").out
    (line,) = [line for line in planned.splitlines() if "segment of seminar_to_demo" in line]
    enrolled, refused = (int(part.split()[0]) for part in line.partition("would be: ")[2].split(", "))
    assert "already_in" in line
    done = deployed("deploy", "--enroll-existing").out
    assert f"seminar_to_demo: {enrolled} enrolled, 0 queued, {refused} refused" in done


def test_a_folder_without_a_scenario_is_not_deployed(deployed: Nurture) -> None:
    """It is taken for the wrong folder: what is current stays."""
    Path("empty").mkdir()
    said = deployed("deploy", "empty")
    assert said.code == 1
    assert "no scenario in empty" in said.err


def test_a_home_that_is_no_folder_is_said_in_a_sentence(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    """2, since nothing is wrong with what was asked."""
    Path("a_file").write_text("", encoding="utf-8")
    monkeypatch.setenv("NURTURE_HOME", str(Path("a_file").absolute()))
    monkeypatch.delenv("NURTURE_DATABASE_URL")
    said = nurture("deploy")
    assert said.code == 2
    assert "choose another folder" in said.err


def test_a_deploy_that_takes_away_what_leads_need_is_refused_with_counts(deployed: Nurture) -> None:
    """A template and an attribute's type: each with its place in the older file; `--plan` says so before."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    scenario = Path("scenarios/seminar_to_demo.yaml")
    scenario.write_text(
        scenario.read_text(encoding="utf-8").replace("send: seminar_reminder\n", "send: seminar_invite\n"),
        encoding="utf-8",
    )
    Path("scenarios/templates/seminar_reminder.ja.md").unlink()
    planned = deployed("deploy", "--plan")
    assert (planned.code, "plan: this would be refused" in planned.err) == (1, True)
    refused = deployed("deploy")
    assert refused.code == 1
    assert "lead(s) in seminar_to_demo of deployment 1:" in refused.err
    assert "unknown template 'seminar_reminder'" in refused.err
    assert "seminar_to_demo.yaml:" in refused.err
    assert "nothing was deployed" in refused.err
    assert "deployment 1 is current already" not in deployed("deploy", "--plan").out


def test_a_deploy_that_takes_away_what_nobody_needs_is_accepted(deployed: Nurture) -> None:
    """No lead walks: the template may go with the step that sent it."""
    scenario = Path("scenarios/seminar_to_demo.yaml")
    scenario.write_text(
        scenario.read_text(encoding="utf-8").replace("send: seminar_reminder\n", "send: seminar_invite\n"),
        encoding="utf-8",
    )
    Path("scenarios/templates/seminar_reminder.ja.md").unlink()
    assert deployed("deploy").code == 0


def test_deployments_are_listed_shown_compared_and_deployed_again(deployed: Nurture) -> None:
    """Back to the first files under a third number; an unknown number is told with the known ones."""
    sender = Path("scenarios/sender.yaml")
    before = sender.read_text(encoding="utf-8")
    sender.write_text(before.replace("mails: 3", "mails: 2"), encoding="utf-8")
    assert deployed("deploy").code == 0
    listed = deployed("deployments", "list")
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == ["2", "1"]
    assert "sender.yaml" in deployed("deployments", "show", "1").out
    assert deployed("deployments", "show", "1", "--file", "sender.yaml").out == before
    compared = deployed("deployments", "compare", "1", "2").out
    assert "-cap: {mails: 3" in compared
    assert "+cap: {mails: 2" in compared
    again = deployed("deployments", "again", "1")
    assert "deployment 3 is current" in again.out
    assert "the same files" in deployed("deployments", "compare", "1", "3").out
    unknown = deployed("deployments", "show", "9")
    assert unknown.code == 1
    assert "known: 1, 2, 3" in unknown.err


def test_whom_a_deploy_makes_hot_is_listed_and_handed_over_only_when_asked(deployed: Nurture) -> None:
    """The plan and the deploy name the same leads; a first release says how many it hands over."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    hot = Path("scenarios/hot_lead.yaml")
    hot.write_text(hot.read_text(encoding="utf-8").replace("at_least: 120", "at_least: 35"), encoding="utf-8")
    planned = deployed("deploy", "--plan")
    (line,) = [line for line in planned.out.splitlines() if "would become hot" in line]
    count = int(line.split()[1])
    assert count > 0
    assert line.endswith("none would be handed over without --hand-over")
    assert deployed("deploy", "--plan", "--hand-over").out.count("would be handed over") == 1
    done = deployed("deploy")
    assert f"{count} lead(s) become hot by it, not handed over: nurture deploy --hand-over releases them" in done.out
    assert "would become hot" in deployed("deploy", "--plan").out


def test_a_plan_says_whose_enrolment_a_changed_segment_would_end(deployed: Nurture) -> None:
    """`leave` is pinned, the segment it names is current: the plan counts whom it would end."""
    scenario = Path("scenarios/seminar_to_demo.yaml")
    text = scenario.read_text(encoding="utf-8").replace(
        "  - {when: {attribute: relation",
        "  - {when: {segment: tiny}, finish: too_small}\n  - {when: {attribute: relation",
        1,
    )
    scenario.write_text(text, encoding="utf-8")
    segments = Path("scenarios/segments.yaml")
    before = segments.read_text(encoding="utf-8")
    segments.write_text(before + "tiny: {when: {attribute: employees, at_most: 9}}\n", encoding="utf-8")
    assert deployed("deploy").code == 0
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    assert "would meet a `leave`" not in deployed("deploy", "--plan").out
    segments.write_text(before + "tiny: {when: {attribute: employees, at_most: 60}}\n", encoding="utf-8")
    assert "lead(s) would meet a `leave` of seminar_to_demo and end" in deployed("deploy", "--plan").out


def test_a_plan_of_a_new_home_makes_nothing(nurture: Nurture, databases: Databases) -> None:
    """Every file is new, and there is nobody to hear of it; where a database is a file, there still is none."""
    said = nurture("deploy", "--plan")
    assert said.code == 0
    assert "added    hot_lead.yaml" in said.out
    if databases.kind == "sqlite":
        assert "plan: this would be the first deployment" in said.out
        assert not Path("var").exists()


def test_a_plan_of_the_same_files_says_that_deploying_would_do_nothing(deployed: Nurture) -> None:
    """And nobody would hear of it; one changed letter, and somebody may."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    same = deployed("deploy", "--plan").out
    assert "plan: no file differs from the current deployment: deploying would do nothing" in same
    assert "would hear of it" not in same
    sender = Path("scenarios/sender.yaml")
    sender.write_text(sender.read_text(encoding="utf-8") + "\n# 改訂\n", encoding="utf-8")
    other = deployed("deploy", "--plan").out
    assert "would do nothing" not in other
    assert "lead(s) would hear of it" in other
    assert "under the new files" not in other, "the same leads become hot"


def test_a_plan_tells_the_past_of_a_changed_definition(deployed: Nurture) -> None:
    """A lower threshold: how often somebody would have become hot, and who under the new files only.

    The deployment itself looks at everybody; in the past nobody would have looked at those whom no scenario took.
    """
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    hot = Path("scenarios/hot_lead.yaml")
    hot.write_text(hot.read_text(encoding="utf-8").replace("at_least: 120", "at_least: 35"), encoding="utf-8")
    planned = deployed("deploy", "--plan").out
    (becoming,) = [int(line.split()[1]) for line in planned.splitlines() if "would become hot" in line]
    assert "plan: the last 180 days under the new files (all of it: nurture backtest)" in planned
    (often,) = re.findall(r"^  hot: (\d+) time\(s\) in 26 weeks", planned, re.MULTILINE)
    assert 0 < int(often) < becoming
    assert f"  against the current deployment: {often} (0 won, 0 lost) hot under the new only, 0" in planned


def test_a_plan_prints_brackets_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A queue or a rule may have some; the terminal has nothing to do with them."""
    show_past(["hot: 3 time(s), close_within of [/calls] [red]"])
    assert "close_within of [/calls] [red]" in capsys.readouterr().out


def test_a_plan_and_a_deploy_say_what_becomes_of_open_tasks(deployed: Nurture) -> None:
    """Who leaves passes on what they have, what is too old expires; nothing is said where nothing happens."""
    assert deployed("leads", "import", "scenarios/leads.csv").code == 0
    assert "task(s) of sales" not in deployed("deploy", "--plan").out
    with opened() as data, writing(data.engine) as connection:
        lead = connection.execute(select(leads.c.id)).scalars().first()
        row: dict[str, Any] = {"lead": lead, "queue": "inside_sales", "rep": "rep_2", "reasons": [], "state": "open"}
        for number in range(3):
            connection.execute(insert(handoffs).values(id=f"h{number}", made_at=data.clock.now(), **row))
    sales = Path("scenarios/sales.yaml")
    before = sales.read_text(encoding="utf-8")
    sales.write_text(before.replace("{rep: rep_2,", "{rep: rep_2, active: false,"), encoding="utf-8")
    line = "3 task(s) of sales whose rep is not active any more go to others, or wait"
    assert f"plan: {line}" in deployed("deploy", "--plan").out
    assert line in deployed("deploy").out
    sales.write_text(before, encoding="utf-8")
    assert "task(s) of sales" not in deployed("deploy").out
