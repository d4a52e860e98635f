"""`nurture report` on the terminal, as CSV and as data, from an empty home to one with outcomes."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.database.engine import open_database, writing
from tests.cli.conftest import Nurture
from tests.past_tasks import fill


def filled(number: int) -> None:
    """So many leads that sales had."""
    engine = open_database(os.environ["NURTURE_DATABASE_URL"])
    with writing(engine) as conn:
        fill(conn, number, datetime.now(UTC))
    engine.dispose()


@pytest.fixture
def handed_over(deployed: Nurture) -> Nurture:
    """The sample folder with 96 leads that sales had."""
    filled(96)
    return deployed


def test_without_tasks_it_says_what_to_do(deployed: Nurture) -> None:
    """No error, in both languages; what can be said without any is said."""
    said = deployed("report")
    assert (said.code, "営業へ渡したホットリードはありません" in said.out) == (0, True)
    assert "7. ホットリードの絞り込みに課題となる点はなかったか" in said.out
    assert "nurture hot explain" in deployed("report", "--language", "en").out


def test_before_anything_is_deployed_it_is_no_error(nurture: Nurture) -> None:
    """Nobody knows what sales can take, and that is said."""
    said = nurture("report", "--language", "en")
    assert (said.code, "--capacity N" in said.out) == (0, True)


def test_too_few_say_how_many_are_needed_and_until_when(deployed: Nurture) -> None:
    """Six tasks, four of them won or lost: sixteen more."""
    filled(6)
    said = deployed("report", "--language", "en", "--since", "90d")
    assert "16 more until there are opinions, at the present pace of" in said.out


def test_every_question_of_the_article_is_answered_in_both_languages(handed_over: Nurture) -> None:
    """Figures with intervals, names that people gave, advice; no address."""
    japanese, english = handed_over("report"), handed_over("report", "--language", "en")
    for number in range(1, 8):
        assert f"\n{number}. " in japanese.out
        assert f"\n{number}. " in english.out
    assert "予算なし" in japanese.out
    assert "スコア合計 120 点以上" in japanese.out
    assert "seminar_to_demo/seminar_invite" in english.out
    assert "secret" not in japanese.out + english.out


def test_json_and_csv_say_the_same(handed_over: Nurture) -> None:
    """All tasks, and by each thing; `--by` shows one of them."""
    data = json.loads(handed_over("report", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(handed_over("report", "--csv", "-").out)))
    assert (rows[0]["by"], int(rows[0]["tasks"])) == ("all", data["results"]["all"]["tasks"])
    by_rep = Counter({row["name"]: int(row["tasks"]) for row in rows if row["by"] == "rep"})
    assert by_rep.total() == 96
    assert data["results"]["all"]["won_rate"]["of"] == int(rows[0]["won"]) + int(rows[0]["lost"])
    weeks = json.loads(handed_over("report", "--by", "week", "--format", "json").out)["results"]["by"]
    assert [each["by"] for each in weeks] == ["week"]
    only = list(csv.DictReader(io.StringIO(handed_over("report", "--by", "rep", "--csv", "-").out)))
    assert [row["by"] for row in only] == ["all", "rep", "rep"]


def test_a_file_that_cannot_be_written_is_explained(handed_over: Nurture) -> None:
    """What, where, and what to do."""
    said = handed_over("report", "--csv", "no/such/folder.csv")
    assert (said.code, "no/such/folder.csv" in said.err) == (1, True)


@pytest.mark.parametrize("words", [("--since", "soon"), ("--since", "5bd"), ("--by", "colour"), ("--capacity", "0")])
def test_what_cannot_be_asked_is_refused(deployed: Nurture, words: tuple[str, str]) -> None:
    """Exit code 1, and the option is named."""
    said = deployed("report", *words)
    assert (said.code, words[0] in said.err) == (1, True)


def test_outcomes_become_history_that_fitting_and_backtest_read_without_a_question(handed_over: Nurture) -> None:
    """Every task a deal: attributes of that day (40 or 300 employees), and nothing it did after the task."""
    said = handed_over("report", "history", "--out", "past")
    assert (said.code, "96 task(s)" in said.out) == (0, True), said.err
    written, happened = (Path("past", name).read_text(encoding="utf-8") for name in ("history.csv", "events.csv"))
    deals = {row["task"]: row for row in csv.DictReader(io.StringIO(written))}
    did = list(csv.DictReader(io.StringIO(happened)))
    assert {row["employees"] for row in deals.values()} == {"40", "300"}
    assert {(row["type"], row["subject"]) for row in did} == {
        ("visited", "/pricing"), ("requested", "demo"), ("downloaded", "whitepaper/rollout")
    }  # fmt: skip
    assert all(row["at"] <= deals[row["lead"]]["handed_over_at"] for row in did)
    assert "secret" not in json.dumps(list(deals.values()))
    again = handed_over("report", "history", "--out", "past")
    assert (again.code, "--force" in again.err) == (1, True)
    assert handed_over("report", "history", "--out", "past", "--force").code == 0
    tested = handed_over(
        "backtest", "--history", "past/history.csv", "--events", "past/events.csv", "--since", "90d", "--format", "json"
    )
    assert tested.code == 0, tested.err
    won = sum(row["state"] == "won" for row in deals.values())
    assert len(json.loads(tested.out)["won"]) == won


def test_what_was_written_can_be_fitted(deployed: Nurture) -> None:
    """Enough wins, no guess, no question: a card that knows that large companies are won more often."""
    filled(360)
    said = deployed("report", "history", "--out", "past")
    assert "now: nurture score fit past/history.csv" in said.out
    fitted = deployed("score", "fit", "past/history.csv", "--events", "past/events.csv", "--against", "scenarios")
    assert fitted.code == 0, fitted.err
    assert "guess" not in fitted.err
    assert "employees" in fitted.out or "industry" in fitted.out or "downloaded" in fitted.out


def test_few_wins_say_how_many_more_are_needed(deployed: Nurture) -> None:
    """Nothing is fitted to less than fifty."""
    filled(6)
    said = deployed("report", "history", "--out", "past")
    assert (said.code, "more wins until nurture score fit has enough (50)" in said.err) == (0, True)
