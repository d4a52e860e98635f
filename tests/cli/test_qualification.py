"""`nurture score explain` and `nurture hot explain`: figures with their reasons."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from adapters.database import agreements
from adapters.database.agreements import Party, Terms
from adapters.database.engine import open_database, writing
from adapters.settings import read_settings
from tests.cli.conftest import Nurture


def test_the_points_of_a_lead_are_explained_item_by_item(deployed: Nurture) -> None:
    """Attributes at once; behaviours are listed though there are none yet; the sum is that of the items."""
    Path("leads.csv").write_text("id,employees,industry,title\nl1,120,telecom,section_head\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    said = deployed("score", "explain", "l1", "--language", "en").out
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines()[1:-1]}
    assert rows["employees_100"] == ["attribute", "15", "15"]
    assert rows["employees_50"] == ["attribute", "0", "0"]
    assert rows["demo_request"] == ["never", "0"]
    assert said.splitlines()[-1] == "total 35: attributes 35, behaviours 0"
    assert (
        deployed("score", "explain", "l1", "--at", "2020-01-01", "--as-known-then", "--language", "en")
        .out.splitlines()[-1]
        .startswith("total 0")
    )


def test_each_rule_of_the_definition_says_how_far_the_lead_is_from_it(deployed: Nurture) -> None:
    """Attributes are enough for one half of one rule; what is missing is named with what could give it."""
    Path("leads.csv").write_text("id,employees,industry,title\nl1,120,telecom,section_head\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    said = deployed("hot", "explain", "l1", "--language", "en").out
    assert "no  score total at least 120: 85 point(s) more: it is 35 of 120" in said
    assert "could give: demo_request +50 (requested: demo)" in said
    assert "yes score attributes at least 30" in said
    assert "no  phase at least comparison: it is in research" in said
    assert "no  did attended: consultation: 1 more: it is 0 of 1" in said
    assert "yes not relation in [customer, competitor]" in said
    assert said.splitlines()[-2:] == ["score 35, phase research", "not hot by this"]


def test_both_explanations_speak_the_language_of_the_scenarios(deployed: Nurture) -> None:
    """Labels and titles in the place of names, nothing English but the names of items; figures are the same."""
    Path("leads.csv").write_text("id,employees,industry,title\nl1,120,telecom,section_head\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    said = deployed("score", "explain", "l1").out.splitlines()
    assert said[0].split() == ["項目", "日時", "行動", "点", "今の点"]
    assert said[-1] == "合計 35 点(属性 35 点、行動 0 点)"
    hot = deployed("hot", "explain", "l1").out
    assert "未達 スコア合計 120 点以上: あと 85 点(今は 35 点)" in hot
    assert "点がつく項目: demo_request +50(依頼(demo))" in hot
    assert "点がつく項目: pricing_page +15、最大 +30(ページ閲覧(/pricing))" in hot
    assert "達成 属性の点 30 点以上" in hot
    assert "未達 比較検討以降: 今は情報収集" in hot
    assert "未達 参加(consultation): あと 1 回(今は 0 回)" in hot
    assert "達成 自社との関係 顧客・競合ではない" in hot
    assert hot.splitlines()[-2:] == ["スコア 35 点、フェーズ 情報収集", "この定義ではホットではありません"]
    assert not re.search("[a-z]{3} [a-z]{3}", hot)  # no English sentence is left


def test_on_a_narrow_terminal_no_line_of_the_tree_is_cut_off(
    deployed: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no room goes on below."""
    monkeypatch.setenv("COLUMNS", "60")
    Path("leads.csv").write_text("id,employees,industry,title\nl1,10,other,staff\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    for language, whole in (("en", "0 can still come"), ("ja", "これからつくのは最大 0 点")):
        told = deployed("hot", "explain", "l1", "--language", language).out
        assert all(cell_len(line) <= 60 for line in told.splitlines())
        assert whole.replace(" ", "") in re.sub("[│├└─ \n]", "", told)


def test_a_reason_with_a_list_in_it_is_shown_whole(deployed: Nurture) -> None:
    """Brackets are words of a condition, not marks of the terminal; so are those of a department's name."""
    Path("scenarios/hot_lead.yaml").write_text(
        "any: [{attribute: industry, in: [telecom, broadcasting]}]\nqueue: inside_sales\ncool_down: 30d\n"
    )
    said = deployed("hot", "agree", "scenarios", "--by", "[sales]", "--date", "2026-11-01")
    assert "agreed on 2026-11-01 by [sales]" in said.out
    said = deployed("hot", "agree", "scenarios", "--by", "[sales]", "--date", "2026-11-01")
    assert "says so already: 2026-11-01, [sales]" in said.out
    assert deployed("deploy").code == 0
    Path("leads.csv").write_text("id,industry\nl1,telecom\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    assert "hot: industry in [telecom, broadcasting]" in deployed("hot", "explain", "l1", "--language", "en").out


def test_programs_get_both_explanations_as_the_api_answers_them(deployed: Nurture) -> None:
    """The same figures as JSON: items with their events, and the definition as a tree."""
    Path("leads.csv").write_text("id,employees,industry,title\nl1,120,telecom,section_head\n")
    assert deployed("leads", "import", "leads.csv").code == 0
    score = json.loads(deployed("score", "explain", "l1", "--format", "json").out)
    assert (score["total"], score["deployment"], score["known"]) == (35, 1, "now")
    assert {"item": "manager", "kind": "attribute", "points": 10, "events": []} in score["items"]
    hot = json.loads(deployed("hot", "explain", "l1", "--format", "json").out)
    assert (hot["meets"], hot["reasons"]) == (False, [])
    (some, excluded) = hot["definition"]["parts"]
    assert (some["kind"], [part["met"] for part in some["parts"]]) == ("any", [False, False, False])
    assert (excluded["what"], excluded["met"]) == ("not relation in [customer, competitor]", True)


def test_an_unknown_lead_and_a_date_that_is_none_are_told(deployed: Nurture) -> None:
    """What, and what to write instead."""
    Path("leads.csv").write_text("id\nlead_010\n", encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    said = deployed("score", "explain", "nobody")
    assert (said.code, "nurture leads list --find TEXT" in said.err) == (1, True)
    said = deployed("hot", "explain", "nobody", "--at", "yesterday")
    assert said.code == 1
    assert "write 2026-11-01" in said.err


def test_an_agreement_is_recorded_in_the_file_and_nothing_else_changes(nurture: Nurture) -> None:
    """The difference is shown; the same once more changes nothing; who agrees must be said."""
    file = Path("scenarios/hot_lead.yaml")
    before = file.read_text(encoding="utf-8")
    said = nurture("hot", "agree", "--by", "marketing", "--by", "営業", "--date", "2026-12-24")
    assert said.code == 0
    assert "-agreed: {date: 2026-11-01, by: [marketing, sales]}" in said.out
    assert "+agreed: {date: 2026-12-24, by: [marketing, 営業]}" in said.out
    after = file.read_text(encoding="utf-8")
    assert after == before.replace(
        "date: 2026-11-01, by: [marketing, sales]", "date: 2026-12-24, by: [marketing, 営業]"
    )
    assert "says so already" in nurture("hot", "agree", "--by", "marketing", "--by", "営業", "--date", "2026-12-24").out
    assert "--by marketing --by sales" in nurture("hot", "agree").err
    assert nurture("hot", "agree", "--by", "x", "--date", "24.12.2026").code == 1
    file.write_text("any: [", encoding="utf-8")
    said = nurture("hot", "agree", "--by", "x")
    assert (said.code, file.read_text(encoding="utf-8")) == (1, "any: [")
    assert "nurture check" in said.err


def test_a_definition_that_changes_without_a_new_agreement_is_warned_of(deployed: Nurture) -> None:
    """By the plan and by the deployment, which goes on; not once it was agreed."""
    file = Path("scenarios/hot_lead.yaml")
    file.write_text(file.read_text(encoding="utf-8").replace("at_least: 120", "at_least: 100"), encoding="utf-8")
    warning = "the hot lead definition has changed, and `agreed` is still that of 2026-11-01"
    plan = deployed("deploy", "--plan")
    assert (plan.code, warning in plan.err) == (0, True)
    assert "nurture hot agree" in plan.err
    assert deployed("hot", "agree", "--by", "marketing", "--by", "sales").code == 0
    assert warning not in deployed("deploy", "--plan").err
    file.write_text(file.read_text(encoding="utf-8").replace("at_least: 100", "at_least: 90"), encoding="utf-8")
    assert deployed("deploy").code == 0
    file.write_text(file.read_text(encoding="utf-8").replace("at_least: 90", "at_least: 80"), encoding="utf-8")
    said = deployed("deploy")
    assert (said.code, "`agreed` is still that of" in said.err) == (0, True)
    assert "deployment 3 is current" in said.out


def test_a_definition_that_was_agreed_on_in_the_console_is_not_warned_of(deployed: Nurture) -> None:
    """Though its file does not say so; another one is."""
    file = Path("scenarios/hot_lead.yaml")
    engine = open_database(read_settings().database_url)
    with writing(engine) as connection:
        parties = (Party("marketing", "佐藤", "hanako"), Party("sales", "鈴木", "taro"))
        agreements.propose(connection, Terms("2026-11-20", "", 1, 100), parties, now=datetime.now(UTC))
    engine.dispose()
    before, warning = file.read_text(encoding="utf-8"), "the hot lead definition has changed"
    for total, warned in ((90, True), (100, False)):
        file.write_text(before.replace("at_least: 120", f"at_least: {total}"), encoding="utf-8")
        said = deployed("deploy", "--plan")
        assert (said.code, warning in said.err) == (0, warned)
    assert warning not in deployed("deploy").err
