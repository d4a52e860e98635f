"""`nurture journey`: the map as a grid, and what leads really did of it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Nurture
from tests.cli.test_segments_report import DEALS, read_page


def test_the_map_is_shown_as_a_grid_where_there_is_room(nurture: Nurture) -> None:
    """Persona, a column for each phase with what is thought and done, the range, and the rules of hot."""
    said = nurture("journey", "show")
    assert (said.code, said.err) == (0, "")
    assert "情報システム部の課長" in said.out
    heading = next(line for line in said.out.splitlines() if "情報収集" in line)
    assert re.search("情報収集 .*比較検討 ★.*意思決定 ★", heading)
    assert "・参加(seminar)" in said.out
    assert "seminar_to_demo/seminar_invite" in said.out
    assert "スコア合計 120 点以上" in said.out


def test_on_a_narrow_terminal_phases_stand_below_each_other(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the terminal but those of running text."""
    monkeypatch.setenv("COLUMNS", "60")
    said = nurture("journey", "show", "--language", "en")
    lines = said.out.splitlines()
    assert [line for line in lines if line in ("research", "comparison ★", "decision ★")] == [
        "research", "comparison ★", "decision ★",
    ]  # fmt: skip
    assert "qualifying range  comparison ★".rstrip("★ ") in said.out


def test_the_map_is_a_page_too(nurture: Nurture) -> None:
    """A table with a heading for each phase and each row."""
    assert nurture("journey", "show", "--html", "map.html").code == 0
    text = read_page("map.html")
    assert text.count('<th scope="col"') == 3
    assert text.count('<th scope="row"') == 4


def test_the_sample_has_a_wishful_action_and_lacks_a_frequent_one(nurture: Nurture) -> None:
    """Hardly anybody asks for a consultation; most won leads read customers' stories; the trial asks for a project."""
    said = nurture("journey", "check", "--history", DEALS, "--html", "check.html")
    assert (said.code, said.err) == (0, "")
    assert re.search(r"依頼\(consultation\) .* 願望", said.out)
    assert re.search(r"→ 「ページ閲覧\(/cases\)」:受注したリードの \d\d%", said.out)
    assert "trial_onboarding/welcome は「無料トライアルで監視プロジェクトを作成」を待っています" in said.out
    text = read_page("check.html")
    assert text.count('class="wishful') == 1
    assert "「意思決定」の「依頼(consultation)」は願望です" in text


def test_the_check_as_data_and_in_english(nurture: Nurture) -> None:
    """The verdict in a word, spans in days, events as people write them."""
    found = json.loads(nurture("journey", "check", "--history", DEALS, "--format", "json").out)
    actions = {json.dumps(each["action"]): each for phase in found["phases"] for each in phase["actions"]}
    assert actions['{"requested": "consultation"}']["reality"] == "wishful"
    demo = actions['{"requested": "demo"}']
    assert (demo["reality"], demo["phase"], demo["after"] > 30) == ("real", "decision", True)
    assert [each["action"] for each in found["missing"]] == [{"visited": "/cases"}, {"attended": "consultation"}]
    said = nurture("journey", "check", "--history", DEALS, "--language", "en")
    assert "requested: consultation in decision is wishful" in said.out


def test_what_is_only_counted_is_told_in_the_report_and_nowhere_else(nurture: Nurture) -> None:
    """A column of counts instead of days: neither real nor wishful, in both languages."""
    table, meant = Path(DEALS), Path("scenarios/history/deals.columns.yaml")
    header, *rows = csv.reader(table.read_text(encoding="utf-8").splitlines())
    place = header.index("consultation_attended_on")
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *([*row[:place], row[place] and "2", *row[place + 1 :]] for row in rows)])
    text = meant.read_text(encoding="utf-8")
    meant.write_text(text.replace("{event: {attended: consultation}}", "{count: {attended: consultation}}"), "utf-8")
    journey = Path("scenarios/journey_map.yaml")
    journey.write_text(
        journey.read_text(encoding="utf-8").replace("{requested: consultation}", "{attended: consultation}"), "utf-8"
    )
    said = nurture("journey", "check", "--history", DEALS)
    assert (said.code, said.err) == (0, "")
    assert re.search(r"^参加\(consultation\) +\d\d% +\d\d% +– +– +日付なし", said.out, re.MULTILINE)
    assert "「参加(consultation)」は、受注したリードの 38% (127/333) がしていますが、いつかが分かりません" in said.out
    english = nurture("journey", "check", "--history", DEALS, "--language", "en")
    assert re.search(r"^attended: consultation +38% +\d\d% +– +– +no days known", english.out, re.MULTILINE)
    assert "38% (127/333) of the won leads did it, nobody knows when" in english.out
    assert "only the number is known" in nurture("segments", "report", "--history", DEALS).err


