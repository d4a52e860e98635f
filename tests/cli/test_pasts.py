"""What reports are told of a company's own table before they judge by it: days, guesses, names nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.pasts import opened_pasts
from tests.cli.conftest import Nurture

FOLDER = Path(__file__).parents[2] / "scenarios"
TABLE = """lead,created_on,closed_on,pricing_visits,employees,outcome
a,2026-01-05,2026-03-01,4,80,won
b,2026-02-05,2026-04-01,,90,lost
"""
COLUMNS = """outcome: {column: outcome, won: [won], lost: [lost]}
id: lead
since: created_on
closed: closed_on
columns:
  pricing_visits: {count: {visited: /pricing}}
  employees: {attribute: employees, type: number}
"""


def saved(folder: Path, text: str = TABLE, columns: str = COLUMNS) -> Path:
    """The table with its mapping beside it."""
    (folder / "deals.columns.yaml").write_text(columns, encoding="utf-8")
    (folder / "deals.csv").write_text(text, encoding="utf-8")
    return folder / "deals.csv"


def test_what_is_only_counted_is_left_out_once_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else it would have happened in 1970, twenty thousand days before anybody was hot."""
    with opened_pasts(saved(tmp_path), None, FOLDER) as pasts:
        told = [(lead.events, lead.undated) for lead in pasts.leads]
        assert told == [((), frozenset({("visited", "/pricing")})), ((), frozenset())]
        assert pasts.now == datetime(2026, 4, 1, tzinfo=UTC)
    said = capsys.readouterr().err.replace("\n", " ")
    assert said.count("of visited: /pricing only the number is known (`count`), and no day: left out") == 1


def test_a_table_of_counts_alone_has_no_date(nurture: Nurture) -> None:
    """It is not the year 1970."""
    columns = COLUMNS.replace("since: created_on\nclosed: closed_on\n", "order: none\n")
    path = saved(Path(), columns=columns)
    said = nurture("segments", "report", "--history", str(path))
    assert (said.code, "no deal has a date" in said.err) == (1, True)


def test_a_day_to_come_does_not_move_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A year mistyped in one cell, or a closing that is only planned."""
    text = TABLE + "c,2026-02-06,2199-04-01,,90,lost\n"
    with opened_pasts(saved(tmp_path, text), None, FOLDER) as pasts:
        assert pasts.now == datetime(2026, 4, 1, tzinfo=UTC)
    assert "1 date(s) of 'closed_on' are after today" in capsys.readouterr().err.replace("\n", " ")


def test_a_guess_says_which_words_and_days_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both outcomes, what is neither, and the columns of days."""
    path = saved(tmp_path)
    path.with_name("deals.columns.yaml").unlink()
    with opened_pasts(path, None, FOLDER):
        pass
    said = capsys.readouterr().err.replace("\n", " ")
    assert "how it ended was guessed: outcome: won = won; lost = lost; anything else is undecided" in said
    assert "when was guessed: since = created_on, closed = closed_on" in said


def test_names_that_the_definitions_do_not_have_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A condition would ask for them in vain; near names are named. Nothing is said where all are known."""
    with opened_pasts(saved(tmp_path), None, FOLDER):
        assert "the definitions have no" not in capsys.readouterr().err
    columns = COLUMNS.replace("attribute: employees", "attribute: employes").replace("visited:", "visted:")
    with opened_pasts(saved(tmp_path, columns=columns), None, FOLDER):
        said = capsys.readouterr().err.replace("\n", " ")
    assert "no attribute 'employes', which the columns name: did you mean 'employees'?" in said
    assert "no event 'visted', which the columns name: did you mean 'visited'" in said
