"""`nurture leads export` and `nurture leads erase` on stored data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from adapters.database import erasures
from adapters.database.engine import open_database, writing
from adapters.settings import read_settings
from tests.cli.conftest import Nurture

ADDRESS = "l1@example.co.jp"


@pytest.fixture
def with_lead(deployed: Nurture) -> Nurture:
    """With one lead whose name a spreadsheet would carry out."""
    header = "id,email,name,consent_topics,consent_basis,consent_source,employees\n"
    row = f"l1,{ADDRESS},=HYPERLINK(1),newsletter,business_card,展示会,200\n"
    Path("leads.csv").write_text(header + row, encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    return deployed


def test_a_person_is_exported_by_id_or_address(with_lead: Nurture) -> None:
    """JSON on stdout, the same either way; unknown ones end with 1 and say what to do."""
    by_id, by_address = (json.loads(with_lead("leads", "export", name).out) for name in ("l1", ADDRESS.upper()))
    assert by_id["profile"] == by_address["profile"]
    assert by_id["consents"][0]["source"] == "展示会"
    assert by_id["score"]["items"][0]["because"]
    for name, known in (("l2", "l1"), ("nobody@example.co.jp", "GET /api/leads?q=")):
        said = with_lead("leads", "export", name)
        assert (said.code, known in said.err) == (1, True)


def test_a_table_for_a_spreadsheet_carries_nothing_out(with_lead: Nurture) -> None:
    """UTF-8 with its mark, one value a line, a text that begins like a formula guarded; a warning says what it is."""
    said = with_lead("leads", "export", "l1", "--format", "csv", "--out", "l1.csv")
    assert (said.code, "personal data" in said.err) == (0, True)
    with Path("l1.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["section", "number", "name", "value"]
    assert ["profile", "1", "name", "'=HYPERLINK(1)"] in rows
    assert ["consents", "1", "basis", "business_card"] in rows
    assert with_lead("leads", "export", "l1", "--out", "no/such/folder.json").code == 1


def test_whoever_does_not_say_yes_erases_nobody(with_lead: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes and what stays is told before, in both languages."""
    answers: list[str] = []

    def no(question: str, **_: object) -> bool:
        answers.append(question)
        return False

    monkeypatch.setattr("typer.confirm", no)
    said = with_lead("leads", "erase", ADDRESS)
    assert (said.code, len(answers)) == (0, 1)
    for told in (
        ADDRESS,
        "goes / 消えるもの",
        "stays / 残るもの",
        "a hash of the address",
        "同意の記録",
        "元に戻せません",
    ):
        assert told in said.err
    assert json.loads(with_lead("leads", "show", "l1", "--json").out)["erasure"] is None


def test_an_erasure_is_asked_for_once_and_shown(with_lead: Nurture) -> None:
    """`--yes` asks nobody; the second time it says how far it is; the import does not bring the person back."""
    first = with_lead("leads", "erase", ADDRESS, "--yes")
    assert (first.code, "lead l1 is erased" in first.out) == (0, True)
    again = with_lead("leads", "erase", ADDRESS)
    assert (again.code, "was erased already" in again.out) == (0, True)
    shown = json.loads(with_lead("leads", "show", "l1", "--json").out)
    assert (shown["status"], shown["email"], shown["erasure"]["state"]) == ("erased", None, "running")
    assert shown["erasure"]["by"].startswith("cli:")
    assert "erasure" in with_lead("leads", "show", "l1").out
    Path("leads.csv").write_text(f"email,name\n{ADDRESS},見本\nl2@example.co.jp,見本\n", encoding="utf-8")
    said = with_lead("leads", "import", "leads.csv")
    assert said.code == 1
    assert "leads.csv:2: email: the person with this address was erased" in said.err
    assert "1 lead(s) kept" in said.out


def test_what_the_provider_refused_is_told_until_it_is_done_by_hand(with_lead: Nurture) -> None:
    """With what to erase and how to say that it is done; before that there is nothing to say."""
    assert "was not erased" in with_lead("leads", "erase", "l1", "--done-by-hand").err
    with_lead("leads", "erase", "l1", "--yes")
    assert "did not refuse" in with_lead("leads", "erase", "l1", "--done-by-hand").err
    engine = open_database(read_settings().database_url)
    with writing(engine) as conn:
        erasures.provider_answered(conn, "l1", "refused", "400")
    engine.dispose()
    said = with_lead("leads", "erase", "l1")
    assert (ADDRESS in said.out, "nurture leads erase l1 --done-by-hand" in said.out) == (True, True)
    assert ADDRESS not in with_lead("leads", "show", "l1", "--json").out
    assert with_lead("leads", "erase", "l1", "--done-by-hand").code == 0
    assert ADDRESS not in with_lead("leads", "erase", "l1").out


def test_show_tells_the_wording_that_was_agreed_to(with_lead: Nurture) -> None:
    """Version and hash for a form, nothing where there was no wording."""
    found = json.loads(with_lead("leads", "show", "l1", "--json").out)["consents"][0]
    assert (found["basis"], found["wording_version"], found["wording_sha256"]) == ("business_card", None, None)
    assert "wording" in with_lead("leads", "show", "l1").out


def test_a_row_with_topics_and_without_a_basis_is_a_bad_row(deployed: Nurture) -> None:
    """So is one with a basis that there is not; both say which there are."""
    text = "id,email,consent_topics,consent_basis\nl1,l1@example.com,newsletter,\nl2,l2@example.com,newsletter,asked\n"
    Path("leads.csv").write_text(text, encoding="utf-8")
    said = deployed("leads", "import", "leads.csv")
    assert said.code == 1
    assert "leads.csv:2: a consent without a basis" in said.err
    assert "leads.csv:3: consent_basis: 'asked' is no basis" in said.err
    assert said.err.count("business_card") == 2
