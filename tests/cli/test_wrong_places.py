"""What a person who is new here names by mistake: every command that judges says what, where and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Nurture

DEALS = "scenarios/history/deals.csv"
JUDGING = (
    ("backtest", "{}", "--history", DEALS),
    ("journey", "check", "--folder", "{}"),
    ("journey", "show", "--folder", "{}"),
    ("segments", "report", "--folder", "{}", "--history", DEALS),
    ("simulate", "seminar_to_demo", "--folder", "{}"),
)


def into(words: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The command line with this folder in its place."""
    return tuple(each.format(folder) for each in words)


@pytest.mark.parametrize("words", JUDGING, ids=" ".join)
def test_a_folder_that_is_none_or_empty_is_named_with_what_to_do(nurture: Nurture, words: tuple[str, ...]) -> None:
    """Neither is taken for a folder in which something is missing."""
    Path("empty").mkdir()
    for folder, said in (("nowhere", "there is no folder nowhere"), ("empty", "there are no definitions")):
        found = nurture(*into(words, folder))
        assert (found.code, found.out) == (1, "")
        assert said in found.err
        assert folder in found.err
        assert "→ name the folder that holds" in found.err


def test_a_guide_leads_a_team_that_has_nothing_yet(nurture: Nurture) -> None:
    """Each step says what to write first; a folder that is not there is an error."""
    Path("empty").mkdir()
    for language, said in (("en", "there is no segment yet"), ("ja", "セグメントがまだありません")):
        found = nurture("guide", "empty", "--language", language)
        assert (found.code, found.err) == (0, "")
        assert said in found.out
    assert nurture("guide", "nowhere").code == 1
    assert nurture("deploy").code == 0
    for words in ((), ("--history", DEALS)):
        found = nurture("guide", "empty", *words, "--language", "en")
        assert found.code == 0, "nor does it matter what else there is"


@pytest.mark.parametrize(
    ("words", "what", "where"),
    [
        (f"segments report midsize --history {DEALS}", "segment 'midsize'", "scenarios/segments.yaml"),
        ("segments report midsize --folder scenarios", "segment 'midsize'", "scenarios/segments.yaml"),
        ("simulate seminar", "scenario 'seminar'", "  scenarios"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(nurture: Nurture, words: str, what: str, where: str) -> None:
    """What, where, and the names that could have been meant."""
    found = nurture(*words.split())
    assert (found.code, found.out) == (1, "")
    assert f"unknown {what}" in found.err
    assert where in found.err
    assert "known: " in found.err


def test_what_a_deployment_or_a_folder_lacks_is_told_with_its_place(deployed: Nurture) -> None:
    """No map and no segment, in a folder and then deployed."""
    for name in ("journey_map", "segments", "seminar_to_demo", "reactivation", "trial_onboarding", "hot_lead"):
        Path("scenarios", f"{name}.yaml").unlink()
    for words, file in ((("journey", "check"), "journey_map.yaml"), (("segments", "report"), "segments.yaml")):
        found = deployed(*words, "--history", DEALS)
        assert (found.code, f"scenarios/{file}" in found.err, "→ write one" in found.err) == (1, True, True)
        assert deployed(*words).code == 0, "what is deployed has it"


def test_before_there_is_a_lead_nobody_is_explained(nurture: Nurture) -> None:
    """It is not the id that is wrong."""
    for words in (("hot", "explain"), ("score", "explain")):
        found = nurture(*words, "lead_001")
        assert (found.code, found.out) == (1, "")
        assert "there are no leads yet" in found.err
        assert "→ bring some along with nurture leads import" in found.err
    Path("leads.csv").write_text("id\nlead_010\n", encoding="utf-8")
    assert nurture("deploy").code == 0
    assert nurture("leads", "import", "leads.csv").code == 0
    assert "did you mean 'lead_010'" in nurture("hot", "explain", "lead_001").err


def test_looking_makes_no_database(nurture: Nurture) -> None:
    """A folder can be judged before anything runs: nobody is in it yet."""
    for words in (("journey", "check"), ("segments", "report")):
        assert nurture(*words).code == 1
        found = nurture(*words, "--folder", "scenarios", "--language", "en")
        assert (found.code, "there is no lead yet" in found.out) == (0, True)
    assert nurture("hot", "explain", "lead_001").code == 1
    assert not Path("var/nurture.db").exists()


@pytest.mark.parametrize("option", ["--columns", "--events"])
def test_what_belongs_to_a_table_is_not_passed_over(deployed: Nurture, option: str) -> None:
    """Without the table it would be judged by the database, which nobody meant."""
    for words in (("backtest",), ("journey", "check"), ("segments", "report")):
        found = deployed(*words, option, "mine.x")
        assert (found.code, found.out) == (1, "")
        assert "mine.x belongs to a table of past deals" in found.err
        assert "→ name the table with --history" in found.err


def test_leads_without_any_result_bear_no_opinion(deployed: Nurture) -> None:
    """Reports end well, in both languages, and say that it is too early."""
    Path("leads.csv").write_text("id,employees,industry\nlead_1,80,telecom\nlead_2,20,other\n", encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    Path(DEALS).unlink()  # a guide would judge by it
    for words, english, japanese in (
        (("backtest",), "won leads: none in this time", "この期間にはいません"),
        (("journey", "check"), "no opinion", "判定していません"),
        (("segments", "report"), "too few", "件数不足"),
        (("guide", "--step", "4"), "nobody was won or lost yet", "受注・失注がまだありません"),
    ):
        for language, said in (("en", english), ("ja", japanese)):
            found = deployed(*words, "--language", language)
            assert (found.code, found.err) == (0, ""), (words, language)
            assert said in found.out, (words, language)


def test_an_unknown_lead_walks_as_nobody_known(deployed: Nurture) -> None:
    """The path is that of anybody, and it is said."""
    found = deployed("simulate", "seminar_to_demo", "--lead", "nobody")
    assert found.code == 0
    assert "there is no lead 'nobody'" in found.err
    assert "→ " in found.err
