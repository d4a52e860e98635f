"""`nurture score fit`: a guess to look at, a proposal that is checked, and refusals that say what to do."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tests.cli.conftest import Nurture
from tests.fitting import made_up


def test_the_first_run_guesses_and_asks_for_a_look(nurture: Nurture) -> None:
    """Where nobody can answer, it stops; with the file it goes on, and never overwrites what is there."""
    path = made_up.japanese(Path(), size=600)
    first = nurture("score", "fit", path.name)
    assert first.code == 1
    assert "従業員数: {attribute: 従業員数, type: number}" in first.err
    assert "Look it over" in first.err
    assert not Path("fitted").exists()
    second = nurture("score", "fit", path.name, "--language", "ja", "--capacity", "10%", "--against", "scenarios")
    assert second.code == 0, second.err
    for told in ("このカード", "今のスコア", "営業の対応枠による", "受注率(95% 信頼区間)", "従業員数"):
        assert told in second.out
    assert not re.search("[a-z]{3} [a-z]{3}", second.out.replace("nurture check fitted", ""))  # no English is left
    report = Path("fitted/report.html").read_text(encoding="utf-8")
    assert '<html lang="ja">' in report
    assert "(営業の対応枠)" in report
    assert nurture("check", "fitted").code == 0
    again = nurture("score", "fit", path.name)
    assert again.code == 1
    assert "is there already" in again.err
    assert "--force" in again.err


def test_columns_are_taken_for_the_attributes_of_the_folder(nurture: Nurture) -> None:
    """`従業員数` is the label of `employees`, and `部長` of a title: the proposal speaks of names and keys."""
    path = made_up.japanese(Path(), size=600)
    said = nurture("score", "fit", path.name, "--against", "scenarios", "--yes", "--language", "en")
    assert said.code == 0, said.err
    assert re.search(r"title in \[\w+_head, \w+_head\]", said.out)
    assert nurture("check", "fitted").code == 0
    columns = Path("japanese.columns.yaml").read_text(encoding="utf-8")
    assert "従業員数: {attribute: employees, type: number}" in columns
    assert "役職: {attribute: title, type: choice}" in columns


def test_bad_input_says_what_where_and_what_to_do(nurture: Nurture) -> None:
    """No file, no outcome, too few wins, a capacity that is none, a mapping that does not fit."""
    made_up.nonlinear(Path(), size=200)
    with Path("plain.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["name", "size"], ["x", 1]])
    Path("bad.yaml").write_text("outcome: {column: state, won: [won]}")
    told = {
        ("nowhere.csv",): "the file cannot be read",
        ("plain.csv", "--yes"): "no column looks like an outcome",
        ("nonlinear.csv", "--yes"): "too few to fit a score to",
        ("nonlinear.csv", "--capacity", "many"): "write 20/week, or 10% of the leads",
        ("nonlinear.csv", "--horizon", "soon"): "write 180d",
        ("nonlinear.csv", "--columns", "bad.yaml"): "did you mean 'status'",
    }
    for words, what in told.items():
        said = nurture("score", "fit", *words)
        assert said.code == 1
        assert what in said.err
        assert not Path("fitted").exists()


def test_help_shows_an_example(nurture: Nurture) -> None:
    """Beside `explain`, which stays as it was."""
    said = nurture("score", "fit", "--help")
    assert said.code == 0
    assert "nurture score fit deals.csv" in said.out
    assert "explain" in nurture("score", "--help").out


def test_what_is_wrong_with_the_table_is_told_where_the_fit_is_refused(nurture: Nurture) -> None:
    """Too few wins may be the fault of the rows that could not be read."""
    path = made_up.nonlinear(Path(), size=200)
    path.write_text(path.read_text(encoding="utf-8") + "short,row\n", encoding="utf-8")
    said = nurture("score", "fit", path.name, "--yes")
    assert said.code == 1
    assert "1 row(s) have another number of cells than the header" in said.err
    assert "  nonlinear.csv" in said.err.splitlines()


def test_the_held_out_card_is_not_overwritten_and_paths_are_shown_as_they_are(nurture: Nurture) -> None:
    """A folder may be called like a markup; without --force nothing of another run is lost."""
    path = made_up.nonlinear(Path(), size=700)
    kept = Path("x[red]y/held_out/score.yaml")
    kept.parent.mkdir(parents=True)
    kept.write_text("attributes: []\n", encoding="utf-8")
    said = nurture("score", "fit", path.name, "--yes", "--out", "x[red]y")
    assert (said.code, "held_out/score.yaml is there already" in said.err) == (1, True)
    assert kept.read_text(encoding="utf-8") == "attributes: []\n"
    said = nurture("score", "fit", path.name, "--yes", "--out", "x[red]y", "--force")
    assert said.code == 0
    assert "written: x[red]y/score.yaml" in said.out
    assert "change x[red]y/score.yaml" in said.out


def test_a_table_without_days_speaks_of_no_latest_leads(nurture: Nurture) -> None:
    """What is judged by are leads drawn by lot."""
    rows = made_up.nonlinear(Path(), size=700).read_text(encoding="utf-8").splitlines()
    Path("undated.csv").write_text("\n".join(row.partition(",")[2] for row in rows), encoding="utf-8")
    said = nurture("score", "fit", "undated.csv", "--yes")
    assert said.code == 0, said.err
    assert "order: none" in Path("undated.columns.yaml").read_text(encoding="utf-8")
    assert "of leads drawn by lot" in said.out
    assert "latest" not in said.out