def test_a_map_that_leads_take_has_nothing_to_mend(nurture: Nurture) -> None:
    """What was found is mended: nothing is said any more."""
    Path("scenarios/journey_map.yaml").write_text(
        "phases:\n"
        "  - {phase: research, actions: [{opened: any}, {downloaded: any}, {visited: /cases}, {signed_up: any}]}\n"
        "  - phase: comparison\n"
        "    reached_when: {any: [{did: {attended: seminar}}, {did: {visited: /pricing}}]}\n"
        "    actions: [{attended: any}, {visited: /pricing}]\n"
        "  - {phase: decision, reached_when: {did: {requested: any}}, actions: [{requested: any}]}\n"
        "qualifying: {from: comparison}\n"
    )
    rows = Path("scenarios/history/deals.columns.yaml")
    rows.write_text(rows.read_text(encoding="utf-8").replace("{event: {visited: /cases}}", "ignore"), encoding="utf-8")
    Path("scenarios/trial_onboarding.yaml").unlink()
    said = nurture("journey", "check", "--history", DEALS)
    assert "「research」の「ページ閲覧(/cases)」は、どのリードにも記録がありません" in said.out
    Path("scenarios/journey_map.yaml").write_text(
        Path("scenarios/journey_map.yaml").read_text().replace(" {visited: /cases},", "")
    )
    said = nurture("journey", "check", "--history", DEALS)
    assert said.code == 0
    assert said.out.splitlines()[-1] == "マップを直すところ: ありません。マップは実際の行動と合っています"


def test_of_few_won_leads_the_map_is_not_praised(nurture: Nurture) -> None:
    """Three deals say nothing, and a map without anything to mend is none that leads took; nor is it on the page."""
    Path("scenarios/journey_map.yaml").write_text(
        "phases:\n"
        "  - {phase: research, actions: [{opened: any}, {signed_up: any}, {downloaded: any}]}\n"
        "  - {phase: comparison, reached_when: {did: {visited: any}}, actions: [{visited: any}, {clicked: any}]}\n"
        "  - {phase: decision, reached_when: {did: {requested: any}}, actions: [{requested: any}]}\n"
    )
    Path("scenarios/trial_onboarding.yaml").unlink()
    table = Path(DEALS).read_text(encoding="utf-8").splitlines(keepends=True)
    Path(DEALS).write_text("".join(table[:6]), encoding="utf-8")
    said = nurture("journey", "check", "--history", DEALS, "--language", "en", "--html", "check.html")
    assert said.out.splitlines()[-2] == "To mend on the map: no opinion, fewer than 20 leads were won"
    for told in (said.out, read_page("check.html")):
        assert "the map is what leads did" not in told


def test_in_the_database_the_deployed_map_is_checked(deployed: Nurture) -> None:
    """Nobody yet: figures are dashes, and it is said how to get some."""
    said = deployed("journey", "check")
    assert said.code == 0
    assert "件数不足" in said.out
    assert "リードがまだありません" in said.out


def test_without_a_map_it_is_said_what_is_missing(nurture: Nurture) -> None:
    """Show and check; hot rules that ask for phases go with it."""
    for name in ("journey_map", "hot_lead"):
        Path(f"scenarios/{name}.yaml").unlink()
    for path in Path("scenarios").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^    phase: .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    for words in (("show",), ("check", "--history", DEALS)):
        said = nurture("journey", *words)
        assert (said.code, "journey_map.yaml" in said.err) == (1, True)
